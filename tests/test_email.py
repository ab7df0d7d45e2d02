"""E-mail: threads, what servers answer, secured lines, nothing active."""

import asyncio
import contextlib
import ssl
from email.message import Message

import msgspec
import pytest
import trustme
from structlog.testing import capture_logs

from monitor.alert import alert_id
from monitor.clock import SystemClock
from monitor.secret import Secret
from monitor.sinks.email import LOGIN_PAUSE, EmailSink, MailServer, Security
from monitor.sinks.letter import Stationery, letter, subject
from monitor.sinks.one_by_one import Pace, heeding
from tests.doubles.mail_server import MailServerDouble
from tests.doubles.outbox import MOMENT, RNG, MemoryOutbox, make_alert, make_post
from tests.patience import PATIENCE

PAPER = Stationery("monitor@example.org", ("desk@example.org", "night@example.org"), "bel")
KEY = "canary-of-the-mail"


class EagerClock(SystemClock):
    """Pauses take a thousandth, and are kept."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    async def sleep(self, seconds: float) -> None:
        """Sleep a thousandth."""
        self.pauses.append(seconds)
        await asyncio.sleep(seconds / 1000)


async def send(server: MailServer, outbox: MemoryOutbox, until: int) -> EagerClock:
    """Run a sink until so much is recorded, or it has asked for the longest pause."""
    clock = EagerClock()
    task = asyncio.create_task(EmailSink("mail", server, PAPER, Pace(clock, RNG)).run(outbox))
    async with asyncio.timeout(PATIENCE):
        while outbox.positions.get("mail", (0, {}))[0] < until:
            if any(pause >= LOGIN_PAUSE for pause in clock.pauses):
                break
            await asyncio.sleep(0.01)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    return clock


def text(mail: Message) -> str:
    """What the letter says."""
    payload = mail.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()


def test_an_incident_is_a_thread() -> None:
    """Later letters answer the incident's first, under its subject; an alert is one letter."""
    first = make_alert(1, sent_at=MOMENT)
    first = msgspec.structs.replace(first, id=alert_id(first.incident.id, 1))
    second = msgspec.structs.replace(first, id=alert_id(first.incident.id, 2), kind="updated")
    one, two = letter(first, PAPER), letter(second, PAPER)
    assert two["In-Reply-To"] == one["Message-ID"]
    assert two["Subject"] == f"Re: {one['Subject']}"
    assert one["Subject"] == "[monitor] Armed incursion across the border - Козинка"
    assert one["To"] == "desk@example.org, night@example.org"
    assert bytes(one) == bytes(letter(first, PAPER))
    assert "ДРГ зашла в Козинку" in text(one)


def test_nothing_of_strangers_is_active_or_breaks_out() -> None:
    """Addresses in posts are inert, line breaks in titles make no header, exercises are named."""
    evil = "см. evil.example/x и https://evil.example\nBcc: all@example.org"
    alert = make_alert(1, exercise=True, posts=(make_post(evil),), sent_at=MOMENT)
    titled = msgspec.structs.replace(alert.incident, title="a\r\nBcc: b@example.org\u202e")
    mail = letter(msgspec.structs.replace(alert, incident=titled), PAPER)
    assert mail["Bcc"] is None
    assert "https://evil" not in text(mail)
    assert "evil.example" not in text(mail)
    assert "https://t.me/vvgladkov/4711" in text(mail)
    assert subject(msgspec.structs.replace(alert, incident=titled)).startswith("[monitor] EXERCISE")
    assert "\u202e" not in str(mail["Subject"])


async def test_what_servers_answer() -> None:
    """A 4xx is tried again, a 5xx is a dead letter that holds back no other."""
    outbox = MemoryOutbox()
    await outbox.add(make_alert(1), make_alert(2))
    async with MailServerDouble() as double:
        double.answers = ["451 later", "550 no"]
        server = MailServer("127.0.0.1", double.port, "none")
        clock = await send(server, outbox, 2)
        assert [one["X-Monitor-Alert"] for one in double.letters] == ["alert-1-2"]
    assert outbox.states("mail") == {1: "refused", 2: "delivered"}
    assert outbox.deliveries["mail", 1].attempts == 2
    assert len(clock.pauses) == 1


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Who signs the double's certificate."""
    return trustme.CA()


def server_side(authority: trustme.CA) -> ssl.SSLContext:
    """TLS of a mail server called localhost."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


@pytest.mark.parametrize("right", [True, False])
async def test_login_over_starttls(
    authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory, *, right: bool
) -> None:
    """The password goes only over TLS; a refused login pauses long and says what to look at."""
    ca = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(ca)
    outbox = MemoryOutbox()
    await outbox.add(make_alert(1))
    async with MailServerDouble(tls=server_side(authority), login=KEY) as double:
        password = Secret("env:P", KEY if right else "wrong")
        server = MailServer("localhost", double.port, "starttls", "desk", password, str(ca))
        with capture_logs() as logs:
            clock = await send(server, outbox, 1)
        assert len(double.letters) == int(right)
    assert ("mail", 1) in outbox.deliveries or not right
    assert any(pause >= LOGIN_PAUSE for pause in clock.pauses) != right
    assert "canary" not in str(logs)


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_line_that_cannot_be_secured_is_not_used(security: Security) -> None:
    """A server without TLS, where TLS is asked for, gets neither letter nor password."""
    outbox = MemoryOutbox()
    await outbox.add(make_alert(1))
    async with MailServerDouble() as double:
        server = MailServer("127.0.0.1", double.port, security, "desk", Secret("env:P", KEY))
        clock = EagerClock()
        sink = EmailSink("mail", server, PAPER, Pace(clock, RNG))
        task = asyncio.create_task(sink.run(outbox))
        async with asyncio.timeout(PATIENCE):
            while not clock.pauses:  # noqa: ASYNC110 - a list of numbers
                await asyncio.sleep(0.01)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert not double.letters
        assert not double.logins


async def test_a_lost_cancellation_does_not_hold_up_the_stop() -> None:
    """A library that swallows a cancellation once is asked again; ours is heeded at once."""
    swallowed = 0

    async def deaf() -> None:
        nonlocal swallowed
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                swallowed += 1
                if swallowed == 2:
                    raise

    task = asyncio.create_task(heeding(deaf()))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(PATIENCE):
            await task
    assert swallowed == 2
