"""`monitor init`: a working configuration from a few answers, with and without a chat."""

import asyncio
import io
import threading
from pathlib import Path

import pytest

from monitor import settings
from monitor.cli import main
from monitor.receivers import TelegramBot
from tests.doubles.bot_api import TOKEN, BotApiDouble


def _answers(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def test_without_a_chat_it_works_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Defaults alone give a configuration that is right, with rules to edit and a test alert."""
    _answers(monkeypatch, "", "", "n")
    folder = tmp_path / "desk"
    assert main(["init", str(folder)]) == 0
    out = capfd.readouterr().out
    assert "EXERCISE" in out
    assert "next: monitor run" in out
    assert main(["check", str(folder / "monitor.yaml")]) == 0
    assert main(["init", str(folder)]) == 1
    assert "exists" in capfd.readouterr().err


async def test_it_finds_the_chat_and_sends_a_test_alert(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whoever writes to the bot names the chat; its token lies in a file of 0600, nowhere else."""
    async with BotApiDouble() as double:
        double.say("/start@monitor_bot", chat="-100200")
        _answers(monkeypatch, "desk", "Europe/Kyiv", "y", TOKEN, "y", "uk", "22:00-07:00")
        done: list[int] = []
        line = ["init", str(tmp_path / "desk"), "--api-url", double.url]
        thread = threading.Thread(target=lambda: done.append(main(line)))
        thread.start()
        while thread.is_alive():  # noqa: ASYNC110 - a thread has no event
            await asyncio.sleep(0.02)
        assert done == [0]
        (message,) = double.messages.values()
    assert message.chat == "-100200"
    assert message.text.startswith("🟣🟣 НАВЧАЛЬНЕ")
    written = (tmp_path / "desk" / "monitor.yaml").read_text("utf-8")
    assert TOKEN not in written + capfd.readouterr().out
    assert (tmp_path / "desk" / "bot-token").stat().st_mode & 0o777 == 0o600
    (bot,) = [
        one for one in settings.load(tmp_path / "desk" / "monitor.yaml").receivers
        if isinstance(one, TelegramBot)
    ]  # fmt: skip
    assert (bot.chat, bot.language, bot.time_zone) == ("-100200", "uk", "Europe/Kyiv")
    assert [(one.id, one.name) for one in bot.people] == [(7, "Somebody")]
    assert "silent_time_intervals: night" in written


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("desk", "Mars/Base"), "no time zone Mars/Base"),
        (("desk", "UTC", "y", "not a token"), "no bot's token"),
        (("A B", "A B", "A B"), "three answers"),
        ((), "nobody answered"),
    ],
)
def test_what_cannot_be_used_is_said_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
    lines: tuple[str, ...], said: str,
) -> None:  # fmt: skip
    """A wrong answer ends it with what to do; no configuration is written."""
    _answers(monkeypatch, *lines)
    assert main(["init", str(tmp_path / "desk")]) == 1
    assert said in capfd.readouterr().err
    assert not (tmp_path / "desk" / "monitor.yaml").exists()


async def test_a_wrong_token_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The Bot API's refusal is passed on with what to do."""
    async with BotApiDouble() as double:
        _answers(monkeypatch, "desk", "UTC", "y", "999:" + "wrong" * 5)
        line = ["init", str(tmp_path / "desk"), "--api-url", double.url]
        code = await asyncio.to_thread(main, line)
    assert code == 1
    assert "ask @BotFather" in capfd.readouterr().err
