"""`monitor test`: run the rules' examples."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from monitor.cli.check import counted
from monitor.cli.config import add_config
from monitor.cli.target import read_target
from monitor.document import named
from monitor.matching.rehearse import rehearsal
from monitor.rulebook.examples import Tried
from monitor.workshop import matcher_of


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_config(parser)
    parser.add_argument("--junit", type=Path, metavar="FILE", help="also write a JUnit report")
    parser.add_argument(
        "path", nargs="?", metavar="PATH", help="a configuration, a rule file, or a folder of them"
    )


def run(options: argparse.Namespace) -> int:
    """Print every failed example and a count; exit code 1 if there is one, else 0."""
    target = read_target(options.path, options.config)
    tried = list(rehearsal(target.rulebook, matcher_of(target.rulebook, target.state)))
    mistakes = sorted(one.mistake for one in tried if one.mistake is not None)
    for mistake in mistakes:
        print(mistake)
    with_examples = len({one.rule.id for one in tried})
    ran = f"{counted(len(tried), 'example')} of {counted(with_examples, 'rule')}"
    print(f"{ran}: {len(mistakes)} failed" if mistakes else f"{ran}: all hold")
    if options.junit is not None:
        options.junit.write_bytes(junit(tried))
    return 1 if mistakes else 0


def junit(tried: Sequence[Tried]) -> bytes:
    """The report that CI systems read: a test case for each example."""
    failures = sum(one.mistake is not None for one in tried)
    suite = ET.Element(
        "testsuite", name="monitor test", tests=str(len(tried)), failures=str(failures)
    )
    for one in tried:
        case = ET.SubElement(
            suite,
            "testcase",
            classname=one.rule.id,
            name=f"{one.kind} {one.number}: {_printable(one.text)}",
            file=one.mark.file,
            line=str(one.mark.line),
        )
        if one.mistake is not None:
            failure = ET.SubElement(case, "failure", message=_printable(one.mistake.message))
            failure.text = _printable(str(one.mistake), whole=True)
    report: bytes = ET.tostring(suite, encoding="utf-8", xml_declaration=True)
    return report


def _printable(text: str, *, whole: bool = False) -> str:
    """Without what XML cannot hold."""
    shown = "".join(one if one.isprintable() else " " for one in text)
    return shown if whole else named(shown).strip("`")
