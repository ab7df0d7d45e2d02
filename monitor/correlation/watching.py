"""From hits and incidents to the incidents of correlations: what a post changes for the watches.

Runs after a post's own incidents have been decided. Only what counts is a clue: echoes, late posts
and withdrawn ones count for nobody.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from monitor.alert import Alert
from monitor.correlation.changes import Draft
from monitor.correlation.clues import known, more, of_group, of_post
from monitor.correlation.conditions import COUNTING, counted, is_new, spiking
from monitor.correlation.event import Event
from monitor.correlation.evidence import admit, begin, lose
from monitor.correlation.happening import Happening, clue_of
from monitor.correlation.noted import hour
from monitor.correlation.silence import listen
from monitor.correlation.status import is_at_home
from monitor.correlation.windows import backing
from monitor.hit import Hit
from monitor.incident import Incident, Support
from monitor.place import Place
from monitor.post import PostName
from monitor.source import SourceInfo
from monitor.watch import LIFE, SILENCES, Clue, Entry, Watch

Part = tuple[Hit, Support | None, tuple[Entry, ...]]
"""A hit, what its post does in an incident because of it, and whom it concerns."""


def correlate(draft: Draft, event: Event) -> None:
    """Let the watches know what a post has changed."""
    _begin_watching(draft)
    book = draft.book
    watchers, anyhow = book.watchers, book.watchers.get("*", ())
    hits: list[Part] = [
        (hit, _part_of(draft, event, hit), (*watchers.get(hit.rule.id, ()), *anyhow))
        for hit in event.hits
    ]
    if event.name.version == 1:
        _count(draft, event, hits)
    if not book.watches:
        return
    fresh = _clues(draft, event, hits)
    _drop_others(draft, event, fresh)
    _drop_folded(draft, event)
    for watch, clue in fresh:
        _take(draft, event, watch, clue)
    if draft.moved:
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
    source, post = event.name.source, event.name.id
    found = []
    for key, one in draft.supports.items():
        if key[2] == post and key[1] == source and one.part != "evidence":  # noqa: SIM102 - once
            if one.rule == hit.rule.id or hit.rule.topic in draft.topics[key[0]]:
                found.append(one)
    if len(found) < 2:  # noqa: PLR2004 - none, or the only one
        return found[0] if found else None
    named = hit.place.id if hit.place else None
    return min(found, key=lambda one: (one.place != named, one.incident))


def _place(draft: Draft, hit: Hit, part: Support | None) -> Place | None:
    """Where the hit's incident is, as known by now; else what the hit itself names."""
    incident = draft.incidents.get(part.incident) if part else None
    return incident.place if incident is not None and incident.place else hit.place


def _nameless(place: Place | None) -> Place | None:
    """The place without its other names, which nobody asks clues for."""
    if place is None or not place.names:
        return place
    return msgspec.structs.replace(place, names=())


def _count(draft: Draft, event: Event, hits: Iterable[Part]) -> None:
    """Add to the baselines: what counts, once for each post."""
    for hit, part, entries in hits:
        if part is None or part.late or part.withdrawn or part.echo_of:
            continue
        where = _place(draft, hit, part)
        place, when = where.id if where else "", hour(event.event_at)
        key = (hit.rule.id, place, when)
        draft.counts[key] = draft.counts.get(key, 0) + 1
        if "spike" in [one.watch.type for one in entries]:
            clues = more(draft.state.clues, sums_of(hit.rule.id, place), when)
            draft.state = msgspec.structs.replace(draft.state, clues=clues)


def sums_of(rule: str, place: str) -> tuple[str, str]:
    """Under which names a hit is added to the baselines: the place's, and the rule's."""
    return f"{rule}\n={place}", f"{rule}\n*"


def _clues(draft: Draft, event: Event, hits: Iterable[Part]) -> list[tuple[Watch, Clue]]:
    """The clues that the post is."""
    found: list[tuple[Watch, Clue]] = []
    name, at, history = event.name, event.event_at, event.history
    for hit, part, entries in hits:
        if not entries:
            continue
        happening = _happening(draft, hit, part)
        counts = not (part is None or part.late or part.withdrawn or part.echo_of)
        for entry in entries:
            if entry.watch.count == "posts" and (counts or (entry.lives and not history)):
                clue = clue_of(name, at, entry, happening)
                if clue is not None:
                    found.append((entry.watch, clue))
    watchers = draft.book.watchers.get("")
    if watchers and event.post.kind == "new" and not history:
        anything = _of_source(draft, event.post.source, "", None, "")
        for entry in watchers:
            clue = clue_of(name, at, entry, anything)
            if clue is not None:
                found.append((entry.watch, clue))
    return found


def _happening(draft: Draft, hit: Hit, part: Support | None) -> Happening:
    """A hit in the voice in which it counts: of a forward, its origin's."""
    source, place = hit.post.source, _nameless(_place(draft, hit, part))
    listed = draft.book.sources.get(source)
    at_home = is_at_home(listed.home if listed else None, place)
    who: Support | Hit = hit if part is None else part
    return Happening(
        source, hit.rule.id, place, who.family or source, who.affiliation, who.role, at_home,
        part.incident if part else "", hit,
    )  # fmt: skip


def _of_source(
    draft: Draft, source: str, rule: str, place: Place | None, incident: str
) -> Happening:
    """What a source says that is no hit: any post, or an incident that has opened."""
    who = draft.book.sources.get(source) or SourceInfo(id=source)
    at_home = is_at_home(who.home, place)
    return Happening(
        source, rule, place, who.publisher, who.affiliation, who.role, at_home, incident
    )


def _drop_others(draft: Draft, event: Event, fresh: list[tuple[Watch, Clue]]) -> None:
    """Forget the clues that the post was and is no longer: edited, deleted, or turned an echo."""
    source, post = event.name.source, event.name.id
    old = of_post(draft.state.clues, source, post)
    if not old and event.name.version == 1:
        return  # it was nothing before
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
    if watch.type in SILENCES:
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
                clue = clue_of(post, incident.opened_at, entry, happening)
                if clue is not None:
                    _take(draft, event, entry.watch, clue)
