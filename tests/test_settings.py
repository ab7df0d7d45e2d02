"""The configuration: all mistakes at once, secrets by reference, paths and defaults."""

import pickle
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from monitor import settings as module
from monitor.cli import main
from monitor.field import STDIN
from monitor.form import Form
from monitor.mistake import MistakesError
from monitor.receivers import Reader, TelegramBot, Terminal
from monitor.settings import Settings, default_state, load, shipped
from monitor.store.database import Database

FULL = """\
instance: desk-1
state: data
rules: [rules]
sources: [sources.yaml]
recordings:
  - {file: "-", start: recorded, speed: 2.5, exercise: false}
preview: {pace: 1s, interval_min: 1m, interval_max: 2h, canary: "telegram:durov"}
http: {user_agent_contact: desk@example.org, allow_private: true}
bus: {url: "mqtts://broker.example:8883", username: u, password: "file:secret"}
receivers:
  - {name: shell, kind: terminal}
  - {name: desk, kind: telegram_bot, chat: -1001, token: env:TOKEN, exercise: false}
retention: {unmatched: 3d, matched: 30d, alerts: 12h}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with everything that FULL names."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "sources.yaml").write_text("[]\n")
    (tmp_path / "secret").write_text("hunter2\n")
    return tmp_path


def read(folder: Path, text: str, environment: Mapping[str, str] | None = None) -> Settings:
    """Load a configuration from text."""
    path = folder / "monitor.yaml"
    path.write_text(text)
    return load(path, environment=environment or {})


def lines(folder: Path, text: str, environment: Mapping[str, str] | None = None) -> list[str]:
    """The mistakes of a configuration, without the file's name."""
    with pytest.raises(MistakesError) as caught:
        read(folder, text, environment)
    return [str(one).removeprefix(f"{one.mark.file}:") for one in caught.value.mistakes]


def test_everything_can_be_said(folder: Path) -> None:
    """Each key arrives with its type, paths absolute, secrets resolved."""
    found = read(folder, FULL, {"TOKEN": "12:ab"})
    assert found.instance == "desk-1"
    assert found.state == folder / "data"
    assert found.rules == (folder / "rules",)
    assert found.sources == (folder / "sources.yaml",)
    assert found.recordings[0].file == STDIN
    assert found.recordings[0].speed == 2.5
    assert found.preview.interval_max == timedelta(hours=2)
    assert not found.bus.embedded
    assert found.bus.password is not None
    assert found.bus.password.reveal() == "hunter2"
    bot = found.receivers[1]
    assert isinstance(bot, TelegramBot)
    assert (bot.chat, bot.token.reveal(), bot.exercise) == ("-1001", "12:ab", False)
    assert found.retention.alerts == timedelta(hours=12)


def test_settings_never_change(folder: Path) -> None:
    """Settings are values: an assignment is refused."""
    found = read(folder, FULL, {"TOKEN": "x"})
    with pytest.raises(ValidationError):
        found.instance = "other"  # type: ignore[misc]


def test_little_is_enough(folder: Path) -> None:
    """Two lines make a configuration; the rest has defaults."""
    found = read(
        folder, "rules: [rules]\nsources: [sources.yaml]\n", {"STATE_DIRECTORY": "/var/lib/m"}
    )
    assert found.state == Path("/var/lib/m")
    assert found.bus.embedded
    assert [one.name for one in found.receivers] == ["terminal"]
    assert found.instance


def test_state_follows_the_environment() -> None:
    """Without a key the state is systemd's folder, else the user's, named by the instance."""
    both = {"STATE_DIRECTORY": "/var/lib/a:/var/lib/b", "XDG_STATE_HOME": "/home/x"}
    assert default_state("desk", both) == Path("/var/lib/a")
    assert default_state("desk", {"XDG_STATE_HOME": "/x"}) == Path("/x/monitor/desk")
    assert default_state("desk", {}) == Path("~/.local/state/monitor/desk").expanduser()


def test_state_can_be_given(folder: Path) -> None:
    """The caller's state wins over the file's, and becomes absolute."""
    path = folder / "monitor.yaml"
    path.write_text("state: data\n")
    assert load(path, state=Path("elsewhere")).state == Path.cwd() / "elsewhere"


def test_a_shipped_configuration_keeps_its_state_outside(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inside an installed package nothing is written: the state goes to the working folder."""
    package = folder / "package"
    config = package / "shipped" / "deploy" / "quickstart.yaml"
    config.parent.mkdir(parents=True)
    config.write_text("state: ../.quickstart\n")
    monkeypatch.setattr(module, "__file__", str(package / "settings.py"))
    monkeypatch.chdir(folder)
    assert load(config).state == folder / "quickstart-state"
    assert shipped("deploy/quickstart.yaml") == config
    assert shipped("rules") == folder / "rules"


def test_all_mistakes_come_at_once(folder: Path) -> None:
    """Unknown keys, wrong types, absent files and literal secrets are reported together."""
    text = """\
instance: Foo Bar
stat: x
rules: [nope, 5]
sources: [rules]
recordings:
  - {file: "-", spead: 3, speed: .inf}
  - {speed: "x"}
preview: {pace: 3, interval_min: 2h, canary: rian}
bus: {url: "mqtt://u:p@host", password: hunter2}
receivers:
  - {name: a, kind: telegram, chat: 1}
  - {name: a, kind: telegram_bot, chat: x y, token: env:NOPE}
  - {name: a, kind: terminal, exercis: yes, exercise: yes}
retention: [a]
http: 5
"""
    found = lines(folder, text)
    assert [one.split(": ")[0] for one in found] == [
        "1:11", "2:1", "3:9", "3:15", "4:11", "6:17", "6:34", "7:5", "7:13", "8:17", "8:46",
        "9:12", "9:41", "11:5", "12:41", "12:53", "13:31", "13:55", "14:12", "15:7",
    ]  # fmt: skip
    assert found[1] == "2:1: unknown key `stat` - did you mean `state`?"
    assert found[5] == "6:17: unknown key `spead` - did you mean `speed`?"
    assert found[7] == "7:5: `file` is missing - add `file: ...`"
    assert "did you mean `telegram_bot`?" in found[13]
    assert "export NOPE=" in found[15]
    assert found[16].endswith("did you mean `exercise`?")
    assert "hunter2" not in "\n".join(found)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("bus: {embedded: true, url: 'mqtt://h'}", "both embedded and url"),
        ("bus: {url: 'mqtt://h', password: 'file:secret'}", "without `username`"),
        ("bus: {url: 'mqtt://h', ca: secret}", "mqtts"),
        ("bus: {url: 'http://h'}", "mqtt://host"),
        ("bus: {url: 'mqtt://h:99999'}", "not an address"),
        ("bus: {root: 'a/+/#'}", "not usable"),
        ("preview: {interval_min: 2h, interval_max: 5m}", "interval_max"),
        ("preview: {pace: 0s}", "at least 1s"),
        ("preview: {pace: 999999999d}", "36500d"),
        ("receivers: [{kind: terminal, name: a}, {kind: terminal, name: a}]", "second receiver"),
        ("receivers: [{name: a}]", "add `kind"),
        ("recordings: [{file: '-'}, {file: '-'}]", "stdin"),
        ("recordings: [{file: rules}]", "a folder"),
        ("recordings: [{file: '-', speed: 0}]", "greater than 0"),
        ("state: secret", "is a file"),
        ('state: "a\\tb"\nstat\u0435: x', "unknown key"),
        ("", "not a configuration"),
        ("[]", "not a configuration"),
        ("rules: {a: b}", "should be a list"),
        (f"rules: [{'a' * 5000}]", "no such file"),
        ("rules: [~nobody-has-this-name/rules]", "no such file"),
        ("recordings: [{file: '-', speed: true}]", "should be a number"),
        ("receivers: [{kind: terminal, name: 5}]", "in quotes"),
        ("receivers: [x]", "should be a mapping"),
    ],
)
def test_what_does_not_fit_is_said(folder: Path, text: str, words: str) -> None:
    """Settings that contradict each other or cannot work are mistakes with words to act on."""
    found = lines(folder, text)
    assert len(found) == 1
    assert words in found[0]


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("12:literal", "a secret stands here itself"),
        ("plain", "write env:NAME"),
        ("env:UNSET", "export UNSET="),
        ("env:EMPTY", "is empty"),
        ("file:absent", "cannot be read"),
        ("file:rules", "cannot be read"),
        ("file:binary", "not UTF-8"),
        ("credential:token", "LoadCredential=token"),
        ("credential:../token", "write env:NAME"),
        ("[a]", "write env:NAME"),
    ],
)
def test_a_secret_that_cannot_be_read_is_a_mistake(
    folder: Path, reference: str, words: str
) -> None:
    """Literal, absent and unusable secrets are found at load; their value is never quoted."""
    (folder / "binary").write_bytes(b"\xff\xfe\x00")
    text = f"receivers:\n  - {{kind: telegram_bot, name: a, chat: 1, token: {reference}}}\n"
    (found,) = lines(folder, text, {"EMPTY": ""})
    assert found.startswith("2:51: ")
    assert words in found
    assert "literal" not in found


def test_secrets_hide(folder: Path) -> None:
    """A secret shows in no repr of the settings, and does not leave the process by pickle."""
    (folder / "credentials").mkdir()
    (folder / "credentials" / "bot").write_text("canary-value\n")
    text = "receivers: [{kind: telegram_bot, name: a, chat: '@desk', token: 'credential:bot'}]\n"
    found = read(folder, text, {"CREDENTIALS_DIRECTORY": str(folder / "credentials")})
    (bot,) = found.receivers
    assert isinstance(bot, TelegramBot)
    assert bot.token.reveal() == "canary-value"
    assert "canary-value" not in f"{found!r}{found}{found.model_dump()}"
    with pytest.raises(TypeError):
        pickle.dumps(bot.token)


LOCKED = """\
instance: desk-1
state: data
rules: [rules]
sources: [sources.yaml]
telegram: {accounts: [{name: main, api_id: 12345, api_hash: env:API_HASH,
  proxy: {kind: mtproxy, host: proxy.example, port: 443, secret: env:PROXY}}]}
bus: {url: "mqtts://broker.example:8883", username: u, password: "file:absent"}
console: {readers: [{name: a, token: env:A}, {name: b, token: "credential:b"}]}
receivers: [{kind: telegram_bot, name: a, chat: 1, token: env:TOKEN}]
"""


def test_who_only_looks_needs_no_secret(folder: Path) -> None:
    """Where secrets are not read, none has to be there; a value in place of a name is refused."""
    path = folder / "monitor.yaml"
    path.write_text(LOCKED)
    found = load(path, environment={}, secrets=False)
    (bot,) = found.receivers
    assert isinstance(bot, TelegramBot)
    assert (bot.token.reference, bot.token.unread) == ("env:TOKEN", True)
    with pytest.raises(RuntimeError, match="env:TOKEN was not read"):
        bot.token.reveal()
    path.write_text(LOCKED.replace("env:TOKEN", "12:literal"))
    with pytest.raises(MistakesError, match="a secret stands here itself"):
        load(path, environment={}, secrets=False)


LOOKING = (
    ("status", "--json"),
    ("sources", "--json"),
    ("tail",),
    ("incidents",),
    ("export", "alerts"),
    ("rules", "report"),
    ("deliveries",),
    ("explain", "telegram:a/1"),
    ("mutes",),
    ("try", "ничего"),
    ("test",),
    ("forms", "Грайворон"),
)


def test_every_verb_that_looks_does_without_secrets(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A colleague without the desk's secrets can ask how it is; `check` and `run` want them."""
    (folder / "monitor.yaml").write_text(LOCKED)
    monkeypatch.chdir(folder)
    Database.open(folder / "data", ballast=0).close()
    for words in LOOKING:
        main(list(words))
        said = capsys.readouterr().err
        assert "is not set" not in said, words
        assert "cannot be read" not in said, words
    assert main(["check"]) == 1
    told = capsys.readouterr()
    assert "$TOKEN is not set" in told.out
    assert told.err == "7 mistakes\n"


def test_the_quick_start_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shipped configuration loads as it is."""
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    found = load(shipped("deploy/quickstart.yaml"))
    assert found.rules
    assert found.recordings[0].exercise


def test_every_setting_is_described() -> None:
    """The manual is made from the forms, so each setting has a sentence."""
    forms: list[type[Form]] = [Settings, module.Recording, module.Preview, module.Http, module.Bus]
    forms += [Terminal, TelegramBot, Reader, module.Retention]
    for form in forms:
        for name, setting in form.model_fields.items():
            assert (setting.description or "").endswith("."), f"{form.__name__}.{name}"


ROUTED = """\
receivers:
  - {name: desk, kind: terminal}
  - {name: log, kind: terminal}
route:
  receiver: desk
  routes:
    - matchers: ["level >= high"]
      receiver: [desk, log]
      continue: true
      routes: [{matchers: "place = kozinka", mute_time_intervals: quiet}]
time_intervals:
  - name: quiet
    time_intervals:
      - times: [{start_time: "22:00", end_time: "06:00"}]
        weekdays: ["monday:friday"]
        location: Europe/Kyiv
inhibit_rules:
  - {source_matchers: ["rule = a"], target_matchers: ["rule = b"], equal: [place]}
"""


def test_routes_can_be_said(folder: Path) -> None:
    """Routes, intervals and inhibitions arrive as written."""
    found = read(folder, ROUTED)
    assert found.route is not None
    assert found.route.routes[0].receiver == ("desk", "log")
    assert found.route.routes[0].continue_
    assert found.route.routes[0].routes[0].mute_time_intervals == ("quiet",)
    assert found.time_intervals[0].time_intervals[0].location == "Europe/Kyiv"
    assert found.inhibit_rules[0].equal == ("place",)


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        ("level >= high", "level >= hihg", "`hihg` is no level - did you mean `high`?"),
        ("level >= high", "levl = high", "alerts have no `levl` - did you mean `level`?"),
        ("level >= high", "rule > x", "`rule` has no order"),
        ("level >= high", "rule =~ a.*", "no regular expressions here"),
        ("level >= high", "high", "`high` is not a matcher"),
        ("receiver: [desk, log]", "receiver: [desk, lgo]", "8:24: no receiver is called `lgo`"),
        ("mute_time_intervals: quiet", "mute_time_intervals: [loud]", "no time interval is called"),
        ("  receiver: desk\n", "  matchers: [level = low]\n", "`matchers` at the root"),
        ("continue: true", "group_by: [place]", "`group_by` alone holds nothing"),
        ("continue: true", "group_by: [plcae]", "no groups by `plcae` - did you mean `place`?"),
        ("continue: true", "group_wait: soon", "write a number and a unit"),
        ("continue: true", "contineu: true", "did you mean `continue`?"),
        ("Europe/Kyiv", "Europe/Kiew", "no time zone `Europe/Kiew`"),
        ("monday:friday", "monday:fryday", "write monday:friday"),
        ('"22:00"', '"25:00"', '"22:00", in quotes'),
        ('["rule = a"]', "[]", "an empty list"),
        ("equal: [place]", "equal: [plaec]", "did you mean `place`?"),
    ],
)
def test_mistakes_in_routes_are_told_where_they_stand(
    folder: Path, old: str, new: str, mistake: str
) -> None:
    """What a route cannot mean is a mistake at its line, with a hint."""
    assert old in ROUTED
    found = lines(folder, ROUTED.replace(old, new))
    assert len(found) == 1
    assert mistake in found[0]
    line = next(n for n, text in enumerate(ROUTED.splitlines(), 1) if old.strip() in text)
    assert abs(int(found[0].split(":")[0]) - line) <= 3
