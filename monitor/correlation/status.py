"""How sure an incident is: the ladder (rules/status.yaml) over who speaks (DESIGN 9, Status)."""

from collections.abc import Iterable

import msgspec

from monitor.correlation.speaking import Judged, Kinds, Speaking, speaking
from monitor.correlation.words import listed
from monitor.incident import Incident, Ladder, Status, Step, Support, Voice
from monitor.place import Place
from monitor.rule import LEVELS, Level
from monitor.source import UNKNOWN


def status_of(ladder: Ladder, incident: Incident) -> Status:
    """The first step that holds; retracted if nobody stands for the incident any more."""
    return _status(ladder, Speaking(incident.voices).kinds, incident.denials)


def _status(ladder: Ladder, kinds: Kinds, denials: tuple[Voice, ...]) -> Status:
    if not kinds:
        return "retracted"
    against = Speaking(denials).kinds if denials else {}
    for step in ladder:
        speak = _are(step, kinds, step.families, step.sides)
        if speak and _are(step, against, step.denials, 0):
            return step.status
    return "unconfirmed"


def _are(step: Step, kinds: Kinds, families: int, sides: int) -> bool:
    """Whether so many publishers and known sides are among the voices that count for a step."""
    if not (families or sides):
        return True
    roles, affiliations, of_the_place = step.roles, step.affiliations, step.of_the_place
    among, known = [], set()
    for (role, affiliation, at_home), publishers in kinds.items():
        if (
            (roles and role not in roles)
            or (affiliations and affiliation not in affiliations)
            or (of_the_place and not at_home)
        ):
            continue
        among.append(publishers)
        if affiliation != UNKNOWN:
            known.add(affiliation)
    if not among or len(known) < sides:
        return False
    return max(map(len, among)) >= families or len(set().union(*among)) >= families


def sides_of(voices: Iterable[Voice]) -> tuple[str, ...]:
    """The known sides that speak, sorted."""
    return tuple(sorted({voice.affiliation for voice in voices if voice.posts} - {UNKNOWN}))


def judged(ladder: Ladder, incident: Incident) -> Incident:
    """The incident with the status that its voices give it."""
    return msgspec.structs.replace(incident, status=status_of(ladder, incident))


def transition(before: Incident, after: Incident) -> str:
    """A change of status and what made it, in words; empty if there is none."""
    if before.status == after.status:
        return ""
    families = sorted({voice.family for voice in after.voices if voice.posts})
    if after.status == "retracted":
        because = "nothing supports it any more"
    elif after.status == "disputed":
        deniers = sorted({voice.family for voice in after.denials if voice.posts})
        because = f"denied by {listed(deniers)}"
    elif after.status == "corroborated":
        because = f"sides {', '.join(sides_of(after.voices))}"
    elif after.status == "official":
        officials = sorted(
            {one.family for one in after.voices if one.posts and one.role == "official"}
        )
        because = f"says {listed(officials or families)}"
    else:
        because = f"by {listed(families)}"
    return f"status {before.status} -> {after.status}: {because}"


def is_at_home(home: str | None, place: Place | None) -> bool:
    """Whether somebody speaks of the region that they are from; of no known place, everybody."""
    return place is None or (home is not None and home == place.admin1)


def _counted(
    voices: tuple[Voice, ...], at: int | None, support: Support, change: int
) -> tuple[Voice, ...]:
    """The voices with `change` posts more (or fewer) of the support's publisher, who is at `at`."""
    if at is None:
        if change <= 0:
            return voices
        new = Voice(support.family, support.affiliation, support.role, change, support.at_home)
        return (*voices, new)
    old = voices[at]
    voice = Voice(
        family=old.family,
        affiliation=old.affiliation,
        role=old.role,
        posts=max(0, old.posts + change),
        at_home=old.at_home or support.at_home,
    )
    return (*voices[:at], voice, *voices[at + 1 :])


def _voice_of(voices: tuple[Voice, ...], support: Support) -> int | None:
    """Where the support's publisher stands among the voices."""
    family = support.family
    for at, voice in enumerate(voices):
        if (
            voice.family == family
            and voice.role == support.role
            and voice.affiliation == support.affiliation
        ):
            return at
    return None


def heard(incident: Incident, support: Support, change: int) -> Incident:
    """The incident with a support counted (1) or no longer counted (-1), for it or against it."""
    if not support.counts:
        return incident
    if support.part == "denies":
        denials = incident.denials
        denials = _counted(denials, _voice_of(denials, support), support, change)
        return msgspec.structs.replace(incident, denials=denials)
    voices = incident.voices
    voices = _counted(voices, _voice_of(voices, support), support, change)
    return msgspec.structs.replace(incident, voices=voices)


def believed(
    ladder: Ladder, incident: Incident, support: Support
) -> tuple[tuple[Voice, ...], Status]:
    """The incident's voices with a post for it that counts, and the status that follows.

    One more of a publisher who speaks already changes no status.
    """
    voices, status = incident.voices, incident.status
    known = speaking(incident)
    at = known.at.get((support.family, support.role, support.affiliation))
    after = _counted(voices, at, support, 1)
    if at is None or not voices[at].posts or after[at].at_home != voices[at].at_home:
        alike = known.heard(after, len(voices) if at is None else at)
        status = _judged(ladder, known, alike, incident.denials)
    else:
        known.voices = after
    return after, status


def _judged(ladder: Ladder, known: Speaking, alike: int, denials: tuple[Voice, ...]) -> Status:
    """The status when one more speaks, who is one of so many `alike`.

    One more than any step asks for changes nothing.
    """
    judged = known.judged
    if judged is None or judged.ladder is not ladder or judged.denials is not denials:
        judged = None
    if judged is None or alike <= judged.most:
        most = judged.most if judged else max([step.families for step in ladder], default=0)
        status = _status(ladder, known.kinds, denials)
        judged = known.judged = Judged(ladder, denials, most, status)
    return judged.status


def is_higher(level: Level, than: Level) -> bool:
    """Whether a level is worse than another."""
    return LEVELS.index(level) > LEVELS.index(than)


def is_stronger(ladder: Ladder, status: Status, than: Status) -> bool:
    """Whether a status stands higher on the ladder than another."""
    order = [step.status for step in reversed(ladder)]
    height = {name: number for number, name in enumerate(order)}
    return height.get(status, -1) > height.get(than, -1)


def rings(ladder: Ladder, status: Status) -> bool:
    """Whether reaching a status rings."""
    return any(step.rings for step in ladder if step.status == status)
