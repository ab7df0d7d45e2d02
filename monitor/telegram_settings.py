"""Settings `telegram`: the accounts that read channels, each by its session file and proxy."""

import importlib.util
import re
import stat
from pathlib import Path
from typing import Literal

from pydantic import Field, StrictBool, StrictInt, model_validator

from monitor.document import Node
from monitor.field import AnyPath, ExistingFile, Name
from monitor.form import Form, find, wrong
from monitor.mistake import Mistake
from monitor.secret import Secret

MTPROXY_SECRET = re.compile(r"(dd)?[0-9a-fA-F]{32}")


class Proxy(Form):
    """The way to Telegram. Without it nothing is sent: there is no falling back to a direct way."""

    kind: Literal["socks5", "http", "mtproxy"] = Field(description="Its protocol.")
    host: str = Field(min_length=1, max_length=253, description="Its name or address.")
    port: StrictInt = Field(ge=1, le=65535, description="Its port.")
    username: str | None = Field(None, description="The user, for socks5 and http.")
    password: Secret | None = Field(None, description="That user's password, by reference.")
    secret: Secret | None = Field(None, description="The proxy's secret, for mtproxy.")

    @model_validator(mode="after")
    def _usable(self) -> "Proxy":
        if self.kind == "mtproxy":
            if self.secret is None:
                raise wrong("an mtproxy without `secret`", "add `secret: env:NAME`")
            if not self.secret.unread and not MTPROXY_SECRET.fullmatch(self.secret.reveal()):
                hint = (
                    "use one of 32 hexadecimal digits, or dd and 32; those with ee are not spoken"
                )
                raise wrong("the mtproxy's secret is not usable", hint)
            return self
        if self.secret is not None:
            raise wrong("`secret` is for mtproxy", "write username and password")
        if self.password is not None and self.username is None:
            raise wrong("a password without `username`", "add `username: ...`")
        if importlib.util.find_spec("python_socks") is None:
            hint = "install python-socks: without it the connection would not use the proxy"
            raise wrong("the proxy's library is missing", hint)
        return self


class Account(Form):
    """One signed-in account, by `monitor login telegram`."""

    name: Name = Field(description="Its name in `status`, and in the session file's name.")
    api_id: StrictInt = Field(ge=1, description="The application's number, my.telegram.org/apps.")
    api_hash: Secret = Field(description="The application's hash, by reference.")
    session: AnyPath | None = Field(
        None, description="The session file, which is the account. Default: STATE/telegram/NAME."
    )
    phone: str | None = Field(
        None, pattern=r"^\+[0-9]{5,15}$", description="Its number, so that signing in asks less."
    )
    proxy: Proxy | None = Field(None, description="The way to Telegram; without it, directly.")
    join: StrictBool = Field(
        False,
        description="Join the channels it reads, one in ten minutes, so that posts are pushed; "
        "otherwise they are polled. A source's own `join` goes before.",
    )

    def session_file(self, state: Path) -> Path:
        """Where its session is, for this state folder."""
        return self.session or state / "telegram" / f"{self.name}.session"


class Server(Form):
    """Another server than Telegram's own, to test a whole installation without Telegram."""

    host: str = Field("127.0.0.1", description="Its address.")
    port: StrictInt = Field(ge=1, le=65535, description="Its port.")
    public_key: ExistingFile = Field(description="Its RSA key: PEM, PKCS#1.")


class Telegram(Form):
    """Accounts that read Telegram channels: pushed within a second, every post accounted for."""

    accounts: tuple[Account, ...] = Field(
        (), description="The accounts; channels are shared out over them, at most 450 each."
    )
    server: Server | None = Field(None, description="For tests: another server than Telegram's.")


def unsafe_sessions(telegram: Telegram, state: Path, node: Node) -> list[Mistake]:
    """Accounts that must not start: one name or session twice, a session that others can read."""
    mistakes = []
    names: set[str] = set()
    files: set[Path] = set()
    for position, account in enumerate(telegram.accounts):
        mark = find(node, ["telegram", "accounts", position]).mark
        file = account.session_file(state)
        if account.name in names or file in files:
            hint = "give each account a name and a session file of its own"
            mistakes.append(Mistake(mark, f"a second account is called `{account.name}`", hint))
        names.add(account.name)
        files.add(file)
        if (problem := open_to_others(file)) is not None:
            mistakes.append(Mistake(mark, *problem))
    return mistakes


def open_to_others(session: Path) -> tuple[str, str] | None:
    """Why a session file that exists is not safe, and what to do; None if it is."""
    try:
        if not session.exists():
            return None
        modes = [(session.parent, 0o700), (session, 0o600)]
        for place, mode in modes:
            if stat.S_IMODE(place.stat().st_mode) & 0o077:
                what = f"{place} can be read by others, and whoever reads it has the account"
                return what, f"chmod {mode:o} {place}"
    except OSError as error:
        return (
            f"{session} cannot be read: {error.strerror}",
            "give it to the user that runs monitor",
        )
    return None
