"""The fold: one byte a letter, places kept, nothing that reads the same folded apart."""

import sys
import unicodedata
from collections.abc import Iterator
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.text.fold import (
    OTHER,
    Origins,
    fingerprint,
    fold,
    fold_wide,
    has_other_letters,
    narrow,
)
from monitor.text.symbols import is_mixed, merged, strict, strict_symbols, unspaced
from tests import naive_words

every_text = st.text(st.characters())
slavic = st.text("абвгґдеёєжзиіїйклмнопрстуфхцчшщъыьэюяўАБЁЇЙЎ abcxyz0189.,!—«»\n", max_size=60)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ЩЁЛКНУЛО", "щелкнуло"),
        ("п'ять", "п’ять"),
        ("п'ять", "пʼять"),
        ("Гора-Подол", "гора подол"),
        ("Гора‑Подол", "гора–подол"),
        ("за́мок", "замок"),
        ("сло\u200bво", "слово"),
        ("сло\u00adво", "слово"),
        ("сл\u2060о\ufeffво", "слово"),
        ("и\u0306од", "йод"),
        ("ї", "і\u0308"),
        ("Mосква", "Москва"),
        ("café", "CAFE"),
        ("𝗱𝗿𝗼𝗻𝗲", "drone"),
        ("ｄｒｏｎｅ", "drone"),
        ("٣", "3"),
        ("①", "1"),
        ("Łódź", "lodz"),
        ("слово🔥слово", "слово слово"),
        ("слово\nслово", "слово слово"),
    ],
)
def test_what_reads_the_same_folds_to_the_same(one: str, other: str) -> None:
    """Case, ё, apostrophes, hyphens, unseen characters, marks, look-alikes: no difference."""
    assert fold(one).split() == fold(other).split()


@pytest.mark.parametrize(
    ("one", "other"),
    [("й", "и"), ("ї", "і"), ("ў", "у"), ("п'ять", "пять"), ("ґ", "г"), ("ы", "и"), ("ь", "ъ")],
)
def test_letters_of_their_own_stay_apart(one: str, other: str) -> None:
    """Letters that only look like marked ones are not folded away."""
    assert fold(one) != fold(other)


@given(slavic)
def test_a_byte_is_a_character(text: str) -> None:
    """For Russian, Ukrainian and English text a place in the bytes is the place in the text."""
    assert len(fold(text)) == len(text) + 2
    origins = Origins(text, fold(text))
    assert all(origins.span(at + 1, at + 2) == (at, at + 1) for at in range(len(text)))


@given(every_text)
def test_places_lead_back_to_the_letters(text: str) -> None:
    """Every byte of any text stands for the character that its place leads back to."""
    folded = fold(text)
    origins = Origins(text, folded)
    for at in range(1, len(folded) - 1):
        first, last = origins.span(at, at + 1)
        assert 0 <= first < last <= len(text)
        coded = [narrow(symbol) for symbol in merged(text[first])]
        assert folded[at] in (*b"".join(code or b"" for code in coded), 32, OTHER, narrow("й")[0],  # type: ignore[index]
                              narrow("ї")[0], narrow("ў")[0])  # type: ignore[index]  # fmt: skip


@given(every_text)
def test_both_folds_have_the_same_places(text: str) -> None:
    """The byte fold is the wide fold, with spaces around each letter of an unspaced script."""
    spaced = sum(map(unspaced, fold_wide(text)))
    assert len(fold(text)) == len(fold_wide(text)) + 2 * spaced


@given(every_text)
def test_the_wide_fold_shows_what_the_bytes_hide(text: str) -> None:
    """Wherever a letter has no byte, the text is known to have such letters."""
    if OTHER in fold(text):
        assert has_other_letters(text)
    wide = (f" {one} " if unspaced(one) else one for one in fold_wide(text))
    words = zip(fold(text), "".join(wide), strict=True)
    assert all(byte in (32, OTHER) or narrow(symbol) == bytes([byte]) for byte, symbol in words)


def test_every_character_folds_as_it_is_defined() -> None:
    """All of Unicode: the fast fold of a character is its definition, coded."""
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        if unicodedata.category(character) in {"Cn", "Co"} or character in "\u0306\u0308ŉ'":
            continue
        symbols = merged(character)
        if symbols == "'":
            continue  # alone, it is no letter
        expected = b"".join(
            narrow(symbol) or (b" %c " if unspaced(symbol) else b"%c") % OTHER for symbol in symbols
        )
        assert fold(character) == b" " + expected + b" ", f"U+{code:04X}"


@given(every_text)
def test_folding_again_changes_nothing(text: str) -> None:
    """The symbols of symbols are themselves."""
    symbols = strict_symbols(text)
    assert strict_symbols(symbols).split() == symbols.split()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("'обстрел'", ["обстрел"]),
        ("м'я'со", ["м'я'со"]),
        ("it's Kate's", ["it", "s", "kate", "s"]),
        ("п''ять", ["п", "ять"]),
        ("'", []),
    ],
)
def test_an_apostrophe_is_a_letter_between_cyrillic_letters_only(
    text: str, words: list[str]
) -> None:
    """Quotation marks and English possessives end a word, a Ukrainian apostrophe does not."""
    assert strict_symbols(text).split() == words


def test_scripts_are_told_apart() -> None:
    """Strict symbols keep Latin and Cyrillic apart, and a word of both is known as mixed."""
    assert strict("a") != strict("а")
    assert merged("a") == merged("а")
    assert is_mixed("mосква")
    assert not is_mixed("москва")
    assert not is_mixed("moscow")


def test_copies_have_one_fingerprint() -> None:
    """Case, punctuation, spacing and emoji do not change a fingerprint; a word or number does."""
    text = "Губернатор: 8 раненых в Козинке."
    assert fingerprint(text) == fingerprint("⚡️ГУБЕРНАТОР —  8 раненых\nв Козинке!!!")
    assert fingerprint(text) != fingerprint("Губернатор: 3 раненых в Козинке.")
    assert fingerprint("مرحبا") != fingerprint("سلامة")
    assert len(fingerprint(text)) == 32


def test_a_text_without_words_has_no_fingerprint() -> None:
    """Two pictures with an emoji are not copies of each other."""
    assert fingerprint("🔥🔥") == fingerprint("") == ""


def assigned() -> Iterator[str]:
    """Every character that stands for something in Unicode, but for half of those without spaces.

    Ideographs and Korean syllables are all alike: every hundredth of them.
    """
    for code in chain(range(0xD800), range(0xE000, 0x110000)):
        many = 0x3400 <= code < 0xA000 or 0xAC00 <= code < 0xD7A4 or 0x20000 <= code < 0x2F800
        if unicodedata.category(chr(code)) not in {"Cn", "Co"} and not (many and code % 100):
            yield chr(code)


def words_of(text: str) -> list[str]:
    """The words that symbols make; a letter of a script without spaces ends one, and is none."""
    return "".join(" " if unspaced(one) else one for one in strict_symbols(text)).split()


def test_the_reference_makes_the_same_of_every_character() -> None:
    """Every character says the same to fold and reference, alone and beside letters.

    Signs that a reader may leave out (`ۥ`, a small letter of the Quran) are nothing to both, a mark
    with a space of its own (`ͺ`) is a space, vowels of other scripts are letters.
    """
    assert naive_words.words("ܒܴ")[0].letters == "ܒܴ"
    assert (strict("ͺ"), strict("ۥ"), strict("½"), strict("־")) == (" ", "", "1 2", " ")
    every = list(assigned())
    assert len(every) > 40_000
    assert [one for one in every if strict(one) != naive_words.spoken(one)] == []
    told = ((one, f"а{one}б {one}") for one in every)
    assert [
        one
        for one, text in told
        if words_of(text) != [word.letters for word in naive_words.words(text)]
    ] == []
