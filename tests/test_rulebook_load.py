"""Rules and sources: what can be said, and what is said about mistakes."""

import pickle
import random
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.mistake import Mark, MistakesError
from monitor.rule import AllOf, AnyOf, AtLeast, NoneOf, Rule, Speaker, Term
from monitor.rulebook.book import Rulebook
from monitor.rulebook.load import load
from monitor.settings import shipped
from tests.cost import least

BAD = Path(__file__).parent / "rulebook_bad"
PLACES = [shipped("rules/places.yaml")]

RULES = """\
terms:
  who: [ДРГ, sabotage group]
  move: [зашл*, $cross]
  cross: [crossed]
rules:
  - id: incursion
    title: Armed incursion
    level: critical
    event: battles/armed-clash
    when:
      all: [$who, {any: [$move]}]
      not: [учения]
      from: {role: [official, media], language: ru}
    max_age: 30m
    window: 1d
    story: border
    tags: border
    examples:
      match:
        - ДРГ зашла
      no_match: ДРГ на учениях
"""


def rules(tmp_path: Path, text: str, sources: str = "") -> Rulebook:
    """Load one file of rules, and one of sources."""
    path = tmp_path / "rules.yaml"
    path.write_text(text)
    listed = []
    if sources:
        listed = [tmp_path / "sources.yaml"]
        listed[0].write_text(sources)
    return load([path], listed)


def lines(tmp_path: Path, text: str, sources: str = "") -> list[str]:
    """The mistakes of a file, without the file's name."""
    with pytest.raises(MistakesError) as caught:
        rules(tmp_path, text, sources)
    return [str(one).removeprefix(f"{one.mark.file}:") for one in caught.value.mistakes]


def when(tmp_path: Path, text: str) -> object:
    """A condition as read."""
    document = f"terms: {{a: [x, y, z]}}\nrules:\n  - {{id: r, title: t, when: {text}}}\n"
    return rules(tmp_path, document).rules[0].when


def test_a_rule_arrives_whole(tmp_path: Path) -> None:
    """Every key of a rule arrives in the noun, lists expanded, keys of `when` joined by AND."""
    book = rules(tmp_path, RULES)
    (rule,) = book.rules
    assert rule.id == "incursion"
    assert rule.level == "critical"
    assert rule.max_age == timedelta(minutes=30)
    assert rule.window == timedelta(days=1)
    assert rule.topic == "border"
    assert rule.tags == ("border",)
    assert (rule.file, rule.line) == (str(tmp_path / "rules.yaml"), 6)
    who = AnyOf((Term("ДРГ", "who"), Term("sabotage group", "who")))
    move = AnyOf((Term("зашл*", "move"), Term("crossed", "cross")))
    assert rule.when == AllOf(
        (
            AllOf((who, move)),
            NoneOf((Term("учения"),)),
            Speaker(role=("official", "media"), language=("ru",)),
        )
    )
    assert rule.examples.match == ("ДРГ зашла",)
    assert book.examples["incursion"].match == (Mark(rule.file, 20, 11),)
    assert book.examples["incursion"].no_match == (Mark(rule.file, 21, 17),)


def test_conditions_nest_freely(tmp_path: Path) -> None:
    """A word, a list and a mapping mean the same wherever they stand."""
    x, y = Term("x"), Term("y")
    all_of_a = (Term("x", "a"), Term("y", "a"), Term("z", "a"))
    assert when(tmp_path, "x") == x
    assert when(tmp_path, "$a") == AnyOf(all_of_a)
    assert when(tmp_path, "[x, y]") == AnyOf((x, y))
    assert when(tmp_path, "{any: [x, {all: [x, y]}]}") == AnyOf((x, AllOf((x, y))))
    assert when(tmp_path, "{all: [[x, y], {not: y}]}") == AllOf((AnyOf((x, y)), NoneOf((y,))))
    assert when(tmp_path, "{at_least: {n: 2, of: [x, y, $a]}}") == AtLeast(
        2, (x, y, AnyOf(all_of_a))
    )
    assert when(tmp_path, "{at_least: {n: 2, of: $a}}") == AtLeast(2, all_of_a)
    assert when(tmp_path, "{from: {source: 'telegram:durov'}}") == Speaker(
        source=("telegram:durov",)
    )


@pytest.mark.parametrize(
    "text",
    [
        "{not: x}", "{not: [x, {not: y}]}", "[x, {not: y}]", "{all: [{not: x}, {not: y}]}",
        "{at_least: {n: 1, of: [x, {not: y}]}}", "{any: [{not: x}, $a]}",
    ],
)  # fmt: skip
def test_a_rule_must_ask_for_something(tmp_path: Path, text: str) -> None:
    """A condition that posts without any of its words fulfil is a mistake."""
    with pytest.raises(MistakesError, match="none of its words"):
        when(tmp_path, text)


def test_bad_files_say_what_they_should() -> None:
    """Each golden bad file gives exactly its golden mistakes, all at once."""
    cases = sorted(BAD.glob("*.yaml"))
    assert cases
    for path in cases:
        is_sources = path.name.startswith("sources")
        with pytest.raises(MistakesError) as caught:
            load([BAD / "good.yml"] if is_sources else [path], [path] if is_sources else [])
        found = [str(one).removeprefix(f"{one.mark.file}:") for one in caught.value.mistakes]
        expected = path.with_suffix(".txt").read_text().splitlines()
        assert [one.replace(caught.value.mistakes[0].mark.file, "FILE") for one in found] == (
            expected
        ), path.name


def test_files_share_lists_and_ids(tmp_path: Path) -> None:
    """Files of a folder, read in order and recursively, are one namespace; hidden ones are not."""
    (tmp_path / "b").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "a.yaml").write_text("rules: [{id: one, title: t, when: $w}]\n")
    (tmp_path / "b" / "c.yml").write_text("terms: {w: [word]}\n")
    (tmp_path / "sources.yaml").write_text("sources: [{id: 'telegram:durov'}]\n")
    (tmp_path / ".git" / "x.yaml").write_text("nonsense: 1\n")
    book = load([tmp_path], [])
    assert book.rules[0].when == AnyOf((Term("word", "w"),))
    assert len(book.files) == 2
    assert not book.sources


def test_what_stands_twice_names_both_places(tmp_path: Path) -> None:
    """Ids and lists defined in two files are mistakes that name the first place too."""
    text = "terms: {w: [word]}\nrules: [{id: one, title: t, when: $w}]\n"
    (tmp_path / "a.yaml").write_text(text)
    (tmp_path / "b.yaml").write_text(text)
    with pytest.raises(MistakesError) as caught:
        load([tmp_path], [])
    first, second = (str(one) for one in caught.value.mistakes)
    assert first.startswith(f"{tmp_path}/b.yaml:1:9: list `w` is defined twice, first at ")
    assert f"{tmp_path}/a.yaml:1:9" in first
    assert second.startswith(f"{tmp_path}/b.yaml:2:14: rule `one` is defined twice, first at ")
    assert f"{tmp_path}/a.yaml:2:14" in second


def test_a_broken_file_blames_nobody_else(tmp_path: Path) -> None:
    """Lists that may stand in an unreadable file are not called missing."""
    (tmp_path / "a.yaml").write_text("rules: [{id: one, title: t, when: $w}]\n")
    (tmp_path / "b.yaml").write_text("terms: {w: [word]\n")
    with pytest.raises(MistakesError) as caught:
        load([tmp_path], [])
    assert [Path(one.mark.file).name for one in caught.value.mistakes] == ["b.yaml"]


def test_sources_arrive_whole(tmp_path: Path) -> None:
    """A source has its platform's usual way of being read, and its own values."""
    text = (
        "- {id: 'telegram:vvgladkov', role: official, affiliation: ru-state, home: RU-BEL}\n"
        "- {id: 'feed:city', url: 'https://example.org/rss', rules: incursion}\n"
        "- {id: 'telegram:Durov', via: [account, preview]}\n"
    )
    book = rules(tmp_path, RULES, text)
    assert list(book.sources) == ["feed:city", "telegram:Durov", "telegram:vvgladkov"]
    assert book.sources["telegram:vvgladkov"].via == ("preview",)
    assert book.sources["telegram:vvgladkov"].role == "official"
    assert book.sources["feed:city"].via == ("feed",)
    assert book.sources["feed:city"].rules == ("incursion",)
    assert book.sources["telegram:Durov"].via == ("account", "preview")
    assert book.sources["telegram:Durov"].role == "unknown"


def test_the_hash_names_the_content(tmp_path: Path) -> None:
    """The hash ignores order, layout and place of files, and changes with what they say."""
    one = "  - {id: a, title: t, when: x}\n"
    two = "  - {id: b, title: t, when: [y, z]}\n"
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    base = rules(here, f"rules:\n{one}{two}").hash
    assert rules(there, f"# moved\nrules:\n{two}\n{one}").hash == base
    assert len(base) == 64
    assert rules(there, f"rules:\n{two}{one}".replace("[y, z]", "[y, zz]")).hash != base
    assert rules(there, f"rules:\n{two}{one}", "[{id: 'telegram:durov'}]").hash != base


def test_the_hash_does_not_depend_on_the_hash_seed() -> None:
    """Two processes with different hash seeds give the same hash."""
    code = (
        "from pathlib import Path; from monitor.rulebook.load import load;"
        f"rules = Path({str(shipped('rules'))!r});"
        "print(load([rules], [], place_paths=[rules / 'places.yaml']).hash)"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[1])},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1


def test_a_rulebook_can_be_sent_to_another_process() -> None:
    """A rulebook survives pickling: it is compiled elsewhere."""
    book = load([shipped("rules")], [shipped("rules/sources.yaml")], place_paths=PLACES)
    assert pickle.loads(pickle.dumps(book)) == book  # noqa: S301 - our own bytes
    assert all(isinstance(rule, Rule) for rule in book.rules)


def _many(seed: int, *, broken: bool) -> str:
    rng = random.Random(seed)
    words = ["обстрел", "граница", "колонна", "drone", "штурм", "прорыв", "shelling", "эвакуация"]
    text = ["terms:", *(f"  list-{n}: [слово {n}, word {n}]" for n in range(50)), "rules:"]
    for n in range(500):
        text += [
            f"  - id: rule-{n}",
            f"    title: Rule number {n}",
            f"    {'levle' if broken else 'level'}: high",
            "    event: battles/armed-clash",
            f"    when: {{all: [$list-{n % 50}, [{', '.join(rng.sample(words, 4))}]],",
            f"           not: [{n}x]}}",
            f"    examples: {{match: [слово {n} {words[n % 8]} и ещё немного текста к нему]}}",
            "    description: What this rule is about, in a sentence of the usual length for it.",
        ]
    return "\n".join(text)


@pytest.mark.parametrize("broken", [False, True])
def test_500_rules_load_quickly(tmp_path: Path, *, broken: bool) -> None:
    """500 rules load in well under a second, and 500 mistakes come at once as fast."""
    text = _many(1, broken=broken)
    assert len(text.encode()) > 130_000
    if broken:
        assert len(lines(tmp_path, text)) == 500
    else:
        assert len(rules(tmp_path, text).rules) == 500
    assert least(lambda: (lines if broken else rules)(tmp_path, text), 1) < 1


def test_a_thousand_typos_are_hinted_quickly(tmp_path: Path) -> None:
    """The hint that names the nearest of a thousand lists stays cheap when every rule is wrong."""
    text = ["terms:", *(f"  list-of-words-{n}: [word {n}]" for n in range(1000)), "rules:"]
    text += [f"  - {{id: r{n}, title: t, when: $lsit-of-words-{n}}}" for n in range(500)]
    found = lines(tmp_path, "\n".join(text))
    assert least(lambda: lines(tmp_path, "\n".join(text)), 5) < 5
    assert len(found) == 500
    assert "did you mean `$list-of-words-" in found[0]


def test_lists_cannot_explode(tmp_path: Path) -> None:
    """Lists within lists, used by many rules, are refused when too much would come out."""
    lists = ["  l0: [" + ", ".join(f"word{n}" for n in range(5000)) + "]"]
    lists += [f"  l{n}: [$l{n - 1}, $l{n - 1}, other{n}]" for n in range(1, 30)]
    used = [f"  - {{id: r{n}, title: t, when: $l29}}" for n in range(2000)]
    text = "\n".join(["terms:", *lists, "rules:", *used])
    found = lines(tmp_path, text)
    assert least(lambda: lines(tmp_path, text), 2) < 2
    assert len(found) == 1
    assert "more than 1,000,000 terms" in found[0]


def test_lists_nest_no_deeper_than_32(tmp_path: Path) -> None:
    """A chain of a thousand lists is a mistake, not a stack that overflows."""
    chain = [f"  l{n}: [$l{n + 1}]" for n in range(1000)]
    found = lines(tmp_path, "\n".join(["terms:", *chain, "  l1000: [word]"]))
    assert "more than 32 deep" in found[0]


def test_an_empty_folder_is_a_mistake(tmp_path: Path) -> None:
    """A folder without rule files is surely not what was meant."""
    with pytest.raises(MistakesError, match=r"no \*\.yaml file"):
        load([tmp_path], [])


def test_the_shipped_rules_load() -> None:
    """What comes with the product has no mistakes."""
    book = load(
        [shipped("rules")],
        [shipped("rules/sources.yaml"), shipped("deploy/quickstart/sources.yaml")],
        place_paths=PLACES,
    )
    assert len(book.rules) >= 15
    assert len(book.sources) >= 14
