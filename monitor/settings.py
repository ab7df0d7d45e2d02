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
from typing import Literal

from pydantic import Field, StrictBool, StrictFloat, model_validator

from monitor.console_settings import Console
from monitor.document import Node, exists, is_folder, read_file
from monitor.field import (
    STDIN,
    AnyPath,
    BrokerAddress,
    Canary,
    ExistingFile,
    ExistingPath,
    Name,
    RecordedFile,
    Root,
    WebAddress,
)
from monitor.form import Duration, Form, fill, find, wrong
from monitor.mistake import Mistake, MistakesError
from monitor.receivers import AllQuiet, Digest, Receiver, Terminal
from monitor.routes import (
    Inhibition,
    Route,
    RouteTest,
    TimeInterval,
    disagreements,
    unknown,
    unknown_receivers,
)
from monitor.rule import Level
from monitor.secret import Secret, at_home
from monitor.telegram_settings import Telegram, unsafe_sessions


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


class Expiry(Form):
    """How long a broker keeps alerts of a level for subscribers that are away (MQTT 5 only)."""

    critical: Duration | None = Field(None, description="Alerts of level `critical`.")
    high: Duration | None = Field(None, description="Alerts of level `high`.")
    medium: Duration | None = Field(None, description="Alerts of level `medium`.")
    low: Duration | None = Field(None, description="Alerts of level `low`.")
    informational: Duration | None = Field(None, description="Alerts of level `informational`.")

    def seconds(self, level: Level) -> int | None:
        """The time of a level in whole seconds; None if its alerts do not expire."""
        chosen: timedelta | None = getattr(self, level)
        return None if chosen is None else int(chosen.total_seconds())


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
    expiry: Expiry = Field(
        Expiry(), description="How long the broker keeps what nobody fetched; left out: for ever."
    )
    home_assistant: StrictBool = Field(
        False, description="Announce areas, and places of incidents, to Home Assistant."
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
    telegram: Telegram = Field(Telegram(), description="Accounts that read Telegram channels.")
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
    console: Console | None = Field(
        None, description="Feeds for other programs, over HTTP; off if left out."
    )
    digests: tuple[Digest, ...] = Field(
        (), description="Summaries on schedule, for the change of shifts."
    )
    all_quiet: tuple[AllQuiet, ...] = Field(
        (), description="Signs of life when there was nothing to tell."
    )
    route_tests: tuple[RouteTest, ...] = Field(
        (), description="What must become of which alert; `monitor test` checks it."
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
    path: Path,
    *,
    state: Path | None = None,
    environment: Mapping[str, str] | None = None,
    secrets: bool = True,
) -> Settings:
    """Read a configuration.

    Args:
        path: the file.
        state: the state folder to use whatever the file says.
        environment: where `env:` secrets and folders are looked up; the process's own if None.
        secrets: whether they are read. Who only looks at the state needs none, and often cannot
            read them.

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
    about = {"folder": path.parent, "environment": environment, "secrets": secrets}
    settings, mistakes = fill(Settings, node, about)
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
    mistakes += unknown_receivers(settings.route_tests, names, node)
    for key in ("digests", "all_quiet"):
        for number, one in enumerate(getattr(settings, key)):
            mistakes += unknown([one.receiver], names, find(node, [key, number, "receiver"]))
    if exists(settings.state) and not is_folder(settings.state):
        message = f"the state folder is a file: {settings.state}"
        mistakes.append(Mistake(find(node, ["state"]).mark, message, "name a folder"))
    mistakes += unsafe_sessions(settings.telegram, settings.state, node)
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
