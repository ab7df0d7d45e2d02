"""Why an alert was made, for readers of Russian and Ukrainian.

Pure. An alert's reason is a text in English, the same for every receiver: parts between semicolons,
each in one of few shapes. A part whose shape is not known here is shown as it is.
"""

import re
from collections.abc import Callable, Mapping

from monitor.receivers import Language
from monitor.sinks.speech import LANGUAGES, said, say

_LENGTHS = {"min": ("min", "мин", "хв"), "h": ("h", "ч", "год"), "d": ("d", "сут", "діб")}

SHAPES: Mapping[str, tuple[str, str]] = {
    r"rule (?P<rule>\S+) holds": ("сработало правило {rule}", "спрацювало правило {rule}"),
    r"nobody has acknowledged it for (?P<length>.+)": (
        "никто не принял: {length}", "ніхто не прийняв: {length}",
    ),
    r"told again in order": (
        "пришло не по порядку и учтено на своём месте",
        "надійшло не за порядком і враховано на своєму місці",
    ),
    r"publishers (?P<old>\d+) -> (?P<new>\d+)": (
        "изданий: {old} -> {new}", "видань: {old} -> {new}",
    ),
    r"level (?P<level>\w+) -> (?P<level_2>\w+)": (
        "уровень {level} -> {level_2}", "рівень {level} -> {level_2}",
    ),
    r"it was over then": ("тогда это уже закончилось", "тоді це вже закінчилося"),
    r"it is not over": ("это не закончилось", "це не закінчилося"),
    r"its posts belong to (?P<names>.+)": (
        "сообщения относятся к {names}", "повідомлення належать до {names}",
    ),
    r"nothing is left of it": ("ничего не осталось", "нічого не залишилося"),
    r"the monitor was away (?P<hours>.+)": (
        "монитор не работал {hours}", "монітор не працював {hours}",
    ),
    r"also reported by (?P<who>.+)": ("сообщает и {who}", "повідомляє і {who}"),
    r"also denied by (?P<who>.+)": ("опровергает и {who}", "спростовує і {who}"),
    r"claimed again by (?P<who>.+)": ("снова утверждает {who}", "знову стверджує {who}"),
    r"level (?P<level>\w+) -> (?P<level_2>\w+) by rule (?P<rule>\S+)": (
        "уровень {level} -> {level_2}, правило {rule}",
        "рівень {level} -> {level_2}, правило {rule}",
    ),
    r"place not known -> (?P<place>.+)": ("место: {place}", "місце: {place}"),
    r"place (?P<old>.+) -> (?P<new>.+)": ("место {old} -> {new}", "місце {old} -> {new}"),
    r"status (?P<status>\w+) -> (?P<status_2>\w+): denied by (?P<who>.+)": (
        "{status} -> {status_2}: опровергают {who}", "{status} -> {status_2}: спростовують {who}",
    ),
    r"status (?P<status>\w+) -> (?P<status_2>\w+): sides (?P<who>.+)": (
        "{status} -> {status_2}: стороны {who}", "{status} -> {status_2}: сторони {who}",
    ),
    r"status (?P<status>\w+) -> (?P<status_2>\w+): (?:says|by) (?P<who>.+)": (
        "{status} -> {status_2}: {who}", "{status} -> {status_2}: {who}",
    ),
    r"status (?P<status>\w+) -> (?P<status_2>\w+): nothing supports it any more": (
        "{status} -> {status_2}: ничто больше не подтверждает",
        "{status} -> {status_2}: ніщо більше не підтверджує",
    ),
    r"a post was deleted by its source": (
        "сообщение удалено источником", "повідомлення видалено джерелом",
    ),
    r"a post was edited and no longer matches": (
        "сообщение изменено и больше не подходит", "повідомлення змінено і більше не підходить",
    ),
    r"a denial was deleted by its source": (
        "опровержение удалено источником", "спростування видалено джерелом",
    ),
    r"a denial was edited and no longer matches": (
        "опровержение изменено и снято", "спростування змінено і знято",
    ),
    r"the all-clear was deleted by its source": (
        "отбой удалён источником", "відбій видалено джерелом",
    ),
    r"the all-clear was edited and no longer matches": (
        "отбой изменён и снят", "відбій змінено і знято",
    ),
    r"the post was edited": ("сообщение изменено", "повідомлення змінено"),
    r"the post matches again after an edit": (
        "сообщение после правки снова подходит", "повідомлення після правки знову підходить",
    ),
    r"it repeats (?P<who>\S+) now": ("теперь это повтор {who}", "тепер це повтор {who}"),
    r"it no longer repeats (?P<who>\S+)": ("больше не повтор {who}", "більше не повтор {who}"),
    r"all clear: (?P<who>.+) says so, rule (?P<rule>\S+)": (
        "отбой: {who}, правило {rule}", "відбій: {who}, правило {rule}",
    ),
    r"nothing new for (?P<length>.+)": ("ничего нового: {length}", "нічого нового: {length}"),
    r"merged into (?P<what>.+)": ("объединено с {what}", "об'єднано з {what}"),
    r"merged with (?P<what>.+)": ("объединено с {what}", "об'єднано з {what}"),
    r"(?P<count>\d+) posts? split off into (?P<what>.+)": (
        "отделено сообщений: {count}, в {what}", "відокремлено повідомлень: {count}, до {what}",
    ),
    r"split off from (?P<what>.+)": ("отделено от {what}", "відокремлено від {what}"),
    r"(?P<count>\d+) publishers \((?P<who>.+)\) within (?P<length>.+)": (
        "изданий: {count} ({who}), за {length}", "видань: {count} ({who}), за {length}",
    ),
    r"(?P<count>\d+) publishers \((?P<who>.+)\) of (?P<sides>\d+) sides \((?P<which>.+)\)"
    r" within (?P<length>.+)": (
        "изданий: {count} ({who}), сторон: {sides} ({which}), за {length}",
        "видань: {count} ({who}), сторін: {sides} ({which}), за {length}",
    ),
    r"(?P<count>\d+) posts within (?P<length>.+)": (
        "сообщений: {count}, за {length}", "повідомлень: {count}, за {length}",
    ),
}  # fmt: skip
"""The shape of a part -> the same in Russian and Ukrainian. Of two that fit, the later one."""


def length(text: str, language: Language) -> str:
    """A length of time as reasons write it (`3 h`, `10m`), in a language."""
    found = re.fullmatch(r"(\d+) ?(min|m|h|d)", text)
    if found is None:
        return text
    unit = {"m": "min"}.get(found[2], found[2])
    return f"{found[1]} {_LENGTHS[unit][LANGUAGES.index(language)]}"


_WHAT = r"(?:killed|injured|missing|captured)\b"
_NUMBERS = re.compile(
    rf"\bno (?P<none>{_WHAT})|(?P<low>\d+) or more\b|\bno longer says\b|(?<= )(?P<what>{_WHAT})"
)
_COMPILED = [(re.compile(shape), words) for shape, words in reversed([*SHAPES.items()])]

_MEANT: Mapping[str, Callable[[str, Language], str]] = {
    "status": lambda word, language: said("status", word, language),
    "level": lambda word, language: said("level", word, language).lower(),
    "length": length,
}


def reason_in(language: Language, reason: str) -> str:
    """The reason in a language, as far as its shapes are known."""
    if language == "en":
        return reason
    return "; ".join(_part(part, language) for part in reason.split("; "))


def _part(part: str, language: Language) -> str:
    for shape, words in _COMPILED:
        found = shape.fullmatch(part)
        if found is not None:
            values: dict[str, str] = {
                name: _MEANT.get(name.partition("_")[0], _as_it_is)(value, language)
                for name, value in found.groupdict().items()
            }
            return str(words[LANGUAGES.index(language) - 1].format(**values))
    return _NUMBERS.sub(lambda found: _number_word(found, language), part)


def _number_word(found: re.Match[str], language: Language) -> str:
    """`8 injured`, `no killed`, `2 or more` in what is told of changed numbers."""
    if found["what"]:
        return said("number", found["what"], language)
    if found["none"]:
        return say("number_none", language, what=said("number", found["none"], language))
    if found["low"]:
        return say("number_or_more", language, low=found["low"])
    return say("number_gone", language)


def _as_it_is(word: str, _language: Language) -> str:
    return word
