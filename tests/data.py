"""Real data beside the project, read in place and never copied into it."""

import os
from pathlib import Path

import pytest

FOLDER = Path(
    os.environ.get("MONITOR_SHARED_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data"
)


def data_file(name: str) -> Path:
    """The path of a data file, or skip the test with the reason."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"real data not present beside the checkout: {name}")
    return path
