"""Words for numbers in Russian, Ukrainian and English, and the words around them, as tables.

All words are strict symbols (monitor/text/symbols.py): lower case, ё as е, one kind of apostrophe.
Left out on purpose: `семью` (nearly always "family"), `сьома` (the seventh).
"""


def _table(rows: str) -> dict[str, int]:
    """`8: восемь восьми` line by line; `пят(ь и ью)` stands for пять, пяти, пятью."""
    words: dict[str, int] = {}
    for row in rows.strip().splitlines():
        value, _, forms = row.partition(":")
        stem = ""
        for part in forms.replace("(", "( ").replace(")", " )").split():
            if part.endswith("("):
                stem = part[:-1]
            elif part == ")":
                stem = ""
            else:
                words[stem + part.removeprefix("-")] = int(value)
    return words


def _words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


BASIC = _table("""
0: zero ноль ноля нолю нолем нуль нуля нулю нулем
1: one один одна одно одного одной одному одним одном одну одне одної одній однією
2: two both два две двух двум двумя двое двоих двоим двоими оба обе обоих обеих
2: дві двох двом двома двоє двоїх двоїм двоїма обидва обидві обоє
3: three три трех трем тремя трое троих троим троими трьох трьом трьома троє трої(х м ма)
4: four четыре четырех четырем четырьмя четвер(о ых ым ыми их им има)
4: чотири чотирьох чотирьом чотирма чотирьма
5: five пят(ь и ью еро ерых ерым ерыми) п'ят(ь и ьох ьом ьма еро ерих ерим)
6: six шест(ь и ью еро ерых ерым ерыми ерих ерим) шіст(ь ьох ьом ьма)
7: seven семь семи семер(о ых ым ыми их им) сім сімох сімом сімома
8: eight восем(ь ью) восьм(и ью еро ерых ерым ерыми ерих ерим) вісім вісьм(ох ом ома)
9: nine девят(ь и ью еро ерых ерым ерыми) дев'ят(ь и ьох ьом ьма еро ерих ерим)
10: ten десят(ь и ью еро ерых ерым ерыми ерих ерим ьох ьом ьма)
11: eleven одиннадцат(ь и ью) одинадцят(ь и ьох ьом ьма)
12: twelve двенадцат(ь и ью) дванадцят(ь и ьох ьом ьма)
13: thirteen тринадцат(ь и ью) тринадцят(ь и ьох ьом ьма)
14: fourteen четырнадцат(ь и ью) чотирнадцят(ь и ьох ьом ьма)
15: fifteen пятнадцат(ь и ью) п'ятнадцят(ь и ьох ьом ьма)
16: sixteen шестнадцат(ь и ью) шістнадцят(ь и ьох ьом ьма)
17: seventeen семнадцат(ь и ью) сімнадцят(ь и ьох ьом ьма)
18: eighteen восемнадцат(ь и ью) вісімнадцят(ь и ьох ьом ьма)
19: nineteen девятнадцат(ь и ью) дев'ятнадцят(ь и ьох ьом ьма)
20: twenty двадцат(ь и ью) двадцят(ь и ьох ьом ьма)
30: thirty тридцат(ь и ью) тридцят(ь и ьох ьом ьма)
40: forty сорок сорока
50: fifty пятьдесят пятидесяти пятьюдесятью полсотни п'ятдесят п'ятдесят(и ьох ьом)
60: sixty шестьдесят шестидесяти шестьюдесятью шістдесят шістдесят(и ьох ьом)
70: seventy семьдесят семидесяти семьюдесятью сімдесят сімдесят(и ьох ьом)
80: eighty восемьдесят восьмидесяти вісімдесят вісімдесят(и ьох ьом)
90: ninety девяносто девяноста дев'яносто дев'яноста
100: сто ста
200: двести двухсот двумстам двумястами двухстах двісті двохсот двомстам
300: триста трехсот тремстам тремястами трехстах трьохсот трьомстам
400: четыреста четырехсот четыремстам чотириста чотирьохсот
500: пятьсот пятисот пятистам п'ятсот п'ятисот
600: шестьсот шестисот шестистам шістсот шестисот
700: семьсот семисот семистам сімсот семисот
800: восемьсот восьмисот восьмистам вісімсот восьмисот
900: девятьсот девятисот девятистам дев'ятсот дев'ятисот
""")
"""Word -> number, for words that add up: сто двадцать пять."""

SCALES = _table("""
10: десяток десятка десятку десятком десятків десятки десятков десяткам десятками десятках
12: dozen dozens дюжина дюжину дюжины дюжин дюжини
100: hundred hundreds сотня сотню сотне сотни сотен сотням сотнями сотнях сотні сотень
1000: thousand thousands тыс тис тысяч(а и е у ей - ам ами ах) тисяч(а і у ею - ам ами ах)
1000000: million millions млн миллион(- а у ы ов ам ами ах) мільйон(- а у и ів ам ами ах)
""")
"""Word -> what it multiplies."""

PLURALS = _words("""
десятки десятков десяткам десятками десятках десятків dozens hundreds thousands millions
дюжины дюжин дюжини сотни сотен сотням сотнями сотнях сотні сотень тысячи тысяч тысячам
тысячами тысячах тисячі тисяч тисячам тисячами тисячах миллионы миллионов мільйони мільйонів
""")
"""Scales that, without a number, say only that it is two of them or more."""

SINGULARS = _words("""
сотни сотні тысячи тисячі дюжины дюжини
""")
"""Those of them that are one of it behind a bound: более сотни."""

SOME = _words("""
несколько нескольких нескольким несколькими кілька кількох кільком декілька декількох
several few пара пару couple
""")
"""Words for two or more."""

NONE = _words("""
нет немає нема no none никто ніхто nobody без
""")
"""Words for nothing."""

BEFORE: dict[str, str] = {
    "more than": "more", "over": "more", "upwards of": "more", "greater than": "more",
    "более": "more", "более чем": "more", "больше": "more", "больше чем": "more",
    "свыше": "more", "понад": "more", "більше": "more", "більш ніж": "more",
    "більше ніж": "more", "більше за": "more",
    "at least": "least", "no fewer than": "least", "no less than": "least",
    "not less than": "least", "a minimum of": "least", "minimum": "least",
    "не менее": "least", "не менее чем": "least", "не меньше": "least", "минимум": "least",
    "как минимум": "least", "по меньшей мере": "least", "по крайней мере": "least",
    "щонайменше": "least", "не менше": "least", "не менш ніж": "least", "не менше ніж": "least",
    "принаймні": "least", "мінімум": "least", "якнайменше": "least",
    "up to": "most", "as many as": "most", "at most": "most", "no more than": "most",
    "not more than": "most", "до": "most", "не более": "most", "не более чем": "most",
    "не больше": "most", "не більше": "most", "не більше ніж": "most", "щонайбільше": "most",
    "максимум": "most",
    "less than": "fewer", "fewer than": "fewer", "under": "fewer", "менее": "fewer",
    "менее чем": "fewer", "меньше": "fewer", "менше": "fewer", "менш ніж": "fewer",
    "менше ніж": "fewer",
    "about": "", "around": "", "some": "", "nearly": "", "almost": "", "roughly": "",
    "approximately": "", "an estimated": "", "около": "", "примерно": "", "приблизительно": "",
    "порядка": "", "почти": "", "где-то": "", "близько": "", "приблизно": "", "майже": "",
    "біля": "", "орієнтовно": "", "всего": "", "ровно": "", "лишь": "", "a": "", "only": "",
    "a total of": "", "total of": "",
}  # fmt: skip
"""Words before a number -> what they make of it; `about` changes nothing."""

AFTER: dict[str, str] = {
    "or more": "least", "and more": "more", "и более": "least", "и больше": "least",
    "или более": "least", "або більше": "least", "і більше": "least", "plus": "least",
}  # fmt: skip
"""Words after a number -> what they make of it."""

REACHED = (
    "вырос", "возрос", "увелич", "достиг", "поднял", "зріс", "зрос", "збільш", "досяг", "rose",
    "risen", "rise", "rises", "climb", "increas", "grew", "grown", "jump", "reach", "went",
)  # fmt: skip
"""Beginnings of words after which `до 12` and `to 12` mean 12 itself."""

ASIDE = _words("""
в во на с со из по над под за у к ко через при о об від з із зі під від від крізь in on at
from by with for near across after before since until into
""")
"""A number behind such a word counts what follows it and nothing else: в 5 домах."""

PART = (
    "в том числе", "включая", "среди них", "из них", "в т ч", "у тому числі", "в тому числі",
    "зокрема", "серед них", "з них", "including", "among them", "of them", "of whom",
)  # fmt: skip
"""Words before a number that is part of another one."""

OUT_OF = ("из", "з", "із", "of the", "of them", "of those")
"""Words after such a number: двое из них."""

MEASURES = _words("""
км м метр метра метров метре метрах метрів километр километра километров километрах кілометр
кілометра кілометрів кілометрах см мм миллиметров процент процента процентов відсоток
відсотка відсотків час часа часов часам година години годин минут минуту минуты хвилин
хвилину хвилини секунд секунды мин хв ч сек день дня дней дні днів сутки суток неделя недели
недель тиждень тижні тижнів месяц месяца месяцев місяць місяці місяців лет год года году
годов рок роки років року рік г р руб рублей рубля гривень гривен грн долларов доллара
доларів евро євро тонн тонны т кг гектар гектара гектаров гектарів га градусов градусів раз
раза разів этаж этажа этаже поверх поверсі бригада бригады бригаде бригади бригаді полк
полка дивизия дивизии дивізія дивізії армия армии армія армії батальон батальона батальйон
батальйону утра вечера ночи ранку летний летняя летнего летней летнюю летнему летним річний
річна річного річної річну km m meter meters metre metres kilometer kilometers kilometre
kilometres mile miles hour hours minute minutes second seconds day days week weeks month
months year years percent dollars tons times mm am pm brigade brigades feet
""")
"""Measures, ages, times and military units: their numbers count nothing else."""

MONTHS = _words("""
января февраля марта апреля мая июня июля августа сентября октября ноября декабря січня
лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня january
february march april may june july august september october november december
""")
"""Months: a day of a month is no count."""

PERSONS = _words("""
мужчина мужчину женщина женщину ребенок ребенка девочка девочку мальчик мальчика подросток
подростка девушка девушку парень парня пенсионер пенсионера пенсионерка пенсионерку житель
жительница жительницу боец бойца водитель водителя военнослужащий чоловік чоловіка жінка
жінку дитина дитину дівчина дівчину дівчинка дівчинку хлопець хлопця хлопчик хлопчика
підліток підлітка мешканець мешканця мешканка мешканку водій водія man woman child boy girl
teenager civilian driver person resident soldier
""")
"""Persons in the singular: `ранена женщина` says that it is one at least."""
