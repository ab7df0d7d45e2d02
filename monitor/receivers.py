"""Whom alerts are shown to: the receivers of monitor.yaml, one form a kind."""

from importlib.util import find_spec
from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt, model_validator

from monitor.field import AnyPath, Chat, ExistingFile, Name, WebAddress
from monitor.form import Duration, Form, OneOrMany, Spelled, wrong
from monitor.routes import Some, TimeOfDay, TimeZone
from monitor.secret import Secret

Language = Literal["en", "ru", "uk"]
MailAddress = Annotated[
    str, Spelled(r"[!-~]{1,64}@[A-Za-z0-9.-]{1,253}", "write it like desk@example.org")
]
ReaderName = Annotated[str, Spelled(r"[^\s@/#$].{0,39}", "write a name of up to 40 characters")]


class Terminal(Form):
    """Alerts as lines of text on stdout."""

    kind: Literal["terminal"] = Field(description="`terminal`: lines of text on stdout.")
    name: Name = Field(description="Its name in `status` and in deliveries.")
    exercise: StrictBool = Field(True, description="Also show exercise alerts.")


class Reader(Form):
    """Somebody who may press buttons and give commands in a chat."""

    id: Annotated[StrictInt, Field(gt=0)] = Field(
        description="Their number in Telegram; `monitor init` shows it, and so does the log."
    )
    name: ReaderName = Field(description="What they are called where their acts are shown.")
    language: Language | None = Field(
        None, description="`en`, `ru` or `uk`; that of their Telegram if left out."
    )


class TelegramBot(Form):
    """Alerts in a Telegram chat, sent by a bot."""

    kind: Literal["telegram_bot"] = Field(description="`telegram_bot`: a Telegram chat.")
    name: Name = Field(description="Its name in `status` and in deliveries.")
    chat: Chat = Field(description="The chat's number, or @name of a public channel.")
    token: Secret = Field(description="The bot's token, by reference.")
    api_url: WebAddress = Field("https://api.telegram.org", description="Where the Bot API is.")
    topic: Annotated[StrictInt, Field(gt=0)] | None = Field(
        None, description="The topic's number, in a group that is a forum."
    )
    people: tuple[Reader, ...] = Field(
        (), description="Who may press buttons and give commands; nobody if left out."
    )
    language: Language = Field("en", description="The chat's language: `en`, `ru` or `uk`.")
    time_zone: TimeZone | None = Field(
        None, description="The readers' time zone, as `Europe/Kyiv`; the machine's if left out."
    )
    map: StrictBool = Field(
        False, description="Answer an incident that opens with a small map; needs the extra `map`."
    )
    evidence: StrictBool = Field(
        True, description="Answer an incident's message with what further publishers say."
    )
    exercise: StrictBool = Field(True, description="Also send exercise alerts.")

    @model_validator(mode="after")
    def _drawable(self) -> "TelegramBot":
        if self.map and not all(find_spec(name) for name in ("PIL", "font_roboto")):
            raise wrong("`map` needs what draws it", "pip install 'monitor[map]', or map: false")
        return self


class Webhook(Form):
    """Alerts posted to a web address, signed (Standard Webhooks)."""

    kind: Literal["webhook"] = Field(description="`webhook`: a program's web address.")
    name: Name = Field(description="Its name in `status` and in deliveries.")
    url: WebAddress = Field(description="Where alerts are posted.")
    secret: Secret = Field(description="What they are signed with (HMAC-SHA256), by reference.")
    body: Literal["monitor", "alertmanager"] = Field(
        "monitor", description="The alert as on the bus, or as Alertmanager's webhook has it."
    )
    exercise: StrictBool = Field(True, description="Also send exercise alerts.")


class AlertFile(Form):
    """Alerts in a file, one JSON object a line."""

    kind: Literal["file"] = Field(description="`file`: a file of JSON lines.")
    name: Name = Field(description="Its name in `status` and in deliveries.")
    path: AnyPath = Field(description="The file; its folder must exist.")
    rotate_mb: StrictInt = Field(
        100, ge=1, le=100_000, description="A file of so many megabytes is renamed to `.1`."
    )
    keep: StrictInt = Field(5, ge=0, le=1000, description="How many renamed files are kept.")
    exercise: StrictBool = Field(True, description="Also write exercise alerts.")


class Email(Form):
    """Alerts by e-mail, a thread an incident."""

    kind: Literal["email"] = Field(description="`email`: letters through a mail server.")
    name: Name = Field(description="Its name in `status` and in deliveries.")
    host: str = Field(min_length=1, max_length=253, description="The mail server (SMTP).")
    port: Annotated[StrictInt, Field(ge=1, le=65535)] = Field(587, description="Its port.")
    security: Literal["tls", "starttls", "none"] = Field(
        "starttls", description="`tls` from the first byte (port 465), `starttls`, or `none`."
    )
    ca: ExistingFile | None = Field(
        None, description="PEM file of the authority that signed the server's certificate."
    )
    username: str | None = Field(None, description="The user, if the server asks for one.")
    password: Secret | None = Field(None, description="That user's password, by reference.")
    sender: MailAddress = Field(description="Whom letters come from.")
    to: Annotated[tuple[MailAddress, ...], OneOrMany(), Some] = Field(
        description="Whom they go to; several as a list."
    )
    exercise: StrictBool = Field(True, description="Also send exercise alerts.")

    @model_validator(mode="after")
    def _secured(self) -> "Email":
        if self.password is not None and self.username is None:
            raise wrong("a password without `username`", "add `username: ...`")
        if self.password is not None and self.security == "none":
            raise wrong("a password over an open line", "write security: starttls")
        return self


class Tak(Form):
    """Incidents as markers on TAK maps (Cursor-on-Target over TCP)."""

    kind: Literal["tak"] = Field(description="`tak`: a TAK server.")
    name: Name = Field(description="Its name in `status` and in deliveries.")
    host: str = Field(min_length=1, max_length=253, description="The TAK server.")
    port: Annotated[StrictInt, Field(ge=1, le=65535)] = Field(8087, description="Its port.")
    ca: ExistingFile | None = Field(
        None, description="PEM file of the server's authority: with it, TLS (port 8089)."
    )
    certificate: ExistingFile | None = Field(None, description="Our own certificate, PEM.")
    key: ExistingFile | None = Field(None, description="Its key, PEM, without a password.")
    exercise: StrictBool = Field(False, description="Also show exercises, named so.")

    @model_validator(mode="after")
    def _secured(self) -> "Tak":
        if self.certificate is not None and self.ca is None:
            raise wrong("a certificate without `ca`", "name the server's authority")
        return self


class MatrixReader(Form):
    """Somebody whose reactions in a Matrix room count."""

    id: Annotated[
        str, Spelled(r"@[!-9;-~]{1,200}:[A-Za-z0-9.:\[\]-]{1,200}", "as @anna:example.org")
    ] = Field(description="Their Matrix id, as `@anna:example.org`.")
    name: ReaderName = Field(description="What they are called where their acts are shown.")


class Matrix(Form):
    """Alerts in a Matrix room: a message an incident, what is new in its thread."""

    kind: Literal["matrix"] = Field(description="`matrix`: a room without encryption.")
    name: Name = Field(description="Its name in `status` and in deliveries.")
    homeserver: WebAddress = Field(description="The account's server, as https://example.org.")
    room: Annotated[
        str, Spelled(r"[!#][^\s]{1,254}", "write !id:example.org or #alias:example.org")
    ] = Field(description="The room's id or alias; the account must be invited or allowed in.")
    token: Secret = Field(description="The account's access token, by reference.")
    people: tuple[MatrixReader, ...] = Field(
        (), description="Whose reactions acknowledge, mute or judge; nobody's if left out."
    )
    language: Language = Field("en", description="The room's language: `en`, `ru` or `uk`.")
    time_zone: TimeZone | None = Field(
        None, description="The readers' time zone, as `Europe/Kyiv`; the machine's if left out."
    )
    exercise: StrictBool = Field(True, description="Also send exercise alerts.")


class Apprise(Form):
    """Alerts to one of the many services that Apprise knows."""

    kind: Literal["apprise"] = Field(description="`apprise`: any service that Apprise knows.")
    name: Name = Field(description="Its name in `status` and in deliveries.")
    address: Secret = Field(description="Apprise's address of the service, by reference.")
    exercise: StrictBool = Field(True, description="Also send exercise alerts.")

    @model_validator(mode="after")
    def _installed(self) -> "Apprise":
        if find_spec("apprise") is None:
            raise wrong("Apprise is not installed", "pip install 'monitor[apprise]'")
        return self


class Digest(Form):
    """A summary of what has happened, sent on schedule: for the change of shifts."""

    receiver: Name = Field(description="Whom it goes to.")
    at: Annotated[tuple[TimeOfDay, ...], OneOrMany(), Some] = Field(
        description="When, as `08:00`; several as a list."
    )
    location: TimeZone = Field("UTC", description="The time zone of that, as `Europe/Kyiv`.")


class AllQuiet(Form):
    """A sign of life when there was nothing to tell."""

    receiver: Name = Field(description="Whom it goes to.")
    after: Duration = Field(description="After so long without an alert, as `6h`; then again.")


Receiver = Annotated[
    Terminal | TelegramBot | Webhook | AlertFile | Email | Tak | Matrix | Apprise,
    Field(discriminator="kind"),
]
