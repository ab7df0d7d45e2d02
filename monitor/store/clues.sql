-- Version 4: what correlations remember, and baselines that keep exercises apart.

CREATE TABLE clues (
    watch    TEXT    NOT NULL,            -- the correlation's key: its id and a hash of what it asks
    grp      TEXT    NOT NULL,            -- the watch and the values that it is grouped by
    source   TEXT    NOT NULL,
    message  TEXT    NOT NULL,
    rule     TEXT    NOT NULL,
    value    TEXT    NOT NULL,
    exercise INTEGER NOT NULL,
    ends     INTEGER NOT NULL,            -- the hour (since 1970) after which it is forgotten
    body     BLOB    NOT NULL,
    seal     INTEGER NOT NULL,
    PRIMARY KEY (grp, source, message, rule, value, exercise)
) STRICT, WITHOUT ROWID;
CREATE INDEX clues_by_end ON clues (exercise, ends);

CREATE TABLE counted (                    -- takes the place of baselines
    rule     TEXT    NOT NULL,
    place    TEXT    NOT NULL,            -- its id, empty = no place
    hour     INTEGER NOT NULL,            -- hours since 1970, of the event
    exercise INTEGER NOT NULL,
    posts    INTEGER NOT NULL,            -- those that count: no echoes, nothing late
    PRIMARY KEY (rule, place, hour, exercise)
) STRICT, WITHOUT ROWID;
INSERT INTO counted SELECT rule, place, hour, 0, posts FROM baselines;
DROP TABLE baselines;
ALTER TABLE counted RENAME TO baselines;
CREATE INDEX baselines_by_hour ON baselines (hour);
