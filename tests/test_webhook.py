"""The webhook: signatures, what answers mean, Alertmanager's body."""

import asyncio
import contextlib
import json

import msgspec
import pytest

from monitor.clock import SystemClock
from monitor.secret import Secret
from monitor.sinks.alertmanager import NEVER, body
from monitor.sinks.deliver import RejectedError, RetryError
from monitor.sinks.webhook import MOST_FAILURES, Body, Target, WebhookSink, judged, signature
from tests.doubles.outbox import RNG, MemoryOutbox, make_alert
from tests.doubles.webhook_server import WebhookServer

KEY = "canary-of-the-webhook"


class EagerClock(SystemClock):
    """Pauses take a thousandth, and are counted."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    async def sleep(self, seconds: float) -> None:
        """Sleep a thousandth."""
        self.pauses.append(seconds)
        await asyncio.sleep(seconds / 1000)


async def post(
    server: WebhookServer, outbox: MemoryOutbox, until: int, form: Body = "monitor"
) -> EagerClock:
    """Run a sink until so much is recorded."""
    clock = EagerClock()
    target = Target(server.url, Secret("env:S", KEY), form)
    task = asyncio.create_task(WebhookSink("hook", target, clock=clock, rng=RNG).run(outbox))
    await outbox.wait_recorded("hook", until)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    return clock


def test_the_signature_is_that_of_the_specification() -> None:
    """The example of the Standard Webhooks specification gives its signature."""
    secret = Secret("env:S", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    found = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_a_failure_is_repeated_with_the_same_id() -> None:
    """Troubles are retried after growing pauses or as asked, in order, and then delivered once."""
    outbox = MemoryOutbox()
    await outbox.add(make_alert(1), make_alert(2))
    async with WebhookServer(KEY) as server:
        server.answers = [(500, {}), (503, {"Retry-After": "7"}), (429, {})]
        clock = await post(server, outbox, 2)
    assert server.attempts == ["alert-1-1"] * 4 + ["alert-1-2"]
    assert [one.id for one in server.taken] == ["alert-1-1", "alert-1-2"]
    assert clock.pauses[1] >= 7
    assert outbox.deliveries["hook", 1].attempts == 4
    assert json.loads(server.taken[0].body)["id"] == "alert-1-1"


async def test_what_is_refused_becomes_a_dead_letter() -> None:
    """An alert that the receiver does not understand holds back no other."""
    outbox = MemoryOutbox()
    await outbox.add(make_alert(1), make_alert(2))
    async with WebhookServer(KEY) as server:
        server.answers = [(422, {})]
        await post(server, outbox, 2)
    assert outbox.states("hook") == {1: "refused", 2: "delivered"}


async def test_an_alert_on_which_a_receiver_always_fails_is_given_up() -> None:
    """After many failures of its own an alert is dead, and the next one goes on."""
    outbox = MemoryOutbox()
    await outbox.add(make_alert(1), make_alert(2))
    async with WebhookServer(KEY) as server:
        server.answers = [(500, {})] * (MOST_FAILURES + 1)
        await post(server, outbox, 2)
    assert outbox.states("hook") == {1: "dead", 2: "delivered"}
    assert outbox.deliveries["hook", 1].attempts == MOST_FAILURES + 1


@pytest.mark.parametrize("status", [301, 401, 403, 404, 410, 429, 502, 503])
def test_a_closed_receiver_loses_nothing(status: int) -> None:
    """What says nothing against the alert is retried however often it happened."""
    with pytest.raises(RetryError):
        judged(status, None, 10 * MOST_FAILURES)


def test_a_bad_request_is_for_good() -> None:
    """A 400 is about this alert."""
    with pytest.raises(RejectedError):
        judged(400, None, 0)


async def test_alertmanagers_body() -> None:
    """On request the body is Alertmanager's webhook: firing, then resolved, one fingerprint."""
    outbox = MemoryOutbox()
    await outbox.add(make_alert(1), make_alert(2, kind="closed"))
    async with WebhookServer(KEY) as server:
        await post(server, outbox, 2, "alertmanager")
    first, last = (json.loads(one.body) for one in server.taken)
    assert (first["version"], first["receiver"], first["status"]) == ("4", "hook", "firing")
    (alert,) = first["alerts"]
    assert alert["labels"]["alertname"] == "border-incursion"
    assert alert["labels"]["severity"] == "critical"
    assert alert["endsAt"] == NEVER
    assert last["status"] == last["alerts"][0]["status"] == "resolved"
    assert last["alerts"][0]["fingerprint"] == alert["fingerprint"]
    assert last["groupKey"] == first["groupKey"]


def test_an_exercise_cannot_be_overlooked_in_alertmanagers_body() -> None:
    """The label and the summary say EXERCISE."""
    told = msgspec.json.decode(msgspec.json.encode(body(make_alert(1, exercise=True), "x")))
    assert told["commonLabels"]["exercise"] == "true"
    assert told["commonAnnotations"]["summary"].startswith("EXERCISE")
