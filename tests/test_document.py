"""YAML as the product reads it: YAML 1.2's words, marks, and every mistake at once."""

from pathlib import Path

import pytest

from monitor.document import MAX_BYTES, MAX_DEPTH, named, plain, read, read_file
from monitor.mistake import Mark, Mistake, MistakesError


def value(text: str) -> object:
    """What a document says."""
    return plain(read("a.yaml", text.encode()))


def mistakes(data: str | bytes) -> tuple[Mistake, ...]:
    """What is wrong with a document that must be refused."""
    with pytest.raises(MistakesError) as caught:
        read("a.yaml", data if isinstance(data, bytes) else data.encode())
    return caught.value.mistakes


def places(data: str | bytes) -> list[tuple[int, int]]:
    """Line and column of every mistake."""
    return [(one.mark.line, one.mark.column) for one in mistakes(data)]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("no", "no"), ("yes", "yes"), ("on", "on"), ("off", "off"), ("y", "y"),
        ("22:22", "22:22"), ("1:30:00", "1:30:00"), ("2023-05-22", "2023-05-22"),
        ("2023-05-22T09:14:00Z", "2023-05-22T09:14:00Z"), ("1_000", "1_000"), ("0b11", "0b11"),
        ("12", 12), ("-3", -3), ("+4", 4), ("0", 0), ("0o14", 12), ("0x1F", 31),
        ("1.50", 1.5), (".5", 0.5), ("1e3", 1000.0), ("0.5", 0.5), ("1.", 1.0),
        ("true", True), ("False", False), ("tRUE", "tRUE"), ("null", None), ("~", None), ("", None),
        ('"12"', "12"), ("'no'", "no"), ('""', ""), ("=", "="), ("word*", "word*"), ("-", [None]),
        (".", "."), ("+", "+"), ("...x", "...x"), (".inf", float("inf")), ("-.inf", -float("inf")),
    ],
)  # fmt: skip
def test_words_are_those_of_yaml_1_2(written: str, meant: object) -> None:
    """A scalar means what YAML 1.2's core schema says, not what YAML 1.1 said."""
    assert value(written) == meant
    assert type(value(written)) is type(meant)


@pytest.mark.parametrize("written", ["012", "-012", "00", "00.5", "+07", "0123e4"])
def test_leading_zeros_are_mistakes(written: str) -> None:
    """A number that programs read differently is refused where it stands, with a way out."""
    found = mistakes(f"a: {written}")
    assert [one.mark for one in found] == [Mark("a.yaml", 1, 4)]
    assert f'write "{written}" in quotes' in found[0].hint
    assert value(f"a: '{written}'") == {"a": written}


def test_long_numbers_are_mistakes() -> None:
    """A number of thousands of digits neither raises nor costs anything."""
    assert places("a: " + "9" * 5000) == [(1, 4)]
    assert value("0x" + "f" * 500_000) == "0x" + "f" * 500_000


def test_every_value_knows_where_it_stands() -> None:
    """Lines and columns count from 1, columns in code points, also after wide characters."""
    root = read("a.yaml", "# first\n'😀é': [один, два]\nb:\n  - {c: d}\n".encode())
    assert isinstance(root.value, dict)
    assert root.key_marks == {"😀é": Mark("a.yaml", 2, 1), "b": Mark("a.yaml", 3, 1)}
    pair = root.value["😀é"].value
    assert isinstance(pair, list)
    assert [one.mark for one in pair] == [Mark("a.yaml", 2, 8), Mark("a.yaml", 2, 14)]
    inner = root.value["b"].value
    assert isinstance(inner, list)
    assert inner[0].key_marks == {"c": Mark("a.yaml", 4, 6)}


def test_windows_files_count_the_same() -> None:
    """CRLF line ends and a byte order mark move no mark."""
    root = read("a.yaml", b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert root.key_marks == {"a": Mark("a.yaml", 1, 1), "b": Mark("a.yaml", 2, 1)}


def test_all_mistakes_come_at_once() -> None:
    """Aliases, anchors, tags, merge keys, odd and repeated keys are each reported in one pass."""
    text = 'a: &x [1, *x]\nb: !!str 3\na: 2\n<<: {c: d}\n? [q, r]\n: 4\n?\n: 5\nd: 012\ne: "\\0"\n'
    assert places(text) == [
        (1, 4), (1, 11), (2, 4), (3, 1), (4, 1), (5, 3), (7, 2), (9, 4), (10, 4),
    ]  # fmt: skip


def test_a_repeated_key_names_the_first() -> None:
    """The second of two equal keys says on which line the first one stands."""
    (found,) = mistakes("one:\n  key: a\n  other: b\n  key: c\n")
    assert str(found) == "a.yaml:4:3: key `key` stands twice, first on line 2 - keep one of them"


def test_a_syntax_mistake_keeps_the_earlier_ones() -> None:
    """What stands before a syntax mistake is still reported, and the mistake itself with a hint."""
    found = mistakes("a: 012\nb: [1, 2\nc: 3\n")
    assert [one.mark.line for one in found] == [1, 3]
    assert found[1].message.startswith("not YAML: ")
    assert "]" in found[1].hint


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("a:\n\tb: 1", "spaces"),
        ("[@name]", "@"),
        ("a: b: c", "quotes"),
        ("a: 'b", "not closed"),
        ('a: "\\q"', "single quotes"),
        ("a: *слово", "quotes"),
        ("a: {b: c", "}"),
        ("a: 1\n---\nb: 2", "one document"),
        ("a: 1\n- b", "indentation"),
    ],
)
def test_syntax_mistakes_say_what_to_do(text: str, hint: str) -> None:
    """The usual slips each get a hint of their own."""
    assert hint in mistakes(text)[-1].hint


def test_only_clean_utf8_is_read() -> None:
    """Other encodings and invisible characters are refused where they stand."""
    assert places("a: привет\nb: ".encode() + b"\xff\n") == [(2, 4)]
    assert places(b"a: 1\nb: \x00x\x07\n") == [(2, 4), (2, 6)]
    assert places("a: 1\n".encode("utf-16")) == [(1, 1)]
    assert places("a: x\u2028y") == [(1, 5)]
    assert places("a: x\ufeffy\x85z") == [(1, 5), (1, 7)]


def test_limits_are_mistakes() -> None:
    """Too large, too deep and too many values are each refused as such."""
    assert "larger" in mistakes(b"#" * (MAX_BYTES + 1))[0].message
    assert value("#" * MAX_BYTES) is None
    assert "deeper" in mistakes("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))[0].message
    assert value("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    assert "values" in mistakes("[" + "a," * 100_001 + "]")[0].message


def test_an_empty_document_is_nothing() -> None:
    """An empty file, or one of comments, is a node without value."""
    assert value("") is None
    assert value("# nothing\n") is None


def test_unreadable_files_are_mistakes(tmp_path: Path) -> None:
    """A file that is not there, or is a folder, is a mistake like any other."""
    for path in (tmp_path / "absent.yaml", tmp_path, Path("a\0b")):
        with pytest.raises(MistakesError, match="cannot be read"):
            read_file(path)


def test_quotes_of_a_file_are_short_and_visible() -> None:
    """What messages quote can neither flood nor steer a terminal."""
    assert named("a\x1b[31m\u202eb") == "`a\\x1b[31m\\u202eb`"
    assert len(named("x" * 10_000)) < 100
