"""What the chat says to people, in English, Russian and Ukrainian.

Pure. Every phrase has the same places for values in every language; values are strangers' text and
are put in as they are, to be made safe where the message is made (styled.py).
"""

from collections.abc import Mapping
from typing import get_args

from monitor.receivers import Language

LANGUAGES: tuple[Language, ...] = get_args(Language)

PHRASES: Mapping[str, tuple[str, str, str]] = {
    # buttons
    "button_acknowledge": ("✔ Acknowledge", "✔ Принял", "✔ Прийнято"),
    "button_why": ("❓ Why", "❓ Почему", "❓ Чому"),
    "button_mute_rule": ("🔇 Rule 1 h", "🔇 Правило 1 ч", "🔇 Правило 1 год"),
    "button_mute_place": ("🔇 Place 1 h", "🔇 Место 1 ч", "🔇 Місце 1 год"),
    "button_false_alarm": ("✖ False alarm", "✖ Ложная", "✖ Хибна"),
    "button_venue": ("📍 Where", "📍 Где", "📍 Де"),
    "button_map": ("🗺 Map", "🗺 Карта", "🗺 Мапа"),
    # what became of a press
    "acknowledged": ("Acknowledged.", "Принято.", "Прийнято."),
    "already": (
        "{who} has done that already.", "{who} уже сделал(а) это.", "{who} вже зробив(ла) це.",
    ),
    "false_alarm": (
        "Noted as a false alarm.", "Отмечено как ложная тревога.", "Позначено як хибну тривогу.",
    ),
    "muted": (
        "Muted until {until} ({id}): {what}", "Заглушено до {until} ({id}): {what}",
        "Заглушено до {until} ({id}): {what}",
    ),
    "unmuted": (
        "Silence {id} has ended.", "Тишина {id} закончена.", "Тишу {id} закінчено.",
    ),
    "no_place": (
        "The place of this incident is not known.", "Место этого события неизвестно.",
        "Місце цієї події невідоме.",
    ),
    "not_allowed": (
        "You are not among the people who may do this here.",
        "Вас нет среди тех, кому здесь это разрешено.",
        "Вас немає серед тих, кому тут це дозволено.",
    ),
    "stale": (
        "This button is no longer of use: the incident is too old, or the button is not ours.",
        "Кнопка больше не действует: событие слишком старое, или кнопка не наша.",
        "Кнопка вже не діє: подія надто стара, або кнопка не наша.",
    ),
    "too_late": (
        "This came too late: what you asked for would have ended by now.",
        "Слишком поздно: запрошенное время уже истекло.",
        "Запізно: час, про який ви просили, вже минув.",
    ),
    "trouble": (
        "That did not work: {why}", "Не получилось: {why}", "Не вдалося: {why}",
    ),
    "see_chat": ("The answer is in the chat.", "Ответ в чате.", "Відповідь у чаті."),
    # under an alert
    "by_acknowledge": (
        "✔ acknowledged by {who}, {when}", "✔ принято: {who}, {when}", "✔ прийнято: {who}, {when}",
    ),
    "by_false_alarm": (
        "✖ called a false alarm by {who}, {when}", "✖ ложная тревога: {who}, {when}",
        "✖ хибна тривога: {who}, {when}",
    ),
    # /status
    "status_running": (
        "Running since {since}; posts taken in: {posts}.",
        "Работает с {since}; принято сообщений: {posts}.",
        "Працює з {since}; прийнято повідомлень: {posts}.",
    ),
    "status_rules": (
        "Rules in force: {rules}.", "Действует правил: {rules}.", "Діє правил: {rules}.",
    ),
    "status_refused": (
        "A change of the rules is refused:", "Изменение правил отклонено:",
        "Зміну правил відхилено:",
    ),
    "status_incidents": (
        "Open incidents: {count}, not acknowledged: {waiting}.",
        "Открытых событий: {count}, не принято: {waiting}.",
        "Відкритих подій: {count}, не прийнято: {waiting}.",
    ),
    "status_sources": (
        "Sources: {ok} of {all} are well.", "Источники: в порядке {ok} из {all}.",
        "Джерела: справні {ok} з {all}.",
    ),
    "status_behind": (
        "{name} is behind by {count}.", "{name} отстаёт на {count}.",
        "{name} відстає на {count}.",
    ),
    "status_part": ("Part {name}: {state}", "Часть {name}: {state}", "Частина {name}: {state}"),
    # /incidents
    "incidents_none": ("Nothing goes on.", "Ничего не происходит.", "Нічого не відбувається."),
    "incidents_more": ("and {count} more", "и ещё {count}", "і ще {count}"),
    "incident_counts": (
        "posts: {posts}, publishers: {families}, since {since}",
        "сообщений: {posts}, изданий: {families}, с {since}",
        "повідомлень: {posts}, видань: {families}, з {since}",
    ),
    # /why
    "why_unknown": (
        "Nothing is known of {asked}. Answer an alert with /why, or write /why and its id.",
        "О {asked} ничего не известно. Ответьте на сообщение: /why, или напишите /why и номер.",
        "Про {asked} нічого не відомо. Відповідайте на сповіщення: /why, або /why і номер.",
    ),
    "why_rule": ("rule {rule} ({level})", "правило {rule} ({level})", "правило {rule} ({level})"),
    "why_found": ("found: {words}", "найдено: {words}", "знайдено: {words}"),
    "why_counts": (
        "posts counted: {count}, echoes: {echoes}, late: {late}, taken back: {gone}",
        "учтено: {count}, повторов: {echoes}, запоздалых: {late}, снято: {gone}",
        "враховано: {count}, повторів: {echoes}, запізнілих: {late}, знято: {gone}",
    ),
    "why_voices": ("says so: {names}", "утверждают: {names}", "стверджують: {names}"),
    "why_denials": ("denied by: {names}", "опровергают: {names}", "спростовують: {names}"),
    "why_route": ("route: {path}", "маршрут: {path}", "маршрут: {path}"),
    "why_done": ("{who} ({when}): {did}", "{who} ({when}): {did}", "{who} ({when}): {did}"),
    # an alert's own words
    "level_informational": ("INFORMATIONAL", "К СВЕДЕНИЮ", "ДО ВІДОМА"),
    "level_low": ("LOW", "НИЗКИЙ", "НИЗЬКИЙ"),
    "level_medium": ("MEDIUM", "СРЕДНИЙ", "СЕРЕДНІЙ"),
    "level_high": ("HIGH", "ВЫСОКИЙ", "ВИСОКИЙ"),
    "level_critical": ("CRITICAL", "КРИТИЧЕСКИЙ", "КРИТИЧНИЙ"),
    "kind_opened": ("NEW", "НОВОЕ", "НОВЕ"),
    "kind_updated": ("UPDATED", "ОБНОВЛЕНО", "ОНОВЛЕНО"),
    "kind_escalated": ("ESCALATED", "ПОВЫШЕНО", "ПІДВИЩЕНО"),
    "kind_corrected": ("CORRECTED", "ИСПРАВЛЕНО", "ВИПРАВЛЕНО"),
    "kind_closed": ("CLOSED", "ЗАВЕРШЕНО", "ЗАВЕРШЕНО"),
    "kind_retracted": ("RETRACTED", "ОТОЗВАНО", "ВІДКЛИКАНО"),
    "exercise": ("EXERCISE", "УЧЕБНОЕ", "НАВЧАЛЬНЕ"),
    "exercise_banner": (
        "EXERCISE - recorded or simulated, not happening now",
        "УЧЕБНОЕ - запись или имитация, сейчас этого нет",
        "НАВЧАЛЬНЕ - запис або імітація, зараз цього немає",
    ),
    "late": ("LATE", "ПОЗДНО", "ПІЗНО"),
    "late_banner": (
        "LATE - seen long after it was published, not new",
        "ПОЗДНО - увидели намного позже публикации, не новое",
        "ПІЗНО - побачили набагато пізніше публікації, не нове",
    ),
    "repeated_banner": (
        "POSSIBLY REPEATED - the answer to the first sending was lost",
        "ВОЗМОЖНО, ПОВТОР - ответ на первую отправку потерян",
        "МОЖЛИВО, ПОВТОР - відповідь на перше надсилання втрачено",
    ),
    "publishers": ("{count} publishers", "изданий: {count}", "видань: {count}"),
    "posts": ("{count} posts", "сообщений: {count}", "повідомлень: {count}"),
    "echo": ("1 echo", "повторов: 1", "повторів: 1"),
    "echoes": ("{count} echoes", "повторов: {count}", "повторів: {count}"),
    "sides": ("sides: {names}", "стороны: {names}", "сторони: {names}"),
    "denied_by": ("denied by {names}", "опровергают: {names}", "спростовують: {names}"),
    "part_of": (
        "part of what has rung before", "часть того, о чём уже был сигнал",
        "частина того, про що вже був сигнал",
    ),
    "repeats": ("repeats {name}", "повторяет {name}", "повторює {name}"),
    "one_more": ("and 1 more post", "и ещё одно сообщение", "і ще одне повідомлення"),
    "more": ("and {count} more posts", "и ещё сообщений: {count}", "і ще повідомлень: {count}"),
    "nobody_known": (
        "unknown role and side", "роль и сторона неизвестны", "роль і сторона невідомі",
    ),
    "many_at_once": (
        "{count} incidents at once; each gets its message as the chat's limits allow",
        "Событий сразу: {count}; о каждом будет сообщение, как позволят пределы чата",
        "Подій одразу: {count}; про кожну буде повідомлення, як дозволять межі чату",
    ),
    "role_official": ("official", "власти", "влада"),
    "role_militia": ("militia", "вооружённое формирование", "збройне формування"),
    "role_spokesperson": ("spokesperson", "представитель", "речник"),
    "role_media": ("media", "СМИ", "ЗМІ"),
    "role_local": ("local", "местные", "місцеві"),
    "role_aggregator": ("aggregator", "пересказчик", "переказувач"),
    "role_monitor": ("monitor", "наблюдатели", "спостерігачі"),
    "number_killed": ("killed", "погибших", "загиблих"),
    "number_injured": ("injured", "раненых", "поранених"),
    "number_missing": ("missing", "пропавших", "зниклих"),
    "number_captured": ("captured", "пленных", "полонених"),
    "number_of": ("{figures} {what}", "{what}: {figures}", "{what}: {figures}"),
    "number_none": ("no {what}", "{what}: нет", "{what}: немає"),
    "number_or_more": ("{low} or more", "{low} и больше", "{low} і більше"),
    "number_gone": ("no longer says", "больше не говорит:", "більше не каже:"),
    # where and when
    "near": (
        "{km} km {point} of {town}", "{km} км на {point} от н. п. {town}",
        "{km} км на {point} від н. п. {town}",
    ),
    "precision": ("±{km} km", "±{km} км", "±{km} км"),
    "point_N": ("N", "север", "північ"),
    "point_NE": ("NE", "северо-восток", "північний схід"),
    "point_E": ("E", "восток", "схід"),
    "point_SE": ("SE", "юго-восток", "південний схід"),
    "point_S": ("S", "юг", "південь"),
    "point_SW": ("SW", "юго-запад", "південний захід"),
    "point_W": ("W", "запад", "захід"),
    "point_NW": ("NW", "северо-запад", "північний захід"),
    "minutes_before": (
        "{shown}, {count} min ago at {now}", "{shown}, за {count} мин до {now}",
        "{shown}, за {count} хв до {now}",
    ),
    "hours_before": (
        "{shown}, {count} h ago at {now}", "{shown}, за {count} ч до {now}",
        "{shown}, за {count} год до {now}",
    ),
    # how sure, in a word
    "status_unconfirmed": ("unconfirmed", "не подтверждено", "не підтверджено"),
    "status_reported": ("reported", "сообщается", "повідомляється"),
    "status_corroborated": ("corroborated", "подтверждено сторонами", "підтверджено сторонами"),
    "status_official": ("official", "официально", "офіційно"),
    "status_disputed": ("disputed", "спорно", "спірно"),
    "status_retracted": ("retracted", "отозвано", "відкликано"),
    # how sure an incident is
    "sure_unconfirmed": (
        "unconfirmed: one publisher says so", "не подтверждено: один источник",
        "не підтверджено: одне джерело",
    ),
    "sure_reported": (
        "reported by several publishers", "сообщают несколько изданий",
        "повідомляють кілька видань",
    ),
    "sure_corroborated": (
        "corroborated by more than one side", "подтверждают разные стороны",
        "підтверджують різні сторони",
    ),
    "sure_official": (
        "confirmed by an official of the place", "подтверждено властями места",
        "підтверджено владою місця",
    ),
    "sure_disputed": (
        "disputed: somebody denies it", "спорно: есть опровержение", "спірно: є спростування",
    ),
    "sure_retracted": (
        "retracted: who said it took it back", "отозвано: сообщавшие сняли",
        "відкликано: хто повідомив, той зняв",
    ),
    # digests and signs of life
    "digest_quiet": (
        "While it was quiet: {what}", "Пока было тихо: {what}", "Поки було тихо: {what}",
    ),
    "digest_updates": ("Updates: {what}", "Обновления: {what}", "Оновлення: {what}"),
    "digest_gathered": ("Together: {what}", "Вместе: {what}", "Разом: {what}"),
    "digest_repeat": ("Still open: {what}", "Ещё не закрыто: {what}", "Ще не закрито: {what}"),
    "digest_since": ("What has happened", "Что произошло", "Що сталося"),
    "digest_counts": (
        "{opened} opened, {open} open now, {waiting} not acknowledged, {false} false alarms",
        "началось: {opened}, идёт сейчас: {open}, не принято: {waiting}, ложных тревог: {false}",
        "почалося: {opened}, триває: {open}, не прийнято: {waiting}, хибних тривог: {false}",
    ),
    "since": ("since {since}", "с {since}", "з {since}"),
    "all_quiet": ("All quiet", "Всё тихо", "Усе тихо"),
    "quiet_since": ("no alert since {since}", "нет тревог с {since}", "немає тривог з {since}"),
    "sources_well": (
        "sources: {ok} of {all} are well", "источники: в порядке {ok} из {all}",
        "джерела: справні {ok} з {all}",
    ),
    "held_back_one": ("1 alert held back", "задержано сообщений: 1", "затримано сповіщень: 1"),
    "held_back": (
        "{count} alerts held back", "задержано сообщений: {count}", "затримано сповіщень: {count}",
    ),
    "incident_one": ("1 incident", "событий: 1", "подій: 1"),
    "incident": ("{count} incidents", "событий: {count}", "подій: {count}"),
    "alert_one": ("1 alert", "тревог: 1", "тривог: 1"),
    "alert": ("{count} alerts", "тревог: {count}", "тривог: {count}"),
    "posts_one": ("1 post", "сообщений: 1", "повідомлень: 1"),
    "open": ("open", "идёт", "триває"),
    "closed": ("closed", "завершено", "завершено"),
    "not_acknowledged": ("not acknowledged", "не принято", "не прийнято"),
    # /mute, /mutes, /unmute, /quiet
    "mute_usage": (
        "Write /mute rule (or place, source, level) NAME 2h, or answer an alert with /mute 1h.",
        "Напишите /mute rule (или place, source, level) ИМЯ 2h или ответьте: /mute 1h.",
        "Напишіть /mute rule (або place, source, level) НАЗВА 2h або відповідайте: /mute 1h.",
    ),
    "mutes_none": ("Nothing is muted.", "Ничего не заглушено.", "Нічого не заглушено."),
    "mutes_line": (
        "{id}: {what}, by {by}, until {until}; {count} held back",
        "{id}: {what}, {by}, до {until}; задержано: {count}",
        "{id}: {what}, {by}, до {until}; затримано: {count}",
    ),
    "unmute_usage": (
        "Write /unmute and the id that /mutes shows.", "Напишите /unmute и номер из /mutes.",
        "Напишіть /unmute і номер із /mutes.",
    ),
    "quiet_until": (
        "This chat is quiet until {until} ({id}): only critical alerts make a sound.",
        "Этот чат без звука до {until} ({id}): звучат только критические.",
        "Цей чат без звуку до {until} ({id}): звучать лише критичні.",
    ),
    "quiet_none": (
        "This chat is not quiet. /quiet 2h makes it so, /quiet off ends it.",
        "Звук в этом чате включён. /quiet 2h выключит, /quiet off включит снова.",
        "Звук у цьому чаті увімкнено. /quiet 2h вимкне, /quiet off увімкне знову.",
    ),
    "quiet_off": ("The sound is on again.", "Звук снова включён.", "Звук знову увімкнено."),
    # /rules, /sources, /try, /help
    "rules_line": (
        "{id} ({level}): incidents {count}, false alarms {false} in 7 days",
        "{id} ({level}): событий {count}, ложных тревог {false} за 7 дней",
        "{id} ({level}): подій {count}, хибних тривог {false} за 7 днів",
    ),
    "rules_none": ("There are no rules.", "Правил нет.", "Правил немає."),
    "sources_none": (
        "All {all} sources are well.", "Все источники в порядке: {all}.",
        "Усі джерела справні: {all}.",
    ),
    "try_usage": (
        "Write /try and a text.", "Напишите /try и текст.", "Напишіть /try і текст.",
    ),
    "try_none": (
        "No rule comes near.", "Ни одно правило не близко.", "Жодне правило не близьке.",
    ),
    "try_matched": ("matches", "срабатывает", "спрацьовує"),
    "try_near": ("comes near", "близко", "близько"),
    "unknown_command": (
        "I do not know {command}. /help lists what I do.", "Не знаю {command}. Список: /help",
        "Не знаю {command}. Перелік: /help",
    ),
    "help_status": ("how it runs", "как работает", "як працює"),
    "help_incidents": ("what goes on", "что происходит", "що відбувається"),
    "help_why": ("why an alert came", "почему пришло", "чому надійшло"),
    "help_mute": ("hold back alerts for a while", "заглушить на время", "заглушити на час"),
    "help_mutes": ("what is muted", "что заглушено", "що заглушено"),
    "help_unmute": ("end a silence", "снять тишину", "зняти тишу"),
    "help_rules": ("rules and their false alarms", "правила и ложные тревоги",
                   "правила і хибні тривоги"),
    "help_sources": ("how the sources are", "состояние источников", "стан джерел"),
    "help_try": ("what a text would do", "что сделает текст", "що зробить текст"),
    "help_quiet": ("no sound here for a while", "без звука на время", "без звуку на час"),
    "help_help": ("this list", "этот список", "цей перелік"),
}  # fmt: skip
"""Phrase -> what it is in English, Russian, Ukrainian (the order of LANGUAGES)."""


def say(phrase: str, language: Language, **values: object) -> str:
    """A phrase with its values filled in."""
    return PHRASES[phrase][LANGUAGES.index(language)].format(**values)


def language_of(code: str | None, otherwise: Language = "en") -> Language:
    """The language for a reader's IETF tag (`uk-UA`), `otherwise` if it is none of ours."""
    short = (code or "").partition("-")[0].lower()
    return next((one for one in LANGUAGES if one == short), otherwise)


def counted(phrase: str, count: int, language: Language) -> str:
    """So many of something, in the singular for one where a language has it."""
    return say(f"{phrase}_one" if count == 1 else phrase, language, count=count)


def said(kind: str, word: str, language: Language) -> str:
    """A word of ours (a role, a status, what is counted) in a language; any other as it is."""
    phrase = f"{kind}_{word}"
    return say(phrase, language) if phrase in PHRASES else word
