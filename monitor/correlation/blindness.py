"""What was seen too late to ring: told once, when a blind window is over.

A platform is heard whenever one of its posts is seen. Between two such moments it may have been
silent, or we blind: only a late post tells which. Late hits that would have opened incidents are
collected, and summed up in one alert about the monitor itself.
"""

import hashlib
from datetime import datetime, timedelta

import msgspec

from monitor.alert import MAX_POSTS, Alert, AlertIncident, AlertPost, alert_id
from monitor.correlation.event import Event
from monitor.correlation.words import listed, span_text
from monitor.hit import Hit
from monitor.incident import Support
from monitor.rule import LEVELS, Level

EVENT = "monitor/blind-window"

LEAST_GAP = timedelta(minutes=2)
"""Shorter pauses between a platform's posts are none."""

SETTLED = timedelta(minutes=5)
LONGEST_WAIT = timedelta(minutes=15)
"""The summary comes so long after the last late hit, but never so long after the first one."""

MOST = 500
"""So many incidents of one blind window are told apart."""


class Heard(msgspec.Struct, frozen=True, omit_defaults=True):
    """When a platform's latest post was seen, and the latest gap between two of them."""

    last: datetime
    gap_from: datetime | None = None
    gap_to: datetime | None = None


GRACE = timedelta(minutes=15)
"""When the monitor has been away, what was said meanwhile may take so long to arrive."""


class Away(msgspec.Struct, frozen=True):
    """The monitor itself was not there, from its last observation until it was started again."""

    since: datetime
    until: datetime

    @property
    def text(self) -> str:
        """In words."""
        return f"the monitor was away {self.since:%H:%M}-{self.until:%H:%M} UTC"


def away_at(away: Away | None, due: datetime) -> bool:
    """Whether a silence that is due then may be none: we were not there, or are only just back."""
    return away is not None and away.since < due <= away.until + GRACE


def told_at(away: Away | None, due: datetime) -> datetime:
    """When a silence that is due then can be told."""
    return away.until + GRACE if away is not None and away_at(away, due) else due


def waited(away: Away | None, now: datetime) -> datetime:
    """Up to when what ends is over: silences of the time when we were away still wait for it."""
    return min(now, away.since) if away is not None and now <= away.until + GRACE else now


def back_again(before: Away | None, seen: datetime | None, now: datetime) -> Away | None:
    """That we were away until now, after what was `seen` last; another start in between is one."""
    if seen is None or now - seen < LEAST_GAP:
        return before
    if before is not None and seen < before.until + GRACE:
        return Away(before.since, now)
    return Away(seen, now)


class Missed(msgspec.Struct, frozen=True, kw_only=True):
    """Late hits of one platform that would have opened incidents (`what`: title and place)."""

    platform: str
    exercise: bool
    heard: Heard
    level: Level
    first_seen: datetime
    last_seen: datetime
    earliest: datetime
    latest: datetime
    what: tuple[tuple[str, str], ...]
    posts: tuple[AlertPost, ...]

    @property
    def due(self) -> datetime:
        """When it is told."""
        return min(self.last_seen + SETTLED, self.first_seen + LONGEST_WAIT)


def platform_of(source: str) -> str:
    """The part of a source's id before the colon."""
    return source.partition(":")[0]


def hearing(before: Heard | None, now: datetime) -> Heard:
    """A platform that has been heard at a time."""
    if before is None:
        return Heard(now)
    if now - before.last >= LEAST_GAP:
        return Heard(now, before.last, now)
    return Heard(max(now, before.last), before.gap_from, before.gap_to)


def missing(before: Missed | None, heard: Heard, event: Event, hit: Hit, by: Support) -> Missed:
    """With one late hit more that would have opened an incident."""
    seen = event.post.observed_at or event.event_at
    what = (hit.rule.title, hit.place.name if hit.place else "")
    post = AlertPost(
        source=by.source, id=by.id, url=None, published_at=event.post.published_at, text="",
        spans=(), role=by.role, affiliation=by.affiliation, family=by.family, late=True,
        echo_of=None,
    )  # fmt: skip
    if before is None:
        return Missed(
            platform=platform_of(by.source), exercise=by.exercise, heard=heard,
            level=hit.rule.level, first_seen=seen, last_seen=seen, earliest=event.event_at,
            latest=event.event_at, what=(what,), posts=(post,),
        )  # fmt: skip
    known = what in before.what
    return msgspec.structs.replace(
        before,
        level=max(before.level, hit.rule.level, key=LEVELS.index),
        last_seen=max(before.last_seen, seen),
        earliest=min(before.earliest, event.event_at),
        latest=max(before.latest, event.event_at),
        what=before.what if known else (*before.what, what)[:MOST],
        posts=before.posts if known else (*before.posts, post)[:MAX_POSTS],
    )


def summary(missed: Missed) -> Alert:
    """The one alert of a blind window; its id depends on the platform and the window only."""
    identity = "\n".join((
        "blind", missed.platform, str(missed.exercise), missed.first_seen.isoformat(),
    ))  # fmt: skip
    name = hashlib.sha256(identity.encode()).hexdigest()[:16]
    return Alert(
        id=alert_id(name, 1),
        kind="opened",
        reason=_reason(missed),
        exercise=missed.exercise,
        sent_at=missed.due,
        incident=AlertIncident(
            id=name, title="Seen too late to ring", rule="monitor", event=EVENT,
            level=missed.level, status="unconfirmed", opened_at=missed.earliest,
            updated_at=missed.latest, place=None, families=0, affiliations=(),
            posts=len(missed.posts),
        ),
        posts=missed.posts,
    )  # fmt: skip


def _reason(missed: Missed) -> str:
    count = "1 incident" if len(missed.what) == 1 else f"{len(missed.what)} incidents"
    named = [f"{title} - {place}" if place else title for title, place in missed.what]
    would = f"{count} would have opened: {listed(named, 10)}"
    start, end = missed.heard.gap_from, missed.heard.gap_to
    if start is not None and end is not None and start <= missed.latest <= end:
        platform = missed.platform.capitalize()
        return f"{span_text(end - start)} without {platform} (from {start:%H:%M} UTC): {would}"
    since = f"published {missed.earliest:%H:%M}-{missed.latest:%H:%M} UTC"
    return f"seen late, at {missed.first_seen:%H:%M}, {since}: {would}"
