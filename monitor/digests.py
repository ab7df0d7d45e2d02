"""Calm: what was held back told as one digest, reminders, summaries on schedule, a sign of life.

Each is an alert about the monitor itself for one receiver, stored in one transaction with the note
that it was told: a restart neither forgets nor repeats one.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import structlog

from monitor import reminding
from monitor.alert import Alert, AlertPost, cut_text
from monitor.clock import Clock
from monitor.health import Board
from monitor.incident import Incident
from monitor.notices import about_itself
from monitor.receivers import AllQuiet, Digest, Language
from monitor.routes import minutes
from monitor.rule import LEVELS, Level
from monitor.settings import Settings
from monitor.sinks.dispatch import Dispatch
from monitor.sinks.grouping import WAITED
from monitor.sinks.speech import counted, said, say
from monitor.sinks.wording import LEVEL_MARKS, level_mark, one_line
from monitor.store.actions import judgements
from monitor.store.commit import Work, commit
from monitor.store.database import Database
from monitor.store.deliveries import Delivery, held_back, told_since
from monitor.store.incidents import facts, incidents_after
from monitor.store.outbox import Outbox, alert, newest_about_the_world, positions
from monitor.store.writer import Writer

log = structlog.get_logger(__name__)

LOOK_EVERY = 20.0
MOST_LINES = 40
MOST_HELD = 2000
WELL = {"ok", "finished", "starting"}


class Told(NamedTuple):
    """An alert to put out, and the note that goes with it."""

    alert: Alert | None
    fact: str
    note: str
    gathered: tuple[Alert, ...] = ()
    """The newest of what waited for its group."""


class Held(msgspec.Struct, frozen=True):
    """What of a receiver's held back alerts was told: all up to one, and some behind it."""

    up_to: int = -1
    told: frozenset[int] = frozenset()

    @staticmethod
    def read(note: str) -> "Held":
        """As stored; a bare number is what earlier versions wrote."""
        return (
            Held(int(note)) if note.lstrip("-").isdigit() else msgspec.json.decode(note, type=Held)
        )

    def after(self, rows: Sequence[Delivery], now_told: Sequence[Delivery]) -> "Held":
        """When some of these rows, all that are known, are told as well."""
        told = self.told | {one.sequence for one in now_told}
        left = [one.sequence for one in rows if one.sequence not in told]
        up_to = min(left) - 1 if left else max(one.sequence for one in rows)
        return Held(up_to, frozenset(one for one in told if one > up_to))


Due = list[tuple[Delivery, Alert | None]]
Repeats = Mapping[str, Sequence[tuple[Alert, timedelta]]]


class Digests:
    """The calm voice of a running daemon."""

    def __init__(
        self,
        settings: Settings,
        writer: Writer,
        outbox: Outbox,
        dispatch: Dispatch,
        clock: Clock,
        *,
        board: Board,
    ) -> None:
        self._receivers: dict[str, Language] = {
            one.name: getattr(one, "language", "en") for one in settings.receivers
        }
        self._schedule = (settings.digests, settings.all_quiet)
        self._writer = writer
        self._outbox = outbox
        self._seen: dict[str, int] = {}
        self._dispatch = dispatch
        self._clock = clock
        self._board = board

    def follow(self, settings: Settings) -> None:
        """Summaries and signs of life as saved settings want them, from now on."""
        self._schedule = (settings.digests, settings.all_quiet)

    async def run(self) -> None:
        """Look what is due, until cancelled."""
        while True:
            await self.look()
            now = self._clock.now()
            wait = (self._dispatch.soonest(now) or now + timedelta(days=1)) - now
            await self._clock.sleep(min(LOOK_EVERY, wait.total_seconds() + 0.1))

    async def look(self) -> None:
        """Tell what is due now."""
        now = self._clock.now()
        repeats = {name: self._dispatch.to_repeat(name, now) for name in self._receivers}
        found = await self._outbox.ask(self._due, repeats, now)
        if not found:
            return
        alerts = tuple(one.alert for one in found if one.alert is not None)
        for alert_ in alerts:
            log.info("digest", what=alert_.incident.event, receiver=alert_.addressee)
        work = Work(alerts=alerts, facts={one.fact: one.note for one in found})
        stored = await self._writer.do(commit, work, now)
        if stored:
            self._outbox.committed(stored[-1].sequence)
        for one in found:
            if one.gathered:
                self._dispatch.summed_up(one.fact.partition("/")[2], one.gathered, now)

    def _due(self, db: Database, repeats: Repeats, now: datetime) -> list[Told]:
        known = facts(db)
        found: list[Told] = []
        digests, calms = self._schedule  # at once: another thread may put new ones in force
        for name in self._receivers:
            told = self._held_back(db, name, known, now)
            found += [told] if told else []
            told = self._reminder(db, name, known, repeats[name], now)
            found += [told] if told else []
        for digest in digests:
            told = _summary(db, digest, known, now, self._language(digest.receiver))
            found += [told] if told else []
        for calm in calms:
            told = self._all_quiet(db, calm, known, now)
            found += [told] if told else []
        return found

    def _held_back(
        self, db: Database, receiver: str, known: dict[str, str], now: datetime
    ) -> Told | None:
        """What a pause held back, once none holds any of it, and groups that waited long enough."""
        fact = f"held-back/{receiver}"
        come = positions(db).get(receiver, 0)
        before = Held.read(known.get(fact, "-1"))
        behind = max(before.up_to, self._seen.get(receiver, -1))
        rows = held_back(db, receiver, behind, MOST_HELD + len(before.told))
        held = [one for one in rows if one.sequence not in before.told]
        if not held:
            self._seen[receiver] = come  # nothing up to here: it need not be looked through again
            return None
        due = self._ready(db, receiver, held, now)
        if not due:
            return None
        last: dict[str, tuple[Alert, int]] = {}
        for _, kept in due:
            if kept is not None:
                _, count = last.get(kept.incident.id, (kept, 0))
                last[kept.incident.id] = (kept, count + 1)
        waited = [(row, one) for row, one in due if one is not None and WAITED in row.detail]
        gathered = tuple(last[one.incident.id][0] for _, one in waited)
        missed = [
            (one, count)
            for one, count in last.values()
            if not told_since(db, receiver, one.incident.id, one.sequence)
        ]
        note = msgspec.json.encode(before.after(rows, [row for row, _ in due])).decode()
        if not missed:
            return Told(None, fact, note, gathered)
        language = self._receivers[receiver]
        many = counted("incident", len(missed), language)
        title = say(_what_for(due), language, what=many)
        text = "\n".join(_line(one, count, language) for one, count in _worst_first(missed))
        alerts = counted("held_back", sum(count for _, count in missed), language)
        end = str(due[-1][0].sequence)
        told = _addressed(receiver, end, ("held-back", title, alerts, _worst(missed)), text, now)
        return Told(told, fact, note, gathered)

    def _ready(self, db: Database, receiver: str, held: Sequence[Delivery], now: datetime) -> Due:
        """What can be told now, in order."""
        known = [(one, alert(db, one.alert)) for one in held]
        newest = {one.incident.id: one for _, one in known if one is not None}
        paused = {name for name, one in newest.items() if self._dispatch.paused(receiver, one, now)}
        waits = {name for name, one in newest.items() if self._dispatch.waits(receiver, one, now)}
        quiet = any(row.incident in paused for row, _ in known)
        found: Due = []
        for row, one in known:
            gathers = WAITED in row.detail
            if not (row.incident in paused | waits if gathers else quiet):
                found.append((row, one))
        return found

    def _reminder(
        self,
        db: Database,
        receiver: str,
        known: dict[str, str],
        repeats: Sequence[tuple[Alert, timedelta]],
        now: datetime,
    ) -> Told | None:
        """The open incidents that nobody has acknowledged for a route's `repeat_interval`."""
        if not repeats:
            return None
        fact = f"reminded/{receiver}"
        before = reminding.remembered(known.get(fact))
        settled = {one.incident for one in judgements(db) if one.incident}
        due = reminding.due(db, receiver, repeats, before, settled=settled, now=now)
        if not due:
            return None
        longest = max(after for _, after in repeats)
        reminded = {name: at for name, at in before.items() if now - at < longest}
        reminded |= {one.incident.id: now for one in due}
        language = self._receivers[receiver]
        title = say("digest_repeat", language, what=counted("incident", len(due), language))
        lines = [_line(one, None, language) for one, _ in _worst_first([(one, 1) for one in due])]
        what = (
            "reminder",
            title,
            say("not_acknowledged", language),
            _worst([(one, 1) for one in due]),
        )
        told = _addressed(receiver, now.isoformat(), what, "\n".join(lines), now)
        if all(self._dispatch.why_quiet(receiver, one, now) for one in due):
            told = msgspec.structs.replace(told, kind="updated")  # makes no sound
        return Told(told, fact, reminding.noted(reminded))

    def _language(self, receiver: str) -> Language:
        """A receiver's; English for one that is to come with the next start."""
        return self._receivers.get(receiver, "en")

    def _all_quiet(
        self, db: Database, calm: AllQuiet, known: dict[str, str], now: datetime
    ) -> Told | None:
        """A sign of life when nothing was told for long enough."""
        fact = f"all-quiet/{calm.receiver}"
        if fact not in known:
            return Told(None, fact, now.isoformat())
        last = newest_about_the_world(db)
        since = datetime.fromisoformat(known[fact])
        if last is not None and last.sent_at is not None and last.sent_at > since:
            since = last.sent_at
        if now - since < calm.after:
            return None
        sources = self._board.snapshot()
        ill = [one for one in sources if one.state not in WELL]
        language = self._language(calm.receiver)
        well = len(sources) - len(ill)
        text = say("sources_well", language, ok=well, all=len(sources))
        text += "".join(f"\n{one.source}: {one.state} {one.hint}" for one in ill[:MOST_LINES])
        hours = say("quiet_since", language, since=f"{since:%Y-%m-%d %H:%M} UTC")
        what = ("all-quiet", say("all_quiet", language), hours, _quiet_level(len(ill)))
        return Told(
            _addressed(calm.receiver, now.isoformat(), what, text, now), fact, now.isoformat()
        )


def _quiet_level(ill: int) -> Level:
    return "low" if ill else "informational"


def _summary(
    db: Database, digest: Digest, known: dict[str, str], now: datetime, language: Language
) -> Told | None:
    """The incidents since the last such summary, if one is due."""
    fact = f"digest/{digest.receiver}"
    due = last_due(digest, now)
    if fact not in known:
        return Told(None, fact, due.isoformat())
    since = datetime.fromisoformat(known[fact])
    if due <= since:
        return None
    incidents = [one for one in incidents_after(db) if one.updated_at > since and not one.exercise]
    judged = {one.incident: one for one in judgements(db)}
    opened = sum(one.opened_at > since for one in incidents)
    waiting = [one for one in incidents if one.open and one.id not in judged]
    did = Counter(judged[one.id].did for one in incidents if one.id in judged)
    text = say(
        "digest_counts", language, opened=opened, open=sum(one.open for one in incidents),
        waiting=len(waiting), false=did["false_alarm"],
    )  # fmt: skip
    worst = sorted(incidents, key=lambda one: (-LEVELS.index(one.level), one.opened_at))
    text += "".join(f"\n{_state(one, one in waiting, language)}" for one in worst[:MOST_LINES])
    if len(incidents) > MOST_LINES:
        text += "\n" + say("incidents_more", language, count=len(incidents) - MOST_LINES)
    there = since.astimezone(ZoneInfo(digest.location))
    what: tuple[str, str, str, Level] = (
        "digest", say("digest_since", language),
        say("since", language, since=f"{there:%Y-%m-%d %H:%M %Z}"), "informational",
    )  # fmt: skip
    return Told(
        _addressed(digest.receiver, due.isoformat(), what, text, now), fact, due.isoformat()
    )


def last_due(digest: Digest, now: datetime) -> datetime:
    """The last moment of the schedule that is not after now, in UTC."""
    zone = ZoneInfo(digest.location)
    today = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    moments = [
        (today - timedelta(days=ago) + timedelta(minutes=minutes(one))).astimezone(UTC)
        for ago in (0, 1)
        for one in digest.at
    ]
    return max(one for one in moments if one <= now)


def _addressed(
    receiver: str, ordinal: str, what: tuple[str, str, str, Level], text: str, now: datetime
) -> Alert:
    """An alert about the monitor for one receiver; the same ordinal gives the same id."""
    kind, title, reason, level = what
    alert_ = about_itself(
        f"{kind}-{receiver}-{ordinal}", title, f"monitor/{kind}", "opened", reason, now, now,
        level=level,
    )  # fmt: skip
    post = AlertPost(
        source="monitor", id=receiver, url=None, published_at=now, text=cut_text(text), spans=(),
        role="unknown", affiliation="unknown", family="monitor", late=False, echo_of=None,
    )  # fmt: skip
    return msgspec.structs.replace(alert_, posts=(post,))


def _what_for(due: Due) -> str:
    """How a digest of these is called."""
    if any(WAITED not in row.detail for row, _ in due):
        return "digest_quiet"
    updates = all(one is None or one.kind == "updated" for _, one in due)
    return "digest_updates" if updates else "digest_gathered"


def _worst(missed: Sequence[tuple[Alert, int]]) -> Level:
    return max((one.incident.level for one, _ in missed), key=LEVELS.index)


def _worst_first(missed: Sequence[tuple[Alert, int]]) -> list[tuple[Alert, int]]:
    found = sorted(missed, key=lambda one: (-LEVELS.index(one[0].incident.level), one[0].sequence))
    return found[:MOST_LINES]


def _line(one: Alert, count: int | None, language: Language) -> str:
    what = one.incident
    where = f" - {one_line(what.place.name)}" if what.place else ""
    mark = f"{say('exercise', language)} " if one.exercise else ""
    parts = [
        said("status", what.status, language),
        counted("posts", what.posts, language),
        *([counted("alert", count, language)] if count else []),
        *([say("closed", language)] if one.kind == "closed" else []),
    ]
    return f"{level_mark(one)} {mark}{one_line(what.title)}{where}: {', '.join(parts)}"


def _state(one: Incident, waiting: bool, language: Language) -> str:  # noqa: FBT001 - a fact
    where = f" - {one_line(one.place.name)}" if one.place else ""
    parts = [
        said("status", one.status, language),
        say("open" if one.open else "closed", language),
        *([say("not_acknowledged", language)] if waiting else []),
    ]
    return f"{LEVEL_MARKS[one.level]} {one_line(one.title)}{where}: {', '.join(parts)}"
