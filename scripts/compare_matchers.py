"""Compare the engine with the reference matcher on random rules and posts; 1 if not equal.

    python scripts/compare_matchers.py [--pairs 100000] [--seed 1]

CI does 5,000 pairs (tests/test_evaluate.py).
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.random_rules import compared


def main() -> int:
    """Compare, and print the first pair that differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    start, pairs, hits = time.perf_counter(), 0, 0
    for pair in compared(options.pairs, options.seed):
        pairs += 1
        hits += bool(pair.engine)
        if pair.difference:
            print(f"pair {pairs:,}:\n{pair.difference}")
            return 1
    print(f"{pairs:,} pairs equal, {hits:,} of them with hits; {time.perf_counter() - start:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
