"""What is told because nothing came: an answer that is missing, a source that has gone quiet."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from monitor.correlation.blindness import away_at, told_at
from monitor.correlation.changes import Draft, shown
from monitor.correlation.clues import of_group
from monitor.correlation.event import Event
from monitor.correlation.evidence import admit, begin, lose
from monitor.correlation.words import span_text
from monitor.incident import Incident
from monitor.watch import Clue, Watch


def listen(draft: Draft, event: Event | None, watch: Watch, clue: Clue, file: str) -> None:
    """A clue that starts a clock, or stops one, in the file of its group."""
    if watch.type == "flatline":
        group = of_group(draft.state.clues, file)
        for old in tuple(group[: -watch.at_least]):
            draft.drop(old, file)
    name = draft.state.grouped.get(file)
    incident = draft.state.incidents[name] if name is not None else None
    if incident is not None and event is not None:
        _broken(draft, event, watch, clue, incident)
    if draft.state.now is not None:
        speak(draft, event, watch, file, draft.state.now)


def speak(draft: Draft, event: Event | None, watch: Watch, file: str, now: datetime) -> None:
    """Tell the silences of a group that have lasted by now."""
    away = draft.state.away
    for due, clue, reason in _lasting(watch, of_group(draft.state.clues, file), now):
        if told_at(away, due) > now:
            continue
        if away is not None and away_at(away, due):
            reason = f"{reason}; {away.text}"  # noqa: PLW2901 - the same reason, in full
        settled = msgspec.structs.replace(clue, settled=True)
        draft.remember(settled, file, clue)
        if not admit(draft, event, watch, settled, file):
            begin(draft, None, watch, told_at(away, due), reason, (settled,))


def _lasting(
    watch: Watch, group: Sequence[Clue], now: datetime
) -> list[tuple[datetime, Clue, str]]:
    """What has lasted long enough and is not told: when, since which clue, in words."""
    if watch.type == "flatline":
        if len(group) < watch.at_least or group[-1].settled:
            return []
        due, last = group[-watch.at_least].due, group[-1]
        if due > now:
            return []
        span = span_text(watch.timespan)
        few = "no post" if watch.at_least == 1 else f"fewer than {watch.at_least} posts"
        told = f"{few} for {span}, the last at {last.at:%Y-%m-%d %H:%M} UTC"
        return [(due, last, told)]
    span = span_text(watch.timespan)
    missing = " or ".join(watch.without)
    return [
        (one.due, one, f"{one.name} at {one.at:%H:%M} UTC, and no {missing} within {span}")
        for one in group
        if one.waits and not one.settled and one.due <= now and _answer(group, one) is None
    ]


def _answer(group: Sequence[Clue], asked: Clue) -> Clue | None:
    """The clue that came in time after another one."""
    return next(
        (one for one in group if not one.waits and asked.at <= one.at <= asked.due),
        None,
    )


def _broken(draft: Draft, event: Event, watch: Watch, clue: Clue, incident: Incident) -> None:
    """A told silence that ends, or that turns out to have been none."""
    group = of_group(draft.state.clues, clue.file)
    now = draft.state.now or event.event_at
    if watch.type == "flatline":
        enough = len(group) >= watch.at_least and group[-watch.at_least].due > now
        if enough:
            count = "a post" if watch.at_least == 1 else f"{watch.at_least} posts"
            _end(draft, event, clue, incident, f"again {count} within {span_text(watch.timespan)}")
        return
    if clue.waits:
        return
    members = draft.state.members[incident.id]
    for asked in group:
        support = members.get((asked.source, asked.id))
        if asked.waits and asked.settled and support and not support.withdrawn:
            if asked.at <= clue.at <= asked.due:
                seen = f"{clue.name} at {clue.at:%H:%M} UTC, seen {now:%H:%M}"
                lose(draft, event, support, incident, f"was answered in time ({seen})")
                incident = draft.state.incidents[incident.id]
            elif clue.at > asked.due:
                after = span_text(clue.at - asked.at)
                _end(draft, event, clue, incident, f"{clue.name} came after {after}")
                return


def _end(draft: Draft, event: Event, clue: Clue, incident: Incident, reason: str) -> None:
    """Close the incident of a silence that is over."""
    members = draft.state.members[incident.id]
    support = next(iter(sorted(members.values(), key=lambda one: (one.source, one.id))))
    ended = msgspec.structs.replace(
        incident, open=False, updated_at=max(incident.updated_at, clue.at)
    )
    draft.alert(ended, support, "closed", reason, (shown(event, event.hits, support),))
    draft.result("alerted", f"closed: {reason}", incident.rule)
