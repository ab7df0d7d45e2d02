"""What an alert says to a person: the words, in order, for terminal and chat alike.

Pure: an alert and the present moment in, styled lines out. What matters on a night shift comes
first: whether it is real, how bad, what, where, how sure; then who said it, in their own words.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple

from monitor.alert import Alert, AlertPost
from monitor.rule import Level
from monitor.sinks.styled import Line, Span, marked, merged, span

LEVEL_MARKS: dict[Level, str] = {
    "informational": "⚪", "low": "🔵", "medium": "🟡", "high": "🟠", "critical": "🔴",
}  # fmt: skip

EXERCISE_MARK, RETRACTED_MARK = "🟣", "⚫"
"""In the level's place: what is not happening, or no longer said, never wears an alarming dot."""

KIND_WORDS = {
    "opened": "NEW", "updated": "UPDATED", "escalated": "ESCALATED", "corrected": "CORRECTED",
    "closed": "CLOSED",
}  # fmt: skip

STATUS_WORDS = {
    "unconfirmed": "unconfirmed: one publisher says so",
    "reported": "reported by several publishers",
    "corroborated": "corroborated by more than one side",
    "official": "confirmed by an official of the place",
    "disputed": "disputed: somebody denies it",
    "retracted": "retracted: who said it took it back",
}

EXERCISE = "EXERCISE - recorded or simulated, not happening now"
LATE = "LATE"
ALL_LATE = "LATE - seen long after it was published, not new"
REPEATED = "POSSIBLY REPEATED - the answer to the first sending was lost"

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


def compose(alert: Alert, manner: Manner) -> tuple[Line, ...]:
    """The whole message, first the most important."""
    lines: list[Line] = []
    if alert.exercise:
        sign = f"{EXERCISE_MARK}{EXERCISE_MARK} " if manner.signs else ""
        lines.append(Line("banner", (span(f"{sign}{EXERCISE}", "alarm", "bold"),)))
    if alert.posts and all(post.late for post in alert.posts):
        sign = "🕓 " if manner.signs else ""
        lines.append(Line("banner", (span(f"{sign}{ALL_LATE}", "alarm", "bold"),)))
    if manner.repeated:
        lines.append(Line("banner", (span(REPEATED, "alarm"),)))
    lines += [_head(alert), *_where(alert, manner), *_facts(alert)]
    if manner.handled:
        lines.append(Line("fact", (span(one_line(manner.handled), "bold"),)))
    shown = alert.posts[: manner.posts]
    for post in shown:
        lines += _own_words(post) if alert.about_itself else _post(post, manner)
    hidden = alert.incident.posts - len(shown)
    if hidden > 0:
        plural = "post" if hidden == 1 else "posts"
        lines.append(Line("fact", (span(f"and {hidden} more {plural}", "faint"),)))
    lines.append(Line("foot", (span(f"alert {alert.id}", "faint"),)))
    return tuple(lines)


def evidence(posts: Sequence[AlertPost], manner: Manner) -> tuple[Line, ...]:
    """Posts alone, for an answer under the incident's message."""
    return tuple(line for post in posts for line in _post(post, manner))


def overview(alerts: Sequence[Alert]) -> tuple[Line, ...]:
    """Many incidents at once, a line each: their own messages follow as the limits allow."""
    head = f"{len(alerts)} incidents at once; each gets its message as the chat's limits allow"
    lines = [Line("banner", (span(head, "alarm"),))]
    for alert in alerts:
        what = alert.incident
        where = f" - {one_line(what.place.name)}" if what.place else ""
        mark = "EXERCISE " if alert.exercise else ""
        text = f"{level_mark(alert)} {mark}{one_line(what.title)[:60]}{where[:40]}"
        kind = "" if alert.kind == "opened" else f" ({kind_word(alert)})"
        lines.append(Line("fact", (span(f"{text}{kind}"), span(f" · {what.status}", "faint"))))
    return tuple(lines)


def kind_word(alert: Alert) -> str:
    """What happened to the incident, in one word."""
    if alert.kind == "corrected" and alert.incident.status == "retracted":
        return "RETRACTED"
    return KIND_WORDS[alert.kind]


def level_mark(alert: Alert) -> str:
    """The coloured dot before an alert."""
    if alert.exercise:
        return EXERCISE_MARK
    if alert.incident.status == "retracted":
        return RETRACTED_MARK
    return LEVEL_MARKS[alert.incident.level]


def _head(alert: Alert) -> Line:
    what = alert.incident
    mark = f"{level_mark(alert)} {what.level.upper()}"
    spans = [span(mark, "level", "bold"), span("  ")]
    if alert.kind != "opened":
        spans.append(span(f"{kind_word(alert)}: ", "bold"))
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
    exact = f", ±{place.precision_km:g} km" if (place.precision_km or 0) >= 1 else ""
    return [Line("fact", (span(f"{one_line(manner.near)}{exact}"),))]


def _facts(alert: Alert) -> list[Line]:
    what = alert.incident
    parts = [] if alert.about_itself else [STATUS_WORDS.get(what.status, what.status)]
    if what.families > 1:
        parts.append(_count(what.families, "publisher"))
    if what.posts > 1:
        echoes = f" ({_count(what.echoes, 'echo', 'echoes')})" if what.echoes else ""
        parts.append(_count(what.posts, "post") + echoes)
    sides, long = _sides(alert), bool(what.roles or what.denied_by)
    if sides and not long:
        parts.insert(1 + (what.families > 1), sides)
    lines = [Line("fact", (span(" · ".join(parts)),))] if parts else []
    if long:
        lines.append(Line("fact", (span(sides),)))
    if what.numbers:
        lines.append(Line("fact", (span(_numbers(alert), "bold"),)))
    if because := one_line(alert.reason):
        lines.append(Line("fact", (span(f"{kind_word(alert).lower()}: {because}", "faint"),)))
    return lines


def _sides(alert: Alert) -> str:
    """`official, militia (ru-state, legion); denied by official ru-state`."""
    what = alert.incident
    roles = ", ".join(one_line(role) for role in what.roles)
    sides = ", ".join(one_line(side) for side in what.affiliations)
    said = (
        f"{roles} ({sides})" if roles and sides else roles or (f"sides: {sides}" if sides else "")
    )
    deniers = ", ".join(one_line(one) for one in what.denied_by)
    return "; ".join(filter(None, [said, f"denied by {deniers}" if deniers else ""]))


def _numbers(alert: Alert) -> str:
    """`ru-state: 8 injured; legion: no injured`."""
    sides: dict[str, list[str]] = {}
    for number in alert.incident.numbers:
        sides.setdefault(one_line(number.side), []).append(number.text)
    return "; ".join(f"{side}: {', '.join(said)}" for side, said in sides.items())


def _post(post: AlertPost, manner: Manner) -> list[Line]:
    name = one_line(manner.name(post.source)) or post.source
    who = [span(name, "bold"), span(_speaker(post)), span(f" · {manner.when(post.published_at)}")]
    if post.late:
        who.append(span(f"  {LATE}", "alarm", "bold"))
    if post.echo_of:
        who.append(span(f" · repeats {one_line(post.echo_of)}", "faint"))
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


def _speaker(post: AlertPost) -> str:
    known = [one_line(word) for word in (post.role, post.affiliation) if word and word != "unknown"]
    return f" ({', '.join(known)})" if known else " (unknown role and side)"


def _count(number: int, noun: str, many: str | None = None) -> str:
    return f"{number} {noun if number == 1 else many or f'{noun}s'}"


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


def told_after(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """`12:14 EET, 5 min ago at 12:19`: stays true however much later it is read."""
    shown = time_of_day(moment, now, zone)
    passed = int((now - moment).total_seconds() // 60)
    if passed < 1 or passed >= DAY:
        return shown
    length = f"{passed} min" if passed < HOUR else f"{passed // HOUR} h"
    return f"{shown}, {length} ago at {now.astimezone(zone):%H:%M}"


def time_of_day(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """`12:14 UTC`, with the date if it is not today's: for messages that are read later."""
    there = moment.astimezone(zone)
    day = "" if there.date() == now.astimezone(zone).date() else there.strftime("%-d %b %Y, ")
    return f"{day}{there:%H:%M} {there:%Z}"
