"""An alert's own words in the reader's language; strangers' words stay theirs."""

from datetime import UTC, timedelta
from typing import get_args

import msgspec
import pytest

from monitor.alert import AlertKind, AlertNumber
from monitor.incident import Status
from monitor.receivers import Language
from monitor.rule import Level
from monitor.rulebook.forms import ROLES
from monitor.sinks.look import Look
from monitor.sinks.reasons import reason_in
from monitor.sinks.speech import PHRASES
from monitor.sinks.wording import lies
from tests.doubles.outbox import MOMENT, make_alert, make_post

EIGHT = AlertNumber(what="injured", side="ru-state", families=("governor",), low=8, high=8)
NOBODY = AlertNumber(what="killed", side="legion", families=("legion",), low=0, high=0)


def _told(language: Language) -> str:
    """Everything that an alert may say of itself, in one message."""
    post = msgspec.structs.replace(make_post(), late=True, echo_of="telegram:x/1")
    alert = make_alert(1, kind="escalated", posts=(post,), exercise=True)
    what = msgspec.structs.replace(
        alert.incident, status="disputed", families=2, posts=9, echoes=3, numbers=(EIGHT, NOBODY),
        roles=("militia", "official"), denied_by=("official ru-state",), part_of="raid",
    )  # fmt: skip
    reason = "status official -> disputed: denied by governor; level high -> critical by rule raid"
    alert = msgspec.structs.replace(alert, incident=what, reason=reason)
    look = Look(language=language, near=lambda _, spoken: lies(12, "SE", "Грайворон", spoken))
    return look.message(alert, MOMENT + timedelta(minutes=7), repeated=True).text


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("ru", ("УЧЕБНОЕ", "ПОЗДНО", "КРИТИЧЕСКИЙ  ПОВЫШЕНО", "на юго-восток от н. п. Грайворон",
                "±2 км", "спорно", "изданий: 2", "сообщений: 9 (повторов: 3)",
                "вооружённое формирование, власти (ru-state)", "опровергают: власти ru-state",
                "раненых: 8", "погибших: нет", "за 7 мин до", "повторяет telegram:x",
                "официально -> спорно: опровергают governor", "уровень высокий -> критический",
                "часть того, о чём уже был сигнал", "ВОЗМОЖНО, ПОВТОР", "и ещё сообщений: 8")),
        ("uk", ("НАВЧАЛЬНЕ", "ПІЗНО", "КРИТИЧНИЙ  ПІДВИЩЕНО", "на південний схід від н. п.",
                "±2 км", "спірно", "видань: 2", "повідомлень: 9 (повторів: 3)",
                "збройне формування, влада (ru-state)", "спростовують: влада ru-state",
                "поранених: 8", "загиблих: немає", "за 7 хв до", "повторює telegram:x",
                "офіційно -> спірно: спростовують governor", "рівень високий -> критичний",
                "частина того, про що вже був сигнал", "МОЖЛИВО, ПОВТОР", "і ще повідомлень: 8")),
    ],
)  # fmt: skip
def test_an_alert_speaks_its_readers_language(language: Language, said: tuple[str, ...]) -> None:
    """Level, kind, status, sides, counts, numbers, place, age, banners, reason: translated."""
    text = _told(language)
    for words in said:
        assert words in text
    ours = text.replace("Armed incursion across the border", "").replace("alert alert-1-1", "")
    english = ("denied", "post", "late", "official", "publisher", "echo", "ago", "km", "EXERCISE")
    assert not [word for word in english if word in ours]


def test_every_word_of_ours_is_translated() -> None:
    """Every level, kind, status and role has its word; what is not ours stays as it is."""
    words = [
        *(f"level_{one}" for one in get_args(Level)),
        *(f"kind_{one}" for one in get_args(AlertKind)),
        *(f"{known}_{one}" for one in get_args(Status) for known in ("status", "sure")),
        *(f"role_{one}" for one in ROLES if one != "unknown"),
    ]
    for word in words:
        english, russian, ukrainian = PHRASES[word]
        assert english != russian
        assert english != ukrainian
    assert reason_in("ru", "somebody's own words") == "somebody's own words"
    assert reason_in("en", "rule raid holds") == "rule raid holds"


def test_months_are_not_english_elsewhere() -> None:
    """A moment of another day is a date in digits, which no language misreads."""
    alert = make_alert(1, posts=(make_post(),))
    later = MOMENT + timedelta(days=3)
    assert "2026-11-20, 09:14" in Look(UTC, language="uk").message(alert, later).text
    assert "20 Nov 2026, 09:14" in Look(UTC).message(alert, later).text
