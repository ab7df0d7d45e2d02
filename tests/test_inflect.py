"""Forms of words, names, places and phrases: what must be there and what must not."""

import json

import pytest

from monitor.lexicon.derive import derivations
from monitor.lexicon.form import Kind
from monitor.lexicon.inflect import forms, languages, plain_forms
from monitor.lexicon.names import name_forms
from monitor.lexicon.toponyms import adjectives
from tests.cost import once
from tests.data import data_file


def texts(term: str, kind: Kind = "word", language: str | None = None) -> set[str]:
    """The forms as the matcher's fold sees them."""
    made = forms(term, kind=kind, language=language)
    return {form.text.lower().replace("ё", "е") for form in made}


PLACES = [
    (
        "Грайворон",
        "грайворон грайворона грайворону грайвороном грайвороне грайвороні",
        "грайворонов",
    ),
    ("Козинка", "козинка козинки козинке козинку козинкой козинці", "козинк козинков козинок"),
    ("Гора-Подол", "гора-подол гора-подола гора-подоле", "гор-подол"),
    ("Антоновка", "антоновка антоновки антоновке антоновку антоновкой", "антонов"),
    ("Любимовка", "любимовку любимовке", "любимов"),
    ("Безлюдовка", "безлюдовки безлюдовке безлюдовкой", "безлюдов"),
    ("Чуровичи", "чуровичи чуровичей чуровичам чуровичами чуровичах", "чурович"),
    ("Шебекино", "шебекино шебекина шебекину шебекином шебекине", "шебекин"),
    ("Суджа", "суджа суджи судже суджу суджей", ""),
    ("Тёткино", "теткино теткина теткине теткином", "теткина-"),
    ("Локня", "локня локни локне локню локней", "локнить локний"),
    ("Глотово", "глотово глотова глотове", "глотовый глотовая глотовых"),
    ("Муром", "муром мурома мурому муромом муроме", "мур мура мурами"),
    ("Харків", "харків харкова харкову харковом харкові", "харко харка"),
    ("Мелітополь", "мелітополя мелітополю мелітополем мелітополі", ""),
    ("Вовчанськ", "вовчанськ вовчанська вовчанську вовчанськом", "вовчанський"),
    ("Куп'янськ", "куп'янська куп'янську", ""),
    ("Вороніж", "воронежа воронежі", ""),
    ("Тернопіль", "тернополя тернополі", ""),
    ("Київ", "києва києву києвом києві", ""),
    ("Полтавщина", "полтавщини полтавщині полтавщину полтавщиною", ""),
    ("Гуево", "гуево гуева гуеву гуеве", ""),
    ("Рыльск", "рыльска рыльске рыльском", ""),
    ("Ростов-на-Дону", "ростова-на-дону ростове-на-дону", ""),
    ("Комсомольск-на-Амуре", "комсомольска-на-амуре", "комсомольск-на-амур"),
]


@pytest.mark.parametrize(("place", "wanted", "unwanted"), PLACES)
def test_places_in_every_case(place: str, wanted: str, unwanted: str) -> None:
    """A place has all its cases in the languages that write of it, and no stranger's form."""
    made = texts(place, "place")
    assert set(wanted.split()) <= made
    assert not set(unwanted.split()) & made


UNKNOWN = [
    ("Зарыбово", "ru", "зарыбова зарыбову зарыбовом зарыбове"),
    ("Стрекалово", "ru", "стрекалова стрекалове"),
    ("Верхнесобачинск", "ru", "верхнесобачинска верхнесобачинске"),
    ("Мшанецкое", "ru", "мшанецкого мшанецкому мшанецким мшанецком"),
    ("Подлысье", "ru", "подлысья подлысью подлысьем"),
    ("Тарабычи", "ru", "тарабычей тарабычам тарабычах"),
    ("Кузнявцы", "ru", "кузнявцев кузнявцам кузнявцах"),
    ("Хотьмыжель", "ru", "хотьмыжеля хотьмыжели"),
    ("Бузовецкая", "ru", "бузовецкой бузовецкую"),
    ("Заплівка", "uk", "заплівки заплівці заплівку заплівкою"),
    ("Дзюбків", "uk", "дзюбкова дзюбкову дзюбкові"),
    ("Бездрище", "uk", "бездрища бездрищу бездрищі"),
    ("Кривопілля", "uk", "кривопіллям кривопіллю"),
    ("Мочальське", "uk", "мочальського мочальському мочальським"),
    ("Лихівці", "uk", "лихівців лихівцям лихівцях"),
    ("Зозулинець", "uk", "зозулинця зозулинці зозулинцем"),
]


@pytest.mark.parametrize(("place", "language", "wanted"), UNKNOWN)
def test_places_that_no_dictionary_knows(place: str, language: str, wanted: str) -> None:
    """An unknown village inflects by its ending."""
    made = {form.text.lower() for form in forms(place, kind="place", language=language)}
    assert set(wanted.split()) <= made


NAMES = [
    ("Вячеслав Гладков", "вячеслава гладкова|вячеславу гладкову|вячеславом гладковым",
     "вячеславом гладковом|вячеславу гладковой"),
    ("Андрей Юсов", "андрея юсова|андрею юсову|андреем юсовым|андрее юсове", "андрею юсовой"),
    ("Андрій Юсов", "андрія юсова|андрієві юсову|андрієм юсовим|андрію юсову", ""),
    ("Михаил Подоляк", "михаила подоляка|михаилу подоляку|михаилом подоляком", ""),
    ("Михайло Подоляк", "михайла подоляка|михайлом подоляком|михайлу подоляку", ""),
    ("Дмитрий Песков", "дмитрия пескова|дмитрию пескову|дмитрием песковым", "дмитриев песков"),
    ("Володимир Зеленський", "володимира зеленського|володимиром зеленським", ""),
    ("Владимир Зеленский", "владимира зеленского|владимиром зеленским", ""),
    ("Джо Байден", "джо байдена|джо байденом|джо байдену", ""),
    ("Тарас Шевченко", "тараса шевченка|тарасу шевченку", ""),
    ("Анна Петрова", "анны петровой|анну петрову", "анну петрова"),
    ("Гладков", "гладкова|гладкову|гладковым|гладкове", "гладковой"),
    ("Русский добровольческий корпус",
     "русского добровольческого корпуса|русским добровольческим корпусом",
     "русская добровольческая"),
    ("Легион «Свобода России»", "легиона «свобода россии»|легионом «свобода россии»", ""),
    ("Легион Свобода России", "легиона свобода россии|легиону свобода россии", ""),
]  # fmt: skip


@pytest.mark.parametrize(("name", "wanted", "unwanted"), NAMES)
def test_names_agree(name: str, wanted: str, unwanted: str) -> None:
    """All the words of a person's or a body's name change together."""
    made = texts(name)
    assert set(wanted.split("|")) <= made
    assert not set(unwanted.split("|")) & made


PHRASES = [
    ("Белгородская область", "белгородской области|белгородскую область|белгородской областью",
     "белгородского область"),
    ("Новая Таволжанка", "новой таволжанки|новой таволжанкой|новую таволжанку",
     "новый таволжанка|новейшая таволжанка"),
    ("диверсионно-разведывательная группа",
     "диверсионно-разведывательной группы|диверсионно-разведывательные группы", ""),
    ("система залпового огня", "системы залпового огня|системой залпового огня",
     "система залповый огонь|системы залповых огней"),
    ("мирный житель", "мирные жители|мирных жителей|мирным жителям",
     "мирного житель|мирнейшие жители"),
    ("воздушная тревога", "воздушную тревогу|воздушной тревоги|воздушной тревоге", ""),
    ("повітряна тривога", "повітряну тривогу|повітряної тривоги", ""),
    ("ракетная опасность", "ракетной опасности|ракетную опасность", ""),
    ("город Белгород", "города белгорода|городе белгород", ""),
    ("Кривой Рог", "кривого рога|кривом роге|кривым рогом", ""),
    ("Нижний Новгород", "нижнего новгорода|нижнем новгороде", "нижней новгород"),
    ("Соединённые Штаты Америки", "соединенных штатов америки|соединенным штатам америки",
     "соединившие штаты америки"),
    ("Великий Новгород", "великого новгорода", ""),
    ("сбит дрон", "сбиты дроны", ""),
    ("нанести удар", "нанесли удар|нанес удар|нанесла удар", ""),
    ("взрыв газа", "взрывы газа|взрыва газа", "взрыв газов"),
]  # fmt: skip


@pytest.mark.parametrize(("phrase", "wanted", "unwanted"), PHRASES)
def test_phrases_agree_and_keep_their_tail(phrase: str, wanted: str, unwanted: str) -> None:
    """The head of a phrase inflects with its adjectives; what depends on it stays."""
    made = texts(phrase)
    assert set(wanted.split("|")) <= made
    assert not set(unwanted.split("|")) & made


WORDS = [
    ("обстрел", "обстрел обстрела обстрелы обстрелов обстрелами", "обстреляли обстрелять"),
    ("обстріл", "обстрілу обстріли обстрілів", ""),
    ("атака", "атаки атаку атакой атак", "атаковать"),
    ("раненый", "раненый раненые раненых раненым раненую", ""),
    ("эвакуировать", "эвакуировали эвакуируют эвакуирован", ""),
    ("беспилотник", "беспилотника беспилотники беспилотников", ""),
    ("БПЛА", "бпла", "бпнуть бпли"),
    ("ДРГ", "дрг", "дрга"),
    ("США", "сша", ""),
    ("РДК", "рдк", ""),
    ("МОСКВА", "москвы москве москву", ""),
    ("Шахед-136", "шахед-136 шахеда-136 шахеды-136", "шахед"),
    ("Су-34", "су-34", ""),
    ("drone", "drone drones drone's drones'", "droned"),
    ("casualty", "casualty casualties", "casualtys"),
    ("aircraft", "aircraft aircraft's", "aircrafts"),
    ("serviceman", "servicemen", "servicemans"),
    ("UAV", "uav uavs", ""),
]


@pytest.mark.parametrize(("word", "wanted", "unwanted"), WORDS)
def test_words(word: str, wanted: str, unwanted: str) -> None:
    """A common word has its grammatical forms, not its relatives'; an abbreviation only itself."""
    made = texts(word)
    assert set(wanted.split()) <= made
    assert not set(unwanted.split()) & made


@pytest.mark.parametrize(
    ("phrase", "wanted"),
    [
        ("sabotage group", {"sabotage groups"}),
        ("act of sabotage", {"acts of sabotage"}),
        ("Freedom of Russia Legion", {"Freedom of Russia Legion's"}),
    ],
)
def test_english_phrases(phrase: str, wanted: set[str]) -> None:
    """An English phrase has its plural and possessive."""
    assert wanted <= plain_forms(phrase)


def test_case_is_kept() -> None:
    """Forms keep the capitals of the term, so that people can read them."""
    assert "Новой Таволжанке" in plain_forms("Новая Таволжанка")
    assert "МОСКВЕ" in plain_forms("МОСКВА")
    assert "обстрелами" in plain_forms("обстрел")


def test_every_form_says_why() -> None:
    """The term itself is `as written`, and every other form names its source."""
    made = forms("Козинка", kind="place")
    assert {form.why for form in made if form.text == "Козинка"} == {"as written"}
    assert all(form.why for form in made)
    assert any(form.why.startswith("rule ru") for form in made)


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("обстріл", ("uk",)),
        ("объезд", ("ru",)),
        ("дрон", ("ru", "uk")),
        ("Грайворон", ("ru", "uk")),
        ("Куп'янськ", ("uk",)),
        ("Зеленский", ("ru",)),
        ("взрыв газа", ("ru",)),
        ("drone", ()),
    ],
)
def test_languages(term: str, expected: tuple[str, ...]) -> None:
    """Letters decide the language, then the dictionaries; a name belongs to both."""
    assert languages(term) == expected


@pytest.mark.parametrize(
    "term", ["", "  ", "-", "«»", "123", "!!!", "…", "a-", "-б-", "ы", "'", "С-300"]
)
def test_odd_terms_keep_themselves(term: str) -> None:
    """What is no word has no other form than itself."""
    assert plain_forms(term) == ({" ".join(term.split())} if term.strip() else frozenset())


@pytest.mark.parametrize(
    "term",
    ["а" * 3000, "а-" * 500, "a" * 3000, "а б " * 300, "Кривой " * 20 + "Рог", "щ" * 41, "х\ud800"],
)
def test_monsters_stay_as_written(term: str) -> None:
    """What is longer than words are is searched for as written, at once."""
    written = " ".join(term.split())

    def look() -> None:
        assert plain_forms(term) == {written}
        assert written in {form.text for form in name_forms(term)}
        assert written in {form.text for form in derivations(term)}
        assert not adjectives(term)

    assert once(look) < 1


def test_real_hostile_strings_do_no_harm() -> None:
    """Every naughty string is a term that keeps itself and does not fail."""
    strings = json.loads(data_file("hostile/blns/blns.json").read_text("utf-8"))
    for text in strings:
        if text.strip():
            assert " ".join(text.split()) in plain_forms(text)
            name_forms(text)
            adjectives(text)
            derivations(text)


def test_other_languages_stay_as_written() -> None:
    """A term in a language without rules is searched for as written."""
    assert plain_forms("تفجير") == {"تفجير"}
    assert {form.text for form in forms("Sprengstoff", language="de")} == {"Sprengstoff"}


def test_forms_are_quick() -> None:
    """A thousand terms take a fraction of a second: rules of 10,000 terms load in seconds."""
    forms("прогрев")
    forms("прогрів")
    stems = ["Мал", "Верх", "Ниж", "Бел", "Чер", "Нов", "Стар", "Сух", "Кам", "Лип"]
    ends = ["овка", "ское", "ово", "ичи", "ец", "ень", "ин", "ополь", "ская", "овцы"]
    terms = [a + b + c for a in stems for b in ("ар", "ол") for c in ends]
    assert once(lambda: [forms(term, kind="place") for term in terms]) / len(terms) < 0.001
