"""Posts that speak of other rules' incidents: a denial disputes them, an all-clear ends them."""

from datetime import datetime

import msgspec

from monitor.correlation.changes import Draft, shown
from monitor.correlation.claiming import changed_numbers, claimed
from monitor.correlation.event import Event
from monitor.correlation.finding import meant, spoken_of
from monitor.correlation.status import heard, judged, transition
from monitor.correlation.told import Members, at_rest
from monitor.correlation.voicing import as_echo, support_of
from monitor.correlation.windows import file_of, members_of
from monitor.hit import Hit
from monitor.incident import Incident, Support


def answer(draft: Draft, event: Event, hits: list[Hit]) -> bool:
    """Dispute or end what the hits' rules name; False if there is nothing of it to answer."""
    answered = False
    for hit in hits:
        if not (hit.rule.closes or hit.rule.denies):
            continue
        support = support_of(draft, event, hit)
        if support.late:
            continue
        answered = _answered(draft, event, hits, hit, support) or answered
        answered = answered or _said_again(draft, event, hit, support)
    return answered


def _answered(draft: Draft, event: Event, hits: list[Hit], hit: Hit, support: Support) -> bool:
    """Whether a hit ends or disputes anything that is open."""
    rule = hit.rule
    speaker = draft.book.sources.get(event.post.source)
    home = speaker.home if speaker else None
    before, done = event.event_at, False
    ended = meant(draft.state, hit, rule.closes, home) if rule.closes else []
    for incident in ended:
        if incident.opened_at <= before and not _spoken(draft, incident, support):
            _close(draft, event, hits, support, incident)
            done = True
    for incident in spoken_of(draft.state, hit, rule.denies):
        if incident.opened_at <= before and not _spoken(draft, incident, support):
            _deny(draft, event, hits, support, incident)
            done = True
    return done


def _said_again(draft: Draft, event: Event, hit: Hit, support: Support) -> bool:
    """Whether a hit only repeats an answer that has been given."""
    rule = hit.rule
    since = _over(draft, event, hit)
    if since is not None:
        why = f"over already: the all-clear of {since:%H:%M} UTC has ended it"
        draft.result("joined", why, rule.id)
        return True
    for topic in (*rule.closes, *rule.denies):
        echo, original = as_echo(draft, topic, support)
        if original is not None and original.part != "supports":
            draft.result("echo", f"repeats {echo.echo_of}", rule.id)
            return True
    return False


def _over(draft: Draft, event: Event, hit: Hit) -> datetime | None:
    """When an all-clear for this place, or one that contains it, has ended what this one names.

    An all-clear that is repeated within the rule's window opens nothing.
    """
    places = ("", *((hit.place.id, *hit.place.within) if hit.place else ()))
    for topic in hit.rule.closes:
        for place in places:
            at = draft.state.ended.get(file_of(topic, f"={place}"))
            if at is not None and abs(event.event_at - at) <= hit.rule.window:
                return at
    return None


def _spoken(draft: Draft, incident: Incident, support: Support) -> bool:
    """Whether this post has a part in the incident already."""
    return (support.source, support.id) in draft.state.members.get(incident.id, {})


def _close(
    draft: Draft, event: Event, hits: list[Hit], support: Support, incident: Incident
) -> None:
    closing = msgspec.structs.replace(support, incident=incident.id, part="closes")
    ended = msgspec.structs.replace(
        incident, open=False, updated_at=max(incident.updated_at, event.event_at)
    )
    reason = f"all clear: {support.family} says so, rule {support.rule}"
    members = members_of(draft.state, incident.id)
    draft.alert(ended, closing, "closed", reason, (shown(event, hits, closing),))
    _rest(
        draft, draft.incidents[incident.id], members.insert((closing.source, closing.id), closing)
    )
    draft.result("alerted", f"closed {incident.id}: {reason}", support.rule)


def _rest(draft: Draft, incident: Incident, members: Members) -> None:
    """What comes from before an all-clear finds its incident for a while."""
    tale = at_rest(draft.state.told, incident, members)
    draft.state = msgspec.structs.replace(draft.state, told=tale)


def _deny(
    draft: Draft, event: Event, hits: list[Hit], support: Support, incident: Incident
) -> None:
    denial = msgspec.structs.replace(support, incident=incident.id, part="denies")
    denial, _ = as_echo(draft, incident.topic, denial)
    after = claimed(heard(incident, denial, 1), denial)
    after = msgspec.structs.replace(
        judged(draft.book.ladder, after),
        updated_at=max(incident.updated_at, event.event_at),
        deadline=max(incident.deadline, event.event_at + hits[0].rule.window),
        posts=incident.posts + 1,
        echoes=incident.echoes + bool(denial.echo_of),
    )
    if denial.echo_of:
        draft.keep(after, denial)
        draft.result("echo", f"repeats {denial.echo_of}", denial.rule)
        return
    new = after.denials != incident.denials and len(after.denials) > len(incident.denials)
    numbers = changed_numbers(incident, after)
    reason = transition(incident, after) or f"also denied by {denial.family}"
    reason = f"{reason}; {numbers}" if numbers else reason
    if after.status == incident.status and not new and not numbers:
        draft.keep(after, denial)
        draft.result("joined", f"denies incident {incident.id} again", denial.rule)
        return
    draft.alert(after, denial, "updated", reason, (shown(event, hits, denial),))
    draft.result("alerted", f"updated {incident.id}: {reason}", denial.rule)
