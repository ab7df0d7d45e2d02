"""Adjectives and regions of places, and words of one root."""

import pytest

from monitor.lexicon.derive import derivations
from monitor.lexicon.toponyms import adjectives

ADJECTIVES = [
    ("Курск", "Курский Курской Курскую Курского Курские"),
    ("Белгород", "Белгородский Белгородской"),
    ("Грайворон", "Грайворонский Грайворонского Грайворонський Грайворонського"),
    ("Козинка", "Козинский Козинський"),
    ("Шебекино", "Шебекинский Шебекинского"),
    ("Суджа", "Суджанский Суджанского"),
    ("Орёл", "Орловский Орловской"),
    ("Елец", "Елецкий"),
    ("Тула", "Тульский"),
    ("Калуга", "Калужский"),
    ("Воронеж", "Воронежский"),
    ("Брянск", "Брянский Брянщина Брянщине"),
    ("Россия", "Российский Российской"),
    ("Китай", "Китайский"),
    ("Москва", "Московский Московская"),
    ("Новая Таволжанка", "Новотаволжанский"),
    ("Нижний Новгород", "Нижегородский"),
    ("Полтава", "Полтавщина Полтавщині Полтавська"),
    ("Харків", "Харківський Харківської Харківщина Харківщині"),
    ("Суми", "Сумський Сумщина"),
    ("Донецьк", "Донецький Донеччина"),
    ("Запоріжжя", "Запорізький"),
    ("Рига", "Рижский Ризький"),
    ("Черкаси", "Черкаський"),
]


@pytest.mark.parametrize(("place", "wanted"), ADJECTIVES)
def test_adjectives_of_places(place: str, wanted: str) -> None:
    """A place is found in the words made from it: Курская область, Полтавщина."""
    assert set(wanted.split()) <= {form.text for form in adjectives(place)}


@pytest.mark.parametrize(
    ("place", "unwanted"),
    [
        ("Курск", "Курск Курсцький Курсковский"),
        ("Росія", "Рощина Роський"),
        ("Бахмут", "Бахмутовський"),
        ("Чуровичи", "Чуровичцкий"),
    ],
)
def test_adjectives_are_no_strangers(place: str, unwanted: str) -> None:
    """What the rules could build but nobody writes, or means another thing, is left out."""
    assert not set(unwanted.split()) & {form.text for form in adjectives(place)}


@pytest.mark.parametrize("place", ["", " ", "Kursk", "123", "ы"])
def test_no_adjective_of_no_place(place: str) -> None:
    """Without a Cyrillic name of some length there is nothing to make."""
    assert adjectives(place) == frozenset()


DERIVED = [
    ("обстрел", "обстреляли обстреливать обстрелян обстрелами"),
    ("атака", "атаковали атаковать атакой"),
    ("эвакуация", "эвакуировали эвакуировать эвакуацию"),
    ("захват", "захватили захватчик захватывают"),
    ("прорыв", "прорывать"),
    ("обстріл", "обстріляли обстрілювати обстрілу"),
    ("евакуація", "евакуювали евакуацію"),
    ("shelling", "shelled shells shelling"),
    ("attack", "attacked attacking attackers attacks"),
    ("evacuate", "evacuated evacuating evacuates"),
]


@pytest.mark.parametrize(("word", "wanted"), DERIVED)
def test_derivations(word: str, wanted: str) -> None:
    """`~обстрел` also finds the words of its root."""
    assert set(wanted.split()) <= {form.text for form in derivations(word)}


@pytest.mark.parametrize(("word", "unwanted"), [("атака", "ата"), ("ранение", "ран")])
def test_derivations_stay_near(word: str, unwanted: str) -> None:
    """A short chance word is no relative."""
    assert unwanted not in {form.text for form in derivations(word)}


def test_derivations_say_from_what() -> None:
    """Each derived form names the word it belongs to."""
    reasons = {form.text: form.why for form in derivations("обстрел")}
    assert reasons["обстреляли"] == "derived: обстрелять"
    assert reasons["обстрел"] == "as written"
