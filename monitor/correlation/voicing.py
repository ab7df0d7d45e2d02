"""A post's backing: in whose voice it speaks, whether it is late, whether it only repeats."""

import msgspec

from monitor.correlation.changes import Draft
from monitor.correlation.event import Event
from monitor.correlation.repeats import origin_of
from monitor.correlation.status import is_at_home
from monitor.correlation.words import span_text
from monitor.hit import Hit
from monitor.incident import Support
from monitor.source import UNKNOWN


def support_of(draft: Draft, event: Event, hit: Hit) -> Support:
    """The post's backing, in the voice of who first said it: a forward counts for its origin."""
    family, affiliation, role = hit.family, hit.affiliation, hit.role
    sources = draft.book.sources
    speaker = sources.get(event.post.source)
    own = speaker.id if speaker is not None else ""  # the same for all its posts, kept once
    origin = event.post.forwarded_from
    if origin is not None:
        speaker = sources.get(origin.source)
        family = speaker.publisher if speaker else origin.source
        affiliation = speaker.affiliation if speaker else UNKNOWN
        role = speaker.role if speaker else UNKNOWN
    gist = draft.read(event)
    return Support(
        incident="",
        source=own if own == event.name.source else event.name.source,
        id=event.name.id,
        version=event.name.version,
        exercise=event.name.exercise,
        rule=hit.rule.id,
        family=family,
        affiliation=affiliation,
        role=role,
        at_home=is_at_home(speaker.home if speaker else None, hit.place),
        place=hit.place.id if hit.place else None,
        published_at=event.post.published_at,
        sketch=gist.sketch,
        origin=f"{origin.source}/{origin.id}" if origin and origin.id else None,
        cites=gist.cites,
        said=gist.said,
        said_at=event.event_at,
        late=bool(lateness(event, hit)),
    )


def lateness(event: Event, hit: Hit) -> str:
    """Why the hit must not ring, or nothing."""
    if event.history:
        return "found on the first read of its channel: history"
    seen = event.post.observed_at or event.event_at
    age = seen - event.event_at
    if age > hit.rule.max_age:
        return (
            f"seen {span_text(age)} after it was published (max_age {span_text(hit.rule.max_age)})"
        )
    return ""


def as_echo(draft: Draft, topic: str, support: Support) -> tuple[Support, Support | None]:
    """The support, marked if it repeats a known post of the topic, and that post."""
    original = origin_of(draft.state.repeats, topic, support)
    return (repeating(support, original), original) if original else (support, None)


def repeating(support: Support, original: Support) -> Support:
    """The support as an echo of the earliest post of its chain."""
    name = original.echo_of or f"{original.source}/{original.id}"
    return msgspec.structs.replace(support, echo_of=name)
