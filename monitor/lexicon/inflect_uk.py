"""Ukrainian declension by endings: places, surnames and words that the dictionary does not know.

Case endings stand in the order nominative, genitive, dative, accusative, instrumental,
locative, vocative. All variants in use stand side by side (-ові and -у, -а and -у): a text has
any of them.
"""

from monitor.lexicon.suffixes import Rule, book

_HARD_M = "- а/у ові/у - ом і/ові/у е"
_NAME_M = "- а ові/у а ом ові/і/у е"
_VELAR_M = "- а/у ові/у - ом у/ові у"
_SK_M = "- а у - ом у у"
_HUSH_M = "- а/у еві/у - ем і/еві/у е"
_SOFT_M = "ь я/ю еві/ю ь ем і/еві/ю ю"
_ETS_M = "ь я еві/ю ь ем і/еві/ю ю"
_J_M = "й я/ю єві/ю й єм ї/єві/ю ю"
_ADJ_M = "ий ого ому ий им ому/ім ий"
_ADJ_M_SOFT = "ій ього ьому ій ім ьому/ім ій"
_HARD_F = "а и і у ою і о"
_HUSH_F = "а і і у ею і е"
_SOFT_F = "я і і ю ею і е"
_IYA_F = "я ї ї ю єю ї є"
_ADJ_F = "а ої ій у ою ій а"
_YA_ADJ_F = "я ьої ій ю ьою ій я"
_ZERO_F = {
    letter: f"{letter}ь {letter}і {letter}і {letter}ь {letter}{letter}ю {letter}і {letter}е"
    for letter in "нлтдсцз"
}
_ADJ_N = "е ого ому е им ому/ім е"
_ADJ_N_SOFT = "є ього ьому є ім ьому/ім є"
_PL_I = "и ів ам и ами ах и"
_PL_BOTH = "и ів/- ам и ами ах и"
_PL_BARE = "и - ам и ами ах и"
_PL_SOFT = "і ів ям і ями ях і"
_PL_HUSH = "і ів ам і ами ах і"
_PL_SOFT_BARE = "і ь ям і ями ях і"
_PL_ADJ = "і их им і ими их і"
_PL_SURNAME = "и их им их ими их и"
_NEUT_YA = "я я ю я ям і я"

_V = "[аеєиіїоуюя]"
_C = "[бвгґджзйклмнпрстфхцчшщ]"

_CONSONANTS = (
    Rule(f"^{_C}+", "", "- - - - - - -"),
    Rule(
        "(?:ов|ев|єв|ін|їн|ин)",
        "masc",
        "- а ові/у а им ові/і/у е",
        _PL_SURNAME,
        only="nw",
        also=True,
    ),
    Rule("(?:ов|ев|єв)", "masc", "- а у - ом і/у е", only="pw"),
    Rule("(?:ин|ін|їн)", "masc", _HARD_M, only="w", also=True),
    Rule(
        "[жчшщц]ів|[дсрнл]ів", "masc", "- а у - ом і/у е", "", ("ів$", "ев"), only="pw", also=True
    ),
    Rule("ів", "masc", "- а у - ом і/у е", "", ("ів$", "ов"), only="pw"),
    Rule("їв", "masc", "- а у - ом і/у е", "", ("їв$", "єв"), only="pw"),
    Rule(
        "ів", "masc", "- а ові/у а им/ом ові/і/у е", _PL_SURNAME, ("ів$", "ов"), only="n", also=True
    ),
    Rule("[їі]в", "masc", "- а ові/у а им/ом ові/і/у е", _PL_SURNAME, only="n"),
    Rule("(?:с|ц|з)ьк", "masc", _SK_M, _PL_I),
    Rule(f"{_C}ок", "masc", _VELAR_M, _PL_I, ("ок$", "к")),
    Rule("ріг|тік", "masc", "- у ові/у - ом у/ові е", _PL_I, ("і(.)$", "о\\1"), also=True),
    Rule("[лрт]іг|[тл]ік", "masc", _VELAR_M, _PL_I, ("і(.)$", "о\\1")),
    Rule("ріг", "masc", "- у ові/у - ом зі/у/ові е", "", ("іг$", "о"), also=False),
    Rule("[гкх]", "masc", "- а ові/у а ом у/ові е", _PL_I, only="n", also=True),
    Rule("[гх]", "masc", "- а/у ові/у - ом у/ові у"),
    Rule("к", "masc", _VELAR_M, _PL_I),
    Rule("іж", "masc", _HUSH_M, _PL_HUSH, ("іж$", "еж"), only="pw"),
    Rule("[жчшщц]", "masc", _HUSH_M, _PL_HUSH),
    Rule(
        "(?:бір|кір|тір|лід|рід|від|сокіл|діл|кіл|піп|кіп|кінь|ріст)",
        "masc",
        _HARD_M,
        _PL_I,
        ("і(.)$", "о\\1"),
    ),
    Rule("[аи]р", "masc", "- я/ю еві/ю - ем і/еві/ю ю", "", only="p", also=True),
    Rule("ур?ф", "masc", _HARD_M),
    Rule("", "masc", _NAME_M, _PL_I, only="n"),
    Rule("", "masc", _HARD_M, _PL_I),
)
_SHORT_I = (
    Rule("[нжтр]ій", "masc", _ADJ_M_SOFT, _PL_ADJ, part="adjective", only="pw", also=True),
    Rule("ий", "masc", _ADJ_M, _PL_ADJ, part="adjective"),
    Rule("опій", "masc", "й ю єві/ю й єм ї/єві/ю ю", "", ("і$", "о"), only="pw"),
    Rule("й", "masc", _J_M, "ї їв ям ї ями ях ї"),
)
_SOFT_SIGN = (
    Rule("лець", "masc", _ETS_M, "і ів ям і ями ях і", ("ец$", "ьц")),
    Rule(f"{_V}ець", "masc", _ETS_M, "і ів ям і ями ях і", ("[єе]ц$", "йц")),
    Rule(f"{_C}ець", "masc", _ETS_M, "і ів ям і ями ях і", ("ец$", "ц")),
    Rule("[пс]іль", "masc", _ETS_M, _PL_SOFT, ("іл$", "ол"), only="pw"),
    Rule("[ое]ль|[тр]ель", "masc", _ETS_M, _PL_SOFT),
    Rule("ень", "masc", _ETS_M, _PL_SOFT, ("ен$", "н"), only="wn", also=True),
    Rule("[мрп]інь", "masc", _ETS_M, _PL_SOFT, ("ін$", "ен")),
    Rule("ість", "femn", "ість ості ості ість істю ості осте"),
    Rule("сть", "femn", "сть сті сті сть стю сті сте"),
    *(Rule(f"{letter}ь", "femn", endings, also=True) for letter, endings in _ZERO_F.items()),
    Rule("ь", "masc", _ETS_M, _PL_SOFT),
)
_A = (
    Rule("[оеє]ва|[иії]на", "femn", "а ої ій у ою ій о", _PL_SURNAME, only="n"),
    Rule("(?:ськ|цьк|зьк)а", "femn", _ADJ_F, _PL_ADJ, part="adjective"),
    Rule("[кґ]а", "femn", "ка ки ці ку кою ці ко", "ки - кам ки ками ках ки"),
    Rule("га", "femn", "га ги зі гу гою зі го"),
    Rule("ха", "femn", "ха хи сі ху хою сі хо"),
    Rule("[жчшщ]а", "femn", _HUSH_F, _PL_HUSH),
    Rule("[^щ]ова|ева", "femn", _ADJ_F, _PL_ADJ, part="adjective"),
    Rule(
        "(?:[оеа]в|ат|зн|[чрд]н|[ое]вн|[жл]н|льн|ан)а",
        "femn",
        _ADJ_F,
        part="adjective",
        only="p",
        also=True,
    ),
    Rule("а", "femn", _HARD_F, _PL_BARE),
)
_YA = (
    Rule("ія|їя|ая|ея|оя|уя", "femn", _IYA_F, "ї й ям ї ями ях ї"),
    Rule("[оа]дня", "femn", _YA_ADJ_F, part="adjective", only="p"),
    Rule("(?:лл|нн|дд|тт|сс|жж|чч|шш|зз|[рвбпм]')я|(?:щ|шт|ст|річч|здв|лісс)я", "neut", _NEUT_YA),
    Rule("я", "femn", _SOFT_F, _PL_SOFT_BARE),
)
_E = (
    Rule("ище|їще", "neut", "е а у е ем і е", "а - ам а ами ах а"),
    Rule("поле|море", "neut", "е я ю е ем і/ю е", "я ь ям я ями ях я"),
    Rule("е", "neut", _ADJ_N, _PL_ADJ, part="adjective"),
)
_JE = (
    Rule("ьє", "neut", "є його йому є їм йому/їм є", part="adjective"),
    Rule("є", "neut", _ADJ_N_SOFT, _PL_ADJ, part="adjective"),
)
_O = (
    Rule("(?:енк|ченк)о", "masc", "о а ові/у а ом ові/у о", "и ів ам ів ами ах и", only="n"),
    Rule("енко", "neut", "о а у о ом у о"),
    Rule("ко", "masc", "о а ові/у а ом ові/у о", "и ів ам ів ами ах и", only="nw", also=True),
    Rule("ко", "neut", "о а у о ом у о", only="pw"),
    Rule("про", "masc", "о а у/ові о ом і/у/ові е"),
    Rule("о", "neut", "о а у о ом і о", only="pw"),
    Rule("о", "", "о о о о о о о"),
)
_Y = (
    Rule("(?:ськ|цьк)и", "plur", "", _PL_I),
    Rule(f"(?:{_C}|ь)ки", "plur", "", _PL_BOTH, ("к$", "ок")),
    Rule("[жчшщц]и", "", "и и и и и и и"),
    Rule("и", "plur", "", _PL_BOTH),
)
_I = (
    Rule("[жчшщ]і", "plur", "", _PL_HUSH),
    Rule("иці", "plur", "", _PL_SOFT_BARE),
    Rule("ські|цькі|[аоу]ті|ні", "plur", "", _PL_ADJ, part="adjective", also=True),
    Rule("і", "plur", "", _PL_SOFT),
)

UKRAINIAN = book(
    "uk",
    "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
    (*_CONSONANTS, *_SHORT_I, *_SOFT_SIGN, *_A, *_YA, *_E, *_JE, *_O, *_Y, *_I,
     Rule("ї", "plur", "", "ї їв ям ї ями ях ї"),
     Rule("[ую]", "", "- - - - - - -")),
)  # fmt: skip
