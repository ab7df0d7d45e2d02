"""A change is made of what differs, and says what all files read anew would say."""

import gc
import random
import time
from pathlib import Path

import pytest
from msgspec import structs

from monitor import changing, readymade
from monitor.changing import Bench
from monitor.gazetteer.build import silent
from monitor.gazetteer.lookup import Gazetteer
from monitor.matching.evaluate import Matcher, evaluate
from monitor.matching.layered import Change, Layered
from monitor.mistake import MistakesError
from monitor.post import PostName
from monitor.rule import Rule, Term
from monitor.rulebook.book import Rulebook
from monitor.rulebook.kept import Kept
from monitor.rulebook.load import load
from monitor.rulebook.packed import Shelf
from monitor.workshop import Material, Order, keys, prepare
from tests.test_evaluate import post

NAME = PostName("telegram:x", "1")
TERMS = "terms: {arms: [дрон, $heavy], heavy: [танк], calm: [мир]}\n"
PLACES = """\
places:
  - {id: kozinka, name: Козинка, country: RU, admin1: RU-BEL, lat: 50.4, lon: 35.5}
"""
WHENS = (
    "$arms", "[$heavy, пушка]", "{any: [$arms], not: $calm}", "слово",
    "{at_least: {n: 1, of: $arms}}", "{all: [атака], place: {within: 30 km, of: kozinka}}",
    "{number: {of: [$heavy], at_least: 2}}",
)  # fmt: skip


def rule(name: str, when: str, more: str = "") -> str:
    """A rule as its file has it."""
    return f"  - {{id: {name}, title: x, when: {when}{more}}}\n"


@pytest.fixture
def material(tmp_path: Path) -> Material:
    """Word lists, two files of rules and one of places; an empty state folder."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "state").mkdir(mode=0o700)
    (tmp_path / "places.yaml").write_text(PLACES, "utf-8")
    (tmp_path / "rules" / "lists.yaml").write_text(TERMS, "utf-8")
    for number, name in enumerate(("one", "two")):
        lines = (rule(f"{name}-{at}", WHENS[(at + number) % 7]) for at in range(7))
        (tmp_path / "rules" / f"{name}.yaml").write_text("rules:\n" + "".join(lines), "utf-8")
    return Material((tmp_path / "rules",), (), (tmp_path / "places.yaml",), tmp_path / "state")


def read(material: Material, kept: Kept | None = None) -> Rulebook | set[str]:
    """What the files say, or every mistake in them."""
    try:
        return load(material.rules, material.sources, place_paths=material.places, kept=kept)
    except MistakesError as error:
        return set(map(str, error.mistakes))


EDITS = (
    ("one", "слово", "другое"), ("one", "rules:\n", "rules:\n\n"), ("two", "title: x", "title: y"),
    ("two", "two-1", "two-9"), ("one", "one-3", "two-3"), ("two", "$calm", "$clam"),
    ("lists", "[танк]", "[танк, гаубица]"), ("lists", "дрон, ", ""), ("lists", "calm", "clam"),
    ("lists", "[мир]", "[]"), ("one", "when", "wenn"), ("one", "{all", "{{all"),
)  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
def test_what_is_kept_reads_as_anew(material: Material, seed: int) -> None:
    """After any edits, mistakes too, the rules are those that a first reading finds."""
    rng, kept, clean = random.Random(seed), Kept(), 0
    places = material.places[0]
    for _ in range(12):
        name, old, new = rng.choice(EDITS)
        path = material.rules[0] / f"{name}.yaml"
        text = path.read_text("utf-8")
        path.write_text(text.replace(old, new, 1) if old in text else text.replace(new, old, 1))
        if rng.random() < 0.2:
            places.write_text(PLACES.replace("50.4", rng.choice(("50.4", "50.9"))), "utf-8")
        found = read(material)
        assert read(material, kept) == found
        if isinstance(found, set):
            path.write_text(text, "utf-8")  # mended before the next edit
        else:
            clean += 1
    assert clean


def change(bench: Bench, material: Material, running: str) -> Change:
    """What a bench makes of the files for somebody who has those rules."""
    made = bench.made(Order(material, running), silent)
    assert isinstance(made, Change), made
    bench.stop()
    return made


def test_only_what_differs_is_made(material: Material) -> None:
    """A changed rule, one whose word list changed, one less: only those are compiled."""
    whole, bench = prepare(material._replace(state=None)), Bench()
    running = whole.rulebook.hash
    same = change(bench, material._replace(state=None), running)
    assert (same.hidden, len(same.above.rulebook.rules)) == (frozenset(), 0)
    lists, one = material.rules[0] / "lists.yaml", material.rules[0] / "one.yaml"
    lists.write_text(TERMS.replace("мир", "покой"), "utf-8")
    text = one.read_text("utf-8").replace(rule("one-3", WHENS[3]), "")
    one.write_text(text + rule("one-new", "новость"), "utf-8")
    made = change(bench, material._replace(state=None), running)
    assert [one.id for one in made.above.rulebook.rules] == ["one-2", "one-new", "two-1"]
    assert made.hidden == {"one-2", "one-3", "two-1"}
    layered = made.over(whole)
    assert isinstance(layered, Layered)
    assert layered.rulebook.ids == load(material.rules, (), place_paths=material.places).ids
    for text in ("дрон и мир", "дрон и покой", "новость о слове", "слово"):
        hits = evaluate(layered, post(text), NAME)
        anew = evaluate(prepare(material._replace(state=None)), post(text), NAME)
        assert [(hit.rule.id, hit.rulebook) for hit in hits] == [
            (hit.rule.id, hit.rulebook) for hit in anew
        ]


@pytest.mark.parametrize("places", [False, True], ids=["same places", "other places"])
def test_a_new_child_knows_what_is_in_force(material: Material, *, places: bool) -> None:
    """A bench that never read the rules in force compares with the kept ones, as an old one does.

    What has not changed it knows again as the same objects: no save compares it word by word.
    """
    old, running = Bench(), prepare(material).rulebook.hash
    change(old, material, running)
    for name, text in (("one", "другое"), ("two", "иное")):
        path = material.rules[0] / f"{name}.yaml"
        path.write_text(path.read_text("utf-8").replace("слово", text), "utf-8")
        if places:
            material.places[0].write_text(PLACES.replace("50.4", "50.9"), "utf-8")
        new = Bench()  # the one from before was killed
        for bench in (new, old, new):
            made = change(bench, material, running)
            assert made.hidden == {
                *(["one-3"] if name == "one" else ["one-3", "two-2"]),
                *(["one-5", "two-4"] if places else []),
            }
            assert set(made.above.rulebook.ids) == made.hidden
        base = new._base
        book = load(material.rules, (), place_paths=material.places, kept=new._kept)
        assert base is not None
        now = {rule.id: rule for rule in book.rules}
        assert {one.id for one in base.rulebook.rules if one is not now[one.id]} == made.hidden


def test_what_nobody_kept_is_made_anew(material: Material) -> None:
    """Where the rules in force are not kept, a bench that never read them makes all anew."""
    running = prepare(material).rulebook.hash
    path = material.rules[0] / "one.yaml"
    path.write_text(path.read_text("utf-8").replace("слово", "другое"), "utf-8")
    for one in (material.state or path).joinpath(readymade.FOLDER).iterdir():
        one.unlink()
    assert not isinstance(Bench().made(Order(material, running), silent), Change)


def test_the_rules_in_force_stay_kept(material: Material) -> None:
    """However many saves are made ready for the next start, a new child finds those in force."""
    bench, running = Bench(), prepare(material).rulebook.hash
    change(bench, material, running)
    path, text = material.rules[0] / "two.yaml", rule("two-1", "слово")
    for number in range(readymade.KEPT):
        path.write_text("rules:\n" + text.replace("слово", f"слово{number}"), "utf-8")
        change(bench, material, running)
        bench.make_all(Order(material, running))
        assert bench._later is not None
        assert bench._later.done()
    assert isinstance(Bench().made(Order(material, running), silent), Change)


def test_what_a_first_change_loads_is_loaded_before(
    material: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once it knows the rules in force, some are compiled as if changed, once; not before."""
    compiled: list[tuple[str, ...]] = []

    def noted(book: Rulebook, *, gazetteer: Gazetteer) -> Matcher:
        compiled.append(tuple(one.id for one in book.rules))
        return Matcher(book, gazetteer=gazetteer)

    material = material._replace(state=None)
    bench, running = Bench(), prepare(material).rulebook.hash
    monkeypatch.setattr(changing, "Matcher", noted)
    bench.warm()
    assert not compiled
    change(bench, material, running)
    del compiled[:]
    bench.warm()
    bench.warm()
    assert compiled == [("one-0", "one-1", "one-2")]
    text = (material.rules[0] / "one.yaml").read_text("utf-8")
    (material.rules[0] / "one.yaml").write_text(text.replace("слово", "иное"), "utf-8")
    assert set(change(bench, material, running).hidden) == {"one-3"}


def test_rules_are_looked_through_for_garbage_once(material: Material) -> None:
    """After an answer only what came since is looked at, until other rules are in force."""
    whole = prepare(material)
    try:
        changing._tidy(whole)
        aside = gc.get_freeze_count()
        assert aside > len(gc.get_objects()) + 1_000
        changing._tidy(())
        assert gc.get_freeze_count() > aside - 1_000
    finally:
        gc.unfreeze()


def test_the_next_start_finds_all_rules_ready(material: Material) -> None:
    """After a change every rule is made ready beside it, and kept for the next start."""
    path = material.rules[0] / "one.yaml"
    text = "\n".join(line for line in path.read_text("utf-8").split("\n") if "place" not in line)
    path.write_text(text, "utf-8")
    other = material.rules[0] / "two.yaml"
    other.write_text("rules:\n" + rule("two-1", "слово"), "utf-8")
    whole, bench = prepare(material), Bench()
    order = Order(material, whole.rulebook.hash)
    bench.made(order, silent)
    path.write_text(text.replace("слово", "молва"), "utf-8")
    book = load(material.rules, (), place_paths=material.places)
    names = keys(book, material)
    assert isinstance(bench.made(order, silent), Change)
    assert readymade.fetch(material.state, names[0]) is None
    bench.make_all(order)
    until = time.monotonic() + 50
    while readymade.fetch(material.state, names[1]) is None and time.monotonic() < until:
        time.sleep(0.1)
    made = readymade.fetch(material.state, names[1])
    assert made is not None
    assert made.rulebook.hash == book.hash
    bench.stop()


@pytest.mark.parametrize("seed", range(4))
def test_a_shelf_with_other_rules(seed: int) -> None:
    """Whatever is taken out or put in, a shelf holds the rules that are left, in order of ids."""
    rng = random.Random(seed)
    some = [Rule(id=f"{at:02}", title="x", when=Term("слово")) for at in range(30)]
    for _ in range(50):
        below, above = rng.sample(some, rng.randint(0, 20)), rng.sample(some, rng.randint(0, 6))
        changed = [structs.replace(one, title="other") for one in above]
        gone = {one.id for one in rng.sample(some, 3)} | {one.id for one in above}
        mixed = Shelf(below).with_others(frozenset(gone), Shelf(changed))
        left = sorted(
            [one for one in below if one.id not in gone] + changed, key=lambda one: one.id
        )
        assert mixed.ids == tuple(one.id for one in left)
        assert list(mixed) == left
