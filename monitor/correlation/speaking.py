"""Who speaks in an incident: known from post to post, so that nobody looks at a hundred voices.

What is remembered belongs to one tuple of voices, the very object: to whoever comes with another
one (after a restart, or a batch that could not be committed) it says nothing, and is made anew.
"""

from typing import NamedTuple

from monitor.incident import Incident, Ladder, Status, Voice

FEW = 6
"""So many voices are looked at as quickly as remembered."""

MOST = 5000
"""Incidents whose voices are remembered."""

Who = tuple[str, str, str]
"""Family, role and affiliation of a voice."""

Kind = tuple[str, str, bool]
"""Role, affiliation, and whether it speaks of the region that it is from."""

Kinds = dict[Kind, set[str]]
"""The families that speak, by kind of voice; who comes to speak of its own region is in two."""


class Judged(NamedTuple):
    """A status: by which ladder, beside which denials; `most` families are what a step asks for."""

    ladder: Ladder
    denials: tuple[Voice, ...]
    most: int
    status: Status


class Speaking:
    """The voices, where each stands (`at`), and the families that have posts by kind of voice.

    `judged` is the status that followed from them last.
    """

    __slots__ = ("at", "judged", "kinds", "voices")

    def __init__(self, voices: tuple[Voice, ...]) -> None:
        self.voices = voices
        self.at: dict[Who, int] = {}
        self.kinds: Kinds = {}
        self.judged: Judged | None = None
        for at, voice in enumerate(voices):
            self.at.setdefault((voice.family, voice.role, voice.affiliation), at)
            if voice.posts:
                self.count(voice)

    def count(self, voice: Voice) -> set[str]:
        """Take a voice that has posts; returns the families of its kind."""
        kind = voice.role, voice.affiliation, voice.at_home
        families = self.kinds.get(kind)
        if families is None:
            families = self.kinds[kind] = set()
        families.add(voice.family)
        return families

    def heard(self, voices: tuple[Voice, ...], at: int) -> int:
        """Go on with other voices, of which only the one at `at` is new, or has posts again.

        Returns how many families are of its kind now.
        """
        voice = voices[at]
        self.voices = voices
        self.at[voice.family, voice.role, voice.affiliation] = at
        return len(self.count(voice))


_known: dict[str, Speaking] = {}


def speaking(incident: Incident) -> Speaking:
    """Who speaks for an incident."""
    known = _known.get(incident.id)
    if known is None or known.voices is not incident.voices:
        known = Speaking(incident.voices)
        if len(incident.voices) > FEW:
            if len(_known) >= MOST:
                _known.clear()
            _known[incident.id] = known
    return known
