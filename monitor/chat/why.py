"""`/why` and its button: an incident's chain of reasons, short enough for a phone."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from monitor.action import Action
from monitor.alert import Alert
from monitor.chat.office import Voice
from monitor.incident import Incident, Support
from monitor.incident import Voice as Speaker
from monitor.sinks.speech import said
from monitor.sinks.styled import Line, span
from monitor.sinks.wording import LEVEL_MARKS, one_line
from monitor.store.actions import actions
from monitor.store.database import Database
from monitor.store.incidents import incident, supports_of
from monitor.store.outbox import alert, latest_of

MOST_NAMES = 12
MOST_ACTS = 5


class Known(NamedTuple):
    """All that is known of one incident."""

    incident: Incident
    supports: tuple[Support, ...]
    newest: Alert | None
    acts: tuple[Action, ...]


def look_up(db: Database, asked: str) -> Known | None:
    """An incident by its own id or that of one of its alerts; None if nothing is known."""
    found = incident(db, asked)
    if found is None:
        one = alert(db, asked)
        found = incident(db, one.incident.id) if one else None
    if found is None:
        return None
    done = actions(db, incident=found.id, limit=MOST_ACTS)
    return Known(found, supports_of(db, found.id), latest_of(db, found.id), done)


def told(known: Known, voice: Voice) -> list[Line]:
    """The chain as lines."""
    one, say = known.incident, voice.say
    level = said("level", one.level, voice.language).lower()
    lines = [
        Line("head", (span(_head(one, voice), "bold"),)),
        _fact(say("why_rule", rule=one.rule, level=level)),
        _fact(say(f"sure_{one.status}")),
    ]
    words = _words(known.newest)
    if words:
        lines.append(_fact(say("why_found", words=words)))
    for phrase, speakers in (("why_voices", one.voices), ("why_denials", one.denials)):
        names = _names(speakers, voice)
        if names:
            lines.append(_fact(say(phrase, names=names)))
    lines.append(_fact(say("why_counts", **_counts(known.supports))))
    if known.newest is not None:
        ways = voice.office.dispatch.ways(known.newest, voice.office.clock.now())
        lines += [_fact(say("why_route", path=f"{way} → {_list(way.receivers)}")) for way in ways]
    for act in reversed(known.acts):
        did = f"{act.did} {act.detail}".strip()
        lines.append(_fact(say("why_done", who=act.who, when=voice.when(act.at), did=did)))
    return lines


def _head(one: Incident, voice: Voice) -> str:
    where = f" - {one_line(one.place.name)}" if one.place else ""
    mark = f"{voice.say('exercise')} " if one.exercise else ""
    return f"{LEVEL_MARKS[one.level]} {mark}{one_line(one.title)}{where}"


def _fact(text: str) -> Line:
    return Line("fact", (span(one_line(text)),))


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(one_line(name) for name in names[:MOST_NAMES])
    return shown + (f", +{len(names) - MOST_NAMES}" if len(names) > MOST_NAMES else "")


def _words(newest: Alert | None) -> str:
    if newest is None:
        return ""
    found = [post.text[begin:end] for post in newest.posts for begin, end in post.spans]
    return _list(list(dict.fromkeys(found)))


def _names(speakers: Iterable[Speaker], voice: Voice) -> str:
    return _list(
        [
            f"{one.family} ({said('role', one.role, voice.language)}, {one.affiliation})"
            for one in speakers
            if one.posts
        ]
    )


def _counts(supports: Sequence[Support]) -> dict[str, int]:
    kinds = Counter(
        "gone" if one.withdrawn else "echoes" if one.echo_of else "late" if one.late else "count"
        for one in supports
    )
    return {kind: kinds[kind] for kind in ("count", "echoes", "late", "gone")}
