"""A broker that is away for long costs neither alerts nor order nor memory."""

from pathlib import Path

import pytest

from monitor.sinks.mqtt import LONGEST_PAUSE
from tests.doubles.absence import away


@pytest.mark.timeout(400)  # half a minute away, and a slow machine may take long to make up for it
async def test_half_a_minute_without_a_broker(tmp_path: Path) -> None:
    """15,000 alerts of the time without a broker all arrive, in order per incident, memory flat."""
    found = await away(tmp_path, 30)
    assert found.arrived == found.alerts == 16_000
    assert found.disorder == 0
    assert found.noticed_s < LONGEST_PAUSE + 15, "a broker that is back is noticed soon"
    assert found.grown_mb < 50
