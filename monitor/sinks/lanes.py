"""What waits for a chat: per incident one lane, in which what waits melts into the newest state.

A chat takes twenty calls a minute, an outbox may hold thousands: so an incident's waiting alerts
become one message that shows its newest state. Lanes whose message rings go first, criticals before
all, then the one that has waited longest.
"""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from monitor.alert import Alert, AlertPost
from monitor.sinks.pacing import Urgency

MOST_POSTS = 20
MOST_EVIDENCE = 5
CROWD, CRITICAL_CROWD = 10, 4
"""So many that wait to ring are first named together in one message: it takes a second, while
their own messages take as long as the chat's limits want."""
MOST_LISTED = 40


class Entry(NamedTuple):
    """One waiting alert, as the store knows it."""

    sequence: int
    alert: str


class Lane:
    """The waiting alerts of one incident, in order.

    There is none if the incident is only to be shown anew (`touched`), because the desk did
    something about it. `last` is the newest of them, `ring` the newest of those that ring, if any
    does; `afresh` says that the message to edit is gone, `listed` that an overview has named it;
    a lane `aside` answers with `evidence`, or a `picture` of the place.
    """

    def __init__(self, alert: Alert, *, touched: bool = False) -> None:
        self.incident = alert.incident.id
        self.entries: list[Entry] = []
        self.attempts = 0
        self.afresh = False
        self._first = alert
        self._order = alert.sequence
        self.last = alert
        self.ring: Alert | None = None
        self.evidence: tuple[AlertPost, ...] = ()
        self.aside = False
        self.listed = False
        self.picture = False
        if not touched:
            self.add(alert)

    def add(self, alert: Alert) -> None:
        """A later alert of the same incident."""
        self.entries.append(Entry(alert.sequence, alert.id))
        self.last = alert
        if alert.rings:
            self.ring = alert
        else:
            self.show(alert.posts)

    def show(self, posts: Iterable[AlertPost]) -> None:
        """Posts that the incident's message may have no room for; of many the newest."""
        known = {(one.source, one.id): one for one in (*self.evidence, *posts) if not one.echo_of}
        self.evidence = tuple(known.values())[-MOST_EVIDENCE:]

    @property
    def key(self) -> tuple[str, bool]:
        """What it is found by: an incident has a lane, and one aside for evidence."""
        return self.incident, self.aside

    def join(self, later: "Lane") -> None:
        """What came while this lane was being sent."""
        self.entries += later.entries
        self.last = later.last
        self.ring = later.ring or self.ring
        self.show(later.evidence)
        self.picture = self.picture or later.picture

    @property
    def newest(self) -> Alert:
        """The state to show: of the newest alert, named by the one that rings."""
        alert = self.last
        if self.ring is not None:
            alert = msgspec.structs.replace(
                alert, kind=self.ring.kind, reason=self.ring.reason or alert.reason
            )
        return with_posts_of(self._first, alert)

    @property
    def rings(self) -> bool:
        """Whether anything in it has to ring."""
        return self.ring is not None

    @property
    def urgency(self) -> Urgency:
        """How much of the chat's budget it may use."""
        if self.aside:
            return Urgency.EVIDENCE
        if self.ring is None:
            return Urgency.EDIT
        critical = self.last.incident.level == "critical"
        return Urgency.CRITICAL if critical else Urgency.RING

    @property
    def rank(self) -> tuple[int, int]:
        """Smaller goes first."""
        return (-self.urgency, self._order)


def with_posts_of(first: Alert, newest: Alert) -> Alert:
    """The newest alert, led by the post with which the incident began, newest version of each."""
    known: dict[tuple[str, str], AlertPost] = {
        (post.source, post.id): post for post in (*first.posts[:1], *newest.posts)
    }
    return msgspec.structs.replace(newest, posts=tuple(known.values())[:MOST_POSTS])


class Waiting:
    """All lanes, and which sequences are not settled yet."""

    def __init__(self, position: int) -> None:
        self._lanes: dict[tuple[str, bool], Lane] = {}
        self._unsettled: dict[int, None] = {}
        self._read = position

    def __len__(self) -> int:
        return len(self._unsettled)

    @property
    def position(self) -> int:
        """Everything up to here is settled."""
        first = next(iter(self._unsettled), None)
        return self._read if first is None else first - 1

    def add(self, alert: Alert) -> None:
        """Put an alert into its incident's lane; sequences must rise."""
        self._read = alert.sequence
        self._unsettled[alert.sequence] = None
        lane = self._lanes.get((alert.incident.id, False))
        if lane is None:
            self._lanes[alert.incident.id, False] = Lane(alert)
        else:
            lane.add(alert)

    def skip(self, sequence: int) -> None:
        """An alert that needs no sending."""
        self._read = sequence

    def touch(self, alert: Alert) -> None:
        """Show an incident's newest state once more; what waits for it does that anyway."""
        if (alert.incident.id, False) not in self._lanes:
            self._lanes[alert.incident.id, False] = Lane(alert, touched=True)

    def put_aside(self, lane: Lane, *, picture: bool = False) -> None:
        """The incident's message is up to date: a map, or what was said, will stand under it."""
        if lane.evidence or picture:
            aside = Lane(lane.last, touched=True)
            aside.aside, aside.evidence, aside.picture = True, lane.evidence, picture
            self.put_back(aside)

    def next(self) -> Lane | None:
        """The lane whose turn it is; it stays until taken."""
        return min(self._lanes.values(), key=lambda lane: lane.rank, default=None)

    def crowd(self) -> list[Lane]:
        """What rings and waits, worst first, if it is too much to be told in good time one by one.

        Lanes that an overview has named already are not among it.
        """
        ringing = [one for one in self._lanes.values() if one.ring is not None and not one.listed]
        critical = sum(one.urgency is Urgency.CRITICAL for one in ringing)
        if len(ringing) < CROWD and critical < CRITICAL_CROWD:
            return []
        return sorted(ringing, key=lambda lane: lane.rank)[:MOST_LISTED]

    def take(self, lane: Lane) -> None:
        """The lane is being sent: what comes now for its incident begins another."""
        del self._lanes[lane.key]

    def put_back(self, lane: Lane) -> None:
        """It could not be sent; what came meanwhile joins it."""
        later = self._lanes.pop(lane.key, None)
        if later is not None:
            lane.join(later)
        self._lanes[lane.key] = lane

    def settle(self, lane: Lane) -> None:
        """Everything in the lane is dealt with."""
        for entry in lane.entries:
            self._unsettled.pop(entry.sequence, None)
