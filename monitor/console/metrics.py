"""The daemon's numbers in Prometheus' text format (0.0.4)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from monitor.health import RulesHealth
from monitor.source import SourceHealth

MOST_SOURCES = 1000
"""Above this many sources none has a label of its own: it would cost the reader more than it tells.
"""

Labels = Mapping[str, str]


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
    states: dict[str, int] = {}
    for one in live.sources:
        states[one.state] = states.get(one.state, 0) + 1
    family("sources", "gauge", "Sources by state.",
           [({"state": key}, value) for key, value in sorted(states.items())])  # fmt: skip
    if len(live.sources) <= MOST_SOURCES:
        for name, (kind, help_) in _BY_SOURCE.items():
            values = [(one, getattr(one, name)) for one in live.sources]
            by_source = [({"source": one.source}, x) for one, x in values if x is not None]
            family(f"source_{name}", kind, help_, by_source)
        times: list[tuple[Labels, float]] = [
            ({"source": one.source}, datetime.fromisoformat(one.last_post).timestamp())
            for one in live.sources
            if one.last_post
        ]
        told = "When its newest post was published or seen, Unix seconds."
        family("source_last_post_seconds", "gauge", told, times)
    for name, help_, samples in _of_accounts(live.accounts):
        family(name, "gauge", help_, samples)
    return ("\n".join(lines) + "\n").encode()


def _of_accounts(
    accounts: Sequence[AccountLive],
) -> Iterable[tuple[str, str, list[tuple[Labels, float]]]]:
    """Name, help and samples of the families about accounts."""
    yield (
        "account_running",
        "1 if an account reads channels; 0 if it is lost, flooded or starting.",
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


_BY_SOURCE: Mapping[str, tuple[str, str]] = {
    "posts": ("counter", "Posts that a source yielded since the start."),
    "push_delay": ("gauge", "Seconds from publication to storing of the newest pushed post."),
    "found_by_listing": ("counter", "Posts that listing found and no push had brought."),
    "newest_id": ("gauge", "The newest message id that is known to exist."),
    "uncovered": ("gauge", "Ids that are known to be missing."),
    "missed_by_push": ("counter", "Posts that the web preview showed first."),
}


def _labels(labels: Labels) -> str:
    inside = ",".join(f'{key}="{_escaped(value)}"' for key, value in labels.items())
    return f"{{{inside}}}" if inside else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
