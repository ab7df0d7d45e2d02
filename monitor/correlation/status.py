"""How sure an incident is: the ladder, strongest first, over who speaks (DESIGN 9, Status).

retracted: nothing that supported it stands. official: an official of that place says so.
corroborated: two sides, neither unknown. reported: two publishers. unconfirmed: one publisher.
"""

from monitor.incident import Status, Support, Voice
from monitor.place import Place
from monitor.rule import LEVELS, Level
from monitor.source import UNKNOWN

STRENGTH: tuple[Status, ...] = (
    "retracted", "unconfirmed", "reported", "corroborated", "official",
)  # fmt: skip
"""From weakest to strongest; a step up to corroborated or official escalates."""

ESCALATING: frozenset[Status] = frozenset({"corroborated", "official"})


def status_of(voices: tuple[Voice, ...]) -> Status:
    """The strongest status that the standing voices support."""
    standing = [voice for voice in voices if voice.posts]
    if not standing:
        return "retracted"
    if any(voice.official for voice in standing):
        return "official"
    if len({voice.affiliation for voice in standing} - {UNKNOWN}) > 1:
        return "corroborated"
    if len({voice.family for voice in standing}) > 1:
        return "reported"
    return "unconfirmed"


def is_official(role: str, home: str | None, place: Place | None) -> bool:
    """Whether an official speaks of their own place; without a known place, any official does."""
    return role == "official" and (place is None or (home is not None and home == place.admin1))


def counted(voices: tuple[Voice, ...], support: Support, change: int) -> tuple[Voice, ...]:
    """The voices of an incident with `change` posts more (or fewer) of the support's publisher."""
    changed = []
    found = False
    for voice in voices:
        if (voice.family, voice.affiliation, voice.role) == (
            support.family, support.affiliation, support.role,
        ):  # fmt: skip
            found = True
            voice = Voice(  # noqa: PLW2901 - the changed voice takes the old one's place
                family=voice.family,
                affiliation=voice.affiliation,
                role=voice.role,
                posts=max(0, voice.posts + change),
                official=voice.official or support.official,
            )
        changed.append(voice)
    if not found and change > 0:
        changed.append(
            Voice(support.family, support.affiliation, support.role, change, support.official)
        )
    return tuple(changed)


def is_higher(level: Level, than: Level) -> bool:
    """Whether a level is worse than another."""
    return LEVELS.index(level) > LEVELS.index(than)


def is_stronger(status: Status, than: Status) -> bool:
    """Whether a status is surer than another."""
    return STRENGTH.index(status) > STRENGTH.index(than)
