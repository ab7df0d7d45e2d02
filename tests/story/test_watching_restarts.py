"""Every type of correlation over restarts and late posts: the same alerts, once."""

from pathlib import Path

import pytest

from tests.story.watching import desk, told

TYPES = {
    "event_count": "{type: event_count, rules: raid, timespan: 1h, condition: {gte: 3}}",
    "value_count": (
        "{type: value_count, rules: raid, timespan: 1h, condition: {field: source, gte: 3}}"
    ),
    "temporal": "{type: temporal, rules: [raid, fire], timespan: 1h}",
    "temporal_ordered": "{type: temporal_ordered, rules: [raid, fire], timespan: 1h}",
    "absence": "{type: absence, rules: fire, without: denial, timespan: 30m}",
    "flatline": "{type: flatline, rules: raid, timespan: 2h}",
    "new_term": "{type: new_term, rules: raid, field: source, timespan: 3h, learning: 30m}",
    "corroborated": (
        "{type: corroborated, rules: raid, timespan: 1h, families: 2, affiliations: 2}"
    ),
    "spike": "{type: spike, rules: raid, timespan: 1h, spike_height: 2, learning: 1d}",
}

SEEN: tuple[tuple[float, str, str, float], ...] = (
    (0, "paper", "a raid in the morning", 0),
    (3, "paper", "a raid, says a neighbour", 2),
    (20, "state", "a raid? people ask", 15),
    (45, "legion", "our raid, told late", 41),
    (46, "paper", "a fire at the station", 0),
    (60, "governor", "the raid is over", 50),
    (85, "governor", "a fire, not put out", 30),
    (400, "paper", "good evening", 0),
    (1500, "legion", "a raid again", 0),
    (1501, "paper", "a raid again, it seems", 1),
    (1502, "state", "raid number three", 1),
    (1503, "governor", "one raid more", 0),
    (1504, "paper", "the raid goes on", 0),
    (1505, "paper", "the raid does not end", 0),
    (1506, "legion", "a raid it is", 0),
    (1507, "state2", "such a raid", 0),
    (1508, "state2", "what a raid", 0),
    (1509, "legion", "a raid it was", 0),
)
"""Minutes when seen, source, text, and how old it was then."""


def alerts(folder: Path, correlate: str, *, restarts: bool) -> list[tuple[str, str]]:
    """What the correlation tells of the day, in order."""
    folder.mkdir()
    found: list[tuple[str, str]] = []
    with desk(folder, correlate) as at:
        for minutes, source, text, age in SEEN:
            if restarts:
                at.restart()
            found += told(at.post(minutes, source, text, age=age))
        found += told(at.passes(3000))
    return found


@pytest.mark.parametrize("name", sorted(TYPES))
def test_a_restart_after_every_post_changes_no_alert(tmp_path: Path, name: str) -> None:
    """Each type opens something of a day with late posts, and the same with eighteen restarts."""
    once = alerts(tmp_path / "once", TYPES[name], restarts=False)
    assert "opened" in [kind for kind, _ in once]
    assert alerts(tmp_path / "often", TYPES[name], restarts=True) == once
