"""The accounts of the settings as collectors, with the channels shared out over them."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import msgspec

from monitor.clock import Clock
from monitor.settings import Settings
from monitor.source import Arrival, Intake, SourceHealth
from monitor.sources.introduction import NoIntroductionError
from monitor.sources.roster import Roster
from monitor.sources.telegram.account import Pace, TelegramAccount
from monitor.sources.telegram.looking import answered
from monitor.sources.telegram.session import AccountSettings, Server
from monitor.telegram_settings import Account

LOOK_EVERY = 2.0
TRIED_AGAIN = 3600.0
"""Seconds until a lost account is tried again, though nobody has signed it in."""


def account_settings(settings: Settings, account: Account) -> AccountSettings:
    """An account as its client needs it."""
    server = settings.telegram.server
    return AccountSettings(
        name=account.name,
        session=account.session_file(settings.state),
        api_id=account.api_id,
        api_hash=account.api_hash,
        server=Server(server.host, server.port, server.public_key) if server else None,
        proxy=account.proxy,
    )


class SharedAccount:
    """An account whose channels go to others while it cannot read them."""

    def __init__(self, settings: Settings, account: Account, roster: Roster, clock: Clock) -> None:
        self._roster = roster
        self._clock = clock
        self._its = account_settings(settings, account)
        pace = Pace(join=account.join)
        mine = roster.share(account.name)
        self._account = TelegramAccount(self._its, mine, clock, self, pace)
        self._short = account.name
        self._intake: Intake | None = None
        self._seen: tuple[int, int] | None = None
        self.name = self._account.name
        roster.share(account.name, self._account.take)

    async def run(self, intake: Intake) -> None:
        """Read for ever; while the account is lost others have its channels.

        A lost account is tried again when somebody has signed it in anew, and now and then: bans
        are lifted too.
        """
        self._intake = intake
        while True:
            self._account.take(self._roster.share(self._short))
            await self._account.run(intake)
            if self._account.lost is not None:
                self._roster.lose(self._short, self._account.lost.reason, self._account.lost.hint)
            await self._worth_a_try()

    async def _worth_a_try(self) -> None:
        """Wait until somebody has signed in, all of it written, or an hour is over."""
        before = _stamp(self._its.session)
        tried = self._clock.monotonic()
        while self._clock.monotonic() < tried + TRIED_AGAIN:
            await self._clock.sleep(LOOK_EVERY)
            now = _stamp(self._its.session)
            if now is not None and now != before and now == self._seen:
                return
            self._seen = now

    async def look(self, question: Mapping[str, object]) -> dict[str, object] | None:
        """Answer a person's question about channels (looking.py); None while not connected."""
        calls = self._account.calls
        if calls is None or self._intake is None:
            return None
        try:
            found, kept = await answered(calls, self._short, question)
        except NoIntroductionError as error:
            return {"error": str(error), "hint": error.hint}
        if kept:
            await self._intake.deliver(Arrival(cursors=kept))
        return {"found": msgspec.to_builtins(found)}

    def source(self, health: SourceHealth) -> None:
        """What the account says of a channel; of one that it has no more nothing is believed."""
        if self._roster.reader(health.source) == self._short:
            self._roster.told_by_account(health)

    def well(self) -> None:
        """It is connected and may list channels."""
        self._roster.well(self._short)

    def unreachable(self, reason: str) -> None:
        """It has no connection."""
        self._roster.unreachable(self._short, reason)

    def flooded(self, reason: str, until: datetime) -> None:
        """It has to wait for long."""
        self._roster.flood(self._short, reason, until)


def _stamp(session: Path) -> tuple[int, int] | None:
    """What changes when somebody signs in anew.

    Our own use of the file changes it too, but not while the account is lost.
    """
    try:
        found = session.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns
