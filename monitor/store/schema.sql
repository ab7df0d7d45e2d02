-- The store's schema, version 1. One writer; readers open the file read-only.
-- Times are milliseconds since 1970-01-01T00:00:00Z. Bodies are JSON of the nouns.
-- `seal` is a CRC-32 over the row's other columns: SQLite keeps no checksums of pages, and what the
-- daemon acts upon must not act on a flipped bit.

-- A channel or feed. The platform's numeric id is what it is; names are attributes (next table).
CREATE TABLE channels (
    channel   INTEGER PRIMARY KEY,
    platform  TEXT    NOT NULL,           -- telegram, feed, ...
    native    INTEGER,                    -- the platform's numeric id, once known
    exercise  INTEGER NOT NULL,           -- recorded posts never share keys with real ones
    partition INTEGER NOT NULL,           -- of 64, fixed: crc32 of its first name, modulo 64
    seal      INTEGER NOT NULL
) STRICT;

-- Names that posts came under (telegram:vvgladkov). One channel holds a name; another one that
-- comes under the same name (a hand-over) is written down beside it and does not hold it.
CREATE TABLE names (
    source    TEXT    NOT NULL,
    exercise  INTEGER NOT NULL,
    channel   INTEGER NOT NULL REFERENCES channels,
    holder    INTEGER NOT NULL,
    seal      INTEGER NOT NULL,
    PRIMARY KEY (source, exercise, channel)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX names_held ON names (source, exercise) WHERE holder;
CREATE INDEX names_of_channel ON names (channel);

-- What judged the posts: the rulebook's hash and the versions of what it was compiled with.
CREATE TABLE rulebooks (
    rulebook   INTEGER PRIMARY KEY,
    hash       TEXT    NOT NULL UNIQUE,
    versions   TEXT    NOT NULL,          -- JSON: fold, lexicon, monitor -> version
    first_used INTEGER NOT NULL
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
    partition    INTEGER NOT NULL,        -- the channel's
    content      BLOB    NOT NULL,        -- SHA-256 over normalised text, media kinds and links
    body         BLOB,                    -- the post as JSON; NULL = expired
    payload      BLOB,                    -- as received, zstd; NULL = body is what was received
    payload_hash BLOB    NOT NULL,        -- SHA-256 of what was received
    chain        BLOB    NOT NULL,        -- SHA-256 over chain of seq-1, payload_hash and the key
    history      INTEGER NOT NULL,        -- found on a source's first read: never rings
    outcome      TEXT    NOT NULL,
    reason       TEXT    NOT NULL,
    matched      INTEGER NOT NULL,        -- 1 = rules had to do with it (see outcome): kept longer
    hits         BLOB,                    -- JSON list, NULL = none
    rulebook     INTEGER NOT NULL REFERENCES rulebooks,
    seal         INTEGER NOT NULL,        -- over body, hits, outcome, reason, history
    UNIQUE (channel, message, version)
) STRICT;
CREATE INDEX posts_by_age ON posts (matched, observed_at) WHERE body IS NOT NULL;

-- The sums of posts.outcome, so that nobody counts millions of rows.
CREATE TABLE tallies (
    outcome  TEXT    NOT NULL,
    exercise INTEGER NOT NULL,
    posts    INTEGER NOT NULL,
    PRIMARY KEY (outcome, exercise)
) STRICT, WITHOUT ROWID;

CREATE TABLE cursors (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    seal  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE incidents (
    id         TEXT PRIMARY KEY,
    exercise   INTEGER NOT NULL,
    open       INTEGER NOT NULL,
    topic      TEXT    NOT NULL,
    updated_at INTEGER NOT NULL,
    body       BLOB    NOT NULL,
    seal       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX incidents_open ON incidents (exercise) WHERE open;
CREATE INDEX incidents_closed ON incidents (updated_at) WHERE NOT open;

-- Which post supports which incident, as last judged.
CREATE TABLE supports (
    incident TEXT    NOT NULL,
    source   TEXT    NOT NULL,
    message  TEXT    NOT NULL,
    exercise INTEGER NOT NULL,
    body     BLOB    NOT NULL,
    seal     INTEGER NOT NULL,
    PRIMARY KEY (source, message, exercise, incident)
) STRICT, WITHOUT ROWID;
CREATE INDEX supports_by_incident ON supports (incident);

-- The outbox. Rows stay after delivery; each sink has its own cursor.
CREATE TABLE alerts (
    sequence   INTEGER PRIMARY KEY, -- never given twice: the last one is a fact,
    id         TEXT    NOT NULL UNIQUE,
    incident   TEXT    NOT NULL,
    exercise   INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    body       BLOB    NOT NULL,
    seal       INTEGER NOT NULL
) STRICT;
CREATE INDEX alerts_by_incident ON alerts (incident, sequence);
CREATE INDEX alerts_by_age ON alerts (created_at);

-- How far a sink has come without a hole, and what happened to single alerts.
CREATE TABLE sinks (
    sink     TEXT PRIMARY KEY,
    sequence INTEGER NOT NULL,
    state    BLOB    NOT NULL,           -- the sink's own JSON (epoch, high-water ...)
    seal     INTEGER NOT NULL
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
    detail    TEXT    NOT NULL,
    seal      INTEGER NOT NULL,
    PRIMARY KEY (sink, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_by_incident ON deliveries (sink, incident, sequence);
CREATE INDEX deliveries_by_alert ON deliveries (alert);
CREATE INDEX deliveries_by_age ON deliveries (at);
CREATE INDEX deliveries_dead ON deliveries (sequence) WHERE state IN ('dead', 'refused');

CREATE TABLE facts (                     -- small things that must survive: replay starts, epochs
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    seal  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Counters for later baselines: how many posts hit a rule, by place and hour of the event.
CREATE TABLE baselines (
    rule  TEXT    NOT NULL,
    place TEXT    NOT NULL,              -- its id, empty = no place
    hour  INTEGER NOT NULL,              -- hours since 1970
    posts INTEGER NOT NULL,
    PRIMARY KEY (rule, place, hour)
) STRICT, WITHOUT ROWID;
CREATE INDEX baselines_by_hour ON baselines (hour);
