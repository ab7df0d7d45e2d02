"""Handing an arrival over until it is stored: what every source does with what it has read."""

import structlog

from monitor.clock import Clock
from monitor.source import Arrival, Intake

log = structlog.get_logger(__name__)

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0


async def hand_over(intake: Intake, arrival: Arrival, clock: Clock, source: str) -> None:
    """Deliver, and deliver again with growing pauses while the store refuses. Never drops.

    Only the first failure and every tenth are logged: the store says itself what ails it.
    """
    pause = FIRST_PAUSE
    failures = 0
    while True:
        try:
            await intake.deliver(arrival)
        except Exception as error:  # noqa: BLE001 - whatever the store's reason, it is not stored
            if failures % 10 == 0:
                log.warning(
                    "arrival_not_stored",
                    source=source,
                    posts=len(arrival.posts),
                    problem=str(error)[:300],
                    hint="the source waits and hands it over again; see the store's own message",
                )
            failures += 1
            await clock.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
        else:
            return
