"""Numbers in posts: what they say, and which word each of them counts."""

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from monitor.lexicon import number_words as say
from monitor.lexicon.counting import counting
from monitor.lexicon.numbers import numbers

READ = [
    ("8 раненых", ["8"]),
    ("1 200, 1\u00a0200, 1,200 and 20 000", ["1200", "1200", "1200", "20000"]),
    ("2,5 тыс. и 3 млн, 5 thousand", ["2500", "3000000", "5000"]),
    ("восемь, двадцать пять, сто двадцать три", ["8", "25", "123"]),
    ("две тысячи триста сорок", ["2340"]),
    ("двоих, трое, восьмеро, оба", ["2", "3", "8", "2"]),
    ("двадцять один, п'ятеро, дев’яносто", ["21", "5", "90"]),
    ("twenty-five, one hundred and twenty, two thousand", ["25", "120", "2000"]),
    ("5-7, 5–7 тысяч, пять-семь, от 5 до 8, between five and eight, 5 или 6",
     ["5-7", "5000-7000", "5-7", "5-8", "5-8", "5-6"]),
    ("не менее 8, щонайменше вісім, at least eight", ["8 or more"] * 3),
    ("более 20, понад 20, more than 20", ["21 or more"] * 3),
    ("до 10, не более 10, up to 10", ["at most 10"] * 3),
    ("менее 10, fewer than 10", ["at most 9"] * 2),
    ("около 20, about 20, близько 20", ["20"] * 3),
    ("10 и более, 10 or more, 10+", ["10 or more"] * 3),
    ("несколько, кілька, several", ["2 or more"] * 3),
    ("десятки, сотни, dozens, несколько десятков",
     ["20 or more", "200 or more", "24 or more", "20 or more"]),
    ("более сотни, больше двух десятков, a dozen, пара сотен",
     ["101 or more", "21 or more", "12", "200 or more"]),
    ("выросло с 5 до 12, rose to 12, возросло до 12", ["12"] * 3),
    ("8-ми, 3-х, 20-ти", ["8", "3", "20"]),
    ("22 мая, May 22, 22.05.2023, 14:30, 1.5, 5%, №5, $5", []),
    ("С-300, Т-72, 12-й, 103-я, 35-летний, two-storey, F16", []),
    ("８ раненых, ٨ раненых", ["8", "8"]),
    ("во\u0301семь во\u00adсемь", ["8", "8"]),
]  # fmt: skip

COUNTED = [
    ("8 [раненых]", "8"),
    ("восемь [раненых]", "8"),
    ("at least eight [injured]", "8 or more"),
    ("8 мирных жителей Белгородской области [ранены]", "8"),
    ("[Ранения] разной тяжести получили двадцать пять человек", "25"),
    ("Число [раненых] в Белгороде выросло с 5 до 12", "12"),
    ("The number of [injured] rose to 12", "12"),
    ("[Раненых] — 8, погибших — 2", "8"),
    ("Раненых: 8, [погибших]: 2", "2"),
    ("погибли двое, [ранены] пятеро", "5"),
    ("двое погибших и пятеро [раненых]", "5"),
    ("two [killed] and five injured", "2"),
    ("2 dead, 14 [wounded]", "14"),
    ("загинули двоє, [поранено] 11 осіб", "11"),
    ("убито и [ранено] 8 человек", "8"),
    ("осколочные [ранения] у двоих", "2"),
    ("8 чел. [ранено]", "8"),
    ("8 человек, в том числе двое детей, [ранены]", "8"),
    ("[Ранены] 8 человек, из них двое детей", "8"),
    ("Ранены 8 человек, из них двое [детей]", "2"),
    ("12 из 34 [пострадавших]", "34"),
    ("один из [раненых] скончался", "1 or more"),
    ("[Ранены] 35-летний мужчина и женщина", "1 or more"),
    ("[ранена] женщина", "1 or more"),
    ("одна женщина [ранена]", "1"),
    ("[Пострадавших] нет", "0"),
    ("[Пострадавших], по предварительным данным, нет", "0"),
    ("жертв и [пострадавших] нет", "0"),
    ("[погибших] и раненых нет", "0"),
    ("никто не [пострадал]", "0"),
    ("люди не [пострадали]", "0"),
    ("обошлось без [пострадавших]", "0"),
    ("No one was [injured]", "0"),
    ("no casualties, 3 people [injured]", "3"),
    ("[постраждалих] немає", "0"),
    ("Нет информации о [пострадавших]", None),
    ("Информации о [пострадавших] нет", None),
    ("[ранены] люди", None),
    ("Сбито 12 беспилотников, [ранены] люди", None),
    ("Сбито 12 беспилотников. [Ранены] люди", None),
    ("погибли 2 человека и [ранены] женщины", None),
    ("[Ранены] люди в 5 домах", None),
    ("повреждены окна в 5 [домах]", "5"),
    ("22 мая в 14:30 [ранены] люди", None),
    ("[ранен] командир 5 бригады", None),
    ("в 20 [километрах] от города", "20"),
    ("5\n[раненых]", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "says"), READ)
def test_numbers_are_read(text: str, says: list[str]) -> None:
    """Figures, words, bounds and ranges in three languages; dates, names, ordinals are none."""
    assert [one.text for one in numbers(text)] == says


@pytest.mark.parametrize(("text", "says"), COUNTED)
def test_a_word_has_the_number_that_counts_it(text: str, says: str | None) -> None:
    """The nearest number of the same clause, unless it counts something else; none is no number."""
    start, end = text.index("["), text.index("]") - 1
    found = counting(text.replace("[", "").replace("]", ""), start, end)
    assert (found and found.text) == says


def test_a_number_says_where_it_stands() -> None:
    """The place of a number is that of its words in the text, its bound included."""
    text = "Внимание!\nПострадали не менее восьми человек"
    found = counting(text, text.index("Пострадали"), text.index(" не менее"))
    assert found is not None
    assert text[found.start : found.end] == "не менее восьми"
    assert (found.low, found.high, found.unit) == (8, None, "человек")


pieces = st.sampled_from(
    ["8", "1 200", "до", "от", "с", "не менее", "двадцать", "пять", "сто", "тысяч", "hundred",
     "-", "–", ",", ".", "и", "and", "of", "or more", "раненых", "нет", "no", "one", "%", "№", "\n",
     "\u0301", "🔥", "Т", "5", ":", "30", "мая", "у", "из", "две", "99999999999999999999999999"]
)  # fmt: skip


@given(st.lists(st.tuples(pieces, st.sampled_from(["", " ", "  "])), max_size=30))
def test_any_text_is_read(parts: list[tuple[str, str]]) -> None:
    """No text raises; numbers stand in order within it and say no less than nothing."""
    text = "".join(piece + gap for piece, gap in parts)
    last = 0
    for one in numbers(text):
        assert last <= one.start < one.end <= len(text)
        assert one.low >= 0
        assert one.high is None or one.low <= one.high
        last = one.end
    for word in regex.finditer("раненых", text):
        found = counting(text, *word.span())
        assert found is None or 0 <= found.start < found.end <= len(text)


def test_a_page_of_numbers_is_read_in_time() -> None:
    """64 KiB of numbers are read in linear time, and each word's number in bounded time."""
    text = "двадцать пять раненых и 8-10 " * 1_200
    assert len(numbers(text)) == 2_400
    found = [counting(text, *word.span()) for word in regex.finditer("раненых", text)]
    assert {one and one.text for one in found} == {"25"}


def test_every_plural_of_a_scale_has_its_number() -> None:
    """What says "two of it or more" without a number knows what it multiplies."""
    assert [word for word in say.PLURALS if word not in say.SCALES] == []
    assert numbers("миллионы рублей")[0].low == 2_000_000
