"""What a batch has changed so far, in memory: nothing of it is true before the commit."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice

import msgspec
from rpds import HashTrieMap

from monitor.alert import Alert, AlertPost, cut_text
from monitor.correlation.blindness import Away, Heard, Missed, back_again
from monitor.correlation.changes import Book
from monitor.correlation.clues import remembering
from monitor.correlation.decide import Decision, Event, advance, decide, relieved, tick
from monitor.correlation.noted import hour
from monitor.correlation.passing import PASSED, Passing
from monitor.correlation.watching import sums_of
from monitor.correlation.windows import Memory, Past, State, remember
from monitor.incident import Incident, Support
from monitor.post import Post, PostName
from monitor.store.archive import versions
from monitor.store.clues import baselines, clues
from monitor.store.commit import Judged
from monitor.store.database import Database
from monitor.store.incidents import facts, open_incidents, recent_supports
from monitor.store.posts import Admitted
from monitor.watch import Clue, ClueKey

CLUE_FLOORS: dict[bool, str] = {False: "clues/real", True: "clues/exercise"}
"""Under which fact it is written which clues are forgotten, by realm."""

MOMENTS: dict[bool, str] = {False: "now/real", True: "now/exercise"}
"""Under which fact the latest observation is written, by realm."""

HEARING: dict[bool, str] = {False: "hearing/real", True: "hearing/exercise"}
MISSED: dict[bool, str] = {False: "missed/real", True: "missed/exercise"}
"""Under which facts it is written when platforms were heard, and what was seen too late."""

SINCE: dict[bool, str] = {False: "since/real/", True: "since/exercise/"}
"""Before a watch's key: the fact from when on it has watched, by realm."""

FLOORS: dict[bool, str] = {False: "known/real", True: "known/exercise"}
"""Under which fact it is written from which minute on copies are known, by realm."""

FLOORS_IN_HOURS: dict[bool, str] = {False: "repeats/real", True: "repeats/exercise"}
"""The same as states have it that were written until November 2026."""

AWAY: dict[bool, str] = {False: "away/real", True: "away/exercise"}
"""Under which fact it is written when we were not there."""

RECORDED = timedelta(days=30)
"""An exercise whose latest moment is older does not run by our clock."""

_AWAY = msgspec.json.Decoder(Away)
_HEARD = msgspec.json.Decoder(dict[str, Heard])
_MISSED = msgspec.json.Decoder(dict[str, Missed])


def remembered(db: Database, book: Book | None = None, started: datetime | None = None) -> Memory:
    """The memory after a restart: exactly what it was after the last commit.

    The baselines of earlier days are only read for the watches of the `book`. If the monitor has
    `started` long after that commit it was away: silences of that time wait for what comes late.

    Raises:
        StateError: the store cannot be read.
    """
    known = facts(db)
    floors = {realm: _floor(known, exercise=realm) for realm in FLOORS}
    memory = remember(*open_incidents(db), _past(db, floors), floors)
    of_realm: dict[bool, list[Clue]] = {False: [], True: []}
    for clue in clues(db):
        of_realm[clue.exercise].append(clue)
    for realm, found in of_realm.items():
        state = memory.of(exercise=realm)
        watching = {
            name.removeprefix(SINCE[realm]): datetime.fromisoformat(value)
            for name, value in known.items()
            if name.startswith(SINCE[realm])
        }
        now = known.get(MOMENTS[realm])
        seen = datetime.fromisoformat(now) if now else state.now
        away = _AWAY.decode(known[AWAY[realm]]) if AWAY[realm] in known else None
        if started is not None and not (realm and _of_a_recording(seen, started)):
            away = back_again(away, seen, started)
        state = msgspec.structs.replace(
            state,
            now=seen,
            away=away,
            heard=_HEARD.decode(known.get(HEARING[realm], "{}")),
            missed=HashTrieMap(_MISSED.decode(known.get(MISSED[realm], "{}"))),
            clues=msgspec.structs.replace(
                remembering(found),
                floor=int(known.get(CLUE_FLOORS[realm], 0)),
                since=HashTrieMap(watching),
            ),
        )
        memory = memory.replace(state, exercise=realm)
    return with_baselines(db, memory, book) if book is not None else memory


def _floor(known: Mapping[str, str], *, exercise: bool) -> int:
    """The minute below which posts are forgotten, in minutes since 1970."""
    minute = known.get(FLOORS[exercise])
    return int(minute) if minute else int(known.get(FLOORS_IN_HOURS[exercise], 0)) * 60


def _past(db: Database, floors: Mapping[bool, int]) -> Iterator[Past]:
    """What incidents that have closed still tell copies by, of each realm from its own floor on."""
    for realm, minute in floors.items():
        since = datetime.fromtimestamp(minute * 60, UTC)
        for topic, support in recent_supports(db, since, exercise=realm):
            yield Past(topic, support)


def _of_a_recording(seen: datetime | None, started: datetime) -> bool:
    """Whether an exercise's time is that of old posts: it stands still while we are away."""
    return seen is not None and started - seen > RECORDED


def with_baselines(db: Database, memory: Memory, book: Book) -> Memory:
    """The memory with the baselines that the watches of a rulebook ask for, as they are stored.

    Raises:
        StateError: the store cannot be read.
    """
    spikes = {key: one for key, one in book.watches.items() if one.type == "spike"}
    rules = {
        rule
        for rule, entries in book.watchers.items()
        if any(entry.watch.key in spikes for entry in entries)
    }
    longest = max((one.history for one in spikes.values()), default=timedelta(0))
    for realm in FLOORS:
        state = memory.of(exercise=realm)
        hours: dict[str, dict[int, int]] = {}
        since = hour(state.now - longest) - 48 if state.now else 0
        for rule, place, when, posts in baselines(db, rules, since, exercise=realm):
            for name in sums_of(rule, place):
                of = hours.setdefault(name, {})
                of[when] = of.get(when, 0) + posts
        sums = HashTrieMap({name: HashTrieMap(of) for name, of in hours.items()})
        known = msgspec.structs.replace(state.clues, hours=sums)
        state = msgspec.structs.replace(state, clues=known)
        memory = memory.replace(state, exercise=realm)
    return memory


class Batch:
    """The decisions of one batch, on top of the memory it began with."""

    def __init__(self, memory: Memory, db: Database) -> None:
        self._db = db
        self._latest: dict[tuple[str, str, bool], Post] = {}
        self._collected = 0
        self._memory = memory
        self._passing: dict[bool, Passing] = {}
        self._before = memory
        self.judged: list[Judged] = []
        self.incidents: dict[str, Incident] = {}
        self._by_post: dict[tuple[str, str, bool], dict[str, Support]] = {}
        self.alerts: list[Alert] = []
        self.clues: dict[tuple[ClueKey, bool], Clue | None] = {}
        self.counts: dict[tuple[str, str, int, bool], int] = {}
        self.gone: list[tuple[str, str, str, bool]] = []

    @property
    def memory(self) -> Memory:
        """What the batch has made of the memory it began with."""
        for exercise in tuple(self._passing):
            self._state(exercise=exercise)
        return self._memory

    def _state(self, *, exercise: bool) -> State:
        """One realm's state, with all that has passed."""
        passing = self._passing.pop(exercise, None)
        if passing is not None:
            self._memory = self._memory.replace(passing.state, exercise=exercise)
        return self._memory.of(exercise=exercise)

    @property
    def supports(self) -> tuple[Support, ...]:
        """Every support in its newest form."""
        return tuple(one for backed in self._by_post.values() for one in backed.values())

    @property
    def facts(self) -> dict[str, str]:
        """What has moved on: the floors, the latest observation, from when on watches watch."""
        moved: dict[str, str] = {}
        memory = self.memory
        for realm, name in FLOORS.items():
            before, after = self._before.of(exercise=realm), memory.of(exercise=realm)
            if after is before:
                continue
            if after.repeats.floor != before.repeats.floor:
                moved[name] = str(after.repeats.floor)
            if after.clues.floor != before.clues.floor:
                moved[CLUE_FLOORS[realm]] = str(after.clues.floor)
            if after.now is not None and after.now != before.now:
                moved[MOMENTS[realm]] = after.now.isoformat()
                if after.away is not None:
                    moved[AWAY[realm]] = msgspec.json.encode(after.away).decode()
            if after.heard is not before.heard:
                moved[HEARING[realm]] = msgspec.json.encode(after.heard).decode()
            if after.missed is not before.missed:
                moved[MISSED[realm]] = msgspec.json.encode(dict(after.missed)).decode()
            if after.clues.watching is not before.clues.watching:
                known = before.clues.since
                fresh = ((key, at) for key, at in after.clues.since.items() if key not in known)
                moved |= {SINCE[realm] + key: at.isoformat() for key, at in fresh}
        return moved

    @property
    def clue_floors(self) -> dict[bool, int]:
        """The realms in which clues have ended, and before which hour."""
        memory = self.memory
        floors = {realm: memory.of(exercise=realm).clues.floor for realm in FLOORS}
        return {
            realm: floor
            for realm, floor in floors.items()
            if floor > self._before.of(exercise=realm).clues.floor
        }

    def tick(self, now: datetime, book: Book, *, exercise: bool) -> None:
        """Let time pass in one realm: windows close, silences have lasted."""
        state, decision = tick(self._state(exercise=exercise), now, book)
        self._take(relieved(advance(state, now)), decision, exercise=exercise)

    def passes(self, admitted: Admitted, book: Book) -> Decision | None:
        """Let a post without hits through; None: there is more to it, decide about it."""
        post, name = admitted.received.post, admitted.name
        if admitted.previous_name is not None or post.kind != "new":
            return None
        seen = post.observed_at or admitted.event_at
        passed = self.lets_by(name, seen, book, history=admitted.received.history)
        return PASSED if passed else None

    def lets_by(self, name: PostName, seen: datetime, book: Book, *, history: bool) -> bool:
        """Let a new post without hits through; False: there is more to it, decide about it."""
        passing = self._passing.get(name.exercise)
        if passing is None:
            state = self._memory.of(exercise=name.exercise)
            passing = self._passing[name.exercise] = Passing(state, book)
        return passing.takes(name, seen, history=history)

    def decide(self, event: Event, book: Book) -> Decision:
        """Take one decision in."""
        exercise = event.name.exercise
        state, decision = decide(self._state(exercise=exercise), event, book)
        self._take(state, decision, exercise=exercise)
        return decision

    def change(self, decided: Callable[[State], tuple[State, Decision]], *, exercise: bool) -> None:
        """Take in what a person has decided."""
        state, decision = decided(self._state(exercise=exercise))
        self._take(state, decision, exercise=exercise)

    def _take(self, state: State, decision: Decision, *, exercise: bool) -> None:
        self._memory = self._memory.replace(state, exercise=exercise)
        self.incidents.update((incident.id, incident) for incident in decision.incidents)
        for incident, source, left, realm in decision.gone:
            self._by_post.get((source, left, realm), {}).pop(incident, None)
        self.gone.extend(decision.gone)
        for one in decision.supports:
            post = (one.source, one.id, one.exercise)
            self._by_post.setdefault(post, {})[one.incident] = one
        self.alerts.extend(self._with_texts(alert) for alert in decision.alerts)
        self.clues.update(((key, exercise), clue) for key, clue in decision.clues.items())
        for (rule, place, when), posts in decision.counts.items():
            counted = (rule, place, when, exercise)
            self.counts[counted] = self.counts.get(counted, 0) + posts

    def note(self, judged: Judged) -> None:
        """Take what became of a version."""
        self.judged.append(judged)

    def _said(self, source: str, post: str, *, exercise: bool) -> Post | None:
        """A post of this batch as it was judged last: collected when somebody asks, seldom."""
        for judged in islice(self.judged, self._collected, None):
            one, name = judged.admitted.received.post, judged.admitted.name
            if one.kind != "delete":
                self._latest[name.source, name.id, name.exercise] = one
        self._collected = len(self.judged)
        return self._latest.get((source, post, exercise))

    def _with_texts(self, alert: Alert) -> Alert:
        """The alert with what earlier posts of a correlation say: decisions know only who spoke."""
        if alert.kind != "opened" or all(post.text for post in alert.posts):
            return alert
        posts = tuple(self._with_text(one, exercise=alert.exercise) for one in alert.posts)
        return msgspec.structs.replace(alert, posts=posts)

    def _with_text(self, shown: AlertPost, *, exercise: bool) -> AlertPost:
        if shown.text:
            return shown
        post = self._said(shown.source, shown.id, exercise=exercise)
        if post is None:
            stored = versions(self._db, shown.source, shown.id, exercise=exercise)
            said = (one.post for one in reversed(stored) if one.kind != "delete")
            post = next(filter(None, said), None)
        if post is None:
            return shown
        return msgspec.structs.replace(
            shown, text=cut_text(post.text), url=post.url, published_at=post.published_at
        )

    def newest(
        self, post: PostName, stored: Sequence[tuple[Support, Incident]]
    ) -> tuple[tuple[Support, Incident], ...]:
        """What a post supports in closed incidents: as stored, and as this batch has left them."""
        still_open = self.memory.of(exercise=post.exercise).incidents
        backed = {incident.id: (support, incident) for support, incident in stored}
        for support in self._by_post.get((post.source, post.id, post.exercise), {}).values():
            # whatever changed a support in this batch has put its incident there too
            backed[support.incident] = (support, self.incidents[support.incident])
        return tuple(
            (support, self.incidents.get(incident.id, incident))
            for support, incident in (backed[name] for name in sorted(backed))
            if incident.id not in still_open
        )
