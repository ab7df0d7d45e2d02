#!/usr/bin/env python3
"""A broker away for ten minutes at 500 alerts a second (or for SECONDS), then back.

Prints what was lost, the order, the memory that it cost, and how fast it was made up for.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.doubles.absence import away


async def main() -> int:
    """Ten minutes, or as long as asked."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 600.0
    with tempfile.TemporaryDirectory() as folder:
        found = await away(Path(folder), seconds)
    print(f"{seconds:.0f} s without a broker: {found.arrived} of {found.alerts} alerts arrived,")
    print(f"{found.disorder} out of their incident's order; its return noticed after")
    print(f"{found.noticed_s:.1f} s, made up for at {found.drained_per_s:.0f} alerts/s")
    print(f"(2,000 at least; {found.drained_per_cpu_s:.0f} per second of our process's own time);")
    print(f"memory {found.grown_mb:+.1f} MB (50 at most)")
    return 0 if found.arrived == found.alerts and not found.disorder else 1


sys.exit(asyncio.run(main()))
