"""`monitor test`: run the rules' examples, their tests over time, and the route tests."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

from monitor.cli.check import counted
from monitor.cli.config import add_config
from monitor.cli.target import Target, read_target
from monitor.document import named, read_file
from monitor.form import find
from monitor.matching.rehearse import rehearsal
from monitor.mistake import Mark, Mistake
from monitor.rulebook.examples import Tried
from monitor.rulebook.timelines import Timeline
from monitor.sinks.route_tests import failed
from monitor.timeline import run_timeline
from monitor.workshop import matcher_of


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_config(parser)
    parser.add_argument("--junit", type=Path, metavar="FILE", help="also write a JUnit report")
    parser.add_argument(
        "path", nargs="?", metavar="PATH", help="a configuration, a rule file, or a folder of them"
    )


def run(options: argparse.Namespace) -> int:
    """Print everything that failed and a count; exit code 1 if something did, else 0."""
    target = read_target(options.path, options.config)
    book, matcher = target.rulebook, matcher_of(target.rulebook, target.state)
    cases = [_example(one) for one in rehearsal(book, matcher)]
    examples, rules = len(cases), len({case.owner for case in cases})
    cases += [_over_time(one, run_timeline(matcher, one)) for one in book.timelines]
    routes = _routes(target)
    cases += routes
    mistakes = sorted(mistake for case in cases for mistake in case.mistakes)
    for mistake in mistakes:
        print(mistake)
    ran = f"{counted(examples, 'example')} of {counted(rules, 'rule')}"
    if book.timelines:
        ran += f", {counted(len(book.timelines), 'test')} over time"
    if routes:
        ran += f", {counted(len(routes), 'route test')}"
    print(f"{ran}: {len(mistakes)} failed" if mistakes else f"{ran}: all hold")
    if options.junit is not None:
        options.junit.write_bytes(junit(cases))
    return 1 if mistakes else 0


class Case(NamedTuple):
    """An example or a test over time that was run, and the mistakes that it shows."""

    owner: str
    name: str
    mark: Mark
    mistakes: tuple[Mistake, ...]


def _example(one: Tried) -> Case:
    mistakes = (one.mistake,) if one.mistake is not None else ()
    name = f"{one.kind} {one.number}: {_printable(one.text)}"
    return Case(one.rule.id, name, one.mark, mistakes)


def _over_time(timeline: Timeline, mistakes: tuple[Mistake, ...]) -> Case:
    return Case("tests", _printable(timeline.name), timeline.mark, mistakes)


def _routes(target: Target) -> list[Case]:
    """The route tests of the configuration, if that is what was asked about."""
    if target.config is None or not target.config[1].route_tests:
        return []
    path, chosen = target.config
    node = read_file(path)
    return [
        Case("routes", test.name, find(node, ["route_tests", number]).mark, tuple(mistakes))
        for number, (test, mistakes) in enumerate(
            zip(chosen.route_tests, failed(chosen, node), strict=True)
        )
    ]


def junit(cases: Sequence[Case]) -> bytes:
    """The report that CI systems read: a test case for each example and each test over time."""
    failures = sum(bool(case.mistakes) for case in cases)
    suite = ET.Element(
        "testsuite", name="monitor test", tests=str(len(cases)), failures=str(failures)
    )
    for one in cases:
        case = ET.SubElement(
            suite,
            "testcase",
            classname=one.owner,
            name=one.name,
            file=one.mark.file,
            line=str(one.mark.line),
        )
        if one.mistakes:
            failure = ET.SubElement(case, "failure", message=_printable(one.mistakes[0].message))
            failure.text = _printable("\n".join(map(str, one.mistakes)), whole=True)
    report: bytes = ET.tostring(suite, encoding="utf-8", xml_declaration=True)
    return report


def _printable(text: str, *, whole: bool = False) -> str:
    """Without what XML cannot hold."""
    shown = "".join(one if one.isprintable() else " " for one in text)
    return shown if whole else named(shown).strip("`")
