"""The accounts of the settings as collectors, with the channels shared out over them."""

from monitor.clock import Clock
from monitor.settings import Settings
from monitor.source import Intake, SourceHealth
from monitor.sources.roster import Roster
from monitor.sources.telegram.account import TelegramAccount
from monitor.sources.telegram.session import AccountSettings, Server
from monitor.telegram_settings import Account


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
    """An account whose channels go to others when it is lost."""

    def __init__(self, settings: Settings, account: Account, roster: Roster, clock: Clock) -> None:
        self._roster = roster
        self._account = TelegramAccount(
            account_settings(settings, account), roster.share(account.name), clock, self
        )
        self._short = account.name
        self.name = self._account.name
        roster.share(account.name, self._account.take)

    async def run(self, intake: Intake) -> None:
        """Read until the account is lost; then hand its channels over and end."""
        self._account.take(self._roster.share(self._short))
        await self._account.run(intake)
        if self._account.lost is not None:
            self._roster.lose(self._short, self._account.lost.reason, self._account.lost.hint)

    def source(self, health: SourceHealth) -> None:
        """What the account says of a channel."""
        self._roster.told_by_account(health)
