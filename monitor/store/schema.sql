-- The store's schema, version 1. One writer; readers open the file read-only.
-- Times are milliseconds since 1970-01-01T00:00:00Z. Bodies are JSON of the nouns.

-- A channel or feed: names are attributes, the platform's numeric id is what it is.
CREATE TABLE channels (
    channel   INTEGER PRIMARY KEY,
    platform  TEXT    NOT NULL,
    name      TEXT    NOT NULL,           -- without the platform: vvgladkov
    native    INTEGER,                    -- the platform's numeric id, once known
    exercise  INTEGER NOT NULL DEFAULT 0, -- recorded posts never share keys with real ones
    UNIQUE (platform, name, exercise)
) STRICT;

-- Every version of every post, in the order of storing: the log that everything trailing reads.
CREATE TABLE posts (
    seq          INTEGER PRIMARY KEY,
    channel      INTEGER NOT NULL REFERENCES channels,
    message      TEXT    NOT NULL,
    version      INTEGER NOT NULL,
    kind         TEXT    NOT NULL,        -- new, edit, delete
    event_at     INTEGER NOT NULL,
    observed_at  INTEGER NOT NULL,
    partition    INTEGER NOT NULL,        -- of 64, fixed: crc32(platform:name) % 64
    content      BLOB    NOT NULL,        -- SHA-256 over normalised text, media kinds and links
    body         BLOB,                    -- the post as JSON; NULL = expired
    payload      BLOB,                    -- as received, zstd; NULL = body is what was received
    payload_hash BLOB    NOT NULL,        -- SHA-256 of what was received
    chain        BLOB    NOT NULL,        -- SHA-256(chain of seq-1, payload_hash)
    history      INTEGER NOT NULL DEFAULT 0,
    outcome      TEXT    NOT NULL,
    reason       TEXT    NOT NULL,
    hits         BLOB,                    -- JSON list, NULL = none
    rulebook     TEXT    NOT NULL,        -- hash of the rulebook that judged it
    UNIQUE (channel, message, version)
) STRICT;
CREATE INDEX posts_by_age ON posts (observed_at) WHERE body IS NOT NULL;

CREATE TABLE cursors (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE incidents (
    id         TEXT PRIMARY KEY,
    exercise   INTEGER NOT NULL,
    open       INTEGER NOT NULL,
    topic      TEXT    NOT NULL,
    updated_at INTEGER NOT NULL,
    body       BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX incidents_open ON incidents (exercise) WHERE open;

-- Which post supports which incident, as last judged.
CREATE TABLE supports (
    incident TEXT    NOT NULL,
    source   TEXT    NOT NULL,
    message  TEXT    NOT NULL,
    exercise INTEGER NOT NULL,
    body     BLOB    NOT NULL,
    PRIMARY KEY (source, message, exercise, incident)
) STRICT, WITHOUT ROWID;
CREATE INDEX supports_by_incident ON supports (incident);

-- The outbox. Rows stay after delivery; each sink has its own cursor.
CREATE TABLE alerts (
    sequence   INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT    NOT NULL UNIQUE,
    incident   TEXT    NOT NULL,
    exercise   INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    body       BLOB    NOT NULL
) STRICT;
CREATE INDEX alerts_by_incident ON alerts (incident, sequence);
CREATE INDEX alerts_by_age ON alerts (created_at);

-- How far a sink has come without a hole, and what happened to single alerts.
CREATE TABLE sinks (
    sink     TEXT PRIMARY KEY,
    sequence INTEGER NOT NULL,
    state    BLOB NOT NULL               -- the sink's own JSON (epoch, high-water ...)
) STRICT, WITHOUT ROWID;
CREATE TABLE deliveries (
    sink      TEXT    NOT NULL,
    sequence  INTEGER NOT NULL,
    alert     TEXT    NOT NULL,
    incident  TEXT    NOT NULL,
    state     TEXT    NOT NULL,          -- delivered, uncertain, refused, dead, muted
    attempts  INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    reference TEXT,                      -- the receiver's own id of it (chat message id)
    detail    TEXT    NOT NULL DEFAULT '',
    PRIMARY KEY (sink, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_by_incident ON deliveries (sink, incident);
CREATE INDEX deliveries_by_alert ON deliveries (alert);

CREATE TABLE facts (                     -- small things that must survive: replay starts, epochs
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Counters for later baselines: how often a rule hit, by place and hour.
CREATE TABLE baselines (
    rule  TEXT    NOT NULL,
    place TEXT    NOT NULL,
    hour  INTEGER NOT NULL,              -- hours since 1970
    posts INTEGER NOT NULL,
    PRIMARY KEY (rule, place, hour)
) STRICT, WITHOUT ROWID;
