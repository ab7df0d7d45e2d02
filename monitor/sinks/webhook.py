"""Alerts posted to a web address, signed as Standard Webhooks describe it.

Three headers: `webhook-id` is the alert's id (the same for every repetition), `webhook-timestamp`
the second of this attempt, `webhook-signature` is `v1,` and the base64 of HMAC-SHA256 over
`id.timestamp.body`. Whoever receives checks the signature and deduplicates by the id.
"""

import base64
import binascii
import hashlib
import hmac
import random
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Literal, NamedTuple

import aiohttp
import msgspec

from monitor.alert import Alert, to_json
from monitor.clock import Clock
from monitor.secret import Secret
from monitor.sinks.alertmanager import body as alertmanager_body
from monitor.sinks.deliver import Mute, Outbox, RejectedError, RetryError, Sent, nothing_muted
from monitor.sinks.one_by_one import Pace, one_by_one

TIMEOUT = aiohttp.ClientTimeout(total=20, sock_connect=10)
CLOSED_PAUSE = 60.0
MOST_FAILURES = 30
"""So often a receiver may fail on one alert (answer 500) before the alert becomes a dead letter."""

_CLOSED: Mapping[int, str] = {
    401: "the receiver does not know us: is the `secret` the same on both sides?",
    403: "the receiver does not know us: is the `secret` the same on both sides?",
    404: "nothing is at that address: mend the receiver's `url`",
    405: "nothing takes alerts at that address: mend the receiver's `url`",
    410: "the receiver is gone: mend the receiver's `url`, or take it out",
}
_LATER = {408, 425, 429, 502, 503, 504}

Body = Literal["monitor", "alertmanager"]


class Target(NamedTuple):
    """Where alerts are posted, with what secret they are signed, in which form."""

    url: str
    secret: Secret
    body: Body = "monitor"


def signature(secret: Secret, id_: str, timestamp: int, body: bytes) -> str:
    """What stands in `webhook-signature`. A secret `whsec_...` is base64, others are as written."""
    key = secret.reveal()
    raw = key.encode()
    if key.startswith("whsec_"):
        try:
            raw = base64.b64decode(key.removeprefix("whsec_"), validate=True)
        except binascii.Error:
            raw = key.encode()
    signed = f"{id_}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(raw, signed, hashlib.sha256)).decode()


class WebhookSink:
    """Posts every alert to one address, one after the other."""

    def __init__(
        self, name: str, target: Target, *, clock: Clock, rng: random.Random,
        mute: Mute = nothing_muted,
    ) -> None:  # fmt: skip
        self.name = name
        self._target = target
        self._clock = clock
        self._rng = rng
        self._mute = mute

    async def run(self, outbox: Outbox) -> None:
        """Post until cancelled."""
        async with aiohttp.ClientSession(timeout=TIMEOUT) as session:

            async def send(alert: Alert, failures: int) -> Sent:
                return await self._post(session, alert, failures)

            pace = Pace(self._clock, self._rng, self._mute)
            await one_by_one(outbox, self.name, send, pace)

    async def _post(self, session: aiohttp.ClientSession, alert: Alert, failures: int) -> Sent:
        body = self._body(alert)
        timestamp = int(self._clock.now().timestamp())
        headers = {
            "Content-Type": "application/json",
            "webhook-id": alert.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(self._target.secret, alert.id, timestamp, body),
        }
        try:
            async with session.post(
                self._target.url, data=body, headers=headers, allow_redirects=False
            ) as response:
                status, after = response.status, response.headers.get("Retry-After")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            hint = "is the receiver running, and is its `url` right?"
            raise RetryError(f"no answer: {type(error).__name__}", hint=hint) from None
        return judged(status, _seconds(after, self._clock.now()), failures)

    def _body(self, alert: Alert) -> bytes:
        if self._target.body == "alertmanager":
            return msgspec.json.encode(alertmanager_body(alert, self.name))
        return to_json(alert)


def judged(status: int, after: float | None, failures: int) -> Sent:
    """What an answer means.

    Raises:
        RetryError: not now, whatever the alert.
        RejectedError: this alert never.
    """
    said = f"answered {status}"
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Sent()
    if status < HTTPStatus.BAD_REQUEST:
        raise RetryError(said, hint="write the address it leads to as `url`", after=CLOSED_PAUSE)
    if status in _CLOSED:
        raise RetryError(said, hint=_CLOSED[status], after=CLOSED_PAUSE)
    if status in _LATER:
        raise RetryError(said, after=after)
    if status < HTTPStatus.INTERNAL_SERVER_ERROR:
        raise RejectedError(said, hint="the receiver does not understand this alert")
    if failures >= MOST_FAILURES:
        return Sent(None, f"{said} {failures + 1} times", "dead")
    raise RetryError(said, after=after)


def _seconds(text: str | None, now: datetime) -> float | None:
    """A Retry-After: seconds or a date; an hour at most, None if it is neither."""
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return min(3600.0, float(text[:9]))
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(3600.0, max(0.0, (moment - now).total_seconds()))
