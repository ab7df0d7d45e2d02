"""A channel that Telegram answers with errors rests, longer each time; the others get their turn.

A server's fault with one channel, or a message of a kind that the client library cannot read, must
neither end the connection that all channels share nor be asked for again and again: who has waited
longest is listed first, and that one would keep all others waiting for ever. The preview reads the
channel meanwhile.
"""

from datetime import timedelta

import structlog

from monitor.clock import Clock
from monitor.sources.telegram.register import Register, Watched
from monitor.sources.telegram.trouble import TroubleError

log = structlog.get_logger(__name__)

FIRST, GROWTH, MOST = 5.0, 4.0, 1800.0
"""Seconds of the first rest, times that for each further one, up to so many."""
MOST_UNANSWERED = 20.0
"""No answer may well be the line's fault: then only so long that the others have their turn."""


def rests(watched: Watched, now: float) -> bool:
    """Whether a channel is not to be asked for now; in seconds of the monotonic clock."""
    return watched.rests_until > now


def rest(
    register: Register, watched: Watched, error: TroubleError, clock: Clock, most: float = MOST
) -> None:
    """Ask for nothing of a channel for a while, and say so."""
    watched.failures += 1
    seconds = min(FIRST * GROWTH ** (watched.failures - 1), most)
    watched.rests_until = clock.monotonic() + seconds
    again = clock.now() + timedelta(seconds=seconds)
    log.warning("channel_rests", source=watched.info.id, problem=str(error), seconds=seconds)
    hint = f"Telegram gives no usable answer, asked again after {again:%F %T} UTC: {error}"
    register.tell(watched, "unreachable", hint[:300])


def not_answered(register: Register, watched: Watched, error: TroubleError, clock: Clock) -> None:
    """Nothing came back: the line's fault the first time, this channel's the second in a row."""
    if watched.silences:
        rest(register, watched, error, clock, MOST_UNANSWERED)
    watched.silences += 1


def answered(watched: Watched) -> None:
    """What was asked for came."""
    watched.failures = watched.silences = 0
