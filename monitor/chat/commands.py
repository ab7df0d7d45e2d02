"""The commands that people may give in chat: each takes who asks and what, and returns lines."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from monitor.chat.office import Voice
from monitor.chat.tried import tried
from monitor.chat.why import look_up, told
from monitor.incident import Incident
from monitor.rule import LEVELS
from monitor.silence import Silence
from monitor.sinks.styled import Line, Span, span
from monitor.sinks.wording import LEVEL_MARKS, one_line
from monitor.store.deliveries import incident_of_message
from monitor.store.incidents import incident, open_incidents
from monitor.store.outbox import newest, positions
from monitor.store.precision import precision
from monitor.store.silences import muted_by

MOST_SHOWN = 15
WEEK = timedelta(days=7)
WELL = {"ok", "finished", "starting"}


class Asked(NamedTuple):
    """A command: who gave it, its words, the message that it answers, and the deed's key."""

    voice: Voice
    words: tuple[str, ...]
    text: str
    answers: int | None
    key: str


Lines = list[Line]


def _plain(text: str) -> Line:
    return Line("fact", (span(one_line(text)),))


async def _status(asked: Asked) -> Lines:
    voice = asked.voice
    office, say = voice.office, voice.say
    answer: dict[str, Any] = dict(office.status())
    sources, started = answer["sources"], datetime.fromisoformat(answer["started"])
    incidents, _ = await office.outbox.ask(open_incidents)
    waiting = [one for one in incidents if voice.seat.look.handling.of(one.id) is None]
    lines = [
        say("status_running", since=voice.when(started), posts=answer["posts"]),
        say("status_rules", rules=answer["rules"]),
        say("status_incidents", count=len(incidents), waiting=len(waiting)),
        say("status_sources", ok=sum(one["state"] in WELL for one in sources), all=len(sources)),
    ]
    last = await office.outbox.ask(newest)
    for name, at in (await office.outbox.ask(positions)).items():
        if at < last:
            lines.append(say("status_behind", name=name, count=last - at))
    for name, state in answer["parts"].items():
        if state not in {"running", "finished"}:
            lines.append(say("status_part", name=name, state=state))
    if answer["refused_since"]:
        lines += [say("status_refused"), *answer["mistakes"][:3]]
    return [_plain(line) for line in lines]


async def _incidents(asked: Asked) -> Lines:
    voice = asked.voice
    found, _ = await voice.office.outbox.ask(open_incidents)
    if not found:
        return [_plain(voice.say("incidents_none"))]
    worst = sorted(found, key=lambda one: (-LEVELS.index(one.level), -one.updated_at.timestamp()))
    lines = [line for one in worst[:MOST_SHOWN] for line in _incident(one, voice)]
    if len(found) > MOST_SHOWN:
        lines.append(_plain(voice.say("incidents_more", count=len(found) - MOST_SHOWN)))
    return lines


def _incident(one: Incident, voice: Voice) -> Lines:
    where = f" - {one_line(one.place.name)}" if one.place else ""
    mark = f"{voice.say('exercise')} " if one.exercise else ""
    head = f"{LEVEL_MARKS[one.level]} {mark}{one_line(one.title)}{where}"
    counts = voice.say(
        "incident_counts", posts=one.posts, families=one.families, since=voice.when(one.opened_at)
    )
    handled = voice.seat.look.handled(one.id, voice.office.clock.now())
    rest = " · ".join(filter(None, [voice.say(f"sure_{one.status}"), counts, handled, one.id]))
    return [Line("head", (span(head, "bold"),)), _plain(rest)]


async def _why(asked: Asked) -> Lines:
    voice = asked.voice
    named = asked.words[0] if asked.words else await _answered(asked)
    known = await voice.office.outbox.ask(look_up, named) if named else None
    if known is None:
        return [_plain(voice.say("why_unknown", asked=one_line(named or "?")))]
    return told(known, voice)


async def _answered(asked: Asked) -> str | None:
    """The incident whose message the command answers."""
    if asked.answers is None:
        return None
    seat = asked.voice.seat
    return await asked.voice.office.outbox.ask(
        incident_of_message, seat.receiver, seat.room.chat, asked.answers
    )


async def _mute(asked: Asked) -> Lines:
    voice, words = asked.voice, asked.words
    question: dict[str, object] = {}
    if len(words) >= 3 and words[0] in {"rule", "place", "source", "level"}:  # noqa: PLR2004 - what, which, how long
        question = {words[0]: words[1], "for": words[2], "why": " ".join(words[3:])}
    elif words and (answered := await _answered(asked)):
        one = await voice.office.outbox.ask(incident, answered)
        if one is not None:
            place = one.place.id if one.place else None
            question = {"rule": one.rule, "place": place, "for": words[0], "incident": one.id}
    if not question:
        return [_plain(voice.say("mute_usage"))]
    return [_plain(await silence(voice, question, asked.key))]


async def silence(voice: Voice, question: Mapping[str, object], key: str) -> str:
    """Make the silence that is asked for; what to tell whoever asked."""
    given = {**question, "by": voice.name, "via": voice.seat.receiver, "key": key}
    answer: dict[str, Any] = await voice.office.silencing.mute(given)
    if "error" in answer:
        return voice.say("trouble", why=f"{answer['error']} - {answer['hint']}")
    one = _silence_of(answer)
    phrase = "quiet_until" if one.quietly else "muted"
    return voice.say(phrase, until=voice.when(one.ends_at), id=one.id, what=one.what)


def _silence_of(answer: Mapping[str, Any]) -> Silence:
    return msgspec.convert(answer["silence"], Silence)


async def _mutes(asked: Asked) -> Lines:
    voice = asked.voice
    holding = voice.office.silencing.holding()
    if not holding:
        return [_plain(voice.say("mutes_none"))]
    lines = []
    for one in holding[-MOST_SHOWN:]:
        count = await voice.office.outbox.ask(muted_by, one)
        until = voice.when(one.ends_at)
        values = {"id": one.id, "what": one.what, "by": one.by, "until": until, "count": count}
        lines.append(_plain(voice.say("mutes_line", **values)))
    return lines


async def _unmute(asked: Asked) -> Lines:
    voice = asked.voice
    if not asked.words:
        return [_plain(voice.say("unmute_usage"))]
    return [_plain(await _end(voice, asked.words[0], asked.key, "unmuted"))]


async def _end(voice: Voice, id_: str, key: str, phrase: str) -> str:
    question: dict[str, object] = {
        "id": id_,
        "by": voice.name,
        "via": voice.seat.receiver,
        "key": key,
    }
    answer = await voice.office.silencing.unmute(question)
    if "error" in answer:
        return voice.say("trouble", why=f"{answer['error']} - {answer['hint']}")
    return voice.say(phrase, id=id_)


async def _quiet(asked: Asked) -> Lines:
    voice, receiver = asked.voice, asked.voice.seat.receiver
    holding = [
        one for one in voice.office.silencing.holding()
        if one.quietly and one.receiver == receiver
    ]  # fmt: skip
    wanted = asked.words[0].lower() if asked.words else ""
    if wanted and wanted != "off":
        question = {"level": "high", "receiver": receiver, "quietly": True, "for": wanted}
        return [_plain(await silence(voice, question, asked.key))]
    if not holding:
        return [_plain(voice.say("quiet_none"))]
    if wanted == "off":
        said = [await _end(voice, one.id, f"{asked.key}/{one.id}", "quiet_off") for one in holding]
        return [_plain(said[-1])]
    until = [voice.say("quiet_until", until=voice.when(one.ends_at), id=one.id) for one in holding]
    return [_plain(one) for one in until]


async def _rules(asked: Asked) -> Lines:
    voice = asked.voice
    since = voice.office.clock.now() - WEEK
    reports = {one.rule: one for one in await voice.office.outbox.ask(precision, since)}
    rules = voice.office.matcher().rulebook.rules
    if not rules:
        return [_plain(voice.say("rules_none"))]
    lines = []
    for rule in rules:
        report = reports.get(rule.id)
        count, false = (report.incidents, report.false_alarms) if report else (0, 0)
        values = {"id": rule.id, "level": rule.level, "count": count, "false": false}
        lines.append(_plain(voice.say("rules_line", **values)))
    return lines


async def _sources(asked: Asked) -> Lines:
    sources: Sequence[Mapping[str, Any]] = dict[str, Any](asked.voice.office.status())["sources"]
    ill = [one for one in sources if one["state"] not in WELL]
    if not ill:
        return [_plain(asked.voice.say("sources_none", all=len(sources)))]
    head = asked.voice.say("status_sources", ok=len(sources) - len(ill), all=len(sources))
    rest = [f"{one['source']}: {one['state']} {one['hint']}" for one in ill[:MOST_SHOWN]]
    return [_plain(line) for line in (head, *rest)]


async def _try(asked: Asked) -> Lines:
    if not asked.text.strip():
        return [_plain(asked.voice.say("try_usage"))]
    return tried(asked.text, asked.voice)


async def _help(asked: Asked) -> Lines:
    say = asked.voice.say
    return [Line("menu", (Span(f"/{name} - {say(f'help_{name}')}"),)) for name in COMMANDS]


Command = Callable[[Asked], Awaitable[Lines]]

COMMANDS: Mapping[str, Command] = {
    "status": _status, "incidents": _incidents, "why": _why, "mute": _mute, "mutes": _mutes,
    "unmute": _unmute, "rules": _rules, "sources": _sources, "try": _try, "quiet": _quiet,
    "help": _help,
}  # fmt: skip
"""Every command by its word."""

OWN_ACTS = {"mute", "unmute", "quiet"}
"""Commands that write down what they do by themselves; all others are noted as asked."""
