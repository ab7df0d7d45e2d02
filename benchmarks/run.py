"""`make bench`: every figure of docs/performance.md, with the machine's facts, into results/.

    python benchmarks/run.py [--quick] [--name NAME]

Writes `benchmarks/results/NAME.json` and a rendered `NAME.md`. `--quick`: fewer posts and rounds.
"""

import argparse
import json
import os
import platform
import statistics
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import ParamSpec, TypeVar

import against
import backtest
import echoes
import incidents
import latency
import matching
import pipeline
import retention
import starting
from drawn import SEED, posts

P = ParamSpec("P")
T = TypeVar("T")
RESULTS = Path(__file__).parent / "results"


def machine() -> dict[str, str | int | float]:
    """What the figures depend on."""
    cpu = next(
        (line.partition(":")[2].strip()
         for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines()
         if line.startswith("model name")),
        platform.machine(),
    )  # fmt: skip
    return {
        "cpu": cpu,
        "cores": os.cpu_count() or 1,
        "load before": os.getloadavg()[0],
        "python": platform.python_version(),
        "kernel": platform.release(),
        "seed": SEED,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def apart(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What a function says in a process of its own, whose memory is its own too."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as child:
        return child.submit(function, *args, **kwargs).result()


def measured(*, quick: bool) -> dict[str, object]:
    """All of it; the longer parts last."""
    facts = machine()
    these = posts(1_200 if quick else 6_000)
    rounds = 3 if quick else 7
    found: dict[str, object] = {
        "machine": facts | {"characters a post": statistics.mean(len(one.text) for one in these)},
        "matching": matching.measure(these, [100, 1_000, 10_000], rounds),
        "against": against.measure(1_000, these[:: len(these) // 400], 3),
        "latency": latency.measure(1_000, 8 if quick else 24, 1_000),
        "pipeline": apart(pipeline.measure, 1_000, 1_000 if quick else 12_000, 3),
        "worst, 10,000 rules": pipeline.worst(pipeline.Matcher(pipeline.book(10_000)), 10_000, 3),
        "starting, 10,000 rules": starting.measure(10_000, 200_000, 1 if quick else 5),
    }
    known = [2_000, 10_000] if quick else [10_000, 100_000]
    found["echoes"] = [apart(echoes.row, one, 2_000) for one in known]
    found["joining and correlating a hit"] = [
        {"incidents": one} | apart(incidents.measure, one, known[-1], 500 if quick else 4_000)
        for one in ((200, 1_000) if quick else (1_000, 10_000))
    ]
    with tempfile.TemporaryDirectory(prefix="monitor-bench-", dir=".") as folder:
        desk, state = Path(folder) / "desk", Path(folder) / "state"
        count = 5_000 if quick else 50_000
        found["backtest"] = backtest.measure(count, 1_000, 2 if quick else 8, desk, two=False)
        found["retention"] = retention.measure(2 * count, state)
    return found


def rendered(found: dict[str, object]) -> str:
    """The same as tables."""
    lines = ["# Measured", ""]
    for title, part in found.items():
        lines += [f"## {title}", ""]
        rows = part if isinstance(part, list) else None
        if rows is None:
            pairs = part.items() if isinstance(part, dict) else ()
            lines += ["| | |", "|---|---|", *(f"| {key} | {_shown(one)} |" for key, one in pairs)]
        else:
            lines += ["| " + " | ".join(rows[0]) + " |", "|---" * len(rows[0]) + "|"]
            lines += ["| " + " | ".join(map(_shown, row.values())) + " |" for row in rows]
        lines.append("")
    return "\n".join(lines)


def _shown(value: object) -> str:
    return f"{value:,.3g}" if isinstance(value, float) and value < 100 else (
        f"{value:,.0f}" if isinstance(value, float | int) else str(value)
    )  # fmt: skip


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--name", default=datetime.now(UTC).date().isoformat())
    options = parser.parse_args()
    found = measured(quick=options.quick)
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{options.name}.json"
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    path.with_suffix(".md").write_text(rendered(found), encoding="utf-8")
    print(rendered(found))


if __name__ == "__main__":
    main()
