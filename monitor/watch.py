"""What an analyst watches for over time: a correlation rule and what it asks.

Read from `correlate:` in rule files. The types have Sigma's and ElastAlert's names.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from monitor.place import Place
from monitor.post import PostName
from monitor.rule import Level

WatchType = Literal[
    "event_count", "value_count", "temporal", "temporal_ordered", "absence", "spike", "flatline",
    "new_term", "corroborated",
]  # fmt: skip

FIELDS: tuple[str, ...] = (
    "place", "admin1", "source", "family", "affiliation", "role", "rule", "incident",
)  # fmt: skip
"""What every hit has and can be grouped and counted by; captured values come besides."""

LATE = timedelta(hours=2)
"""Posts that come so much later than they were published are judged as if in order."""


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """A correlation rule.

    `rules` are the ids of rules, stories or other correlations, as written; none is any rule (for
    flatline: any post). `without` must not follow (absence). `count` says whether every post counts
    or every incident that opens. Hits are counted apart for each set of values of `group_by`;
    `field` is what value_count and new_term look at. `at_least` is how many it takes (of hits,
    values, rules; of a flatline, fewer are quiet); `families` and `affiliations` are for
    corroborated, `height` and `history` for spike; `learning` is how long it watches before it
    says that something is new or unusual. Its incidents stay open for `window`.
    """

    id: str
    title: str
    level: Level = "medium"
    event: str = "other"
    type: WatchType
    rules: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    count: Literal["posts", "incidents"] = "posts"
    group_by: tuple[str, ...] = ()
    timespan: timedelta
    window: timedelta
    field: str = ""
    at_least: int = 1
    families: int = 0
    affiliations: int = 0
    height: float = 0.0
    history: timedelta = timedelta(0)
    learning: timedelta = timedelta(0)
    status: str = "stable"
    description: str = ""
    references: tuple[str, ...] = ()
    falsepositives: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    file: str = ""
    line: int = 0
    key: str = ""
    """Under which it remembers: changed when what it asks changes, for then it begins anew."""

    @property
    def keeps(self) -> timedelta:
        """How long it remembers a hit."""
        return self.timespan + LATE


SILENCES = ("absence", "flatline")
"""Types that tell of a silence."""

LIFE = ("flatline",)
"""Types that ask whether something is said at all: echoes and late posts are signs of life.

So is an answer that an absence waits for."""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A watch that a rule's hits concern, under which of its names, and what follows from the two.

    A hit is a clue of the group that its `fields` name, for as long as the watch `keeps` it; one
    that `waits` starts a clock. What `lives` is a clue even if it counts for nobody.
    """

    watch: Watch
    name: str
    fields: tuple[str, ...]
    keeps: timedelta
    waits: bool
    lives: bool


def entry_of(watch: Watch, name: str) -> Entry:
    """The entry of a watch under one of its names."""
    fields = (*watch.group_by, watch.field) if watch.type == "new_term" else watch.group_by
    answers = name in watch.without
    waits = watch.type in SILENCES and not answers
    return Entry(watch, name, fields, watch.keeps, waits, watch.type in LIFE or answers)


def keyed(watch: Watch, members: tuple[tuple[str, ...], ...]) -> Watch:
    """The watch with its key; `members` are the rules that its names stand for."""
    asked = (
        watch.type, watch.rules, watch.without, watch.count, watch.group_by, watch.timespan,
        watch.field, watch.at_least, watch.families, watch.affiliations, watch.height,
        watch.history, members,
    )  # fmt: skip
    digest = hashlib.sha256(msgspec.json.encode(asked)).hexdigest()[:8]
    return msgspec.structs.replace(watch, key=f"{watch.id}@{digest}")


class Clue(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a watch remembers of one hit (or of one incident that opened).

    `watch` is the watch's key, `group` its values of `group_by`, `name` which of the watch's rules
    it is, `value` what is counted of it. It is forgotten after `until`; one that `waits` starts a
    clock, whose end has been told if it is `settled`.
    """

    watch: str
    group: tuple[str, ...]
    name: str
    source: str
    id: str
    version: int
    exercise: bool
    rule: str
    at: datetime
    until: datetime
    family: str
    affiliation: str
    role: str
    at_home: bool = False
    place: Place | None = None
    value: str = ""
    incident: str = ""
    waits: bool = False
    settled: bool = False

    @property
    def due(self) -> datetime:
        """When the silence after it has lasted: its watch's timespan later."""
        return self.until - LATE

    @property
    def post(self) -> PostName:
        """The post version that it is."""
        return PostName(self.source, self.id, self.version, self.exercise)

    @property
    def file(self) -> str:
        """Its group among all: the watch and the values."""
        return "\n".join((self.watch, *self.group))

    @property
    def key(self) -> "ClueKey":
        """What tells it from others of its group."""
        return (self.file, self.source, self.id, self.rule, self.value)


ClueKey = tuple[str, str, str, str, str]


def in_order(clue: Clue) -> tuple[datetime, str, str, str, str]:
    """The order in which clues are told."""
    return clue.at, clue.source, clue.id, clue.rule, clue.value
