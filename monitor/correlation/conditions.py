"""When a watch's condition holds: for the clues of a group, and for the baseline of earlier days.

Each answers with the reason in words, or with nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta

from monitor.correlation.clues import Clues, of_group, window
from monitor.correlation.noted import hour
from monitor.correlation.words import listed, span_text
from monitor.source import UNKNOWN
from monitor.watch import Clue, Watch, WatchType

Condition = Callable[[Watch, Sequence[Clue]], str]


def _event_count(watch: Watch, found: Sequence[Clue]) -> str:
    if len(found) < watch.at_least:
        return ""
    count = len({_counted(watch, one) for one in found})
    if count < watch.at_least:
        return ""
    return f"{count} {watch.count} within {span_text(watch.timespan)}"


def _counted(watch: Watch, clue: Clue) -> tuple[str, ...]:
    return (clue.incident,) if watch.count == "incidents" else (clue.source, clue.id)


def _value_count(watch: Watch, found: Sequence[Clue]) -> str:
    if len(found) < watch.at_least:
        return ""
    values = list(dict.fromkeys(one.value for one in found))
    if len(values) < watch.at_least:
        return ""
    named = listed(values)
    return f"{len(values)} different {watch.field}: {named}, within {span_text(watch.timespan)}"


def _temporal(watch: Watch, found: Sequence[Clue]) -> str:
    names = {one.name for one in found}
    if len(names) < watch.at_least:
        return ""
    seen = [one for one in watch.rules if one in names]
    return f"{' and '.join(seen)} within {span_text(watch.timespan)}"


def _temporal_ordered(watch: Watch, found: Sequence[Clue]) -> str:
    steps: list[datetime] = []
    for clue in found:
        if clue.name == watch.rules[len(steps)] and (not steps or clue.at > steps[-1]):
            steps.append(clue.at)
            if len(steps) == len(watch.rules):
                told = span_text(steps[-1] - steps[0])
                return f"{', then '.join(watch.rules)} within {told}"
    return ""


def _corroborated(watch: Watch, found: Sequence[Clue]) -> str:
    if len(found) < watch.families:
        return ""
    families = sorted({one.family for one in found})
    sides = sorted({one.affiliation for one in found} - {UNKNOWN})
    if len(families) < watch.families or len(sides) < watch.affiliations:
        return ""
    of_sides = f" of {len(sides)} sides ({listed(sides)})" if watch.affiliations else ""
    return (
        f"{len(families)} publishers ({listed(families)}){of_sides}"
        f" within {span_text(watch.timespan)}"
    )


COUNTING: dict[WatchType, Condition] = {
    "event_count": _event_count,
    "value_count": _value_count,
    "temporal": _temporal,
    "temporal_ordered": _temporal_ordered,
    "corroborated": _corroborated,
}
"""Types that look at what is within one timespan of each other."""


def counted(
    watch: Watch, clues: Clues, clue: Clue, file: str
) -> tuple[datetime, str, Sequence[Clue]] | None:
    """When a new clue of a group (by its file) makes the condition hold, why, and its clues.

    A clue that comes late belongs to the windows of the clues after it.
    """
    holds, span = COUNTING[watch.type], watch.timespan
    group = of_group(clues, file)
    if not group or group[-1].at < clue.at:
        return None  # it is too old to be remembered
    ends: Iterable[datetime] = (clue.at,)
    if group[-1].at > clue.at:
        ends = dict.fromkeys(one.at for one in window(group, clue.at + span, span))
    for end in ends:
        found = window(group, end, span)
        reason = holds(watch, found)
        if reason:
            return end, reason, found
    return None


def is_new(watch: Watch, clues: Clues, clue: Clue) -> str:
    """Whether a value has not been seen for the watch's timespan, and from when on it watched."""
    since = clues.since.get(watch.key)
    if since is None or clue.at - since < watch.learning:
        return ""
    earlier = [one for one in of_group(clues, clue.file) if one.at < clue.at]
    last = earlier[-1].at if earlier else None
    if last is not None and clue.at - last < watch.timespan:
        return ""
    watched = clue.at - since
    if watched < watch.timespan:
        return f"new in the {span_text(watched)} that it has been watched for"
    return f"not seen for {span_text(watch.timespan)}"


def spiking(watch: Watch, clues: Clues, clue: Clue, sums: Sequence[str]) -> str:
    """Whether this hour has far more posts than the same hours of earlier days.

    Counted are whole hours of the clock: the running one, and those before it within the timespan.
    `sums` name the baselines that are added up (see `Clues.hours`).
    """
    since = clues.since.get(watch.key)
    if since is None:
        return ""
    now, length = hour(clue.at), max(1, int(watch.timespan // timedelta(hours=1)))
    of = [clues.hours[name] for name in sums if name in clues.hours]
    first = min([hour(since), *(min(one) for one in of)])
    days = min(watch.history // timedelta(days=1), (now - length + 1 - first) // 24)
    if days < max(1, watch.learning // timedelta(days=1)):
        return ""

    def posts(last: int) -> int:
        return sum(one.get(each, 0) for one in of for each in range(last - length + 1, last + 1))

    current = posts(now)
    before = [posts(now - 24 * day) for day in range(1, days + 1)]
    usual = sum(before) / days
    if current < watch.at_least or current < watch.height * usual:
        return ""
    start = datetime.fromtimestamp((now - length + 1) * 3600, UTC)
    times = f"{current / usual:.1f} times as many" if usual else "none before"
    return (
        f"{current} posts since {start:%H:%M} UTC; the same hours of the last {days} days had "
        f"{usual:.1f} on average, {max(before)} at most ({times}, {watch.height:g} needed)"
    )
