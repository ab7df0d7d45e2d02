"""Incidents as they were announced, and as they are when told again: what is different is told."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from monitor.alert import Alert, AlertKind
from monitor.correlation.changes import Draft, shown
from monitor.correlation.claiming import changed_numbers
from monitor.correlation.event import Event
from monitor.correlation.kept import Kept
from monitor.correlation.regrouping import follow_clues, leave
from monitor.correlation.status import is_higher, is_stronger, rings, transition
from monitor.correlation.told import Members, PostKey, at_rest, awake
from monitor.incident import Incident, Outcome, Support

Announced = Mapping[str, tuple[Incident, Members]]


class Result(NamedTuple):
    """The second telling: incidents and their posts, by its own ids.

    `outside` is what the post that came late changes of incidents that are long over, with the
    alert, if there is one; `results` what became of it; `opened` what it has opened itself.
    """

    incidents: Mapping[str, Incident]
    members: Mapping[str, Mapping[PostKey, Support]]
    outside: list[tuple[Alert | None, Incident, Support]]
    results: list[tuple[Outcome, str]]
    opened: frozenset[str]


def reconcile(draft: Draft, event: Event, announced: Announced, result: Result) -> None:
    """Bring the announced incidents into the form of the second telling."""
    names = _matched(announced, result)
    back = {new: old for old, new in names.items()}
    for old, (incident, members) in announced.items():
        now = result.members.get(names.get(old, ""), {})
        for key, support in [one for one in members.items() if one[0] not in now]:
            leave(draft, incident, support)
            draft.gone.append((old, *key, support.exercise))
    renamed = {
        new: back.get(new) or (new if new in result.opened else _other_id(new, event))
        for new in result.incidents
    }
    for new, incident in sorted(result.incidents.items(), key=lambda one: one[1].opened_at):
        was = announced.get(back.get(new, ""))
        _settle(draft, event, was, incident, renamed, result.members[new])
    for old, (incident, members) in announced.items():
        if old not in names:
            _dissolve(draft, incident, members)
    for alert, incident, support in result.outside:
        draft.keep(incident, support)
        if alert is not None:
            draft.alerts.append(alert)
    _outcome(draft, event, result, renamed)


def _matched(announced: Announced, result: Result) -> dict[str, str]:
    """The second telling's incident for each announced one: the most posts in common."""
    common = []
    for old, (incident, members) in announced.items():
        for new, now in result.incidents.items():
            both = sum(key in members for key in result.members[new])
            if both and now.topic == incident.topic:
                common.append((-both, old != new, incident.opened_at, old, new))
    names: dict[str, str] = {}
    for *_, old, new in sorted(common):
        if old not in names and new not in names.values():
            names[old] = new
    return names


def _other_id(name: str, event: Event) -> str:
    """An id for an incident of posts whose own may have been announced for another one."""
    content = f"again\n{name}\n{event.name}"
    return hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()[:16]


def _settle(
    draft: Draft,
    event: Event,
    was: tuple[Incident, Members] | None,
    incident: Incident,
    renamed: Mapping[str, str],
    members: Mapping[PostKey, Support],
) -> None:
    """Take an incident as it is now, and tell it if that is news."""
    name = renamed[incident.id]
    fresh = {key: msgspec.structs.replace(one, incident=name) for key, one in members.items()}
    before, old = was if was is not None else (None, Kept[PostKey, Support]())
    ordinal = before.ordinal if before is not None else 0
    whole = before.part_of if before is not None else renamed.get(incident.part_of or "")
    whole = whole or (incident.part_of if before is None else None)
    incident = msgspec.structs.replace(incident, id=name, ordinal=ordinal, part_of=whole)
    changed = [one for key, one in fresh.items() if old.get(key) != one]
    draft.topics[name] = incident.topics
    draft.state = msgspec.structs.replace(draft.state, told=awake(draft.state.told, name))
    if before != incident or changed:
        kind, reason = _news(draft, before, incident)
        own = fresh.get((event.name.source, event.name.id))
        posts = (shown(event, event.hits, own),) if own is not None and own in changed else ()
        if kind is None:
            draft.touch(incident)
        else:
            draft.announce(incident, kind, f"told again in order; {reason}", posts)
    closing = [one for one in fresh.values() if one.part == "closes" and not incident.open]
    left = {(source, post): of for of, source, post, _ in draft.gone}
    told = closing if before is not None and before.open else list(fresh.values())
    for support in (*changed, *(one for one in told if one not in changed)):
        draft.note(support)
        elsewhere = left.get((support.source, support.id))
        if elsewhere is not None:
            follow_clues(draft, support, elsewhere)
    if closing:
        held: Members = Kept(dict(fresh))
        kept = draft.incidents.get(name, incident)
        draft.state = msgspec.structs.replace(
            draft.state, told=at_rest(draft.state.told, kept, held)
        )


def _news(draft: Draft, before: Incident | None, now: Incident) -> tuple[AlertKind | None, str]:
    """Whether the new form is worth telling, and what is different, in words."""
    if before is None:
        return "opened", f"rule {now.rule} holds"
    ladder = draft.book.ladder
    parts, kind = [], "updated"
    if now.level != before.level:
        parts.append(f"level {before.level} -> {now.level}")
        kind = "escalated" if is_higher(now.level, before.level) else kind
    step = transition(before, now)
    if step:
        parts.append(step)
        if is_stronger(ladder, now.status, before.status) and rings(ladder, now.status):
            kind = "escalated"
    if now.place != before.place:
        was, where = (one.name if one else "not known" for one in (before.place, now.place))
        parts.append(f"place {was} -> {where}")
    numbers = changed_numbers(before, now)
    parts += [numbers] if numbers else []
    if now.families != before.families and not parts:
        parts.append(f"publishers {before.families} -> {now.families}")
    if now.status == "retracted" and step:
        kind = "corrected"
    if before.open and not now.open:
        return "closed", "; ".join((*parts, "it was over then"))
    if now.open and not before.open:
        parts.append("it is not over")
    return (kind, "; ".join(parts)) if parts else (None, "")  # type: ignore[return-value]


def _dissolve(draft: Draft, incident: Incident, members: Members) -> None:
    """End an incident whose posts belong to others."""
    into = sorted(
        {
            one.incident
            for one in draft.supports.values()
            if (one.source, one.id) in members and one.part != "evidence"
        }
    )
    draft.state = msgspec.structs.replace(draft.state, told=awake(draft.state.told, incident.id))
    ended = msgspec.structs.replace(
        incident, open=False, posts=0, echoes=0, voices=(), denials=(), claims=()
    )
    where = f"its posts belong to {', '.join(into)}" if into else "nothing is left of it"
    draft.announce(ended, "closed", f"told again in order; {where}")


def _outcome(draft: Draft, event: Event, result: Result, renamed: Mapping[str, str]) -> None:
    """What became of the post that came late."""
    here = (event.name.source, event.name.id)
    for alert in draft.alerts:
        if any((one.source, one.id) == here for one in alert.posts):
            draft.results.append(
                ("alerted", f"{alert.incident.rule}: {alert.kind}: {alert.reason}")
            )
    for outcome, why in result.results:
        for new, old in renamed.items():
            why = why.replace(new, old)  # noqa: PLW2901 - each name in turn
        draft.results.append(("joined" if outcome == "alerted" else outcome, why))
