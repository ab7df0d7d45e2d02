-- Silences: who holds back what until when. Ended ones stay: they are the record of who did it.
CREATE TABLE silences (
    id   TEXT    PRIMARY KEY,
    told INTEGER NOT NULL,               -- 1 = its end has been told: nothing is left to do
    made INTEGER NOT NULL,
    body BLOB    NOT NULL,               -- the silence as JSON
    seal INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX silences_at_work ON silences (made) WHERE NOT told;
CREATE INDEX silences_by_age ON silences (made);
