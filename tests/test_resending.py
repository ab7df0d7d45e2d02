"""The delivery log, and sending one alert again: real sinks, a real store, a real socket."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from monitor.cli import main
from monitor.clock import SystemClock
from monitor.control import NAME, serve
from monitor.resending import Resending
from monitor.secret import Secret
from monitor.sinks.deliver import Sink
from monitor.sinks.file import FileSink, Rotation
from monitor.sinks.webhook import Target, WebhookSink
from monitor.store.actions import actions
from monitor.store.attempts import attempts_of
from monitor.store.commit import Work, commit
from monitor.store.database import Database
from monitor.store.deliveries import Delivery
from monitor.store.outbox import Outbox, record
from monitor.store.writer import Writer
from tests.doubles.outbox import RNG
from tests.doubles.webhook_server import WebhookServer
from tests.patience import comes
from tests.storing import alert, at, incident

KEY = "canary-of-resending"


class Desk:
    """A store with two alerts, a file and a webhook as receivers; one alert is a dead letter."""

    def __init__(self, folder: Path, server: WebhookServer) -> None:
        self.path = folder / "alerts.jsonl"
        self.server = server
        self.writer = Writer(Database.open(folder / "state", ballast=0))
        self.outbox = Outbox(self.writer)
        self.resending = Resending(self.outbox, self.build, ["file", "hook"])

    def build(self, name: str) -> Sink:
        """A receiver's sink."""
        clock = SystemClock()
        if name == "file":
            return FileSink(name, self.path, Rotation(), clock=clock, rng=RNG)
        target = Target(self.server.url, Secret("env:S", KEY))
        return WebhookSink(name, target, clock=clock, rng=RNG)

    async def fill(self) -> None:
        """Two alerts; the webhook refused the first and took the second."""
        work = Work(incidents=(incident(),), alerts=(alert(1), alert(2)))
        await self.writer.do(commit, work, at(0))
        first = Delivery(1, alert(1).id, "i1", "refused", 1, at(1), None, "answered 422")
        second = Delivery(2, alert(2).id, "i1", "delivered", 1, at(2))
        await self.writer.do(record, "hook", 2, [first, second])


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """A filled desk."""
    async with WebhookServer(KEY) as server:
        one = Desk(tmp_path, server)
        await one.fill()
        yield one
        await one.outbox.aclose()
        await one.writer.aclose()


async def test_a_dead_letter_is_sent_again(desk: Desk) -> None:
    """The delivery is replaced, attempts are counted on, the position stays."""
    answer = await desk.resending.resend({"alert": alert(1).id, "sink": "hook"})
    assert "delivery" in answer
    assert [one.id for one in desk.server.taken] == [alert(1).id]
    now = dict(await desk.outbox.deliveries_of(alert(1).id))["hook"]
    assert (now.state, now.attempts, now.detail) == ("delivered", 2, "")
    assert await desk.outbox.position("hook") == (2, {})
    (before,) = await desk.writer.do(attempts_of, "hook", 1)
    assert (before.attempt, before.at, before.detail) == (1, at(1), "refused: answered 422")
    (act,) = await desk.writer.do(actions)
    assert (act.did, act.alert, act.detail) == ("resend", alert(1).id, "to hook: delivered")


async def test_every_attempt_stands_in_the_log(desk: Desk) -> None:
    """Two failures before a success: each with its number, time and reason."""
    desk.server.answers = [(503, {}), (500, {})]
    await desk.resending.resend({"alert": alert(1).id, "sink": "hook"})
    tried = await desk.writer.do(attempts_of, "hook", 1)
    assert [one.attempt for one in tried] == [1, 2, 3]
    assert ["422" in tried[0].detail, "503" in tried[1].detail, "500" in tried[2].detail] == [
        True, True, True,
    ]  # fmt: skip
    assert dict(await desk.outbox.deliveries_of(alert(1).id))["hook"].attempts == 4


async def test_what_was_delivered_can_be_sent_again_to_any_receiver(desk: Desk) -> None:
    """Also to a receiver that never saw it; its position is not invented."""
    assert "delivery" in await desk.resending.resend({"alert": alert(2).id, "sink": "file"})
    assert [json.loads(line)["id"] for line in desk.path.read_text().splitlines()] == [alert(2).id]
    assert await desk.outbox.position("file") is None


async def test_a_second_refusal_stays_a_dead_letter(desk: Desk) -> None:
    """What is refused again says so."""
    desk.server.answers = [(422, {})]
    answer = await desk.resending.resend({"alert": alert(1).id, "sink": "hook"})
    sent = answer["delivery"]
    assert isinstance(sent, dict)
    assert (sent["state"], sent["attempts"]) == ("refused", 2)


async def test_a_receiver_that_does_not_answer(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The delivery log stays as it was, and the answer says what to do."""
    monkeypatch.setattr("monitor.resending.SECONDS", 0.3)
    desk.server.answers = [(503, {})] * 50
    answer = await desk.resending.resend({"alert": alert(1).id, "sink": "hook"})
    assert "has not taken it" in str(answer["error"])
    assert dict(await desk.outbox.deliveries_of(alert(1).id))["hook"].state == "refused"


async def test_wrong_names_get_a_hint(desk: Desk) -> None:
    """An unknown alert, receiver, or the bus is answered with what to do instead."""
    unknown = await desk.resending.resend({"alert": alert(1).id, "sink": "hok"})
    assert unknown["hint"] == "did you mean `hook`?"
    assert "tail" in str((await desk.resending.resend({"sink": "mqtt"}))["hint"])
    assert "no alert" in str((await desk.resending.resend({"alert": "x", "sink": "hook"}))["error"])


async def test_from_the_command_line(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`deliveries` shows all or the dead ones and how to resend them; `resend` does it."""
    config = tmp_path / "monitor.yaml"
    config.write_text("state: state\n")

    async def monitor(*words: str) -> tuple[int, str]:
        code = await asyncio.to_thread(main, [words[0], "--config", str(config), *words[1:]])
        out, err = capsys.readouterr()
        return code, out + err

    _, listed = await monitor("deliveries")
    assert [line.split("  ")[2] for line in listed.splitlines()] == ["delivered", "refused"]
    _, dead = await monitor("deliveries", "--dead")
    assert dead.count("\n") == 1
    assert f"answered 422  (monitor resend {alert(1).id} hook)" in dead
    _, told = await monitor("deliveries", "--json", "--alert", alert(2).id, "--sink", "hook")
    assert json.loads(told)["state"] == "delivered"
    assert (await monitor("deliveries", "--sink", "x"))[1] == "no such delivery\n"

    task = asyncio.create_task(serve(tmp_path / "state", {"resend": desk.resending.resend}))
    assert await comes((tmp_path / "state" / NAME).exists, 5)
    code, said = await monitor("resend", alert(1).id, "hook")
    assert (code, said.splitlines()[-1]) == (0, "hook: delivered, attempt 2")
    assert (await monitor("deliveries", "--dead"))[1] == "no such delivery\n"
    assert (await monitor("resend", "x", "hook"))[0] == 1
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
