"""A broker that is away for long costs neither alerts nor order nor memory."""

from pathlib import Path

from tests.doubles.absence import away


async def test_half_a_minute_without_a_broker(tmp_path: Path) -> None:
    """15,000 alerts of the time without a broker all arrive, in order per incident, memory flat."""
    found = await away(tmp_path, 30)
    assert found.alerts == 16_000
    assert found.in_order
    assert found.grown_mb < 50
