"""`monitor try`: what would this post do, and why, for every rule that comes near."""

import argparse
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TextIO

import msgspec

from monitor.cli.config import DEFAULT, QUICKSTART, add_config
from monitor.cli.target import Target, read_target
from monitor.clock import SystemClock
from monitor.hit import Reason, spans
from monitor.matching.reasons import depth_of, telling
from monitor.matching.verdict import Verdict, explain
from monitor.mistake import Mark, Mistake, MistakesError
from monitor.post import Post
from monitor.rule import Rule
from monitor.sinks.styled import visible
from monitor.sinks.terminal import screen
from monitor.text.caps import MAX_BYTES, capped
from monitor.workshop import matcher_of

TYPED = "typed:text"
LONGEST_CHECK = 160
_LISTED = re.compile(r"(\$[\w-]+) \([^)]*\)")
_BOLD, _GREEN, _RED, _DIM, _WORD, _PLAIN = (
    "\x1b[1m", "\x1b[32m", "\x1b[31m", "\x1b[2m", "\x1b[1;33m", "\x1b[0m",
)  # fmt: skip


class Trial(msgspec.Struct, frozen=True):
    """The contract's JSON of `try --json`."""

    post: Post
    rules: tuple[Verdict, ...]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_config(parser)
    parser.add_argument(
        "--rules",
        metavar="DIR",
        help="a folder of rules, instead of those of the configuration; "
        "without either, the rules that come with the product",
    )
    parser.add_argument("--source", metavar="ID", default=TYPED,
                        help="who publishes it, as in telegram:NAME (nobody we know)")  # fmt: skip
    parser.add_argument("--at", metavar="TIME", help="when, as in 2023-05-22T09:14+03:00 (now)")
    parser.add_argument("--json", action="store_true", help="everything as JSON")
    parser.add_argument("text", metavar="TEXT", help="the post's text, - for standard input")


def run(options: argparse.Namespace) -> int:
    """Judge the text by every rule; exit code 0 whatever comes out."""
    now = SystemClock().now()
    at = _moment(options.at) if options.at else now
    target = _rulebook(options.rules, options.config)
    rulebook = target.rulebook
    text, changed = capped(_text(options.text))
    post = Post(source=options.source, id="1", published_at=at, text=text)
    verdicts = explain(matcher_of(rulebook, target.state), post)
    if changed:
        print(f"the text was capped: at most {MAX_BYTES} bytes, no control characters",
              file=sys.stderr)  # fmt: skip
    if options.json:
        print(msgspec.json.encode(Trial(post, verdicts)).decode())
        return 0
    colour = screen(sys.stdout.fileno(), os.environ).colour
    rules = {rule.id: rule for rule in rulebook.rules}
    show(sys.stdout, post, verdicts, rules, colour=colour)
    if post.source not in rulebook.sources:
        print(f"{visible(post.source)} is not in the sources file: its role and side are unknown")
    for verdict in verdicts:
        rule = rules[verdict.id]
        if verdict.matched and now - at > rule.max_age:
            print(f"{rule.id}: older than {_spoken(rule.max_age)}, recorded as late, no alert")
    return 0


def _text(given: str) -> str:
    """The argument, or all of standard input without its last line break."""
    if given != "-":
        return given
    return sys.stdin.buffer.read().decode("utf-8", "replace").removesuffix("\n")


def _moment(given: str) -> datetime:
    """A time with its offset.

    Raises:
        MistakesError: it cannot be read, or has no offset.
    """
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        moment = datetime.min  # noqa: DTZ901 - refused right below, as any time without an offset
    if moment.tzinfo is None:
        raise MistakesError([
            Mistake(Mark("--at", 1, 1), f"`{visible(given)}` is no time with an offset",
                    "write it as in 2023-05-22T09:14+03:00 or 2023-05-22T06:14Z")
        ])  # fmt: skip
    return moment.astimezone(UTC)


def _rulebook(folder: str | None, config: str | None) -> Target:
    """The rules asked for; a folder without sources borrows those of the configuration."""
    has_config = config or os.environ.get("MONITOR_CONFIG") or Path(DEFAULT).exists()
    if folder is None:
        return read_target(None, config if has_config else QUICKSTART)
    target = read_target(folder, None)
    if target.rulebook.sources or not has_config:
        return target
    sources = read_target(None, config).rulebook.sources
    return target._replace(rulebook=msgspec.structs.replace(target.rulebook, sources=sources))


def show(
    out: TextIO, post: Post, verdicts: Sequence[Verdict], rules: Mapping[str, Rule], *, colour: bool
) -> None:
    """For people: the text with the words found, then each rule with its reasons."""
    paint = _Paint(colour=colour)
    found = [one for verdict in verdicts for reason in verdict.reasons for one in reason.found]
    out.write(paint.words(post.text, spans(tuple(found))) + "\n\n")
    if not verdicts:
        out.write("no rule comes near: none of their words is in the text\n")
    for verdict in sorted(verdicts, key=lambda one: not one.matched):
        rule = rules[verdict.id]
        sign = paint.sign(holds=verdict.matched)
        reasons = "".join(map(paint.reason, telling(verdict.reasons)))
        out.write(f"{sign} {paint.bold(rule.id)}  {rule.title} ({rule.level})\n{reasons}")
    matched = sum(verdict.matched for verdict in verdicts)
    if verdicts:
        out.write(f"\n{matched} of {len(rules)} rules match")
        out.write(f", {len(verdicts) - matched} came near\n" if len(verdicts) > matched else "\n")


class _Paint:
    """Colours, or signs in their place; strangers' control characters are made visible."""

    def __init__(self, *, colour: bool) -> None:
        self._colour = colour

    def bold(self, text: str) -> str:
        return f"{_BOLD}{text}{_PLAIN}" if self._colour else text

    def sign(self, *, holds: bool) -> str:
        sign = "✓" if holds else "✗"
        return f"{_GREEN if holds else _RED}{sign}{_PLAIN}" if self._colour else sign

    def words(self, text: str, places: Iterable[tuple[int, int]]) -> str:
        """The text with the places highlighted, between asterisks where there is no colour."""
        before, after = (_WORD, _PLAIN) if self._colour else ("*", "*")
        parts, done = [], 0
        for start, end in places:
            parts += [visible(text[done:start]), before, visible(text[start:end]), after]
            done = end
        return "".join([*parts, visible(text[done:])])

    def reason(self, reason: Reason) -> str:
        """One line: indented by its depth, lists by their names only, what was found at the end."""
        check = visible(reason.check).replace("\n", " ").lstrip("- ").rstrip(":")
        check = _LISTED.sub(r"\1", check)
        if len(check) > LONGEST_CHECK:
            check = check[:LONGEST_CHECK] + "…"
        line = f"{'  ' * (depth_of(reason) + 2)}{self.sign(holds=reason.holds)} {check}"
        words = ", ".join(
            dict.fromkeys(visible(one.text).replace("\n", " ") for one in reason.found)
        )
        if not words:
            return line + "\n"
        return f"{line}  {_WORD}{words}{_PLAIN}\n" if self._colour else f"{line}: found {words}\n"


def _spoken(duration: timedelta) -> str:
    """A duration as rules write it: 2h, 30m."""
    minutes = int(duration.total_seconds()) // 60
    return f"{minutes // 60}h" if minutes and minutes % 60 == 0 else f"{minutes}m"
