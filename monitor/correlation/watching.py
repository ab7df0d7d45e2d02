"""From hits and incidents to the incidents of correlations: what a post changes for the watches.

Runs after a post's own incidents have been decided. Only what counts is a clue: echoes, late posts
and withdrawn ones count for nobody.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from monitor.alert import Alert
from monitor.correlation.changes import Draft
from monitor.correlation.clues import known, more, of_group, of_post
from monitor.correlation.conditions import COUNTING, counted, is_new, spiking
from monitor.correlation.event import Event
from monitor.correlation.evidence import admit, begin, lose
from monitor.correlation.noted import hour
from monitor.correlation.silence import listen
from monitor.correlation.status import is_at_home
from monitor.correlation.windows import backing
from monitor.hit import Hit
from monitor.incident import Incident, Support
from monitor.place import Place
from monitor.post import PostName
from monitor.source import UNKNOWN, SourceInfo
from monitor.watch import Clue, Entry, Watch

WAITING = ("absence", "flatline")
"""Types that tell of a silence."""

LIFE = ("flatline",)
"""Types that ask whether something is said at all: echoes and late posts are signs of life.

So is an answer that an absence waits for."""


LONGEST_VALUE = 100
"""Characters of a captured value that tell it from others."""


class Happening(NamedTuple):
    """What watches may count: a hit, a post, or an incident that opened, and in whose voice.

    Its place has no names.
    """

    rule: str
    place: Place | None
    family: str
    affiliation: str
    role: str
    at_home: bool
    incident: str
    hit: Hit | None = None


def correlate(draft: Draft, event: Event) -> None:
    """Let the watches know what a post has changed."""
    _begin_watching(draft)
    hits = [(hit, _part_of(draft, event, hit)) for hit in event.hits]
    _count(draft, event, hits)
    if not draft.book.watches:
        return
    fresh = _clues(draft, event, hits)
    _drop_others(draft, event, fresh)
    _drop_folded(draft, event)
    for watch, clue in fresh:
        _take(draft, event, watch, clue)
    _move(draft, event)
    follow(draft, event)


def _begin_watching(draft: Draft) -> None:
    """Note from when on each watch has been watching."""
    clues, now = draft.state.clues, draft.state.now
    if clues.watching is draft.book.watches or now is None:
        return
    since = clues.since
    for key in draft.book.watches:
        since = since if key in since else since.insert(key, now)
    clues = msgspec.structs.replace(clues, since=since, watching=draft.book.watches)
    draft.state = msgspec.structs.replace(draft.state, clues=clues)


def _part_of(draft: Draft, event: Event, hit: Hit) -> Support | None:
    """What the post does in an incident because of this hit, None if nothing."""
    here = (event.name.source, event.name.id)
    found = [
        one
        for (incident, source, post), one in draft.supports.items()
        if (source, post) == here
        and one.part != "evidence"
        and (hit.rule.topic in draft.topics[incident] or one.rule == hit.rule.id)
    ]
    named = hit.place.id if hit.place else None
    return min(found, key=lambda one: (one.place != named, one.incident), default=None)


def _place(draft: Draft, hit: Hit, part: Support | None) -> Place | None:
    """Where the hit's incident is, as known by now; else what the hit itself names."""
    incident = draft.incidents.get(part.incident) if part else None
    return incident.place if incident is not None and incident.place else hit.place


def _nameless(place: Place | None) -> Place | None:
    """The place without its other names, which nobody asks clues for."""
    if place is None or not place.names:
        return place
    return msgspec.structs.replace(place, names=())


def _does_count(part: Support | None) -> bool:
    return part is not None and not (part.late or part.withdrawn or part.echo_of)


def _count(draft: Draft, event: Event, hits: Iterable[tuple[Hit, Support | None]]) -> None:
    """Add to the baselines: what counts, once for each post."""
    if event.name.version > 1:
        return
    for hit, part in hits:
        if not _does_count(part):
            continue
        where = _place(draft, hit, part)
        place, when = where.id if where else "", hour(event.event_at)
        key = (hit.rule.id, place, when)
        draft.counts[key] = draft.counts.get(key, 0) + 1
        if "spike" in [one.watch.type for one in _entries(draft, hit.rule.id)]:
            clues = more(draft.state.clues, sums_of(hit.rule.id, place), when)
            draft.state = msgspec.structs.replace(draft.state, clues=clues)


def sums_of(rule: str, place: str) -> tuple[str, str]:
    """Under which names a hit is added to the baselines: the place's, and the rule's."""
    return f"{rule}\n={place}", f"{rule}\n*"


def _entries(draft: Draft, rule: str) -> tuple[Entry, ...]:
    watchers = draft.book.watchers
    return (*watchers.get(rule, ()), *watchers.get("*", ()))


def _clues(
    draft: Draft, event: Event, hits: Iterable[tuple[Hit, Support | None]]
) -> list[tuple[Watch, Clue]]:
    """The clues that the post is."""
    found: list[tuple[Watch, Clue]] = []
    for hit, part in hits:
        happening, counts = _happening(draft, hit, part), _does_count(part)
        for entry in _entries(draft, hit.rule.id):
            watch = entry.watch
            if watch.count != "posts":
                continue
            if not counts:
                sign = watch.type in LIFE or entry.name in watch.without
                if event.history or not sign:
                    continue
            found += _clue(event.name, event.event_at, entry, happening)
    if event.post.kind == "new" and not event.history:
        watchers = draft.book.watchers.get("")
        if watchers:
            anything = _of_source(draft, event.post.source, "", None, "")
            for entry in watchers:
                found += _clue(event.name, event.event_at, entry, anything)
    return found


def _happening(draft: Draft, hit: Hit, part: Support | None) -> Happening:
    """A hit in the voice in which it counts: of a forward, its origin's."""
    source, place = hit.post.source, _nameless(_place(draft, hit, part))
    listed = draft.book.sources.get(source)
    at_home = is_at_home(listed.home if listed else None, place)
    who: Support | Hit = hit if part is None else part
    return Happening(
        hit.rule.id, place, who.family or source, who.affiliation, who.role, at_home,
        part.incident if part else "", hit,
    )  # fmt: skip


def _of_source(
    draft: Draft, source: str, rule: str, place: Place | None, incident: str
) -> Happening:
    """What a source says that is no hit: any post, or an incident that has opened."""
    who = draft.book.sources.get(source) or SourceInfo(id=source)
    at_home = is_at_home(who.home, place)
    return Happening(rule, place, who.publisher, who.affiliation, who.role, at_home, incident)


def _clue(
    post: PostName, at: datetime, entry: Entry, happening: Happening
) -> tuple[()] | tuple[tuple[Watch, Clue]]:
    """The clue that a happening is for a watch, unless it lacks what the watch groups by."""
    watch = entry.watch
    group = tuple([value_of(post.source, happening, field) for field in watch.group_by])
    value = value_of(post.source, happening, watch.field) if watch.field else ""
    if None in group or value is None:
        return ()
    values: tuple[str, ...] = group  # type: ignore[assignment]  # no None in it
    if watch.type == "new_term":
        values = (*values, value)
    if not value and watch.count == "incidents":
        value = happening.incident
    clue = Clue(
        watch=watch.key,
        group=values,
        name=entry.name,
        source=post.source,
        id=post.id,
        version=post.version,
        exercise=post.exercise,
        rule=happening.rule,
        at=at,
        until=at + watch.keeps,
        family=happening.family,
        affiliation=happening.affiliation,
        role=happening.role,
        at_home=happening.at_home,
        place=happening.place,
        value=value,
        incident=happening.incident,
        waits=watch.type in WAITING and entry.name not in watch.without,
    )
    return ((watch, clue),)


def value_of(source: str, happening: Happening, field: str) -> str | None:
    """What a happening is grouped or counted by; None if it has no such thing."""
    of = OF_HITS.get(field)
    if of is not None:
        return of(source, happening)
    value = happening.hit.captured.get(field) if happening.hit is not None else None
    return None if value is None else str(value)[:LONGEST_VALUE]


OF_HITS: dict[str, Callable[[str, Happening], str | None]] = {
    "place": lambda _, one: one.place.id if one.place else None,
    "admin1": lambda _, one: one.place.admin1 if one.place else None,
    "source": lambda source, _: source,
    "family": lambda _, one: one.family,
    "affiliation": lambda _, one: None if one.affiliation == UNKNOWN else one.affiliation,
    "role": lambda _, one: one.role,
    "rule": lambda _, one: one.rule or None,
    "incident": lambda _, one: one.incident or None,
}
"""What every hit has (monitor/watch.py names them), from its source and what happened."""


def _drop_others(draft: Draft, event: Event, fresh: list[tuple[Watch, Clue]]) -> None:
    """Forget the clues that the post was and is no longer: edited, deleted, or turned an echo."""
    source, post = event.name.source, event.name.id
    old = of_post(draft.state.clues, source, post)
    backed = (*event.recalled, *backing(draft.state, source, post))
    parts = [one for one in backed if one[0].part == "evidence" and not one[0].withdrawn]
    if not old and not parts:
        return
    keys = {clue.key for _, clue in fresh}
    for clue in old:
        watch = draft.book.watches.get(clue.watch)
        if watch is None or clue.key in keys or watch.type in LIFE:
            continue
        if watch.count == "posts" or _is_retracted(draft.incidents.get(clue.incident)):
            draft.forget(clue, clue.file)
    left = {clue.file for clue in of_post(draft.state.clues, source, post)}
    left.update(clue.file for _, clue in fresh)
    gone = event.post.kind == "delete"
    what = "was deleted by its source" if gone else "was edited and no longer counts"
    for support, incident in parts:
        if incident.group in left:
            continue
        watch = draft.book.watches.get(incident.group.partition("\n")[0])
        if watch is not None and (watch.type in LIFE or (watch.count != "posts" and not gone)):
            continue
        if watch is not None or gone:
            lose(draft, event, support, incident, what)


def _is_retracted(incident: Incident | None) -> bool:
    return incident is not None and incident.status == "retracted"


def _drop_folded(draft: Draft, event: Event) -> None:
    """Forget the clues of other posts that have turned out to be echoes of this one."""
    here = (event.name.source, event.name.id)
    folded = {
        (source, post): incident
        for (incident, source, post), one in draft.supports.items()
        if (source, post) != here and one.echo_of
    }
    for (source, post), incident in folded.items():
        for clue in of_post(draft.state.clues, source, post):
            watch = draft.book.watches.get(clue.watch)
            if watch is None or clue.incident != incident or watch.type in LIFE:
                continue
            draft.forget(clue, clue.file)
            for support, of in backing(draft.state, source, post):
                if of.group == clue.file:
                    lose(draft, event, support, of, f"repeats {here[0]}/{here[1]}")


def _take(draft: Draft, event: Event | None, watch: Watch, clue: Clue) -> None:
    """Remember a clue; open what it makes true, or add it to what is open."""
    file, before = clue.file, known(draft.state.clues, clue)
    if before is not None:
        clue = msgspec.structs.replace(
            clue, at=before.at, until=before.until, settled=before.settled
        )
    draft.remember(clue, file, before)
    if watch.type in WAITING:
        listen(draft, event, watch, clue, file)
        return
    if before is not None or admit(draft, event, watch, clue, file):
        return
    found: tuple[datetime, str, Sequence[Clue]] | None
    if watch.type in COUNTING:
        found = counted(watch, draft.state.clues, clue, file)
    else:
        reason = _unusual(draft, watch, clue)
        found = (clue.at, reason, (clue,)) if reason else None
    if found is not None:
        end, reason, clues = found
        begin(draft, event, watch, end, reason, clues)
        for later in tuple(of_group(draft.state.clues, file)):
            if later.at > end:  # a late post has shown that it was true before they came
                admit(draft, None, watch, later, file)


def _unusual(draft: Draft, watch: Watch, clue: Clue) -> str:
    clues = draft.state.clues
    if watch.type == "new_term":
        return is_new(watch, clues, clue)
    rules = [
        rule
        for rule, entries in draft.book.watchers.items()
        if any(entry.watch.key == watch.key for entry in entries)
    ]
    place = clue.place.id if clue.place else ""
    which = 0 if "place" in watch.group_by else 1
    if "rule" in watch.group_by:
        rules = [clue.rule]
    return spiking(watch, clues, clue, [sums_of(rule, place)[which] for rule in rules])


def _move(draft: Draft, event: Event) -> None:
    """A better place of an incident is the place of all the hits in it."""
    for name in sorted(draft.moved):
        incident, members = draft.incidents[name], draft.state.members.get(name)
        if incident.group or incident.place is None or members is None:
            continue
        for source, post in sorted(members):
            for clue in of_post(draft.state.clues, source, post):
                watch = draft.book.watches.get(clue.watch)
                if watch is not None and clue.incident == incident.id:
                    _regroup(draft, event, watch, clue, incident.place)


def _regroup(draft: Draft, event: Event, watch: Watch, clue: Clue, place: Place) -> None:
    changed = {"place": place.id, "admin1": place.admin1 or ""}
    fields = (*watch.group_by, watch.field) if watch.type == "new_term" else watch.group_by
    group = tuple(
        changed.get(field, value) for field, value in zip(fields, clue.group, strict=True)
    )
    if group == clue.group or watch.type == "spike":
        return
    moved = msgspec.structs.replace(
        clue,
        group=group,
        place=_nameless(place),
        value=changed.get(watch.field, clue.value),
    )
    draft.forget(clue, clue.file)
    _take(draft, event, watch, moved)


def _last(alert: Alert) -> PostName:
    last = alert.posts[-1]
    return PostName(last.source, last.id, 1, alert.exercise)


def follow(draft: Draft, event: Event | None, start: int = 0) -> None:
    """Watches of incidents: count those that have opened, correlations' among them.

    Looked at are the draft's alerts from number `start` on, also those that come of it.
    """
    done = start
    while done < len(draft.alerts):
        alert = draft.alerts[done]
        done += 1
        if alert.kind != "opened":
            continue
        incident = draft.incidents[alert.incident.id]
        watchers = draft.book.watchers
        anyhow = () if incident.group else watchers.get("*", ())
        post = event.name if event is not None else _last(alert)
        place = _nameless(incident.place)
        happening = _of_source(draft, post.source, incident.rule, place, incident.id)
        for entry in (*watchers.get(incident.rule, ()), *anyhow):
            if entry.watch.count == "incidents":
                for watch, clue in _clue(post, incident.opened_at, entry, happening):
                    _take(draft, event, watch, clue)
