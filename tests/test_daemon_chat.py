"""The daemon as a process with a chat: people answer, it is killed, they find what they did."""

import json
import os
import signal
from pathlib import Path

import pytest

from monitor.cli import main
from monitor.sinks.speech import say
from tests.doubles.bot_api import TOKEN, BotApiDouble, Message
from tests.doubles.newsroom import RULES
from tests.test_daemon import running, start, started, stopped

__all__ = ["started"]  # the fixture that ends what a test has started

pytestmark = pytest.mark.timeout(400)  # processes are slow to start on a busy machine

CONFIG = """\
instance: desk
state: state
bus: {{embedded: false}}
rules: [rules.yaml]
recordings: [{{file: posts.jsonl, start: now, speed: 1000}}]
receivers:
  - {{kind: telegram_bot, name: night, chat: 4711, token: "file:token", api_url: "{url}",
     people: [{{id: 7, name: anna}}]}}
  - {{kind: terminal, name: boss}}
route:
  receiver: night
  routes: [{{matchers: "level = critical", escalate: {{after: 2s, receiver: boss}}}}]
"""
POST = {
    "source": "telegram:x", "id": "1", "published_at": "2026-11-20T09:00:00Z", "text": "ДРГ зашла",
}  # fmt: skip


async def test_people_answer_a_real_daemon(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A press and a command work, survive a kill, and stand on record; silence is escalated."""
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "rules.yaml").write_text(RULES, "utf-8")
    (tmp_path / "posts.jsonl").write_text(json.dumps(POST) + "\n", "utf-8")
    config = tmp_path / "monitor.yaml"
    async with BotApiDouble(second=0) as double:
        config.write_text(CONFIG.format(url=double.url), "utf-8")
        process = await start("run", "--config", config, cwd=tmp_path)
        await running(process)
        await double.until(lambda: len(_alerts(double)) == 2)  # opened; then nobody answered
        opened, escalated = _alerts(double)
        assert "nobody has acknowledged it for 2s" in escalated.text
        press = double.press(opened, opened.buttons[say("button_acknowledge", "en")])
        await double.until(lambda: press in double.toasts)
        assert double.toasts[press] == "Acknowledged."
        asked = double.say("/incidents", chat="4711", user=7)
        await double.until(lambda: _answer(double, asked))
        assert "acknowledged by anna" in _answer(double, asked)
        os.kill(process.pid, signal.SIGKILL)
        out, _ = await process.communicate()
        assert "nobody has acknowledged it for 2s" in out.decode()  # the boss was told as well
        process = await start("run", "--config", config, cwd=tmp_path)
        await running(process)
        again = double.press(opened, opened.buttons[say("button_acknowledge", "en")])
        await double.until(lambda: again in double.toasts)
        assert double.toasts[again] == "anna has done that already."
        await stopped(process)
    assert main(["actions", "--config", str(config), "--json"]) == 0
    acts = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["did"], one["who"], one["via"]) for one in acts] == [
        ("ask", "anna", "night"), ("acknowledge", "anna", "night"),
    ]  # fmt: skip
    assert main(["rules", "report", "--exercise", "--config", str(config)]) == 0
    assert "border-incursion  incidents: 1, acknowledged: 1, false alarms: 0 - 100% right" in (
        capsys.readouterr().out
    )


def _alerts(double: BotApiDouble) -> list[Message]:
    return [one for one in double.messages.values() if one.keyboard]


def _answer(double: BotApiDouble, number: int) -> str:
    found = [one.text for one in double.messages.values() if one.reply_to == number]
    return found[0] if found else ""
