"""The stored posts, read back: by name, in order of storing, and checked against their hashes."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from monitor.incident import OUTCOMES
from monitor.post import Post, PostKind, PostName
from monitor.store.chain import LINK_COLUMNS, link
from monitor.store.commit import StoredHit
from monitor.store.content import content_hash
from monitor.store.database import Database
from monitor.store.moments import from_ms, to_ms
from monitor.store.posts import whole_post
from monitor.store.texts import unpacked
from monitor.store.trouble import DamagedError

_PAGE = 500
_DIGITS = 9


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a post as it is stored, with what became of it.

    `post` is None when its text has expired. `seq` is its place in the log; `rulebook` the hash of
    the rulebook that judged it.
    """

    seq: int
    name: PostName
    kind: PostKind
    event_at: datetime
    observed_at: datetime
    partition: int
    history: bool
    outcome: str
    reason: str
    hits: tuple[StoredHit, ...]
    rulebook: str
    post: Post | None

    @property
    def expired(self) -> bool:
        """Whether only its key is left."""
        return self.post is None


_COLUMNS = """
SELECT p.seq, p.message, p.version, c.exercise, p.kind, p.event_at, p.observed_at, p.partition,
       t.body, t.length, t.hits, p.outcome, p.reason, p.history, p.seal, r.hash,
       (SELECT min(n.source) FROM names n WHERE n.channel = p.channel)
FROM posts p JOIN channels c USING (channel) JOIN rulebooks r USING (rulebook)
LEFT JOIN texts t USING (seq)
"""
_HITS = msgspec.json.Decoder(tuple[StoredHit, ...])


def _stored(row: Sequence[object]) -> Stored:
    try:
        return _decoded(row)
    except (ValueError, TypeError, OverflowError, msgspec.MsgspecError) as error:
        raise DamagedError(f"post number {row[0]} cannot be read") from error


def _decoded(row: Sequence[object]) -> Stored:
    (
        seq, message, version, exercise, kind, event_ms, observed_ms, partition,
        body, length, hits, outcome, reason, history, mark, rulebook, source,
    ) = row  # fmt: skip
    sealed = (body, hits, outcome, reason, history)
    ends = None if length is None else _int(length)
    post = whole_post(_int(seq), sealed, ends, _int(mark))
    return msgspec.convert(
        {
            "seq": seq,
            "name": PostName(
                post.source if post else str(source), str(message), _int(version), bool(exercise)
            ),
            "kind": kind,
            "event_at": from_ms(_int(event_ms)),
            "observed_at": from_ms(_int(observed_ms)),
            "partition": partition,
            "history": bool(history),
            "outcome": outcome,
            "reason": reason,
            "hits": _HITS.decode(_bytes(hits)) if hits is not None else (),
            "rulebook": rulebook,
            "post": post,
        },
        Stored,
    )


def _bytes(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise DamagedError("a stored post has a column of the wrong kind")
    return value


def _int(value: object) -> int:
    if not isinstance(value, int):
        raise DamagedError("a stored post has a column of the wrong kind")
    return value


def post(db: Database, name: PostName) -> Stored | None:
    """One version of a post; None if it was never stored.

    Raises:
        DamagedError: it is not what was written.
    """
    for version in versions(db, name.source, name.id, exercise=name.exercise):
        if version.name.version == name.version:
            return version
    return None


def versions(db: Database, source: str, message: str, *, exercise: bool) -> tuple[Stored, ...]:
    """Every version of a post, oldest first, under any name of its channel.

    Where a name was handed over, the channel that held it first answers if it has such a post.
    """
    channels = db.rows(
        "SELECT channel FROM names WHERE source = ? AND exercise = ? ORDER BY holder DESC, channel",
        (source, exercise),
    )
    for (channel,) in channels:
        rows = db.rows(
            f"{_COLUMNS} WHERE p.channel = ? AND p.message = ? ORDER BY p.version",
            (channel, message),
        )
        if rows:
            return tuple(_stored(row) for row in rows)
    return ()


def find(db: Database, text: str) -> Stored | None:
    """The post that a person means by SOURCE/ID or SOURCE/ID@VERSION.

    Without a version, the latest one; a real post before an exercise's. Sources and ids may hold
    slashes and at signs themselves (a feed's ids are addresses).
    """
    for name, version in _readings(text):
        for exercise in (False, True):
            every = versions(db, name.source, name.id, exercise=exercise)
            for one in reversed(every):
                if version in (None, one.name.version):
                    return one
    return None


def _readings(text: str) -> Iterator[tuple[PostName, int | None]]:
    """All (name, version or None) that the text can mean, the likeliest first."""
    whole, _, number = text.rpartition("@")
    readings: list[tuple[str, int | None]] = [(text, None)]
    if whole and number.isdecimal() and len(number) <= _DIGITS:
        readings.insert(0, (whole, int(number)))
    for name, version in readings:
        cut = name.find("/")
        while cut > 0:
            yield PostName(name[:cut], name[cut + 1 :]), version
            cut = name.find("/", cut + 1)


def stored_after(db: Database, seq: int, limit: int = _PAGE) -> tuple[Stored, ...]:
    """At most `limit` stored versions behind `seq`, in the order of storing."""
    return tuple(
        _stored(row)
        for row in db.rows(f"{_COLUMNS} WHERE p.seq > ? ORDER BY p.seq LIMIT ?", (seq, limit))
    )


def stored_since(db: Database, moment: datetime) -> Iterator[Stored]:
    """Every stored version that was observed at or after `moment` and has its text.

    In the order of storing; read page by page, so that no reader holds up the log's tidying.
    """
    ((first,),) = db.rows(
        "SELECT min(seq) FROM texts WHERE matched IN (0, 1) AND seen >= ?",
        [to_ms(moment)],
    )
    seq = int(first) - 1 if first is not None else None
    while seq is not None:
        page = stored_after(db, seq)
        yield from (one for one in page if one.post is not None and one.observed_at >= moment)
        seq = page[-1].seq if page else None


def versions_since(db: Database, moment: datetime) -> int:
    """How many versions `stored_since` will give."""
    ((count,),) = db.rows(
        "SELECT count(*) FROM texts WHERE matched IN (0, 1) AND seen >= ?",
        [to_ms(moment)],
    )
    return int(count)


def payload(db: Database, seq: int) -> bytes | None:
    """What was received, byte for byte; None if it has expired.

    Raises:
        DamagedError: it is not what was received.
    """
    rows = db.rows(
        "SELECT body, length, payload, payload_hash FROM posts JOIN texts USING (seq)"
        " WHERE seq = ?",
        [seq],
    )
    if not rows:
        return None
    (*text, payload_hash) = rows[0]
    _, received = unpacked(*text)
    if hashlib.sha256(received).digest() != payload_hash:
        raise DamagedError(f"what was received as post number {seq} does not match its hash")
    return received


def outcomes(db: Database) -> dict[str, int]:
    """How many stored versions had each outcome, exercises included; their sum is all versions."""
    stored = dict(db.rows("SELECT outcome, sum(posts) FROM tallies GROUP BY outcome"))
    return {str(outcome): int(stored.pop(outcome, 0)) for outcome in OUTCOMES} | stored


def verify_chain(db: Database) -> int | None:
    """The first place in the log that is not what was written; None if all of it is sound.

    Compares every link, every payload and every text with its hash, the order without a hole, and
    the number of rows with the sums of outcomes. Expired texts are covered by their hashes.
    """
    chain, seq = b"", 0
    while True:
        rows = db.rows(
            f"SELECT {LINK_COLUMNS}, body, length, payload, chain FROM posts"
            " LEFT JOIN texts USING (seq) WHERE seq > ? ORDER BY seq LIMIT ?",
            (seq, _PAGE),
        )
        for row in rows:
            if row[0] != seq + 1 or not _sound(chain, row):
                return seq + 1
            seq, chain = row[0], row[-1]
        if not rows:
            return None if seq == sum(outcomes(db).values()) else seq + 1


def _sound(before: bytes, row: Sequence[Any]) -> bool:
    *key, body, length, payload, chain = row
    if link(before, key) != chain:
        return False
    *_, content, payload_hash = key
    if body is None:
        return True
    try:
        json, received = unpacked(_bytes(body), length, payload)
        if hashlib.sha256(received).digest() != payload_hash:
            return False
        return bool(content_hash(msgspec.json.decode(json, type=Post)) == content)
    except (DamagedError, TypeError, msgspec.DecodeError, UnicodeDecodeError):
        return False
