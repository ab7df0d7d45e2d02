"""Names in posts: which place is meant, and when none is."""

import pytest

from monitor.gazetteer.lookup import Gazetteer
from monitor.gazetteer.resolve import Resolved, resolve
from monitor.place import Place
from monitor.rulebook.load import load
from monitor.settings import shipped
from tests.cost import least

BOOK = load([], [], place_paths=[shipped("rules/places.yaml")])
OWN = Gazetteer(BOOK.places, BOOK.areas)
TWO_BEREZOVKAS = Gazetteer(
    [
        *BOOK.places,
        Place(id="lipetsk-oblast", name="Липецкая область", kind="region", admin1="RU-LIP"),
        Place(id="b-bel", name="Берёзовка", admin1="RU-BEL", lat=50.55, lon=35.9,
              within=("borisovsky", "belgorod-oblast")),
        Place(id="b-lip", name="Берёзовка", admin1="RU-LIP", lat=52.9, lon=39.1,
              within=("lipetsk-oblast",)),
    ]
)  # fmt: skip

WITH_TOWNS = Gazetteer(
    [
        *BOOK.places,
        Place(id="geonames:703656", name="Купянск", country="UA", admin1="UA-63",
              names=("Куп'янськ",), population=27_000),
        Place(id="geonames:551487", name="Казань", country="RU", admin1="RU-TA",
              population=1_200_000),
        Place(id="geonames:490466", name="Советск", country="RU", admin1="RU-KGD",
              population=43_000),
        Place(id="region:UA-12", name="Дніпропетровська область", kind="region", country="UA",
              admin1="UA-12"),
    ]
)  # fmt: skip


def places(text: str, home: str | None = None, gazetteer: Gazetteer = OWN) -> list[str]:
    """The ids of the places resolved in a text."""
    return [one.place.id for one in resolve(text, gazetteer, home) if one.place is not None]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ДРГ зашла в Грайворон", ["graivoron"]),
        ("Удар по Шебекину и Новой Таволжанке", ["shebekino", "novaya-tavolzhanka"]),
        ("Под Тёткино идёт бой", ["tyotkino"]),
        ("в Теткине тихо", ["tyotkino"]),
        ("Взрывы под Артёмовском", ["bakhmut"]),
        ("Вибухи у Бахмуті", ["bakhmut"]),
        ("Shelling near Bakhmut and in Graivoron", ["bakhmut", "graivoron"]),
        ("Гора Подол обстреляна", ["gora-podol"]),
        ("Гору-Подол обстреляли", ["gora-podol"]),
    ],
)
def test_a_name_is_known_in_its_forms_and_spellings(text: str, expected: list[str]) -> None:
    """Cases, ё and е, a lost hyphen, former names and Latin letters name the same place."""
    assert places(text) == expected


def test_the_same_name_elsewhere_is_another_place() -> None:
    """Of two namesakes the one is meant whose region the post names; both ways."""
    assert places("в Берёзовке Борисовского района", None, TWO_BEREZOVKAS)[0] == "b-bel"
    assert places("в Берёзовке Липецкой области", None, TWO_BEREZOVKAS)[0] == "b-lip"


def test_a_namesake_without_any_clue_is_nothing() -> None:
    """A name that several places bear stays unresolved, with its candidates, until a clue comes."""
    (one,) = resolve("Взрыв в Берёзовке", TWO_BEREZOVKAS)
    assert one.place is None
    assert {place.id for place in one.candidates} == {"b-bel", "b-lip"}
    assert places("Взрыв в Берёзовке", "RU-LIP", TWO_BEREZOVKAS) == ["b-lip"]
    assert places("Взрыв в Берёзовке", "RU-BEL", TWO_BEREZOVKAS) == ["b-bel"]


def test_namesakes_that_nobody_lists_count_too() -> None:
    """`namesakes` in the places file keeps a common village name unresolved without a clue."""
    assert places("В Козинке ранены двое") == []
    assert places("В Козинке ранены двое", "RU-BEL") == ["kozinka"]
    assert "kozinka" in places("В Козинке и Грайвороне ранены двое")
    assert "kozinka" not in places("В Козинке Липецкой области ранены двое", None, TWO_BEREZOVKAS)


@pytest.mark.parametrize(
    "text",
    [
        "Мария Грайворонская вышла замуж",
        "Адвокат Льгова подала жалобу",
        "А. Курчатова наградили",
        "Иван Севск рассказал",
        "Улица Белгородская перекрыта",
        "на станции метро Белгородская",
        "Подпишись на @Belgorod",
        "новости на Belgorod.example",
        "козинка",
    ],
)
def test_persons_streets_and_accounts_are_no_places(text: str) -> None:
    """What stands around a name speaks against a place: nothing is resolved."""
    assert places(text) == []


def test_a_district_is_not_its_town() -> None:
    """The adjective with район or округ is the district, with область the region."""
    assert places("в Грайворонском районе") == ["grayvoronsky"]
    assert places("Грайворонский городской округ под огнём") == ["grayvoronsky"]
    assert places("власти Белгородской области") == ["belgorod-oblast"]
    assert places("в белгородском приграничье") == ["belgorod-oblast"]
    assert places("Belgorod region was hit") == ["belgorod-oblast"]
    assert places("Belgorod was hit") == ["belgorod"]


def test_a_post_about_two_places_has_both() -> None:
    """Each name is resolved on its own."""
    assert places("Взрывы в Белгороде и Курске") == ["belgorod", "kursk"]


def test_a_list_shares_what_stands_before_it() -> None:
    """`сёла Козинка, Гора-Подол и Антоновка`: the word for a settlement counts for all of them."""
    text = "Сёла Козинка, Гора-Подол и Антоновка Грайворонского округа"
    assert places(text) == ["kozinka", "gora-podol", "antonovka-bel", "grayvoronsky"]


def test_offsets_are_those_of_the_text() -> None:
    """`start` and `end` cut the name out of the original text, emoji and stress marks included."""
    text = "🚨🚨 Удар по Гра́йворону!"
    (one,) = resolve(text, OWN)
    assert isinstance(one, Resolved)
    assert text[one.start : one.end] == one.text == "Гра́йворону"


def test_confidence_grows_with_clues() -> None:
    """Each clue makes the same name surer; the reason names it."""
    bare = resolve("Обстрел Козинки", OWN)[0]
    home = resolve("Обстрел Козинки", OWN, "RU-BEL")[0]
    named = resolve("Обстрел Козинки Грайворонского района", OWN)[0]
    assert bare.confidence < home.confidence <= named.confidence
    assert "grayvoronsky" in named.why


@pytest.mark.parametrize(
    "text",
    [
        "Белгород " * 7000,
        "в Козинке, " * 6000,
        "Грайворонский " * 4600,
        "-".join(["Курск"] * 10_000),
        " ".join(place.name for place in BOOK.places) * 20,
        "А. " * 20_000,
    ],
)
def test_a_long_post_costs_no_seconds(text: str) -> None:
    """Names beyond what a person would write do not make a post slow: 64 KiB within 5 s."""
    assert least(lambda: resolve(text[:65536], OWN, "RU-BEL"), 5) < 5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Обстрел шебекинского округа", "shebekinsky"),
        ("В шебекинском приграничье сбит дрон", "shebekinsky"),
        ("грайворонские власти сообщили", "grayvoronsky"),
        ("курское приграничье", "kursk-oblast"),
        ("на Бахмутском направлении", "bakhmut:district"),
        ("на купянском направлении", "geonames:703656:district"),
        ("В Купянском районе взрывы", "geonames:703656:district"),
        ("под Купянском взрывы", "geonames:703656"),
        ("Дніпропетровської області", "region:UA-12"),
        ("бои у реки Снагость", None),
        ("задержки на Казанском направлении", None),
        ("В Советском районе пожар", None),
    ],
)
def test_words_made_of_a_place_mean_what_stands_after_them(text: str, expected: str | None) -> None:
    """The district, the region, what lies around a town; a railway or river: none."""
    found = resolve(text, WITH_TOWNS)
    assert [one.place.id for one in found if one.place] == ([expected] if expected else [])
