-- Version 5: what was said stands apart from who said it and when. Keys stay for ever, texts expire:
-- in one row they would leave holes between the keys, which nothing ever fills again.

CREATE TABLE texts (
    seq     INTEGER PRIMARY KEY,          -- its post's; no row = expired
    matched INTEGER NOT NULL,             -- 1 = rules had to do with it (see outcome): kept longer
    seen    INTEGER NOT NULL,             -- its post's observed_at
    body    BLOB    NOT NULL,             -- the post as JSON and, if it differs, what was received:
    length  INTEGER,                      -- one zstd frame, the JSON's bytes in it; NULL = until
    payload BLOB,                         -- version 4: JSON as it is, and what was received, zstd
    hits    BLOB                          -- JSON list, NULL = none
) STRICT;
INSERT INTO texts
SELECT seq, matched, observed_at, body, NULL, payload, hits FROM posts WHERE body IS NOT NULL;
CREATE INDEX texts_by_age ON texts (matched, seen);

-- Every version of every post, in the order of storing: the log that everything trailing reads.
CREATE TABLE kept (                       -- takes the place of posts
    seq          INTEGER PRIMARY KEY,
    channel      INTEGER NOT NULL REFERENCES channels,
    message      TEXT    NOT NULL,
    version      INTEGER NOT NULL,
    kind         TEXT    NOT NULL,        -- new, edit, delete
    event_at     INTEGER NOT NULL,
    observed_at  INTEGER NOT NULL,
    partition    INTEGER NOT NULL,        -- the channel's
    content      BLOB    NOT NULL,        -- SHA-256 over normalised text, media kinds and links
    payload_hash BLOB    NOT NULL,        -- SHA-256 of what was received
    chain        BLOB    NOT NULL,        -- SHA-256 over chain of seq-1, payload_hash and the key
    history      INTEGER NOT NULL,        -- found on a source's first read: never rings
    outcome      TEXT    NOT NULL,
    reason       TEXT    NOT NULL,
    rulebook     INTEGER NOT NULL REFERENCES rulebooks,
    seal         INTEGER NOT NULL,        -- over body, hits, outcome, reason, history, length
    UNIQUE (channel, message, version)
) STRICT;
INSERT INTO kept
SELECT seq, channel, message, version, kind, event_at, observed_at, partition, content,
       payload_hash, chain, history, outcome, reason, rulebook, seal
FROM posts;
DROP TABLE posts;
ALTER TABLE kept RENAME TO posts;
