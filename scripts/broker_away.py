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


async def main() -> None:
    """Ten minutes, or as long as asked."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 600.0
    with tempfile.TemporaryDirectory() as folder:
        found = await away(Path(folder), seconds)
    print(f"{found.alerts} alerts, {seconds:.0f} s without a broker: all arrived,")
    print(f"{'in order' if found.in_order else 'OUT OF ORDER'} within each incident,")
    print(f"{found.grown_mb:+.1f} MB, made up for at {found.drained_per_s:.0f} alerts/s")


asyncio.run(main())
