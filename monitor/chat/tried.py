"""`/try TEXT`: what a text would do, for a phone."""

from monitor.chat.office import Voice
from monitor.hit import spans
from monitor.matching.verdict import Verdict, explain
from monitor.post import Post
from monitor.sinks.styled import Line, marked, span
from monitor.sinks.wording import one_line
from monitor.text.caps import capped

MOST_RULES = 8
MOST_REASONS = 4
LONGEST = 1500


def tried(text: str, voice: Voice) -> list[Line]:
    """The text with the words found, and each rule that matches or comes near."""
    text, _ = capped(text[:LONGEST])
    now = voice.office.clock.now()
    post = Post(source="chat:try", id="1", published_at=now, text=text)
    verdicts = explain(voice.office.matcher(), post)
    found = tuple(one for verdict in verdicts for reason in verdict.reasons for one in reason.found)
    lines = [Line("quote", marked(one_line_of(text), spans(found)))]
    if not verdicts:
        lines.append(Line("fact", (span(voice.say("try_none")),)))
    for verdict in sorted(verdicts, key=lambda one: not one.matched)[:MOST_RULES]:
        lines += _verdict(verdict, voice)
    return lines


def one_line_of(text: str) -> str:
    """The text with line breaks as blanks: offsets stay."""
    return text.replace("\n", " ")


def _verdict(verdict: Verdict, voice: Voice) -> list[Line]:
    sign = "✓" if verdict.matched else "✗"
    word = voice.say("try_matched" if verdict.matched else "try_near")
    lines = [Line("head", (span(f"{sign} {verdict.id}", "bold"), span(f" {word}")))]
    failed = [reason for reason in verdict.reasons if not reason.holds]
    lines += [
        Line("fact", (span(f"✗ {one_line(reason.check)}", "faint"),))
        for reason in failed[:MOST_REASONS]
        if not verdict.matched
    ]
    return lines
