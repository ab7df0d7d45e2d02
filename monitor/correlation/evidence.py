"""The incidents of correlations: opened by what has become true, joined, and corrected."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from monitor.alert import MAX_POSTS, AlertPost
from monitor.correlation.changes import Draft, alert_post, incident_id, shown
from monitor.correlation.clues import of_group, window
from monitor.correlation.conditions import COUNTING, counted
from monitor.correlation.event import Event
from monitor.correlation.status import believed, heard, judged, transition
from monitor.incident import Incident, Support
from monitor.watch import Clue, Watch

MOST_EVIDENCE = 100
"""Of more posts a correlation's incident has the number only: they prove nothing new."""


def begin(
    draft: Draft,
    event: Event | None,
    watch: Watch,
    at: datetime,
    reason: str,
    clues: Sequence[Clue],
) -> None:
    """Open the incident of a condition that has become true, and tell it."""
    newest = clues[-1]
    opening = event.name if event is not None else newest.post
    place = newest.place if len({one.place for one in clues}) == 1 else None
    incident = Incident(
        id=incident_id(watch.id, newest.file, opening),
        topic=watch.id,
        rule=watch.id,
        title=watch.title,
        event=watch.event,
        level=watch.level,
        status="unconfirmed",
        exercise=newest.exercise,
        opened_at=at,
        updated_at=at,
        deadline=at + watch.window,
        place=place,
        group=newest.file,
    )
    supports = {(one.source, one.id): _evidence(one, incident.id) for one in clues}
    for support in supports.values():
        incident = heard(incident, support, 1)
    incident = msgspec.structs.replace(incident, posts=len(supports))
    incident = judged(draft.book.ladder, incident)
    fields = (*watch.group_by, watch.field) if watch.type == "new_term" else watch.group_by
    of = ", ".join(f"{field} {value}" for field, value in zip(fields, newest.group, strict=True))
    reason = f"{of}: {reason}" if of else reason
    latest = list({(one.source, one.id): one for one in clues}.values())[-MAX_POSTS:]
    first, *others = supports.values()
    posts = tuple(_shown(event, one) for one in latest)
    draft.alert(incident, first, "opened", reason, posts)
    for support in others:
        draft.note(support)
    draft.result("alerted", f"opened: {reason}", watch.id)


def _evidence(clue: Clue, incident: str) -> Support:
    return Support(
        incident=incident,
        source=clue.source,
        id=clue.id,
        version=clue.version,
        exercise=clue.exercise,
        rule=clue.rule,
        family=clue.family,
        affiliation=clue.affiliation,
        role=clue.role,
        published_at=clue.at,
        part="evidence",
        at_home=clue.at_home,
        place=clue.place.id if clue.place else None,
    )


def _shown(event: Event | None, clue: Clue) -> AlertPost:
    """A post of the condition: this one as it is, of earlier ones who and when.

    Their texts are added from the store before the alert is written.
    """
    support = _evidence(clue, "")
    if event is not None and (event.name.source, event.name.id) == (clue.source, clue.id):
        hits = [hit for hit in event.hits if hit.rule.id == clue.rule]
        return shown(event, hits, support)
    return AlertPost(
        source=clue.source, id=clue.id, url=None, published_at=clue.at, text="", spans=(),
        role=clue.role, affiliation=clue.affiliation, family=clue.family, late=False, echo_of=None,
    )  # fmt: skip


def admit(draft: Draft, event: Event | None, watch: Watch, clue: Clue, file: str) -> bool:
    """Add a clue to the open incident of its group (by its file); False if there is none."""
    state = draft.state
    name = state.grouped.get(file)
    if name is None:
        return False
    incident = state.incidents[name]
    known = (clue.source, clue.id) in state.members[name]
    belongs = incident.opened_at - watch.timespan <= clue.at <= incident.deadline
    if known or not belongs:
        return True
    if incident.posts >= MOST_EVIDENCE and clue.at >= incident.opened_at:
        _go_on(draft, event, watch, clue, incident)
        return True
    opened_at = incident.opened_at
    with_it: Sequence[Clue] = ()
    if watch.type in COUNTING and clue.at < opened_at:
        earlier = counted(watch, state.clues, clue, file)
        if earlier is not None and earlier[0] < opened_at:
            opened_at, _, with_it = earlier
    support = _evidence(clue, name)
    voices, status = believed(draft.book.ladder, incident, support)
    grown = msgspec.structs.replace(
        incident,
        voices=voices,
        status=status,
        opened_at=opened_at,
        updated_at=max(incident.updated_at, clue.at),
        deadline=max(incident.deadline, clue.at + watch.window),
        posts=incident.posts + 1,
    )
    draft.keep(grown, support)
    if event is not None:
        draft.result("joined", f"counted in incident {name}", watch.id)
    for other in with_it:  # what a late post shows to have been true before
        admit(draft, None, watch, other, file)
    return True


def _go_on(draft: Draft, event: Event | None, watch: Watch, clue: Clue, incident: Incident) -> None:
    """A post of an incident that has evidence enough: it only goes on."""
    later = msgspec.structs.replace(
        incident,
        updated_at=max(incident.updated_at, clue.at),
        deadline=max(incident.deadline, clue.at + watch.window),
        posts=incident.posts + 1,
    )
    draft.prolong(later)
    if event is not None:
        draft.result("joined", f"counted in incident {incident.id}, which goes on", watch.id)


def lose(draft: Draft, event: Event, support: Support, incident: Incident, what: str) -> None:
    """A post of the condition counts no longer: the incident says so, and what is left."""
    withdrawn = msgspec.structs.replace(support, withdrawn=True)
    less = msgspec.structs.replace(
        heard(incident, support, -1),
        posts=max(0, incident.posts - 1),
        updated_at=max(incident.updated_at, event.event_at),
    )
    shrunk = judged(draft.book.ladder, less)
    left = "1 post is" if shrunk.posts == 1 else f"{shrunk.posts} posts are"
    reason = f"{support.source}/{support.id} {what}; {left} left"
    watch = draft.book.watches.get(incident.group.partition("\n")[0])
    if watch is not None and watch.type in COUNTING and not _still_holds(draft, watch, incident):
        reason += ", the condition no longer holds"
    step = transition(incident, shrunk)
    reason += f"; {step}" if step else ""
    own = (support.source, support.id) == (event.name.source, event.name.id)
    post = alert_post((event.previous if own else None) or event.post, (), support)
    draft.alert(shrunk, withdrawn, "corrected", reason, (post,))
    draft.result("alerted", f"corrected: {reason}", incident.rule)


def _still_holds(draft: Draft, watch: Watch, incident: Incident) -> bool:
    group = of_group(draft.state.clues, incident.group)
    return any(
        COUNTING[watch.type](watch, window(group, end, watch.timespan))
        for end in dict.fromkeys(one.at for one in group)
    )
