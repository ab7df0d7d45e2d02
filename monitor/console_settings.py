"""Settings `console`: the feeds for other programs, and who may read them."""

import ipaddress
from typing import Annotated

from pydantic import AfterValidator, Field, StrictBool, model_validator

from monitor.document import named
from monitor.field import Name
from monitor.form import Form, wrong
from monitor.rule import Level
from monitor.secret import Secret

MOST_PORTS = 65535
SHORTEST_TOKEN = 16


def _listening(text: str) -> str:
    host, _, port = text.rpartition(":")
    hint = "write 127.0.0.1:8480, or [::1]:8480"
    try:
        ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        raise wrong(f"{named(text)} is not an address and port", hint) from None
    if not port.isdecimal() or not 0 <= int(port) <= MOST_PORTS:
        raise wrong(f"{named(text)} has no usable port", hint)
    return text


ListenAddress = Annotated[str, AfterValidator(_listening)]


class Reader(Form):
    """Somebody who may read the feeds."""

    name: Name = Field(description="Whose token it is, for the log.")
    token: Secret = Field(description="The token, by reference: 16 letters and digits or more.")
    min_level: Level = Field("informational", description="Incidents below it are not shown.")

    @model_validator(mode="after")
    def _guarded(self) -> "Reader":
        if not self.token.unread and len(self.token.reveal()) < SHORTEST_TOKEN:
            raise wrong("a token that can be guessed", "make one: openssl rand -hex 16")
        return self


class Console(Form):
    """What the daemon serves over HTTP. Off unless this stands in the file."""

    listen: ListenAddress = Field(
        "127.0.0.1:8480",
        description="Address and port. Other than loopback only behind a proxy with TLS.",
    )
    readers: tuple[Reader, ...] = Field(min_length=1, description="Who may read, each by a token.")
    sender: str = Field(
        "",
        max_length=200,
        pattern=r"^[^\s,<&]*$",
        description="Who CAP messages say they are from. Default: INSTANCE@monitor.",
    )
    exercise: StrictBool = Field(True, description="Also show exercises, marked as such.")

    @model_validator(mode="after")
    def _different(self) -> "Console":
        tokens = [one.token.reveal() for one in self.readers if not one.token.unread]
        if len(set(tokens)) < len(tokens):
            raise wrong("two readers have one token", "give each a token of their own")
        return self

    @property
    def host(self) -> str:
        """The address, without brackets."""
        return self.listen.rpartition(":")[0].removeprefix("[").removesuffix("]")

    @property
    def port(self) -> int:
        """The port; 0 lets the system choose."""
        return int(self.listen.rpartition(":")[2])
