"""The configuration: monitor.yaml, read whole, checked whole, then never changed.

Every setting stands here once, with its default and its description; the manual and the JSON Schema
for editors are made from these forms. Paths in the file are relative to the file; here they are
absolute. Secrets are read from where the file says they are (monitor/secret.py).
"""

import os
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainValidator,
    StrictBool,
    StrictFloat,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from monitor.document import Node, exists, is_folder, named, read_file
from monitor.form import Duration, Form, Spelled, fill, find, wrong
from monitor.mistake import Mistake, MistakesError
from monitor.routes import Inhibition, Route, TimeInterval, disagreements
from monitor.secret import Secret, at_home

STDIN = Path("-")


def _absolute(text: object, info: ValidationInfo) -> Path:
    if isinstance(text, Path):
        return text
    if not isinstance(text, str) or not text or "\0" in text:
        raise wrong("not a path", "write the path of a file, relative to this file")
    folder: Path = (info.context or {})["folder"]
    return Path(os.path.normpath(folder / at_home(text)))


def _existing(path: Path) -> Path:
    if not exists(path):
        raise wrong(f"no such file or folder: {path}", "paths are relative to this file")
    return path


def _file(path: Path) -> Path:
    if is_folder(_existing(path)):
        raise wrong(f"a folder, not a file: {path}", "name the file in it")
    return path


def _recorded(text: object, info: ValidationInfo) -> Path:
    return STDIN if text == "-" else _file(_absolute(text, info))


_AS_TEXT = WithJsonSchema({"type": "string"})
AnyPath = Annotated[Path, PlainValidator(_absolute), _AS_TEXT]
ExistingPath = Annotated[Path, PlainValidator(_absolute), AfterValidator(_existing), _AS_TEXT]
ExistingFile = Annotated[Path, PlainValidator(_absolute), AfterValidator(_file), _AS_TEXT]
RecordedFile = Annotated[Path, PlainValidator(_recorded), _AS_TEXT]


Name = Annotated[
    str,
    Spelled("[a-z0-9]([a-z0-9-]*[a-z0-9])?", "use a to z, 0 to 9 and - between them", longest=64),
]
Canary = Annotated[
    str, Spelled("telegram:[A-Za-z][A-Za-z0-9_]{2,31}", "write it like telegram:durov")
]
Root = Annotated[str, Spelled("[a-z0-9._-]+(/[a-z0-9._-]+)*", "use a to z, 0 to 9 and . _ - /")]
Chat = Annotated[
    str,
    BeforeValidator(
        lambda value: str(value) if type(value) is int else value,
        json_schema_input_type=str | int,
    ),
    Spelled("-?[0-9]{1,20}|@[A-Za-z][A-Za-z0-9_]{2,31}", "write -1001234567890 or @channel"),
]


def _address(schemes: tuple[str, ...], text: str) -> str:
    """An address of one of these schemes, without secrets in it."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise wrong(f"{named(text)} is not an address", f"write {schemes[0]}://host") from None
    if parts.scheme not in schemes or not parts.hostname or port == 0:
        raise wrong(f"{named(text)} is not an address", f"write {schemes[0]}://host")
    if parts.password is not None or parts.username is not None:
        raise wrong("a name or secret stands in the address", "give it by a key of its own")
    return text.rstrip("/")


WebAddress = Annotated[str, AfterValidator(lambda text: _address(("https", "http"), text))]
BrokerAddress = Annotated[str, AfterValidator(lambda text: _address(("mqtt", "mqtts"), text))]


class Recording(Form):
    """Recorded posts (JSON lines) played as if they arrived."""

    file: RecordedFile = Field(description="The file with one post a line; `-` is stdin.")
    start: Literal["now", "recorded"] = Field(
        "now", description="`now` moves all times so that the first post is of now."
    )
    speed: StrictFloat = Field(
        1.0, gt=0, le=1e6, allow_inf_nan=False, description="How many times faster than recorded."
    )
    exercise: StrictBool = Field(
        True, description="Mark every alert as an exercise and keep it apart from real incidents."
    )


class Preview(Form):
    """How the public web previews of Telegram channels are read."""

    pace: Duration = Field(
        timedelta(seconds=2), description="Pause between two requests, all channels together."
    )
    interval_min: Duration = Field(
        timedelta(seconds=30), description="A busy channel is read again after this."
    )
    interval_max: Duration = Field(
        timedelta(minutes=15), description="A quiet channel is read again after this."
    )
    canary: Canary | None = Field(
        None,
        description="A channel that surely has posts: if it looks empty too, we are locked out.",
    )
    base_url: WebAddress = Field("https://t.me", description="Where the previews are.")

    @model_validator(mode="after")
    def _ordered(self) -> "Preview":
        if self.interval_min > self.interval_max:
            raise wrong("interval_min is more than interval_max", "make interval_max the longer")
        return self


class Http(Form):
    """How every request to the web is made."""

    user_agent_contact: str = Field(
        "", max_length=200, description="Mail or web address that the User-Agent names."
    )
    allow_private: StrictBool = Field(
        False, description="Also connect to addresses of private networks."
    )


class Bus(Form):
    """The message bus (MQTT) that carries every alert. Without `url` a broker is started here."""

    embedded: StrictBool = Field(
        True, description="Start a broker on loopback; `url` switches it off."
    )
    url: BrokerAddress | None = Field(
        None, description="Your own broker: mqtt://host:port, or mqtts:// with TLS."
    )
    root: Root = Field("osint", description="First level of all topics.")
    username: str | None = Field(None, description="The broker's user.")
    password: Secret | None = Field(None, description="That user's password, by reference.")
    ca: ExistingFile | None = Field(
        None, description="PEM file of the authority that signed the broker's certificate."
    )

    @model_validator(mode="before")
    @classmethod
    def _own_broker(cls, given: object) -> object:
        """A `url` means that nothing is embedded, unless both are asked for."""
        if isinstance(given, dict) and given.get("url") is not None and "embedded" not in given:
            return {**given, "embedded": False}
        return given

    @model_validator(mode="after")
    def _agreeing(self) -> "Bus":
        if self.embedded and self.url is not None:
            raise wrong("both embedded and url", "keep `url` for your own broker, else `embedded`")
        if self.password is not None and self.username is None:
            raise wrong("a password without `username`", "add `username: ...`")
        if self.ca is not None and not (self.url or "").startswith("mqtts:"):
            raise wrong("`ca` without TLS", "write url: mqtts://...")
        return self


class Terminal(Form):
    """Alerts as lines of text on stdout."""

    kind: Literal["terminal"] = Field(description="`terminal`: lines of text on stdout.")
    name: Name = Field(description="Its name in `status` and in deliveries.")
    exercise: StrictBool = Field(True, description="Also show exercise alerts.")


class TelegramBot(Form):
    """Alerts in a Telegram chat, sent by a bot."""

    kind: Literal["telegram_bot"] = Field(description="`telegram_bot`: a Telegram chat.")
    name: Name = Field(description="Its name in `status` and in deliveries.")
    chat: Chat = Field(description="The chat's number, or @name of a public channel.")
    token: Secret = Field(description="The bot's token, by reference.")
    api_url: WebAddress = Field("https://api.telegram.org", description="Where the Bot API is.")
    exercise: StrictBool = Field(True, description="Also send exercise alerts.")


Receiver = Annotated[Terminal | TelegramBot, Field(discriminator="kind")]


class Retention(Form):
    """How long what is stored stays. The keys of what expired stay, so that it is not new again."""

    unmatched: Duration = Field(timedelta(days=14), description="Posts that no rule matched.")
    matched: Duration = Field(timedelta(days=180), description="Posts of incidents.")
    alerts: Duration = Field(timedelta(days=7), description="Alerts after their delivery.")


class Settings(Form):
    """monitor.yaml."""

    instance: Name = Field(
        "monitor",
        description="This installation's name on the bus. Default: the host's name.",
    )
    state: AnyPath = Field(
        Path(),
        description="The folder with the database. Default: $STATE_DIRECTORY, else "
        "$XDG_STATE_HOME/monitor/INSTANCE, else ~/.local/state/monitor/INSTANCE.",
    )
    rules: tuple[ExistingPath, ...] = Field((), description="Rule files, and folders of them.")
    sources: tuple[ExistingFile, ...] = Field((), description="Files that list who is read.")
    places: tuple[ExistingFile, ...] = Field(
        (), description="Files that list your own places and areas."
    )
    recordings: tuple[Recording, ...] = Field((), description="Recorded posts to play.")
    preview: Preview = Field(Preview(), description="Public web previews of Telegram channels.")
    http: Http = Field(Http(), description="Every request to the web.")
    bus: Bus = Field(Bus(), description="The message bus that carries every alert.")
    receivers: tuple[Receiver, ...] = Field(
        (Terminal(kind="terminal", name="terminal"),), description="Whom alerts are shown to."
    )
    route: Route | None = Field(
        None, description="Which receivers get an alert; all of them if left out."
    )
    time_intervals: tuple[TimeInterval, ...] = Field(
        (), description="Quiet hours, shifts and the like, by name, for routes."
    )
    inhibit_rules: tuple[Inhibition, ...] = Field(
        (), description="Which incident makes alerts of others needless."
    )
    retention: Retention = Field(Retention(), description="How long what is stored stays.")


def shipped(name: str) -> Path:
    """A file or folder that comes with the product: `rules`, `deploy/quickstart.yaml`.

    It lies inside an installed package, and in the root of a checkout.
    """
    packaged = _packaged() / name
    return packaged if packaged.exists() else Path(__file__).resolve().parents[1] / name


def _packaged() -> Path:
    return Path(__file__).resolve().parent / "shipped"


def load(
    path: Path, *, state: Path | None = None, environment: Mapping[str, str] | None = None
) -> Settings:
    """Read a configuration.

    Args:
        path: the file.
        state: the state folder to use whatever the file says.
        environment: where `env:` secrets and folders are looked up; the process's own if None.

    Raises:
        MistakesError: all mistakes of the file, missing files and secrets among them.
    """
    environment = os.environ if environment is None else environment
    path = path.absolute()
    node = read_file(path)
    if not isinstance(node.value, dict):
        hint = "write at least `rules: [rules]` and `sources: [sources.yaml]`"
        raise MistakesError([Mistake(node.mark, "not a configuration", hint)])
    _set(node, "instance", host_instance(), only_if_missing=True)
    instance = find(node, ["instance"]).value
    if state is None and path.resolve().is_relative_to(_packaged()):
        state = Path("quickstart-state")
    if state is not None:
        _set(node, "state", str(state.absolute()))
    if "state" not in node.value:
        _set(node, "state", str(default_state(str(instance), environment)))
    settings, mistakes = fill(Settings, node, {"folder": path.parent, "environment": environment})
    if settings is not None:
        mistakes = [*_conflicts(settings, node)]
    if settings is None or mistakes:
        raise MistakesError(mistakes)
    return settings


def _set(node: Node, key: str, value: str, *, only_if_missing: bool = False) -> None:
    """Put a computed value where the file could have it."""
    if isinstance(node.value, dict) and not (only_if_missing and key in node.value):
        node.value[key] = Node(node.key_marks.get(key, node.mark), value, value)


def _conflicts(settings: Settings, node: Node) -> list[Mistake]:
    """What is wrong between settings that are each right."""
    mistakes: list[Mistake] = []
    seen: set[str] = set()
    for position, receiver in enumerate(settings.receivers):
        if receiver.name in seen:
            mark = find(node, ["receivers", position, "name"]).mark
            message = f"a second receiver is called `{receiver.name}`"
            mistakes.append(Mistake(mark, message, "give each a name of its own"))
        seen.add(receiver.name)
    names = [receiver.name for receiver in settings.receivers]
    mistakes += disagreements(settings.route, settings.time_intervals, names, node)
    if exists(settings.state) and not is_folder(settings.state):
        message = f"the state folder is a file: {settings.state}"
        mistakes.append(Mistake(find(node, ["state"]).mark, message, "name a folder"))
    stdin = [number for number, one in enumerate(settings.recordings) if one.file == STDIN]
    mistakes.extend(
        Mistake(
            find(node, ["recordings", number, "file"]).mark,
            "stdin is read by a recording above",
            "only one can read it",
        )
        for number in stdin[1:]
    )
    return mistakes


def host_instance() -> str:
    """The host's name reduced to a usable instance name."""
    host = os.uname().nodename.lower().partition(".")[0]
    return re.sub(r"[^a-z0-9]+", "-", host).strip("-")[:63] or "monitor"


def default_state(instance: str, environment: Mapping[str, str]) -> Path:
    """Where the state is if nobody says: systemd's folder, else the user's."""
    if environment.get("STATE_DIRECTORY"):
        return Path(environment["STATE_DIRECTORY"].partition(":")[0])
    home = environment.get("XDG_STATE_HOME")
    base = Path(home) if home else at_home("~/.local/state")
    if not base.is_absolute():  # a user without a home
        base = Path("/var/lib")
    return base / "monitor" / (instance if re.fullmatch(r"[a-z0-9-]+", instance) else "monitor")
