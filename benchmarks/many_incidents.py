"""So many incidents at once: they open, are joined by an answer each, and close in one minute.

    python benchmarks/many_incidents.py [--incidents 100000]

Prints, for a hundredth of them and for all: milliseconds of processor time for each step and
incident (`late` is one more post from before the others), megabytes of the process. Ends with an
error unless all of them opened, were joined and closed.
"""

import argparse
import resource
import sys
import time
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.story.timeline import START, Story, rule, town

RAID = rule("raid", radius_km=5.0)


def flood(incidents: int) -> None:
    """One run; the grid of places is 0.2 degrees wide, so that none is near another."""
    story = Story()
    places = [town(f"v{n}", 0.2 * (n // 1000), -100 + 0.2 * (n % 1000)) for n in range(incidents)]
    took: list[float] = []

    def step(kind: str, source: str, number: int, minutes: float) -> None:
        started = time.process_time()
        done = 0
        for place in places:
            decision = story.post(
                source, f"{place.id}-{number}", f"{source} in {place.id}", minutes=minutes,
                seen_after=2 - minutes, rules=(RAID,), place=place,
            )  # fmt: skip
            done += decision.outcome == kind
        took.append((time.process_time() - started) * 1000 / incidents)
        if done != incidents:
            sys.exit(f"{done} of {incidents} were {kind}")

    step("alerted", "legion", 1, 0)
    step("alerted", "governor", 1, 1)
    step("joined", "legion", 2, 0.5)
    started = time.process_time()
    story.pass_time(START + timedelta(hours=6, minutes=2))
    took.append((time.process_time() - started) * 1000 / incidents)
    closed = sum(one.kind == "closed" for one in story.alerts)
    if closed != incidents or len(story.state.incidents):
        sys.exit(f"{closed} of {incidents} have closed")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    opened, joined, late, ended = took
    print(
        f"{incidents:>7} incidents: open {opened:.3f} ms, join {joined:.3f} ms, "
        f"late {late:.3f} ms, close {ended:.3f} ms each; {peak:.0f} MB at most"
    )


def main() -> None:
    """Read the arguments, run twice."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--incidents", type=int, default=100_000)
    options = parser.parse_args()
    for incidents in (max(1, options.incidents // 100), options.incidents):
        flood(incidents)


if __name__ == "__main__":
    main()
