-- What people did about alerts: who, when, what, through which receiver. Never changed.
CREATE TABLE actions (
    number   INTEGER PRIMARY KEY,
    key      TEXT    NOT NULL UNIQUE,    -- the deed itself: it is written down, and done, once
    at       INTEGER NOT NULL,
    did      TEXT    NOT NULL,           -- acknowledge, false_alarm, mute, ...
    incident TEXT,
    rule     TEXT,
    body     BLOB    NOT NULL,           -- the action as JSON
    seal     INTEGER NOT NULL
) STRICT;
CREATE INDEX actions_of_incident ON actions (incident, number) WHERE incident IS NOT NULL;
CREATE INDEX actions_by_age ON actions (at);

-- Attempts that did not end a delivery: the last attempt, which did, is the delivery itself.
CREATE TABLE attempts (
    sink     TEXT    NOT NULL,
    sequence INTEGER NOT NULL,
    attempt  INTEGER NOT NULL,           -- from 1
    alert    TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    detail   TEXT    NOT NULL,           -- why it failed
    seal     INTEGER NOT NULL,
    PRIMARY KEY (sink, sequence, attempt)
) STRICT, WITHOUT ROWID;
CREATE INDEX attempts_by_alert ON attempts (alert);
CREATE INDEX attempts_by_age ON attempts (at);
