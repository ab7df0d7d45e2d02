"""One transaction for one batch: posts, cursors, incidents and alerts, all of it or none."""

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from monitor.action import Action
from monitor.alert import Alert, to_json
from monitor.hit import Found, Hit
from monitor.incident import Incident, Outcome, Support
from monitor.place import Place
from monitor.rule import Level
from monitor.store.chain import link
from monitor.store.channels import Channels
from monitor.store.clues import Counts, drop_ended, put_clues, put_counts
from monitor.store.database import Database
from monitor.store.deeds import put_action
from monitor.store.head import NEWEST_ALERT, Head
from monitor.store.incidents import drop_supports, put_incidents, put_supports
from monitor.store.moments import to_ms
from monitor.store.posts import Admitted
from monitor.store.rows import put_rows
from monitor.store.seal import seal, seal_of_post
from monitor.store.texts import Text, text_of
from monitor.watch import Clue, ClueKey

STEPS = ("begin", "posts", "cursors", "incidents", "supports", "clues", "alerts", "commit")
"""The steps of a commit in order, as `Database.on_step` sees them."""

_POST = f"({', '.join('?' * 16)})"
_TEXT = "(?, ?, ?, ?, ?, NULL, ?)"


class Judged(msgspec.Struct, frozen=True, gc=False):
    """A new post version and what became of it; `reason` is for people."""

    admitted: Admitted
    outcome: Outcome
    reason: str
    hits: tuple[Hit, ...] = ()


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What one batch changes.

    `judged` is everything that `admit` returned, in its order; `incidents` and `supports` replace
    what was stored of them, and so do `clues` (by key and realm; None is forgotten, and so is what
    ends before the hour of `clue_floors`); `counts` are added to the baselines; `gone` are supports
    (incident, source, id, exercise) that a person has moved, `actions` who did; `rulebook` is the
    hash of the rulebook that judged and `versions` those of what it was compiled with (fold,
    lexicon, monitor), written down when the hash is first seen.
    """

    judged: Sequence[Judged] = ()
    cursors: Mapping[str, str] = msgspec.field(default_factory=dict)
    incidents: tuple[Incident, ...] = ()
    supports: tuple[Support, ...] = ()
    alerts: tuple[Alert, ...] = ()
    rulebook: str = ""
    facts: Mapping[str, str] = msgspec.field(default_factory=dict)
    clues: Mapping[tuple[ClueKey, bool], Clue | None] = msgspec.field(default_factory=dict)
    clue_floors: Mapping[bool, int] = msgspec.field(default_factory=dict)
    counts: Counts = msgspec.field(default_factory=dict)
    gone: tuple[tuple[str, str, str, bool], ...] = ()
    actions: tuple[Action, ...] = ()
    versions: Mapping[str, str] = msgspec.field(default_factory=dict)


class StoredHit(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A hit as it stays with its post: the rule by id, all else as stamped when it happened."""

    rule: str
    title: str
    level: Level
    event: str
    topic: str
    found: tuple[Found, ...] = ()
    place: Place | None = None
    role: str = "unknown"
    affiliation: str = "unknown"
    family: str = ""


def commit(db: Database, work: Work, now: datetime) -> tuple[Alert, ...]:
    """Store a batch; returns its alerts with their sequence and, unless they have one, `sent_at`.

    Raises:
        DiskFullError: no room; nothing was stored, hand the same work over again later.
        StateError: another trouble of the disk; nothing was stored.
        sqlite3.IntegrityError: the work contradicts the store (a version or alert twice): a bug of
            the caller; nothing was stored.
    """

    def body(connection: sqlite3.Connection) -> tuple[Alert, ...]:
        db.step("posts")
        if work.judged:
            _put_posts(connection, db, work, now)
        db.step("cursors")
        _put_pairs(connection, "cursors", work.cursors)
        _put_pairs(connection, "facts", work.facts)
        db.step("incidents")
        put_incidents(connection, work.incidents)
        db.step("supports")
        drop_supports(connection, work.gone)
        put_supports(connection, work.supports)
        db.step("clues")
        put_clues(connection, work.clues)
        drop_ended(connection, work.clue_floors)
        put_counts(connection, work.counts)
        for action in work.actions:
            put_action(connection, action)
        db.step("alerts")
        return _put_alerts(connection, db.head, work.alerts, now)

    return db.write(body)


def _put_posts(connection: sqlite3.Connection, db: Database, work: Work, now: datetime) -> None:
    head, channels = db.head, db.channels
    rulebook = _rulebook(connection, head, work, now)
    # One kind of work after the other: what each of them needs stays close to the processor.
    texts = [_text(judged.admitted) for judged in work.judged]
    rows = [
        _post_rows(connection, head, channels, judged, text, rulebook)
        for judged, text in zip(work.judged, texts, strict=True)
    ]
    put_rows(connection, "posts", _POST, [post for post, _ in rows])
    put_rows(connection, "texts", _TEXT, [text for _, text in rows])
    tallies = Counter((one.outcome, one.admitted.name.exercise) for one in work.judged)
    connection.executemany(
        "INSERT INTO tallies VALUES (?, ?, ?)"
        " ON CONFLICT DO UPDATE SET posts = posts + excluded.posts",
        [(*key, posts) for key, posts in sorted(tallies.items())],
    )


_Row = tuple[object, ...]


def _text(admitted: Admitted) -> Text:
    if admitted.text is not None:
        return admitted.text
    received = admitted.received
    return text_of(admitted.body or _JSON.encode(received.post), received.raw)


def _post_rows(
    connection: sqlite3.Connection,
    head: Head,
    channels: Channels,
    judged: Judged,
    text: Text,
    rulebook: int,
) -> tuple[_Row, _Row]:
    """One row of the log, and its text's; the head moves on to it."""
    admitted = judged.admitted
    received, name = admitted.received, admitted.name
    post, channel = received.post, admitted.channel
    channels.store(connection, (name.source, name.exercise), channel, received.channel_id)
    event_ms = to_ms(admitted.event_at)
    observed = post.observed_at or post.published_at
    observed_ms = event_ms if observed is admitted.event_at else to_ms(observed)
    head.seq += 1
    key = (head.seq, channel, name.id, name.version, post.kind, event_ms, observed_ms)
    head.chain = link(head.chain, (*key, admitted.content, text.received))
    hits = _hits_json(judged.hits) if judged.hits else None
    history = int(received.history)
    matched = judged.outcome not in _UNTOUCHED or bool(judged.hits)
    mark = seal_of_post(text.piece, text.length, hits, judged.outcome, judged.reason, history)
    return (
        *key, channels.partition[channel], admitted.content, text.received, head.chain,
        history, judged.outcome, judged.reason, rulebook, mark,
    ), (head.seq, matched, observed_ms, text.piece, text.length, hits)  # fmt: skip


_JSON = msgspec.json.Encoder()
_UNTOUCHED = {"unmatched", "quarantined"}


def _hits_json(hits: Sequence[Hit]) -> bytes:
    return _JSON.encode([
        StoredHit(
            rule=hit.rule.id, title=hit.rule.title, level=hit.rule.level, event=hit.rule.event,
            topic=hit.rule.topic, found=hit.found, place=hit.place, role=hit.role,
            affiliation=hit.affiliation, family=hit.family,
        )
        for hit in hits
    ])  # fmt: skip


def _rulebook(connection: sqlite3.Connection, head: Head, work: Work, now: datetime) -> int:
    """The number of the rulebook that judged, new or known."""
    number = head.rulebooks.get(work.rulebook)
    if number is None:
        number = max(head.rulebooks.values(), default=0) + 1
        connection.execute(
            "INSERT INTO rulebooks VALUES (?, ?, ?, ?)",
            (number, work.rulebook, _JSON.encode(dict(work.versions)).decode(), to_ms(now)),
        )
        head.rulebooks[work.rulebook] = number
    return number


def _put_pairs(connection: sqlite3.Connection, table: str, pairs: Mapping[str, str]) -> None:
    if pairs:
        connection.executemany(
            f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?)",
            [(name, value, seal(name, value)) for name, value in pairs.items()],
        )


def _put_alerts(
    connection: sqlite3.Connection, head: Head, alerts: Sequence[Alert], now: datetime
) -> tuple[Alert, ...]:
    numbered = tuple(
        msgspec.structs.replace(alert, sequence=sequence, sent_at=alert.sent_at or now)
        for sequence, alert in enumerate(alerts, head.sequence + 1)
    )
    at = to_ms(now)
    rows: list[tuple[object, ...]] = []
    for alert in numbered:
        body = to_json(alert)
        mark = seal(alert.sequence, alert.id, alert.incident.id, body)
        rows.append((
            alert.sequence, alert.id, alert.incident.id, alert.exercise, at, body, mark,
        ))  # fmt: skip
    if rows:
        connection.executemany("INSERT INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        head.sequence += len(numbered)
        _put_pairs(connection, "facts", {NEWEST_ALERT: str(head.sequence)})
    return numbered
