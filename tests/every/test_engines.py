"""What every engine promises: one table of cases, run on all automata and the reference."""

from collections.abc import Callable
from itertools import chain

import pytest
from ahocorasick_rs import BytesAhoCorasick

from monitor.lexicon.surfaces import surfaces
from monitor.lexicon.terms import ParsedTerm, parse
from monitor.matching.concepts import Concepts
from monitor.matching.scan import Look, Scanner
from monitor.rulebook.patterns import Patterns
from monitor.text.fold import fold, fold_wide
from tests import naive_words

Engine = Callable[[str, str], list[tuple[int, int]]]


def _automaton(
    term: str, text: str, *, bytewise: bool, second: bool = False
) -> list[tuple[int, int]]:
    parsed = parse(term)
    assert isinstance(parsed, ParsedTerm)
    made = surfaces(parsed)
    assert isinstance(made, tuple)
    patterns = Patterns(bytewise=bytewise)
    for surface in made:
        assert patterns.add(surface, 0) or bytewise  # type: ignore[arg-type]
    scanner = Scanner(patterns, Concepts(1))
    scanner.ready()
    folded = fold(text) if bytewise else fold_wide(text)
    if second and isinstance(
        folded, bytes
    ):  # the finds of another library, in the order of its own
        in_order = chain.from_iterable(patterns.in_order())
        keys = [key.encode("latin-1") for key, _ in in_order]
        finds = BytesAhoCorasick(keys).find_matches_as_indexes(folded, overlapping=True)
        scanner.find = lambda _: [(start, end, number) for number, start, end in finds]
    return sorted(
        {
            (start, end)
            for start, end, _ in scanner.sightings(Look(text, folded, scanner.find(folded)))
        }
    )


ENGINES: dict[str, Engine] = {
    "bytes": lambda term, text: _automaton(term, text, bytewise=True),
    "bytes, ahocorasick_rs": lambda term, text: _automaton(term, text, bytewise=True, second=True),
    "characters": lambda term, text: _automaton(term, text, bytewise=False),
    "reference": lambda term, text: sorted(naive_words.find(term, text)),
}

CASES: list[tuple[str, str, list[tuple[int, int]]]] = [
    ("дрг", "ДРГ", [(0, 3)]),
    ("дрг", "дрг, дрг", [(0, 3), (5, 8)]),
    ("дрг", "дргу", []),
    ("дрг", "адрг", []),
    ("ёж", "еж ЁЖ", [(0, 2), (3, 5)]),
    ("еще", "ещё", [(0, 3)]),
    ("два слова", "два слова", [(0, 9)]),
    ("два слова", "два  слова", [(0, 10)]),
    ("два слова", "два,\n\n— слова", [(0, 13)]),
    ("два слова", "два.  слова", [(0, 11)]),
    ("два слова", "два.   слова", [(0, 12)]),
    ("два слова", "два" + " " * 50 + "слова", [(0, 58)]),
    ("два слова", "два три слова", []),
    ("два слова", "двас лова", []),
    ("два слова", "два два слова", [(4, 13)]),
    ("а б а", "а б а б а", [(0, 5), (4, 9)]),
    ("три разных слова", "три  разных — слова", [(0, 19)]),
    ("три разных слова", "три разных  слова", [(0, 17)]),
    ("три разных слова", "три  разных  иных слова", []),
    ("обстрел*", "обстрелы обстрел перестрел", [(0, 8), (9, 16)]),
    ("прорв* границ*", "прорвали границы", [(0, 16)]),
    ("прорв* границ*", "прорвали -- границу,", [(0, 19)]),
    ("прорв* границ*", "прорвали границы, прорыв границ", [(0, 16)]),
    ("прорв* границ*", "прорвали прорвали границы", [(9, 25)]),
    ("взят* гора подол", "взята Гора-Подол", [(0, 16)]),
    ("гора подол", "Гора-Подол", [(0, 10)]),
    ("Гора-Подол", "гора подол", [(0, 10)]),
    ("п'ять", "п’ять пʼять пять", [(0, 5), (6, 11)]),
    ("ять", "п'ять", []),
    ("kozinka", "Kozinka's", [(0, 7)]),
    ("обстрел", "'обстрел'", [(1, 8)]),
    ("москва", "Mосква", [(0, 6)]),
    ("таке", "take", []),
    ("take", "таке", []),
    ("take", "take", [(0, 4)]),
    ("таке", "тaкe", [(0, 4)]),
    ("слово нет", "слово 北京 HET, слово HET", []),
    ("с 300 нет", "С-300 — 北京市 НЕТ, С-300北京市НЕТ, 北 С-300, нет 北", [(32, 42)]),
    ("два слова", "два 北 слова, два京слова, два-слова", [(24, 33)]),
    ("прорв* границ*", "прорвали 北京 границы, прорвали границы", [(21, 37)]),
    ("нато", "HATO", []),
    ("с-300", "C-300", [(0, 5)]),
    ("х", "x", []),
    ("==США", "США сша Сша", [(0, 3)]),
    ("==США", "СШA", [(0, 3)]),
    ("=США", "сша", [(0, 3)]),
    ("==Нет*", "Нетто нетто НЕТТО", [(0, 5)]),
    ("замок", "за\u0301мок", [(0, 6)]),
    ("замок", "замок\u0301.", [(0, 6)]),
    ("слово", "сло\u200bво", [(0, 6)]),
    ("слово", "сло\u00adво", [(0, 6)]),
    ("слово", "🔥слово⚡️", [(1, 6)]),
    ("йод", "и\u0306од", [(0, 4)]),
    ("їжа", "і\u0308жа", [(0, 4)]),
    ("muller", "Müller", [(0, 6)]),
    ("Müller", "Mueller Muller", [(0, 7), (8, 14)]),
    ("strasse", "Straße!", [(0, 6)]),
    ("office", "oﬃce x", [(0, 4)]),
    ("x слово", "ﬃ x слово", [(2, 9)]),
    ("drone", "𝗱𝗿𝗼𝗻𝗲", [(0, 5)]),
    ("300", "ⅠⅠ 300", [(3, 6)]),
    ("слово", "", []),
    ("@Гладков", "Гладкову, Gladkov; Гладковым", [(0, 8), (10, 17), (19, 28)]),
    ("@Гладков", "гладков GLADKOV Wjatscheslaw Gladkow's", [(0, 7), (8, 15), (29, 36)]),
    ("@Graivoron", "в Грайвороне", [(2, 12)]),
    ("@Снов", "Snow snow SNOW Snow's Снову", [(0, 4), (10, 14), (15, 19), (22, 27)]),
    ("@снов", "snow Snow", [(5, 9)]),
    ("@Лев", "левом Левом львов ЛЬВОВ Lev lev", [(6, 11), (18, 23), (24, 27)]),
    ("@Песков", "песков Песков пескова", [(7, 13), (14, 21)]),
    ("@Андрей Юсов", "Андрію Юсову, Andrii Yusov", [(0, 12), (14, 26)]),
    ("~обстрел", "обстреляли обстрелы обстреливать", [(0, 10), (11, 19), (20, 32)]),
    ("обстрел", "обстреляли", []),
    ("fr:blessé", "Blessées par blessons, blesser", [(0, 8)]),
    ("ro:atac", "atacului ATACURI ataca", [(0, 8), (9, 16)]),
    ("uk:мина", "мина міна", [(0, 4)]),
    ("~attack", "attacked by attackers", [(0, 8), (12, 21)]),
    ("#белгород", "#Белгород, белгород", [(1, 9)]),
    ("#белгород", "#белгород_новости #белгороде а#белгород /#белгород", []),
    ("#белгород*", "#белгород_новости #белгороде", [(1, 9), (19, 28)]),
    ("#белгород_новости", "#Белгород_Новости #белгород новости", [(1, 17)]),
    ("#белгород", "＃белгород_ #белгород\u200b", [(1, 9), (12, 20)]),
    ("#300", "#300 300", [(1, 4)]),
    ("слово", "\ud800слово\x00", [(1, 6)]),
    ("слово", "\u202eслово\u202c", [(1, 6)]),
]
WIDE_CASES: list[tuple[str, str, list[tuple[int, int]]]] = [
    ("Ελλάδα", "στην ελλαδα.", [(5, 11)]),
    ("مرحبا", "مَرحبا بك", [(0, 6)]),
    ("თბილისი", "თბილისი, თბილისში", [(0, 7)]),
    ("北京", "他在北京市", [(2, 4)]),
    ("ירושלים", "יְרוּשָׁלַיִם", [(0, 13)]),
    ("서울", "서울에서", [(0, 2)]),
    ("#北京", "#北京 北京 #北京市", [(1, 3)]),
]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("term", "text", "places"), CASES)
def test_a_term_is_found_where_it_stands(
    engine: str, term: str, text: str, places: list[tuple[int, int]]
) -> None:
    """Every engine finds a term exactly where it stands, in code points of the original text."""
    assert ENGINES[engine](term, text) == places


@pytest.mark.parametrize("engine", ["characters", "reference"])
@pytest.mark.parametrize(("term", "text", "places"), WIDE_CASES)
def test_other_scripts_are_found(
    engine: str, term: str, text: str, places: list[tuple[int, int]]
) -> None:
    """Terms in scripts without a byte of their own are found by the character automaton."""
    assert ENGINES[engine](term, text) == places
