"""The daemon's numbers in Prometheus' text format (0.0.4)."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from monitor.health import RulesHealth
from monitor.source import SourceHealth

MOST_SOURCES = 1000
"""Above this many sources none has a label of its own: it would cost the reader more than it tells.
"""

Labels = Mapping[str, str]
Family = tuple[str, str, str, Iterable[tuple[Labels, float]]]
"""Name without its prefix, type, help, and samples by their labels."""


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """What the daemon knows at the moment: posts taken, parts by state, sources, rules."""

    posts: int
    parts: Mapping[str, str]
    sources: Sequence[SourceHealth]
    rules: RulesHealth
    accounts: Sequence["AccountLive"] = ()


class AccountLive(msgspec.Struct, frozen=True, kw_only=True):
    """A Telegram account: its state, its channels, and seconds until each method is free again."""

    account: str
    state: str
    channels: int
    calls: Mapping[str, int]
    free_in: Mapping[str, float]


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """What the database knows: the newest alert, how far each sink is, posts by outcome."""

    newest: int
    positions: Mapping[str, int]
    outcomes: Mapping[str, int]


def render(live: Live, stored: Stored) -> bytes:
    """Every family of metrics with its help, type and samples."""
    lines: list[str] = []

    def family(name: str, kind: str, help_: str, samples: Iterable[tuple[Labels, float]]) -> None:
        lines.extend([f"# HELP monitor_{name} {help_}", f"# TYPE monitor_{name} {kind}"])
        lines.extend(f"monitor_{name}{_labels(labels)} {_number(x)}" for labels, x in samples)

    family("posts_total", "counter", "Post versions taken since the start.", [({}, live.posts)])
    family(
        "outcomes_total",
        "counter",
        "Stored post versions by what became of them.",
        [({"outcome": key}, value) for key, value in sorted(stored.outcomes.items())],
    )
    family(
        "part_running",
        "gauge",
        "1 if a part runs; 0 if it restarts, gave up or has finished.",
        [({"part": key}, float(x == "running")) for key, x in sorted(live.parts.items())],
    )
    family("outbox_sequence", "gauge", "The newest alert's number.", [({}, stored.newest)])
    family(
        "sink_behind",
        "gauge",
        "Alerts that a sink has not dealt with yet.",
        [({"sink": key}, stored.newest - x) for key, x in sorted(stored.positions.items())],
    )
    family("rules_reloads_total", "counter", "Changes of rules put in force.",
           [({}, live.rules.reloads)])  # fmt: skip
    family("rules_refusals_total", "counter", "Changes of rules refused.",
           [({}, live.rules.refusals)])  # fmt: skip
    family("rules_refused", "gauge", "1 while the files differ from what runs.",
           [({}, float(live.rules.refused_since is not None))])  # fmt: skip
    for one in _of_sources(live.sources):
        family(*one)
    for name, help_, samples in _of_accounts(live.accounts):
        family(name, "gauge", help_, samples)
    return ("\n".join(lines) + "\n").encode()


def _of_accounts(
    accounts: Sequence[AccountLive],
) -> Iterable[tuple[str, str, list[tuple[Labels, float]]]]:
    """Name, help and samples of the families about accounts."""
    yield (
        "account_running",
        "1 if an account reads channels; 0 if it is lost, flooded, unreachable or starting.",
        [({"account": one.account}, float(one.state == "running")) for one in accounts],
    )
    yield (
        "account_channels",
        "Channels that an account reads.",
        [({"account": one.account}, one.channels) for one in accounts],
    )
    yield (
        "account_calls",
        "Calls of a method in the longest window of its budget.",
        [
            ({"account": one.account, "method": method}, calls)
            for one in accounts
            for method, calls in sorted(one.calls.items())
        ],
    )
    yield (
        "account_method_free_in_seconds",
        "Seconds until a method may be called again: budget or flood wait; 0 = now.",
        [
            ({"account": one.account, "method": method}, round(seconds, 1))
            for one in accounts
            for method, seconds in sorted(one.free_in.items())
        ],
    )


def _of_sources(sources: Sequence[SourceHealth]) -> Iterator[Family]:
    """How many are in which state, and each by itself unless there are too many."""
    states = Counter(one.state for one in sources)
    by_state = [({"state": key}, float(value)) for key, value in sorted(states.items())]
    yield "sources", "gauge", "Sources by state.", by_state
    if len(sources) > MOST_SOURCES:
        return
    for name, (kind, help_) in _BY_SOURCE.items():
        values = [(one, getattr(one, name)) for one in sources]
        samples = [({"source": one.source}, float(x)) for one, x in values if x is not None]
        yield f"source_{name}", kind, help_, samples
    times: list[tuple[Labels, float]] = [
        ({"source": one.source}, datetime.fromisoformat(one.last_post).timestamp())
        for one in sources
        if one.last_post
    ]
    told = "When its newest post was published or seen, Unix seconds."
    yield "source_last_post_seconds", "gauge", told, times


_BY_SOURCE: Mapping[str, tuple[str, str]] = {
    "posts": ("counter", "Posts that a source yielded since the start."),
    "push_delay": ("gauge", "Seconds from publication to storing of the newest pushed post."),
    "found_by_listing": ("counter", "Posts that listing found and no push had brought."),
    "newest_id": ("gauge", "The newest message id that is known to exist."),
    "uncovered": ("gauge", "Ids that are known to be missing."),
    "oldest_uncovered": ("gauge", "The oldest id that is known to be missing."),
    "missed_by_push": ("counter", "Posts that the web preview showed first."),
}


def _labels(labels: Labels) -> str:
    inside = ",".join(f'{key}="{_escaped(value)}"' for key, value in labels.items())
    return f"{{{inside}}}" if inside else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
