"""Rules that ask where: `place:` conditions, their hits, reasons and mistakes."""

import pickle
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.gazetteer.lookup import Gazetteer
from monitor.hit import Hit
from monitor.lexicon.surfaces import as_written
from monitor.matching.evaluate import Matcher, evaluate
from monitor.matching.verdict import explain
from monitor.mistake import MistakesError
from monitor.place import Place
from monitor.post import Post, PostName
from monitor.rule import AllOf, Rule, Term, Where
from monitor.rulebook.book import bind
from monitor.rulebook.compile import compile_rulebook, one_by_one
from monitor.rulebook.load import load
from monitor.settings import shipped

PLACES = shipped("rules/places.yaml")
NAME = PostName("telegram:x", "1")


def post(text: str, source: str = "telegram:x") -> Post:
    """A post with this text."""
    moment = datetime(2023, 5, 22, tzinfo=UTC)
    return Post(source=source, id="1", published_at=moment, text=text)


def matcher(folder: Path, *whens: str) -> Matcher:
    """A matcher of rules r0, r1 ... with these conditions, over the shipped places."""
    rules = "".join(
        f"  - {{id: r{number}, title: T, when: {when}}}\n" for number, when in enumerate(whens)
    )
    file = folder / "rules.yaml"
    file.write_text(f"rules:\n{rules}", encoding="utf-8")
    sources = folder / "sources.yaml"
    sources.write_text("- {id: 'telegram:home', home: RU-BEL}\n", encoding="utf-8")
    return Matcher(load([file], [sources], place_paths=[PLACES]))


def hits(made: Matcher, text: str, source: str = "telegram:x") -> list[tuple[str, str | None]]:
    """(rule, place) of every hit."""
    found: tuple[Hit, ...] = evaluate(made, post(text, source), NAME)
    return [(hit.rule.id, hit.place.id if hit.place else None) for hit in found]


@pytest.mark.parametrize(
    ("where", "text", "expected"),
    [
        ("{in: RU-BEL}", "Удар по Шебекино", "shebekino"),
        ("{in: [RU-KRS, RU-BRY]}", "Удар по Шебекино", None),
        ("{in: RU}", "Удар по Шебекино", "shebekino"),
        ("{in: grayvoronsky}", "Удар по Гора-Подолу", "gora-podol"),
        ("{area: border-belt}", "Удар по Грайворону", "graivoron"),
        ("{area: border-belt}", "Удар по Старому Осколу", None),
        ("{area: border-regions}", "Удар по Старому Осколу", "stary-oskol"),
        ("{within: 30 km, of: kozinka}", "Удар по Грайворону", "graivoron"),
        ("{within: 30 km, of: kozinka}", "Удар по Шебекино", None),
        ("{within: 30 km, of: [50.42, 35.52]}", "Удар по Грайворону", "graivoron"),
        ("{kind: district}", "Удар по Грайворонскому району", "grayvoronsky"),
        ("{kind: district}", "Удар по Грайворону", None),
        ("{kind: oblast, in: RU-KRS}", "Удар по Курской области", "kursk-oblast"),
        ("{within: 100 km, of: belgorod}", "Удар по Белгородской области", None),
    ],
)
def test_a_place_condition_holds_for_the_place_meant(
    where: str, text: str, expected: str | None, tmp_path: Path
) -> None:
    """Units, areas, distances and kinds are asked of the resolved place, which the hit carries."""
    made = matcher(tmp_path, f"{{place: {where}}}", f"{{all: [удар, {{place: {where}}}]}}")
    wanted = [("r0", expected), ("r1", expected)] if expected else []
    assert hits(made, text) == wanted


def test_an_unresolved_place_satisfies_nothing(tmp_path: Path) -> None:
    """Fail closed: an ambiguous name holds for no place, but for `unresolved: true`."""
    made = matcher(tmp_path, "{place: {in: RU-BEL}}", "{all: [удар, {place: {unresolved: true}}]}")
    assert hits(made, "Удар по Козинке") == [("r1", None)]
    assert hits(made, "Удар по Козинке", "telegram:home") == [("r0", "kozinka")]


def test_no_place_outside_is_a_condition_too(tmp_path: Path) -> None:
    """Under `not`, a place speaks against the rule and is not the hit's place."""
    made = matcher(tmp_path, "{all: [удар], not: [{place: {in: UA}}]}")
    assert hits(made, "Удар по Харькову") == []
    assert hits(made, "Удар по Курску") == [("r0", None)]


def test_one_hit_for_each_place(tmp_path: Path) -> None:
    """A post about two places hits twice; what contains a place that is named is not a third."""
    made = matcher(tmp_path, "{all: [удар, {place: {in: [RU-BEL, RU-KRS]}}]}")
    assert hits(made, "Удар по Шебекино и Судже") == [("r0", "shebekino"), ("r0", "sudzha")]
    text = "Удар по селу Козинка Грайворонского района Белгородской области"
    assert hits(made, text) == [("r0", "kozinka")]
    (one, two) = evaluate(made, post("Удар по Шебекино и Судже"), NAME)
    assert [found.text for found in one.found] == ["Удар", "Шебекино"]
    assert [(found.text, found.place) for found in two.found][1:] == [("Судже", "sudzha")]


def test_reasons_name_the_candidates(tmp_path: Path) -> None:
    """Where a place condition failed, the reason says what became of each name."""
    made = matcher(tmp_path, "{all: [удар, {place: {in: RU-KRS}}]}")
    (verdict,) = explain(made, post("Удар по Козинке и Шебекину"))
    assert not verdict.matched
    (reason,) = [one for one in verdict.reasons if one.check.startswith("place")]
    assert not reason.holds
    assert "place in RU-KRS: Козинке is" in reason.check
    assert "9 candidates" in reason.check
    assert "Шебекину is shebekino" in reason.check


def test_a_matcher_with_places_travels_between_processes(tmp_path: Path) -> None:
    """Pickled and back, it judges the same."""
    made = matcher(tmp_path, "{place: {in: RU-BEL}}")
    again = pickle.loads(pickle.dumps(made))  # noqa: S301 - our own pickle
    assert hits(again, "Удар по Шебекино") == [("r0", "shebekino")]


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("{}", "`place` asks for nothing"),
        ("{in: RU-BEL, unresolved: true}", "unresolved, and somewhere"),
        ("{within: 30 km}", "`within` and `of` need each other"),
        ("{within: 30, of: kozinka}", "not a distance"),
        ("{within: 30 km, of: kosinka}", "there is no place `kosinka`"),
        ("{area: belt}", "there is no area `belt`"),
        ("{in: Белгород}", "`Белгород` is not usable here"),
        ("{kind: vilage}", "`vilage` is not a kind of place"),
        ("{where: RU}", "unknown key `where`"),
    ],
)
def test_mistakes_in_a_place_condition(where: str, message: str, tmp_path: Path) -> None:
    """Each mistake is told with a hint, at its line."""
    with pytest.raises(MistakesError) as raised:
        matcher(tmp_path, f"{{place: {where}}}")
    told = [one for one in raised.value.mistakes if one.message == message]
    assert told, [str(one) for one in raised.value.mistakes]
    assert told[0].hint
    assert told[0].mark.line == 2


def test_names_are_looked_for_only_where_no_word_brings_a_rule_near() -> None:
    """A rule with words is found by them: the names of its places make no patterns."""
    here = Where(inside=("RU-BEL",))
    town = Place(
        id="graivoron", name="Грайворон", country="RU", admin1="RU-BEL", lat=50.48, lon=35.67
    )
    wordy = Rule(id="wordy", title="W", when=AllOf((here, Term("дрон"))))
    alone = Rule(id="alone", title="A", when=here)
    gazetteer = Gazetteer((town,))
    plain = one_by_one(as_written)
    with_words = compile_rulebook(bind((wordy,), (), places=(town,)), plain, gazetteer=gazetteer)
    only_where = compile_rulebook(bind((alone,), (), places=(town,)), plain, gazetteer=gazetteer)
    assert len(only_where.narrow.meanings) > len(with_words.narrow.meanings)
    for rule in (wordy, alone):
        judge = Matcher(bind((rule,), (), places=(town,)), gazetteer=gazetteer)
        (hit,) = evaluate(judge, post("Дрон в Грайвороне."), NAME)
        assert hit.place == town


@pytest.fixture
def at_home(tmp_path: Path) -> Matcher:
    """A rule about drones in Belgorod oblast, `home: true`, and a source from there."""
    (tmp_path / "r.yaml").write_text(
        "rules:\n  - {id: r, title: T, when: {all: [дрон, {place: {in: RU-BEL, home: true}}]}}\n",
        "utf-8",
    )
    (tmp_path / "s.yaml").write_text(
        "- {id: telegram:here, home: RU-BEL}\n- {id: telegram:far, home: RU-KRS}\n", "utf-8"
    )
    return Matcher(load([tmp_path / "r.yaml"], [tmp_path / "s.yaml"], place_paths=[PLACES]))


@pytest.mark.parametrize(
    ("text", "source", "where"),
    [
        ("Сбит дрон.", "telegram:here", "belgorod-oblast"),
        ("Сбит дрон у Грайворона.", "telegram:here", "graivoron"),
        ("Сбит дрон под Курском.", "telegram:here", None),
        ("Сбит дрон.", "telegram:far", None),
        ("Сбит дрон.", "telegram:stranger", None),
        ("Сбит дрон у Грайворона.", "telegram:stranger", "graivoron"),
    ],
)
def test_a_source_speaks_of_its_home(
    at_home: Matcher, text: str, source: str, where: str | None
) -> None:
    """With `home: true` a post without a sure place is about its source's home, if that fits."""
    places = [hit.place.id for hit in evaluate(at_home, post(text, source), NAME) if hit.place]
    assert places == ([where] if where else [])


def test_places_beside_the_words_are_meant(tmp_path: Path) -> None:
    """Of several places that one counts which shares a sentence with what was found."""
    judge = matcher(tmp_path, "{all: [обстрел, {place: {in: RU-BEL}}]}")
    said = "При обстреле Грайворона двое ранены. Их везут в больницу Белгорода."
    found = [hit.place.id for hit in evaluate(judge, post(said), NAME) if hit.place]
    assert found == ["graivoron"]
