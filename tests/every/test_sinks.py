"""What every sink promises, whatever it sends to: one suite, run on each."""

import asyncio
import contextlib
import os
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import pytest

from monitor.alert import Alert, AlertKind
from monitor.sinks import deliver
from monitor.store.deliveries import Delivery
from tests.doubles.bot_api import TOKEN, detected
from tests.doubles.hostile import ACTING, ATTACKS, naughty_strings
from tests.doubles.outbox import MemoryOutbox, make_alert, make_post
from tests.every.rig import Rig
from tests.every.sink_rigs import RIGS
from tests.patience import PATIENCE


@pytest.fixture(params=RIGS)
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    """Every kind of sink in turn."""
    one = RIGS[request.param]()
    await one.start(tmp_path)
    yield one
    await one.stop()


async def _until(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def _told(outbox: MemoryOutbox, rig: Rig) -> set[str]:
    """Alerts that were shown, or recorded as told together with a later one of the incident."""
    together = {
        one.alert
        for (sink, _), one in outbox.deliveries.items()
        if sink == rig.name and "alerts in one message" in one.detail
    }
    return set(rig.shown()) | together


def _in_order(shown: Sequence[str], alerts: Sequence[Alert]) -> bool:
    """Whether first showings rise within every incident."""
    place = {alert.id: (alert.incident.id, alert.sequence) for alert in alerts}
    last: dict[str, int] = {}
    for alert in dict.fromkeys(shown):
        incident, sequence = place[alert]
        if sequence < last.get(incident, 0):
            return False
        last[incident] = sequence
    return True


async def test_every_alert_arrives_in_order(rig: Rig) -> None:
    """All alerts are told, each incident's in order, and each is recorded once."""
    outbox = MemoryOutbox()
    task = asyncio.create_task(rig.sink().run(outbox))
    kinds: tuple[AlertKind, ...] = ("opened", "updated", "updated", "escalated")
    for n in range(12):
        await outbox.add(*(make_alert(n, i, kind=kinds[n % 4]) for i in range(3)))
        await asyncio.sleep(0.005)
    await outbox.wait_recorded(rig.name, 36)
    await _until(lambda: _told(outbox, rig) == {alert.id for alert in outbox.alerts})
    await _end(task)
    assert _in_order(rig.shown(), outbox.alerts)
    assert outbox.states(rig.name) == dict.fromkeys(range(1, 37), "delivered")


@pytest.mark.parametrize("seed", range(2))
async def test_stopped_at_any_moment_it_resumes(rig: Rig, seed: int) -> None:
    """Cancelled again and again at random moments, the next start misses nothing."""
    outbox, chance = MemoryOutbox(), random.Random(seed)
    for n in range(10):
        await outbox.add(*(make_alert(n, i, kind="opened") for i in range(3)))
        task = asyncio.create_task(rig.sink().run(outbox))
        await asyncio.sleep(chance.random() * 0.1)
        await _end(task)
    task = asyncio.create_task(rig.sink().run(outbox))
    await outbox.wait_recorded(rig.name, 30)
    await _until(lambda: _told(outbox, rig) == {alert.id for alert in outbox.alerts})
    await _end(task)
    assert _in_order(rig.shown(), outbox.alerts)
    assert set(outbox.states(rig.name).values()) == {"delivered"}


class DyingOutbox(MemoryOutbox):
    """Once `dying`, nothing is recorded any more, as in a process that was killed."""

    dying = False

    async def record(
        self, sink: str, sequence: int, deliveries: Sequence[Delivery],
        state: Mapping[str, object] | None = None,
    ) -> None:  # fmt: skip
        """As the store's, or never."""
        if self.dying:
            await asyncio.Event().wait()
        await super().record(sink, sequence, deliveries, state)


async def test_killed_before_it_could_record_it_tells_again(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What may have gone out, but is not recorded as told, is told by the next start."""
    monkeypatch.setattr(deliver, "RECORD_GRACE", 0.0)
    outbox = DyingOutbox()
    task = asyncio.create_task(rig.sink().run(outbox))
    await outbox.add(make_alert(1, 1))
    await outbox.wait_recorded(rig.name, 1)
    outbox.dying = True
    await outbox.add(*(make_alert(n, n) for n in range(2, 5)))
    await asyncio.sleep(0.3)
    await _end(task)
    assert set(outbox.states(rig.name)) <= {1}
    outbox.dying = False
    task = asyncio.create_task(rig.sink().run(outbox))
    await outbox.wait_recorded(rig.name, 4)
    await _until(lambda: _told(outbox, rig) == {alert.id for alert in outbox.alerts})
    await _end(task)
    assert outbox.states(rig.name) == dict.fromkeys(range(1, 5), "delivered")


async def test_a_restart_repeats_nothing_that_is_recorded(rig: Rig) -> None:
    """What is recorded is not sent again by the next start."""
    outbox = MemoryOutbox()
    for n in range(3):
        task = asyncio.create_task(rig.sink().run(outbox))
        await outbox.add(make_alert(n, n))
        await outbox.wait_recorded(rig.name, n + 1)
        await asyncio.sleep(0.1)
        await _until(rig.marked)
        await _end(task)
    await _until(lambda: len(rig.shown()) >= 3)
    assert rig.shown() == [alert.id for alert in outbox.alerts]


async def test_a_new_receiver_begins_with_the_last_hour(rig: Rig) -> None:
    """A receiver that was added yesterday's alerts ago is not flooded with them."""
    outbox = MemoryOutbox()
    old = [make_alert(n, n) for n in range(5)]
    await outbox.add(*(msgspec.structs.replace(one, sent_at=one.incident.opened_at) for one in old))
    await outbox.add(make_alert(99, 99))
    task = asyncio.create_task(rig.sink().run(outbox))
    await outbox.wait_recorded(rig.name, 6)
    await _until(rig.shown)
    await _end(task)
    assert rig.shown() == ["alert-99-99"]


async def test_edits(rig: Rig) -> None:
    """A sink that can edit shows an update in place; another shows it as an alert of its own."""
    outbox = MemoryOutbox()
    task = asyncio.create_task(rig.sink().run(outbox))
    await outbox.add(make_alert(1))
    await outbox.wait_recorded(rig.name, 1)
    await outbox.add(make_alert(2, kind="updated"))
    await outbox.wait_recorded(rig.name, 2)
    await _until(lambda: len(rig.shown()) == 2)
    await _end(task)
    references = {outbox.deliveries[rig.name, n].reference for n in (1, 2)}
    assert len(references) == 1
    assert (references != {None}) == rig.edits


async def test_a_mute_is_recorded_and_not_sent(rig: Rig) -> None:
    """An alert that a receiver does not take is recorded as muted with the reason."""
    if not rig.mutes:
        assert rig.sink().name == "mqtt"  # the bus always gets every alert
        return
    outbox = MemoryOutbox()
    why = "exercise alerts are off"
    sink = rig.sink(lambda alert: why if alert.exercise else None)
    task = asyncio.create_task(sink.run(outbox))
    await outbox.add(make_alert(1, 1, exercise=True), make_alert(2, 2), make_alert(3, 1))
    await outbox.wait_recorded(rig.name, 3)
    await _until(lambda: len(rig.shown()) == 2)
    await _end(task)
    assert outbox.states(rig.name) == {1: "muted", 2: "delivered", 3: "delivered"}
    assert outbox.deliveries[rig.name, 1].detail == why


ALL_HOSTILE = os.environ.get("MONITOR_HOSTILE") == "all"
OUR_LINK = "https://t.me/vvgladkov/4711"


@pytest.mark.timeout(900 if ALL_HOSTILE else 180)
async def test_hostile_text_passes_and_harms_nobody(rig: Rig) -> None:
    """Strangers' text as post, source, title and reason is delivered; to people nothing in it acts.

    MONITOR_HOSTILE=all sends all 515 naughty strings and 260 attacks, an incident each.
    """
    texts = [*naughty_strings(), *ATTACKS][:: 1 if ALL_HOSTILE else 26]
    outbox = MemoryOutbox()
    task = asyncio.create_task(rig.sink().run(outbox))
    for n, text in enumerate(texts):
        alert = make_alert(n, n, posts=(make_post(text, source=text),), reason=text)
        what = msgspec.structs.replace(alert.incident, title=text, event=text)
        await outbox.add(msgspec.structs.replace(alert, incident=what))
    await outbox.wait_recorded(rig.name, len(outbox.alerts), 800 if ALL_HOSTILE else PATIENCE)
    await _until(lambda: _told(outbox, rig) == {alert.id for alert in outbox.alerts})
    await _end(task)
    assert set(outbox.states(rig.name).values()) == {"delivered"}
    if not rig.programs:
        acting = ACTING if rig.links else ACTING - {"\x1b"}  # a terminal's colours are ours
        assert not [text for text in rig.said() if acting & set(text)]
    if rig.links:
        assert not [found for text in rig.said() if (found := detected(text.replace(OUR_LINK, "")))]


async def test_secrets_are_never_shown(
    rig: Rig, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Neither logs nor receivers nor the store ever hold a token or a password."""
    outbox = MemoryOutbox()
    one = rig.sink()
    task = asyncio.create_task(one.run(outbox))
    await outbox.add(make_alert(1))
    await outbox.wait_recorded(rig.name, 1)
    await _until(rig.shown)
    await _end(task)
    out, err = capsys.readouterr()
    told = f"{out}{err}{caplog.text}{outbox.deliveries}{outbox.positions}{vars(one)}{rig.words()}"
    assert TOKEN not in told
    assert "canary" not in told
