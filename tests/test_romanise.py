"""Names across scripts: Cyrillic to Latin and back."""

import pytest

from monitor.lexicon.cyrillise import cyrillic
from monitor.lexicon.names import counterparts, name_forms
from monitor.lexicon.romanise import spellings

TO_LATIN = [
    ("Грайворон", "Graivoron Grayvoron Grajvoron Graiworon Grajworon Hraivoron Gravoron"),
    ("Козинка", "Kozinka Kosinka"),
    ("Гора-Подол", "Gora-Podol Hora-Podol"),
    ("Шебекино", "Shebekino Schebekino Chebekino Sebekino"),
    ("Суджа", "Sudzha Sudja"),
    ("Тёткино", "Tetkino Tyotkino Tjotkino"),
    ("Бахмут", "Bakhmut Bachmut Bahmut Bajmut"),
    ("Артёмовск", "Artemovsk Artyomovsk Artjomowsk Artiomovsk"),
    ("Харьков", "Kharkov Charkow Charkov Harkov Jarkov"),
    ("Харків", "Kharkiv Charkiw Charkiv Harkiv"),
    ("Київ", "Kyiv Kyjiv"),
    ("Чернігів", "Chernihiv Cernihiv Tschernihiw Tchernihiv Czernihiw"),
    ("Запоріжжя", "Zaporizhzhia Zaporizhzhya"),
    ("Екатеринбург", "Yekaterinburg Ekaterinburg Jekaterinburg"),
    ("Новороссийск", "Novorossiysk Novorossiisk Noworossijsk"),
    ("Хрущёв", "Khrushchev Chruschtschow Khrouchtchev Chruszczow"),
    ("Жуковский", "Zhukovsky Zhukovskiy Zhukovskii Schukowski Joukovski Zukovskij"),
    ("Гладков", "Gladkov Gladkow Hladkov"),
    ("Вячеслав Гладков", "Vyacheslav_Gladkov Viacheslav_Gladkov Wjatscheslaw_Gladkow"),
    ("Андрій Юсов", "Andriy_Yusov Andrii_Yusov Andrii_Iusov Andrij_Jussow"),
    ("Зеленский", "Zelensky Zelenskiy Zelenskij Selenski"),
    ("Зеленський", "Zelenskyi Zelenskyy Zelensky Selenskyj"),
    ("Юрій Ющенко", "Yurii_Yushchenko Yuriy_Yushchenko"),
]


@pytest.mark.parametrize(("name", "wanted"), TO_LATIN)
def test_spellings_of_standards_and_habits(name: str, wanted: str) -> None:
    """A Cyrillic name has the Latin spellings of the standards and the press."""
    made = {form.text for form in spellings(name)}
    assert {one.replace("_", " ") for one in wanted.split()} <= made


def test_spellings_are_of_the_name() -> None:
    """No spelling belongs to another name: no letter vanishes, none is invented."""
    made = {form.text for form in spellings("Гладков", fuzzy=False, possessive=False)}
    assert not made & {"Gladko", "Gadkov", "Glatkov", "Gladkova", "Vladkov"}
    assert all(text[0] in "GHQ" for text in made)


def test_possessives() -> None:
    """English text puts 's after a name."""
    assert "Gladkov's" in {form.text for form in spellings("Гладков")}
    assert not any("'" in form.text for form in spellings("Гладков", possessive=False))


@pytest.mark.parametrize(
    ("name", "spelling"),
    [("Неверь", "Never"), ("Мариной", "Marinoy"), ("Снов", "Snow"), ("Лук", "Luk")],
)
def test_words_need_a_capital(name: str, spelling: str) -> None:
    """A spelling that is an English word, or very short, counts only with a capital."""
    found = {form.text: form.needs_capital for form in spellings(name)}
    assert found[spelling] is (spelling != "Marinoy")


def test_fuzzy_ones_are_marked_and_only_of_long_names() -> None:
    """What no single scheme gives is marked fuzzy, and short names have none."""
    assert any(form.fuzzy for form in spellings("Грайворон"))
    assert not any(form.fuzzy for form in spellings("Грайворон", fuzzy=False))
    assert not any(form.fuzzy for form in spellings("Крым"))


def test_every_spelling_names_its_scheme() -> None:
    """The reason of a spelling is a scheme that a reader can look up."""
    reasons = {form.text: form.why for form in spellings("Хрущёв", possessive=False)}
    assert reasons["Khrushchev"] == "romanised: BGN/PCGN"
    assert reasons["Chruschtschow"] == "romanised: German"


@pytest.mark.parametrize("name", ["", "  ", "Graivoron", "غريفورون", "123", "-"])
def test_only_cyrillic_is_romanised(name: str) -> None:
    """Other scripts have no spellings here."""
    assert spellings(name) == frozenset()


BACK = [
    ("Graivoron", "Грайворон"),
    ("Grayvoron", "Грайворон"),
    ("Graiworon", "Грайворон"),
    ("Gravoron", "Грайворон"),
    ("Hraivoron", "Грайворон"),
    ("Kozinka", "Козинка"),
    ("Gora-Podol", "Гора-Подол"),
    ("Shebekino", "Шебекино"),
    ("Sudzha", "Суджа"),
    ("Bakhmut", "Бахмут"),
    ("Artyomovsk", "Артёмовск"),
    ("Kharkiv", "Харків"),
    ("Kharkov", "Харьков"),
    ("Lviv", "Львів"),
    ("Belgorod", "Белгород"),
    ("Gladkow", "Гладков"),
    ("Wjatscheslaw Gladkow", "Вячеслав Гладков"),
    ("Mikhail Podolyak", "Михаил Подоляк"),
    ("Dmitry Peskov", "Дмитрий Песков"),
    ("Zelenskyy", "Зеленський"),
    ("Luninka", "Лунинка"),
    ("Churovichi", "Чуровичи"),
]


@pytest.mark.parametrize(("name", "wanted"), BACK)
def test_back_into_cyrillic(name: str, wanted: str) -> None:
    """A Latin spelling finds the Cyrillic name, by dictionary or by the likeliest reading."""
    assert wanted in {form.text for form in cyrillic(name)}


def test_known_names_decide() -> None:
    """A name of the caller's is preferred to a guess, and no guess then stands beside it."""
    assert {form.fuzzy for form in cyrillic("Loknya") if form.text == "Локня"} <= {True, False}
    known = cyrillic("Mokhovoe", known={"моховое"})
    assert [form.fuzzy for form in known if form.text == "Моховое"] == [False]


@pytest.mark.parametrize("name", ["", "Гладков", "غ", "123", "'"])
def test_only_latin_is_read_back(name: str) -> None:
    """What is not Latin has no reading."""
    assert cyrillic(name) == frozenset()


def test_a_latin_rule_finds_cyrillic_cases() -> None:
    """A name written Graivoron is found as Грайвороне, and in its other Latin spellings."""
    made = {form.text for form in name_forms("Graivoron", kind="place")}
    assert {"Грайвороне", "Грайворона", "Grajworon", "Graivoron's"} <= made


def test_a_cyrillic_name_finds_its_sister_language_and_latin() -> None:
    """Андрей Юсов is found in Ukrainian cases and as Andriy, Andrii or Andrey Yusov."""
    made = {form.text for form in name_forms("Андрей Юсов")}
    assert {"Андрею Юсову", "Андрієві Юсову", "Andriy Yusov", "Andrii Yusov"} <= made
    assert {"Andrey Yusov", "Andri Yusov"} <= made


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("Шебекино", {"Шебекіно"}),
        ("Артёмовск", {"Артьомовськ"}),
        ("Зеленський", {"Зеленский"}),
        ("Дмитрий Песков", {"Дмитро Песков"}),
        ("Михайло Подоляк", {"Михаил Подоляк"}),
        ("Белгород", set()),
    ],
)
def test_counterparts(name: str, wanted: set[str]) -> None:
    """A name's spelling in the sister language, when it differs."""
    assert {form.text for form in counterparts(name)} == wanted


def test_places_bring_their_relations_when_asked() -> None:
    """`relations` adds adjectives, which are left out otherwise."""
    plain = {form.text for form in name_forms("Курск", kind="place")}
    related = {form.text for form in name_forms("Курск", kind="place", relations=True)}
    assert "Курской" in related
    assert "Курской" not in plain
