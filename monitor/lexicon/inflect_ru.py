"""Russian declension by endings: places, surnames and words that the dictionary does not know.

Case endings stand in the order nominative, genitive, dative, accusative, instrumental,
locative. Where stress decides and is not written (Елец: Ельцом, Юрьевец: Юрьевцем), both stand.
"""

from monitor.lexicon.suffixes import Rule, book

_HARD_M = "- а у - ом е"
_HUSH_M = "- а у - ем/ом е"
_SOFT_M = "ь я ю ь ем е"
_J_M = "й я ю й ем е"
_HARD_F = "а ы е у ой/ою е"
_VELAR_F = "а и е у ой/ою е"
_HUSH_F = "а и е у ей/ею/ой/ою е"
_SOFT_F = "я и е ю ей/ёй е"
_ZERO_F = "ь и и ь ью и"
_HARD_N = "о а у о ом е"
_ADJ_M = "ый ого ому ый ым ом"
_ADJ_KY = "ий ого ому ий им ом"
_ADJ_F = "ая ой ой ую ой/ою ой"
_ADJ_F_SOFT = "яя ей ей юю ей/ею ей"
_ADJ_N = "ое ого ому ое ым ом"
_ADJ_N_KOE = "ое ого ому ое им ом"
_ADJ_N_SOFT = "ее его ему ее им ем"
_PL_ADJ = "ые ых ым ые ыми ых"
_PL_ADJ_KIE = "ие их им ие ими их"
_PL_Y = "ы ов ам ы ами ах"
_PL_I = "и ов ам и ами ах"
_PL_SOFT = "и ей ям и ями ях"
_PL_HUSH = "и ей ам и ами ах"
_PL_Y_BARE = "ы - ам ы ами ах"
_PL_I_BARE = "и - ам и ами ах"
_PL_Y_BOTH = "ы ов/- ам ы ами ах"
_PL_I_BOTH = "и ов/- ам и ами ах"
_SURNAME_M = "- а у а ым е"
_SURNAME_F = "а ой ой у ой/ою ой"
_SURNAME_PL = "ы ых ым ых ыми ых"

_VOWEL = "[аеёиоуыэюя]"
_NOT_VOWEL = "[^аеёиоуыэюя]"

_CONSONANTS = (
    Rule(f"^{_NOT_VOWEL}+", "", "- - - - - -"),
    Rule("(?:[оеё]в|[иы]н)", "masc", _SURNAME_M, _SURNAME_PL, only="nw", also=True),
    Rule("(?:[оеё]в|[иы]н)", "masc", _HARD_M, only="pw"),
    Rule("ых|их", "", "- - - - - -", only="n"),
    Rule(f"{_VOWEL}ец", "masc", _HUSH_M, "ы ов/ев ам ы ами ах", ("ец$", "йц"), also=False),
    Rule("лец", "masc", "- а у - ом/ем е", "ы ов ам ы ами ах", ("ец$", "ьц")),
    Rule(f"{_NOT_VOWEL}ец", "masc", "- а у - ом/ем е", "ы ев/ов ам ы ами ах", ("ец$", "ц")),
    Rule("(?:[жч]|род)ок", "masc", _HARD_M, _PL_I, ("ок$", "к")),
    Rule("[шт]ок", "masc", _HARD_M, _PL_I, ("ок$", "к"), only="w", also=True),
    Rule("[жчш]ёк|ень?ёк", "masc", _HARD_M, _PL_I, ("ёк$", "к")),
    Rule("[рл]ёл", "masc", _HARD_M, "", ("ёл$", "л")),
    Rule("[чш]", "masc", _HUSH_M, _PL_HUSH),
    Rule("[жщ]", "masc", "- а у - ем е", _PL_HUSH),
    Rule("ц", "masc", "- а у - ем е", "ы ев ам ы ами ах"),
    Rule("[гкх]", "masc", _HARD_M, _PL_I),
    Rule("", "masc", _HARD_M, _PL_Y),
)
_SHORT_I = (
    Rule("[сцз]кий", "masc", _ADJ_KY, _PL_ADJ_KIE, part="adjective"),
    Rule("[гкх]ий", "masc", _ADJ_KY, _PL_ADJ_KIE, part="adjective", also=True),
    Rule("ний|щий|жий", "masc", "ий его ему ий им ем", _PL_ADJ_KIE, part="adjective", only="nw"),
    Rule("вежий", "masc", "ий ьего ьему ий ьим ьем", part="adjective"),
    Rule("[а-яё]{3}ый", "masc", _ADJ_M, _PL_ADJ, part="adjective"),
    Rule("(?:[вднтмс]|ск)ой", "masc", "ой ого ому ой ым/им ом", _PL_ADJ, part="adjective",
         also=True),
    Rule("ий", "masc", "й я ю й ем и", "и ев ям и ями ях"),
    Rule("й", "masc", _J_M, "и ев ям и ями ях"),
)  # fmt: skip
_SOFT_SIGN = (
    Rule("(?:[кг]о|ку|а)ль", "femn", _ZERO_F, _PL_SOFT, also=True),
    Rule("[аиоу]ль", "masc", _SOFT_M, _PL_SOFT),
    Rule("(?:ом|об|[аеиояыю]д|ст|т|с|з|ч|ш|щ|ж|ымь|оч|п)ь", "femn", _ZERO_F, _PL_SOFT),
    Rule("[ыиуоя]нь|ань|ень", "femn", _ZERO_F, _PL_SOFT, also=True),
    Rule("ь", "masc", _SOFT_M, _PL_SOFT, also=True),
    Rule("[ре]ь|[^н]ь", "femn", _ZERO_F, only="pw"),
)
_A = (
    Rule("[уаои]а", "", "а а а а а а", only="p"),
    Rule("[оеё]ва|[иы]на", "femn", _SURNAME_F, _SURNAME_PL, only="n"),
    Rule("[гкх]а", "femn", _VELAR_F, _PL_I_BARE),
    Rule("[жшчщ]а", "femn", _HUSH_F, _PL_I_BARE),
    Rule("ца", "femn", "а ы е у ей/ею/ой/ою е", _PL_Y_BARE),
    Rule("а", "femn", _HARD_F, _PL_Y_BARE),
)
_YA = (
    Rule("[а-яё]{2}ая", "femn", _ADJ_F, _PL_ADJ, part="adjective"),
    Rule("няя|[жшщ]яя", "femn", _ADJ_F_SOFT, part="adjective"),
    Rule("ия", "femn", "я и и ю ей и", "и й ям и ями ях"),
    Rule("я", "femn", _SOFT_F, "и ь ям и ями ях"),
)
_O = (
    Rule("[оеё]во|[иы]но|ско|[ео]зеро|[^аеиоуыэюя]ло|[чщвьр]но|бно|село|енко|чко", "neut",
         _HARD_N, only="pw"),
    Rule("ко", "neut", _HARD_N, only="w", also=True),
    Rule("о", "", "о о о о о о"),
)  # fmt: skip
_I = (
    Rule("[йь]ки", "plur", "", _PL_I_BOTH, ("[йь]к$", "ек")),
    Rule("[жчш]ки", "plur", "", _PL_I_BOTH, ("к$", "ек")),
    Rule("[нлпртвмдс]ки", "plur", "", _PL_I_BOTH, ("к$", "ок")),
    Rule("[уюиёяоа]ки|[яо]ги|щи", "plur", "", _PL_I_BOTH),
    Rule("[ое]вичи|ичи|[рск]?ачи|ши|[иу]жи|[оаыеу]чи", "plur", "", _PL_HUSH),
    Rule("[еа]и", "plur", "", "и ев ям и ями ях"),
    Rule("[йцн]?айи", "plur", "", "и ев ям и ями ях"),
    Rule("(?:ск|цк|н|зк)ие", "plur", "", _PL_ADJ_KIE, part="adjective"),
    Rule("ыри|гли|усти", "plur", "", _PL_SOFT),
    Rule("[лрнтд]и", "plur", "", _PL_SOFT, only="w"),
    Rule("и", "", "и и и и и и"),
)
_Y = (
    Rule("[й]цы", "plur", "", "ы ев ам ы ами ах"),
    Rule("[овн]цы", "plur", "", "ы ев/ов ам ы ами ах"),
    Rule("ицы", "plur", "", _PL_Y_BARE),
    Rule("[рьк]цы", "plur", "", _PL_Y_BOTH, ("ц$", "ец")),
    Rule("цы", "plur", "", _PL_Y_BOTH),
    Rule("[вбмр]ны", "plur", "", _PL_Y_BOTH, ("н$", "ен")),
    Rule("ы", "plur", "", _PL_Y_BOTH),
)
_E = (
    Rule("[гкх]ое", "neut", _ADJ_N_KOE, _PL_ADJ_KIE, part="adjective"),
    Rule("ое", "neut", _ADJ_N, _PL_ADJ, part="adjective"),
    Rule("нее|[щшжч]ее", "neut", _ADJ_N_SOFT, part="adjective"),
    Rule("(?:ск|цк|н|зк)ие", "plur", "", _PL_ADJ_KIE, part="adjective"),
    Rule("[^г]ые", "plur", "", _PL_ADJ, part="adjective"),
    Rule("ие", "neut", "е я ю е ем и", "я й ям я ями ях"),
    Rule("ье|поле|море", "neut", "е я ю е ем е", "я й ям я ями ях"),
    Rule("ище", "neut", "е а у е ем е", "а - ам а ами ах"),
    Rule("[^ыая]е", "", "е е е е е е"),
)

RUSSIAN = book(
    "ru",
    "абвгдежзийклмнопрстуфхцчшщъыьэюяё",
    (*_CONSONANTS, *_SHORT_I, *_SOFT_SIGN, *_A, *_YA, *_O, *_I, *_Y, *_E,
     Rule("[уюэё]", "", "- - - - - -")),
)  # fmt: skip
