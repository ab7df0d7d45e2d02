"""Joining channels, where the configuration wants it: then their posts are pushed.

One in ten minutes and 40 a day at most, counted over restarts: faster accounts get banned. What
becomes of it is shown with each channel: waiting, requested (an administrator has to agree) or
refused; a refusal is remembered and not asked for again.
"""

from typing import NoReturn

import msgspec
import structlog
from telethon import errors, functions, types

from monitor.clock import Clock
from monitor.sources.telegram.calls import Calls
from monitor.sources.telegram.register import Register, Watched
from monitor.sources.telegram.trouble import ChannelLostError, NotNowError, TroubleError

log = structlog.get_logger(__name__)

JOIN = "channels.joinChannel"
FULL_PAUSE = 86_400.0
"""Seconds until an account that is in as many channels as it may tries again."""
LOOK_EVERY = 60.0


class Joining:
    """The joining of one connection; `wanted` unless a source says otherwise."""

    def __init__(self, calls: Calls, register: Register, clock: Clock, *, wanted: bool) -> None:
        self._calls = calls
        self._register = register
        self._clock = clock
        self._wanted = wanted

    async def run(self, every: float) -> NoReturn:
        """Join what is to be joined, until cancelled."""
        while True:
            await self.round()
            await self._clock.sleep(min(every, LOOK_EVERY))

    async def round(self) -> None:
        """Join channels as far as the budget goes."""
        waiting = [one for one in self._register.reading() if self._is_wanted(one)]
        for place, watched in enumerate(waiting):
            try:
                await self._join(watched)
            except NotNowError:
                for other in waiting[place:]:
                    self._register.reaches(other, other.health.reach, "waiting")
                return

    def _is_wanted(self, watched: Watched) -> bool:
        if watched.joined is not False or watched.peer is None:
            return False
        self._register.reaches(watched, watched.health.reach, watched.peer.join)
        wanted = self._wanted if watched.info.join is None else watched.info.join
        return wanted and not watched.peer.join

    async def _join(self, watched: Watched) -> None:
        peer = watched.peer
        if peer is None:
            return
        channel = types.InputChannel(peer.number, peer.access_hash)
        try:
            await self._calls.ask(functions.channels.JoinChannelRequest(channel))
        except ChannelLostError as error:
            await self._end(watched, "refused", str(error))
        except TroubleError as error:
            await self._refused(watched, error)
        else:
            await self._end(watched, "", "")
            watched.joined = True
            self._register.reaches(watched, "pushed")
            log.info("channel_joined", source=watched.info.id, account=self._register.account)

    async def _refused(self, watched: Watched, error: TroubleError) -> None:
        """What a refusal means; trouble with the line goes on upwards."""
        cause = error.__cause__
        if isinstance(cause, errors.ChannelsTooMuchError):
            log.warning(
                "account_in_too_many_channels",
                account=self._register.account,
                hint="Telegram lets it join no more; leave some, or add an account",
            )
            raise await self._calls.flooded(JOIN, FULL_PAUSE) from error
        if isinstance(cause, errors.InviteRequestSentError):
            await self._end(watched, "requested", "an administrator has to agree")
        elif isinstance(cause, errors.UserAlreadyParticipantError):
            watched.joined = True
        elif isinstance(cause, (errors.BadRequestError, errors.ForbiddenError)):
            await self._end(watched, "refused", str(error))
        else:
            raise error

    async def _end(self, watched: Watched, state: str, why: str) -> None:
        """Remember what became of it."""
        if watched.peer is None:
            return
        if state:
            log.warning("channel_not_joined", source=watched.info.id, state=state, problem=why)
        await self._register.keep_peer(watched, msgspec.structs.replace(watched.peer, join=state))
        self._register.reaches(watched, watched.health.reach, state)
