"""Hostile YAML: whatever a file holds, only mistakes come out, and soon."""

import base64
import json
import random
import re
import tarfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from monitor.document import MAX_BYTES, read
from monitor.mistake import Mistake, MistakesError
from monitor.rulebook.load import load
from monitor.settings import load as load_settings
from monitor.settings import shipped
from tests.cost import least
from tests.data import data_file

BOMBS: dict[str, bytes] = {
    "billion laughs": b"a: &a [x, x, x, x, x, x, x, x, x]\n"
    + b"".join(
        b"%c: &%c [%s]\n" % (97 + n, 97 + n, b", ".join([b"*%c" % (96 + n)] * 9))
        for n in range(1, 20)
    ),
    "an alias to itself": b"a: &a [*a]\n",
    "300,000 aliases": b"[" + b"*a ," * 240_000 + b"]",
    "a million brackets": b"[" * MAX_BYTES,
    "half a million nested keys": b"{a: " * 240_000,
    "half a million dashes": b"- " * 490_000,
    "half a million question marks": b"? " * 490_000,
    "a staircase": b"".join(b" " * n + b"a:\n" for n in range(1300)),
    "a merge chain": b"".join(b"k%d: {<<: {a: 1}}\n" % n for n in range(20_000)),
    "one key a thousand times": b"key: 1\n" * 100_000,
    "tags": b"- !!python/object/apply:os.system [ls]\n" * 20_000,
    "directives": b"%YAML 1.2\n" * 90_000,
    "documents": b"---\n" * 240_000,
    "a long number": b"a: " + b"9" * 990_000,
    "leading zeros": b"[" + b"01," * 300_000 + b"]",
    "control characters": b"\x00\x01\x02" * 330_000,
    "not UTF-8": b"\xff\xfe\xfd" * 330_000,
    "bad UTF-8 late": b"a: b\n" * 100_000 + b"\xff",
    "an open quote": b'a: "' + b"x\n" * 490_000,
    "marks": "a\u0301".encode() + "\u0301".encode() * 490_000 + b": [",
}


def refusal(reader: Callable[[], object]) -> tuple[Mistake, ...]:
    """The mistakes that a reader finds; nothing else may escape it."""
    try:
        reader()
    except MistakesError as error:
        return error.mistakes
    return ()


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_are_refused_soon(bomb: str) -> None:
    """A bomb is a mistake within 100 ms of CPU time."""
    read("warm.yaml", b"a: 1")
    mistakes = refusal(lambda: read("bomb.yaml", BOMBS[bomb]))
    assert 1 <= len(mistakes) <= 1000
    assert least(lambda: refusal(lambda: read("bomb.yaml", BOMBS[bomb])), 0.1) < 0.1


def test_the_largest_file_is_read_or_refused_soon() -> None:
    """A megabyte of small values costs bounded time, whatever comes of it."""
    for data in (b"- a\n" * 249_000, b"[" + b"a," * 499_000 + b"]", b'"' + b"a\n" * 499_000 + b'"'):
        reader = partial(read, "large.yaml", data)
        assert least(lambda: refusal(reader), 2) < 2  # noqa: B023 - called at once


@pytest.mark.parametrize("word", ["no", "22:22", "yes", "on", "1_000", "2023-05-22", "12e03x"])
def test_traps_of_yaml_1_1_are_text(tmp_path: Path, word: str) -> None:
    """A term that YAML 1.1 would turn into something else arrives as written."""
    path = tmp_path / "rules.yaml"
    path.write_text(f"rules: [{{id: r, title: t, when: [{word}]}}]\n")
    assert f"text='{word}'" in repr(load([path], []).rules[0].when)


def test_012_is_a_mistake_with_a_way_out(tmp_path: Path) -> None:
    """A leading zero is refused at its place; in quotes it is text."""
    path = tmp_path / "rules.yaml"
    path.write_text("rules: [{id: r, title: t, when: [012]}]\n")
    with pytest.raises(MistakesError, match=r"rules\.yaml:1:34: .*leading zero.*in quotes"):
        load([path], [])
    path.write_text('rules: [{id: r, title: t, when: ["012"]}]\n')
    assert load([path], []).rules


def _suite() -> list[bytes]:
    """The files of the YAML test suite, and the documents written out in them."""
    found: list[bytes] = []
    with tarfile.open(data_file("hostile/yaml-test-suite.tar.gz")) as archive:
        for member in archive.getmembers():
            inside = archive.extractfile(member) if member.isfile() else None
            if inside is None or not member.name.endswith(".yaml"):
                continue
            data = inside.read()
            found.append(data)
            for block in re.findall(
                r"^  yaml: \|\d?\n((?:    .*\n|\n)+)", data.decode(), re.MULTILINE
            ):
                text = "".join(line[4:] + "\n" for line in block.split("\n"))
                for shown, meant in (
                    ("␣", " "),
                    ("∎\n", ""),
                    ("↵", ""),
                    ("⇔", "\ufeff"),
                    ("←", "\r"),
                ):
                    text = text.replace(shown, meant)
                found.append(re.sub("—*»", "\t", text).encode())
    return found


def test_only_mistakes_escape_the_test_suite(tmp_path: Path) -> None:
    """Every case of the YAML test suite is read or refused, as document, rules and settings."""
    cases = _suite()
    assert len(cases) > 600
    read_in_peace = 0
    path = tmp_path / "case.yaml"
    for case in cases:
        path.write_bytes(case)
        readers: list[Callable[[], object]] = [
            lambda: read("case.yaml", case),  # noqa: B023 - called at once
            lambda: load([path], []),
            lambda: load([], [path]),
            lambda: load_settings(path),
        ]
        for number, reader in enumerate(readers):
            mistakes = refusal(reader)
            assert all(one.mark.line >= 1 and one.hint for one in mistakes)
            read_in_peace += number == 0 and not mistakes
            assert least(lambda: refusal(reader), 0.1) < 0.1  # noqa: B023 - called at once
    assert read_in_peace > 300


def _naughty() -> list[str]:
    encoded = json.loads(data_file("hostile/blns/blns.base64.json").read_text())
    return [base64.b64decode(one).decode("utf-8", "replace") for one in encoded]


def test_naughty_strings_are_terms_or_mistakes(tmp_path: Path) -> None:
    """Each naughty string, as term, title, id, list, channel, is taken or refused with a hint."""
    naughty = _naughty()
    assert len(naughty) >= 500
    path, channels = tmp_path / "rules.yaml", tmp_path / "sources.yaml"
    taken = 0
    for text in naughty:
        quoted = json.dumps(text)
        rule = f"{{id: r, title: {quoted}, when: [{quoted}, {{from: {{family: {quoted}}}}}]}}"
        path.write_text(
            f"terms: {{a: [{quoted}], {quoted}: [a]}}\n"
            f"rules:\n - {rule}\n - {{id: {quoted}, title: t, event: {quoted}, when: {quoted}}}\n"
        )
        channels.write_text(f"- {{id: {quoted}, name: {quoted}, home: {quoted}, url: {quoted}}}\n")
        mistakes = refusal(lambda: load([path], [channels]))
        assert mistakes
        assert all(one.hint and str(one).isprintable() for one in mistakes)
        assert least(lambda: refusal(lambda: load([path], [channels])), 0.1) < 0.1
        path.write_text(f"rules: [{{id: r, title: t, when: [{quoted}]}}]\n")
        mistakes = refusal(lambda: load([path], []))
        assert all(one.mark.line == 1 for one in mistakes)
        taken += not mistakes
    assert taken > 100


def test_raw_naughty_strings_are_read_or_refused() -> None:
    """The same strings without quotes: only mistakes escape."""
    for text in _naughty():
        for document in (text, f"a: {text}", f"[{text}]", f"- {text}\n- x", f"{text}: a"):
            mistakes = refusal(lambda: read("naughty.yaml", document.encode()))  # noqa: B023 - at once
            assert all(one.hint for one in mistakes)


def test_damaged_files_give_mistakes_only(tmp_path: Path) -> None:
    """Real files with bytes cut, doubled and changed at random: read or refused, nothing else."""
    rng = random.Random(20230522)
    whole = (shipped("rules/border.yaml").read_bytes())[:6000]
    settings = shipped("deploy/quickstart.yaml").read_bytes()
    path = tmp_path / "damaged.yaml"
    refused = 0
    for number in range(300):
        data = bytearray(settings if number % 3 == 0 else whole)
        for _ in range(rng.randint(1, 6)):
            place = rng.randrange(len(data))
            match rng.randrange(4):
                case 0:
                    del data[place : place + rng.randint(1, 200)]
                case 1:
                    data[place:place] = data[place : place + rng.randint(1, 100)]
                case 2:
                    data[place] = rng.randrange(256)
                case _:
                    data[place:place] = rng.choice(
                        [b"*a", b"&a ", b"!!x ", b"{", b"[", b'"', b"\t"]
                    )
        path.write_bytes(bytes(data))
        mistakes = refusal(
            (lambda: load_settings(path, environment={}))
            if number % 3 == 0
            else (lambda: load([path], [], lists_of=[shipped("rules/terms.yaml")]))
        )
        assert all(one.hint for one in mistakes)
        refused += bool(mistakes)
    assert refused > 100
