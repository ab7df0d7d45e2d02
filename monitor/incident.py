"""What goes on: an incident, the publishers who speak of it, and the posts that support it."""

from datetime import datetime
from typing import Literal

import msgspec

from monitor.place import Place
from monitor.rule import Level

Status = Literal["unconfirmed", "reported", "corroborated", "official", "disputed", "retracted"]

Outcome = Literal["quarantined", "alerted", "joined", "echo", "late", "unmatched"]
OUTCOMES: tuple[Outcome, ...] = (
    "quarantined", "alerted", "joined", "echo", "late", "unmatched",
)  # fmt: skip
"""What becomes of a post version: the first that holds, in this order (DESIGN 1)."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the status ladder (rules/status.yaml): what it takes, all of it together.

    Of the voices, those count whose role is among `roles`, whose side is among `affiliations` and,
    if asked, who speak of the place that they are from; of these it takes so many `families` and
    known `sides`, and so many families of `denials`. `rings` says whether reaching it rings.
    """

    status: Status
    means: str = ""
    roles: tuple[str, ...] = ()
    affiliations: tuple[str, ...] = ()
    of_the_place: bool = False
    families: int = 0
    sides: int = 0
    denials: int = 0
    rings: bool = False


Ladder = tuple[Step, ...]
"""The steps, strongest first: the first that holds is the status."""


class Voice(msgspec.Struct, frozen=True, gc=False):
    """One publisher (family) speaking in one role in an incident, and how many posts count."""

    family: str
    affiliation: str
    role: str
    posts: int
    at_home: bool = False
    """Whether it speaks of the region that it is from (or of no place known)."""


class Sketch(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What a text is recognised by when it comes again (monitor/text/sketch.py makes it).

    `words` counts its words without the footer; `pairs` (of words), `pieces` (of characters, short
    texts only), `numbers` and `names` are the smallest hashes of what it has, 4 bytes each; `tail`
    hashes of its last lines.
    """

    words: int = 0
    pairs: bytes = b""
    pieces: bytes = b""
    numbers: bytes = b""
    names: bytes = b""
    tail: tuple[int, ...] = ()


class Said(msgspec.Struct, frozen=True, gc=False):
    """A number in a post: so many killed, injured ... (`what`), `low` to `high`, None = or more."""

    what: str
    low: int
    high: int | None


class Gist(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is read of a post that a rule holds for, whatever it is about.

    `sketch` is that of the first `length` characters: what follows is its channel's footer. `cites`
    are SOURCE/ID of the other channels' posts that it links to; `said` are the numbers in it.
    """

    sketch: Sketch
    length: int
    cites: tuple[str, ...] = ()
    said: tuple[Said, ...] = ()


class Claim(msgspec.Struct, frozen=True, gc=False):
    """What a publisher says last of one number, in which post (SOURCE/ID) and when."""

    what: str
    low: int
    high: int | None
    family: str
    affiliation: str
    post: str
    at: datetime


class Support(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One post in one incident: as it was last judged.

    `part` is what it does there: it supports, denies or closes it, or is `evidence` of what a
    correlation says. `place` is the id of the place that it names.

    `echo_of` is SOURCE/ID of the post that it repeats; echoes and late posts count for nobody's
    voice. `sketch` is what copies are known by; `origin` is SOURCE/ID of the post it forwards,
    `cites` those of other channels' posts that it links to; `said` are the numbers in it and
    `said_at` the time of the version that says so.
    """

    incident: str
    source: str
    id: str
    version: int
    exercise: bool
    rule: str
    family: str
    affiliation: str
    role: str
    published_at: datetime
    part: Literal["supports", "denies", "closes", "evidence"] = "supports"
    at_home: bool = False
    place: str | None = None
    sketch: Sketch = Sketch()
    origin: str | None = None
    cites: tuple[str, ...] = ()
    said: tuple[Said, ...] = ()
    said_at: datetime | None = None
    late: bool = False
    echo_of: str | None = None
    withdrawn: bool = False

    @property
    def counts(self) -> bool:
        """Whether it adds to its publisher's voice, for the incident or against it."""
        return self.part != "closes" and not (self.late or self.withdrawn or self.echo_of)


class Also(msgspec.Struct, frozen=True, gc=False):
    """What a merged incident is about besides: the topic and the place of the other one."""

    topic: str
    place: Place | None


class Incident(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An incident.

    `voices` are who speaks for it, `denials` who denies it. `id` is fixed when it opens; `ordinal`
    counts its alerts; it closes at `deadline` unless another post joins. `posts` counts everything
    that joined and still stands, echoes included. `group` is what a correlation's incident is of:
    the watch's key and the values of its `group_by`. `claims` are the numbers that its publishers
    give; `also` what it has taken in when it was merged by hand. `part_of` is the id of the
    incident that it belongs to: as bad, at its place or told by the same post.
    """

    id: str
    topic: str
    rule: str
    title: str
    event: str
    level: Level
    status: Status
    exercise: bool
    opened_at: datetime
    updated_at: datetime
    deadline: datetime
    place: Place | None = None
    voices: tuple[Voice, ...] = ()
    denials: tuple[Voice, ...] = ()
    posts: int = 0
    echoes: int = 0
    ordinal: int = 0
    open: bool = True
    group: str = ""
    claims: tuple[Claim, ...] = ()
    also: tuple[Also, ...] = ()
    part_of: str | None = None

    @property
    def topics(self) -> tuple[str, ...]:
        """All that it is about: its own topic first."""
        if not self.also:
            return (self.topic,)
        return tuple(dict.fromkeys((self.topic, *(one.topic for one in self.also))))

    @property
    def places(self) -> tuple[Place, ...]:
        """Where it is said to happen, what it has taken in included."""
        every = (self.place, *(one.place for one in self.also))
        return tuple(place for place in every if place is not None)

    @property
    def families(self) -> int:
        """How many publishers speak."""
        return len({voice.family for voice in self.voices if voice.posts})

    @property
    def affiliations(self) -> tuple[str, ...]:
        """Which sides speak, sorted."""
        return tuple(sorted({voice.affiliation for voice in self.voices if voice.posts}))
