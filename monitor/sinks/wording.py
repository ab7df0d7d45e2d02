"""What an alert says to a person: the words, in order, for terminal and chat alike.

Pure: an alert and the present moment in, styled lines out. What matters on a night shift comes
first: whether it is real, how bad, what, where, how sure; then who said it, in their own words.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple

from monitor.alert import Alert, AlertNumber, AlertPost
from monitor.receivers import Language
from monitor.rule import Level
from monitor.sinks.reasons import reason_in
from monitor.sinks.speech import said, say
from monitor.sinks.styled import Line, Span, marked, merged, span

LEVEL_MARKS: dict[Level, str] = {
    "informational": "⚪", "low": "🔵", "medium": "🟡", "high": "🟠", "critical": "🔴",
}  # fmt: skip

EXERCISE_MARK, RETRACTED_MARK = "🟣", "⚫"
"""In the level's place: what is not happening, or no longer said, never wears an alarming dot."""

HOUR, DAY = 60, 24 * 60
"""Minutes."""

When = Callable[[datetime], str]
"""How a moment is said: an age in a terminal, a time of day in a chat."""


class Manner(NamedTuple):
    """How to say it: names of sources, moments, and how much of the posts to quote.

    `handled` says who of the desk has settled it, `near` where the place lies, from a known town;
    `signs`: whether banners begin with a picture.
    """

    name: Callable[[str], str]
    when: When
    posts: int = 3
    quote: int = 700
    repeated: bool = False
    handled: str = ""
    near: str = ""
    signs: bool = False
    language: Language = "en"

    def say(self, phrase: str, **values: object) -> str:
        """A phrase of ours in the readers' language."""
        return say(phrase, self.language, **values)

    def said(self, kind: str, word: str) -> str:
        """A word that may be ours, in the readers' language if it is."""
        return said(kind, word, self.language)


def compose(alert: Alert, manner: Manner) -> tuple[Line, ...]:
    """The whole message, first the most important."""
    lines = [*_banners(alert, manner), _head(alert, manner)]
    lines += [*_where(alert, manner), *_facts(alert, manner)]
    if manner.handled:
        lines.append(Line("fact", (span(one_line(manner.handled), "bold"),)))
    shown = alert.posts[: manner.posts]
    for post in shown:
        lines += _own_words(post) if alert.about_itself else _post(post, manner)
    hidden = alert.incident.posts - len(shown)
    if hidden > 0:
        more = manner.say("one_more") if hidden == 1 else manner.say("more", count=hidden)
        lines.append(Line("fact", (span(more, "faint"),)))
    lines.append(Line("foot", (span(f"alert {alert.id}", "faint"),)))
    return tuple(lines)


def _banners(alert: Alert, manner: Manner) -> list[Line]:
    """What must not be missed: that it does not happen now, is old, or may have come before."""
    lines: list[Line] = []
    if alert.exercise:
        sign = f"{EXERCISE_MARK}{EXERCISE_MARK} " if manner.signs else ""
        text = f"{sign}{manner.say('exercise_banner')}"
        lines.append(Line("banner", (span(text, "alarm", "bold"),)))
    if alert.posts and all(post.late for post in alert.posts):
        sign = "🕓 " if manner.signs else ""
        text = f"{sign}{manner.say('late_banner')}"
        lines.append(Line("banner", (span(text, "alarm", "bold"),)))
    if manner.repeated:
        lines.append(Line("banner", (span(manner.say("repeated_banner"), "alarm"),)))
    return lines


def evidence(posts: Sequence[AlertPost], manner: Manner) -> tuple[Line, ...]:
    """Posts alone, for an answer under the incident's message."""
    return tuple(line for post in posts for line in _post(post, manner))


def overview(alerts: Sequence[Alert], language: Language = "en") -> tuple[Line, ...]:
    """Many incidents at once, a line each: their own messages follow as the limits allow."""
    head = say("many_at_once", language, count=len(alerts))
    lines = [Line("banner", (span(head, "alarm"),))]
    for alert in alerts:
        what = alert.incident
        where = f" - {one_line(what.place.name)}" if what.place else ""
        mark = f"{say('exercise', language)} " if alert.exercise else ""
        text = f"{level_mark(alert)} {mark}{one_line(what.title)[:60]}{where[:40]}"
        kind = "" if alert.kind == "opened" else f" ({kind_word(alert, language)})"
        sure = said("status", what.status, language)
        lines.append(Line("fact", (span(f"{text}{kind}"), span(f" · {sure}", "faint"))))
    return tuple(lines)


def kind_word(alert: Alert, language: Language = "en") -> str:
    """What happened to the incident, in one word."""
    gone = alert.kind == "corrected" and alert.incident.status == "retracted"
    return say("kind_retracted" if gone else f"kind_{alert.kind}", language)


def level_mark(alert: Alert) -> str:
    """The coloured dot before an alert."""
    if alert.exercise:
        return EXERCISE_MARK
    if alert.incident.status == "retracted":
        return RETRACTED_MARK
    return LEVEL_MARKS[alert.incident.level]


def _head(alert: Alert, manner: Manner) -> Line:
    what = alert.incident
    mark = f"{level_mark(alert)} {manner.say(f'level_{what.level}')}"
    spans = [span(mark, "level", "bold"), span("  ")]
    if alert.kind != "opened":
        spans.append(span(f"{kind_word(alert, manner.language)}: ", "bold"))
    spans.append(span(one_line(what.title), "bold"))
    if what.place is not None:
        spans.append(span(f" - {one_line(what.place.name)}", "bold"))
        if what.place.admin1:
            spans.append(span(f" ({one_line(what.place.admin1)})"))
    return Line("head", merged(spans))


def _where(alert: Alert, manner: Manner) -> list[Line]:
    """`12 km SE of Грайворон, ±2 km`: for who does not know the place."""
    place = alert.incident.place
    if place is None or not manner.near:
        return []
    text = one_line(manner.near)
    if (place.precision_km or 0) >= 1:
        text += f", {manner.say('precision', km=f'{place.precision_km:g}')}"
    return [Line("fact", (span(text),))]


def _facts(alert: Alert, manner: Manner) -> list[Line]:
    what = alert.incident
    parts = [] if alert.about_itself else [manner.say(f"sure_{what.status}")]
    if what.families > 1:
        parts.append(manner.say("publishers", count=what.families))
    if what.posts > 1:
        parts.append(manner.say("posts", count=what.posts) + _echoes(what.echoes, manner))
    if what.part_of:
        parts.append(manner.say("part_of"))
    sides, long = _sides(alert, manner), bool(what.roles or what.denied_by)
    if sides and not long:
        parts.insert(1 + (what.families > 1), sides)
    lines = [Line("fact", (span(" · ".join(parts)),))] if parts else []
    if long:
        lines.append(Line("fact", (span(sides),)))
    if what.numbers:
        lines.append(Line("fact", (span(_numbers(alert, manner), "bold"),)))
    if because := one_line(reason_in(manner.language, alert.reason)):
        kind = kind_word(alert, manner.language).lower()
        lines.append(Line("fact", (span(f"{kind}: {because}", "faint"),)))
    return lines


def _echoes(count: int, manner: Manner) -> str:
    if not count:
        return ""
    return f" ({manner.say('echo') if count == 1 else manner.say('echoes', count=count)})"


def _sides(alert: Alert, manner: Manner) -> str:
    """`official, militia (ru-state, legion); denied by official ru-state`."""
    what = alert.incident
    roles = ", ".join(one_line(manner.said("role", role)) for role in what.roles)
    sides = ", ".join(one_line(side) for side in what.affiliations)
    whose = manner.say("sides", names=sides) if sides else ""
    claim = f"{roles} ({sides})" if roles and sides else roles or whose
    deniers = ", ".join(one_line(_denier(one, manner)) for one in what.denied_by)
    denial = manner.say("denied_by", names=deniers) if deniers else ""
    return "; ".join(filter(None, [claim, denial]))


def _denier(one: str, manner: Manner) -> str:
    """`official ru-state`: the role is a word of ours, the side is not."""
    role, blank, side = one.partition(" ")
    return f"{manner.said('role', role)}{blank}{side}"


def _numbers(alert: Alert, manner: Manner) -> str:
    """`ru-state: 8 injured; legion: no injured`."""
    sides: dict[str, list[str]] = {}
    for number in alert.incident.numbers:
        sides.setdefault(one_line(number.side), []).append(_number(number, manner))
    return "; ".join(f"{side}: {', '.join(numbers)}" for side, numbers in sides.items())


def _number(one: AlertNumber, manner: Manner) -> str:
    what = manner.said("number", one.what)
    if one.high == 0:
        return manner.say("number_none", what=what)
    figures = one.figures if one.high is not None else manner.say("number_or_more", low=one.low)
    return manner.say("number_of", figures=figures, what=what)


def _post(post: AlertPost, manner: Manner) -> list[Line]:
    name = one_line(manner.name(post.source)) or post.source
    when = manner.when(post.published_at)
    who = [span(name, "bold"), span(_speaker(post, manner)), span(f" · {when}")]
    if post.late:
        who.append(span(f"  {manner.say('late')}", "alarm", "bold"))
    if post.echo_of:
        repeats = manner.say("repeats", name=one_line(post.echo_of))
        who.append(span(f" · {repeats}", "faint"))
    lines = [Line("who", merged(who))]
    lines += [Line("quote", line) for line in _by_line(quoted(post.text, post.spans, manner.quote))]
    if post.url and _is_address(post.url):
        lines.append(Line("link", (span(post.url, link=post.url),)))
    return lines


def _own_words(post: AlertPost) -> list[Line]:
    """What the monitor itself has to say, whole."""
    return [Line("quote", line) for line in _by_line(marked(post.text, ()))]


def _is_address(url: str) -> bool:
    """Whether it is a web address without surprises: printable, no blanks, no quotes."""
    return re.fullmatch(r"https?://[^\s\"'<>\\]{1,1000}", url) is not None and url.isprintable()


def _speaker(post: AlertPost, manner: Manner) -> str:
    words = (manner.said("role", post.role or ""), post.affiliation)
    known = [one_line(word) for word in words if word and word != "unknown"]
    return f" ({', '.join(known) or manner.say('nobody_known')})"


def one_line(text: str) -> str:
    """A name or title, without line breaks and of bearable length."""
    return " ".join(text.split())[:200]


def quoted(text: str, found: Sequence[tuple[int, int]], limit: int) -> tuple[Span, ...]:
    """A post's text, cut to `limit` code points around the first word that was found."""
    if len(text) <= limit:
        return marked(text, found)
    first = min((start for start, _ in found), default=0)
    begin = max(0, min(first - limit // 3, len(text) - limit))
    if begin:
        begin = _after_blank(text, begin, limit // 6)
    end = min(len(text), begin + limit)
    if end < len(text):
        end = _before_blank(text, end, limit // 6)
    inside = [(start - begin, stop - begin) for start, stop in found if begin <= start < end]
    before = (span("… "),) if begin else ()
    after = (span(" …"),) if end < len(text) else ()
    return merged([*before, *marked(text[begin:end], inside), *after])


def _after_blank(text: str, at: int, reach: int) -> int:
    """The beginning of the next word, if one begins soon."""
    for place in range(at, min(at + reach, len(text))):
        if text[place].isspace():
            return place + 1
    return at


def _before_blank(text: str, at: int, reach: int) -> int:
    """The end of the last word, if it ended not long ago."""
    for place in range(at, max(at - reach, 0), -1):
        if text[place].isspace():
            return place
    return at


def _by_line(spans: Sequence[Span]) -> list[tuple[Span, ...]]:
    """The spans of every line that is not blank."""
    lines: list[list[Span]] = [[]]
    for one in spans:
        first, *rest = one.text.split("\n")
        lines[-1].append(one._replace(text=first))
        lines += [[one._replace(text=part)] for part in rest]
    whole = [merged(line) for line in lines]
    return [line for line in whole if any(one.text.strip() for one in line)]


def lies(km: int, direction: str, town: str, language: Language = "en") -> str:
    """`12 km SE of Грайворон`."""
    return say("near", language, km=km, point=say(f"point_{direction}", language), town=town)


def age(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """`just now`, `2 min ago`, `3 h ago`; beyond a day the date and time in the reader's zone."""
    passed = now - moment
    if passed < timedelta(minutes=1):
        return "just now"
    if passed < timedelta(hours=1):
        return f"{int(passed.total_seconds() // 60)} min ago"
    if passed < timedelta(days=1):
        return f"{int(passed.total_seconds() // 3600)} h ago"
    return moment.astimezone(zone).strftime("%-d %b %Y, %H:%M")


def told_after(moment: datetime, now: datetime, zone: tzinfo, language: Language = "en") -> str:
    """`12:14 EET, 5 min ago at 12:19`: stays true however much later it is read."""
    shown = time_of_day(moment, now, zone, language)
    passed = int((now - moment).total_seconds() // 60)
    if passed < 1 or passed >= DAY:
        return shown
    clock = f"{now.astimezone(zone):%H:%M}"
    if passed < HOUR:
        return say("minutes_before", language, shown=shown, count=passed, now=clock)
    return say("hours_before", language, shown=shown, count=passed // HOUR, now=clock)


def time_of_day(moment: datetime, now: datetime, zone: tzinfo, language: Language = "en") -> str:
    """`12:14 UTC`, with the date if it is not today's: for messages that are read later."""
    there = moment.astimezone(zone)
    shape = "%-d %b %Y, " if language == "en" else "%Y-%m-%d, "  # months are words in English only
    day = "" if there.date() == now.astimezone(zone).date() else there.strftime(shape)
    return f"{day}{there:%H:%M} {there:%Z}"
