"""The daemon's numbers in Prometheus' text format (0.0.4)."""

from collections.abc import Iterable, Mapping, Sequence

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
            samples = [({"source": one.source}, x) for one, x in values if x is not None]
            family(f"source_{name}", kind, help_, samples)
    return ("\n".join(lines) + "\n").encode()


_BY_SOURCE: Mapping[str, tuple[str, str]] = {
    "posts": ("counter", "Posts that a source yielded since the start."),
    "push_delay": ("gauge", "Seconds from publication to storing of the newest pushed post."),
    "found_by_listing": ("counter", "Posts that listing found and no push had brought."),
    "missed_by_push": ("counter", "Posts that the web preview showed first."),
}


def _labels(labels: Labels) -> str:
    inside = ",".join(f'{key}="{_escaped(value)}"' for key, value in labels.items())
    return f"{{{inside}}}" if inside else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
