"""A post that supports nothing yet of a topic: it opens, joins, echoes, or is late."""

from collections.abc import Sequence

import msgspec

from monitor.alert import AlertKind
from monitor.correlation.changes import Draft, incident_id, shown
from monitor.correlation.claiming import changed_numbers, claimed, revised
from monitor.correlation.event import Event
from monitor.correlation.finding import find, whole
from monitor.correlation.places import agree, is_finer
from monitor.correlation.repeats import followers, order, origin_of, put
from monitor.correlation.status import (
    believed,
    heard,
    is_higher,
    is_stronger,
    judged,
    rings,
    transition,
)
from monitor.correlation.voicing import as_echo, lateness, repeating, support_of
from monitor.correlation.windows import members_of
from monitor.hit import Hit
from monitor.incident import Incident, Support


def join(draft: Draft, event: Event, hits: list[Hit]) -> None:
    """Find what one post's hits of one topic and place belong to, and what that changes."""
    hit = hits[0]
    support, original = as_echo(draft, hit.rule.topic, support_of(draft, event, hit))
    incident = find(draft.state, hit, original.incident if original else None)
    if incident is None and original is not None:
        incident = draft.state.incidents.get(original.incident)
        if incident is None:
            why = f"repeats {support.echo_of}, whose incident {original.incident} is over"
            draft.result("echo", why, hit.rule.id)
            return
    early = incident is not None and event.event_at < incident.opened_at - hit.rule.window
    if incident is None or early:
        if support.late or early:
            why = lateness(event, hit) or "belongs before the open incident"
            if support.late and not (event.history or support.echo_of):
                draft.miss(event, hit, support)
            draft.result("late", why, hit.rule.id)
            return
        _open(draft, event, hits, support)
        return
    if (support.source, support.id) in draft.state.members.get(incident.id, {}):
        # of two places that the post names, both belong to this incident
        draft.result("joined", f"names another place of incident {incident.id}", hit.rule.id)
        return
    _enter(draft, event, hits, msgspec.structs.replace(support, incident=incident.id), incident)


def _open(draft: Draft, event: Event, hits: list[Hit], support: Support) -> None:
    hit = hits[0]
    rule = hit.rule
    identity = incident_id(rule.topic, hit.place.id if hit.place else None, event.name)
    support = msgspec.structs.replace(support, incident=identity)
    incident = Incident(
        id=identity,
        topic=rule.topic,
        rule=rule.id,
        title=rule.title,
        event=rule.event,
        level=rule.level,
        status="unconfirmed",
        exercise=event.name.exercise,
        opened_at=event.event_at,
        updated_at=event.event_at,
        deadline=event.event_at + rule.window,
        place=hit.place,
        posts=1,
        echoes=1 if support.echo_of else 0,
        part_of=belongs_to(draft, event, hit),
    )
    incident = judged(draft.book.ladder, claimed(heard(incident, support, 1), support))
    reason = f"rule {rule.id} holds"
    draft.alert(incident, support, "opened", reason, (shown(event, hits, support),))
    draft.result("alerted", f"opened: {reason}", rule.id)


def belongs_to(draft: Draft, event: Event, hit: Hit) -> str | None:
    """The incident that a new one is part of: another one of this post, or one going on there.

    A post rings once: what else it opens belongs to the first incident that it has rung for, and
    what it names near a place of the same topic to the incident there.
    """
    here, rule = (event.name.source, event.name.id), hit.rule
    rung = {one.incident.id for one in draft.alerts if one.kind in {"opened", "escalated"}}
    for (name, *post), support in draft.supports.items():
        incident = draft.incidents[name]
        if (
            tuple(post) != here
            or support.part != "supports"
            or is_higher(rule.level, incident.level)
        ):
            continue
        near = rule.topic in incident.topics and agree(
            hit.place, incident.place, 2 * rule.radius_km
        )
        if name in rung or near:
            return incident.part_of or name
    found = whole(draft.state, hit)
    return found.id if found is not None else None


def _enter(
    draft: Draft, event: Event, hits: list[Hit], support: Support, incident: Incident
) -> None:
    """Join an open incident."""
    hit = hits[0]
    grown = _grown(draft, incident, event, hit, support)
    turned = _turned(draft, grown, support)
    folded = [now for before, now in turned if not before.echo_of]
    for one in folded:
        grown = heard(grown, msgspec.structs.replace(one, echo_of=None), -1)
    if folded:
        members = members_of(draft.state, incident.id)
        grown = revised(grown, members, (*folded, support))
        grown = msgspec.structs.replace(grown, echoes=grown.echoes + len(folded))
        grown = judged(draft.book.ladder, grown)
    if not support.counts:
        why = f"repeats {support.echo_of}" if support.echo_of else lateness(event, hit)
        draft.result("echo" if support.echo_of else "late", why, hit.rule.id)
    kind, reason = _what_changed(draft, incident, grown, support, hit)
    if kind is None:
        draft.keep(grown, support)
        if support.counts:
            draft.result("joined", f"counted in incident {incident.id}", hit.rule.id)
    else:
        draft.alert(grown, support, kind, reason, (shown(event, hits, support),))
        draft.result("alerted", f"{kind}: {reason}", hit.rule.id)
    for _, one in turned:
        draft.note(one)


def _turned(
    draft: Draft, incident: Incident, support: Support
) -> Sequence[tuple[Support, Support]]:
    """What a post that comes after its copies makes of them: before and now, the earliest first.

    Its copies are its echoes now; what repeats these is an echo of what they repeat.
    """
    topic, repeats = incident.topic, draft.state.repeats
    later = {order(one) for one in followers(repeats, topic, support)}
    if not later:
        return ()
    repeats = put(repeats, topic, support)
    turned: list[tuple[Support, Support]] = []
    moved: set[str | None] = set()
    for one in sorted(members_of(draft.state, incident.id).values(), key=order):
        if not (order(one) in later or one.echo_of in moved) or not (one.counts or one.echo_of):
            continue
        bare = msgspec.structs.replace(one, echo_of=None)
        original = origin_of(repeats, topic, bare)
        now = repeating(bare, original) if original else bare
        if now.echo_of != one.echo_of and not one.withdrawn and now.echo_of:
            moved.add(one.echo_of or f"{one.source}/{one.id}")
            turned.append((one, now))
            repeats = put(repeats, topic, now)
    return turned


def _grown(draft: Draft, incident: Incident, event: Event, hit: Hit, support: Support) -> Incident:
    counts = support.counts
    voices, status = incident.voices, incident.status
    if counts:
        voices, status = believed(draft.book.ladder, incident, support)
    worse = counts and is_higher(hit.rule.level, incident.level)
    finer = counts and is_finer(hit.place, incident.place)
    return msgspec.structs.replace(
        claimed(incident, support),
        **(named_by(hit) if worse else {}),
        voices=voices,
        status=status,
        place=hit.place if finer else incident.place,
        updated_at=max(incident.updated_at, event.event_at),
        deadline=max(incident.deadline, event.event_at + hit.rule.window),
        posts=incident.posts + 1,
        echoes=incident.echoes + (1 if support.echo_of else 0),
    )


def named_by(hit: Hit) -> dict[str, str]:
    """What an incident is called by its worst rule."""
    rule = hit.rule
    return {"rule": rule.id, "title": rule.title, "event": rule.event, "level": rule.level}


def _what_changed(
    draft: Draft, before: Incident, after: Incident, support: Support, hit: Hit
) -> tuple[AlertKind | None, str]:
    """Whether a joining post is news, and all that it changes, in words."""
    ladder = draft.book.ladder
    parts: list[str] = []
    kind: AlertKind | None = None
    if is_higher(after.level, before.level):
        kind = "escalated"
        parts.append(f"level {before.level} -> {after.level} by rule {hit.rule.id}")
    step = transition(before, after)
    if step and before.status == "retracted":
        kind = "escalated"
        parts.append(f"claimed again by {support.family}")
    elif step:
        parts.append(step)
        up = is_stronger(ladder, after.status, before.status)
        if not up:
            kind = kind or "corrected"
        elif rings(ladder, after.status):
            kind = "escalated"
    if after.place != before.place and after.place is not None:
        was = before.place.name if before.place else "not known"
        parts.append(f"place {was} -> {after.place.name}")
    if not parts and after.families > before.families:
        parts.append(f"also reported by {support.family}")
    numbers = changed_numbers(before, after)
    parts += [numbers] if numbers else []
    if not parts:
        return None, ""
    return kind or "updated", "; ".join(parts)
