"""Alerts by e-mail (SMTP), a thread an incident."""

import ssl
from typing import Literal, NamedTuple

import aiosmtplib

from monitor.alert import Alert
from monitor.secret import Secret
from monitor.sinks.deliver import Outbox, RejectedError, RetryError, Sent
from monitor.sinks.letter import Stationery, letter
from monitor.sinks.one_by_one import Pace, heeding, one_by_one

TIMEOUT = 30.0
LOGIN_PAUSE = 300.0
"""After a refused login: trying again at once locks accounts."""
PERMANENT = range(500, 600)

Security = Literal["tls", "starttls", "none"]


class MailServer(NamedTuple):
    """Where letters are handed in, and how the way there is secured."""

    host: str
    port: int
    security: Security = "starttls"
    username: str | None = None
    password: Secret | None = None
    ca: str | None = None


class EmailSink:
    """Hands in one letter an alert; each with a connection of its own, as mail servers like it."""

    def __init__(self, name: str, server: MailServer, paper: Stationery, pace: Pace) -> None:
        self.name = name
        self._server = server
        self._paper = paper
        self._pace = pace

    async def run(self, outbox: Outbox) -> None:
        """Send until cancelled."""
        await one_by_one(outbox, self.name, self._send, self._pace)

    async def _send(self, alert: Alert, _failures: int) -> Sent:
        to = self._server
        try:
            refused, _ = await heeding(
                aiosmtplib.send(
                    letter(alert, self._paper),
                    hostname=to.host,
                    port=to.port,
                    username=to.username,
                    password=to.password.reveal() if to.password else None,
                    use_tls=to.security == "tls",
                    start_tls=to.security == "starttls",
                    tls_context=_context(to),
                    timeout=TIMEOUT,
                )
            )
        except aiosmtplib.SMTPAuthenticationError as error:
            hint = "are username and password right?"
            raise RetryError(
                f"login refused ({error.code})", hint=hint, after=LOGIN_PAUSE
            ) from None
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _recipients(error) from None
        except aiosmtplib.SMTPResponseException as error:
            raise _response(error.code, error.message) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            hint = "is the mail server's host, port and security right?"
            raise RetryError(
                f"no answer: {type(error).__name__} {str(error)[:200]}", hint=hint
            ) from None
        return Sent(detail=f"not taken for {', '.join(sorted(refused))}" if refused else "")


def _context(to: MailServer) -> ssl.SSLContext | None:
    return None if to.security == "none" else ssl.create_default_context(cafile=to.ca)


def _response(code: int, message: str) -> RetryError | RejectedError:
    said = f"answered {code} {message[:200]}"
    if code in PERMANENT:
        return RejectedError(said, hint="does the server accept letters from this sender?")
    return RetryError(said)


def _recipients(error: aiosmtplib.SMTPRecipientsRefused) -> RetryError | RejectedError:
    """Nobody takes it: for good only if everybody says so."""
    codes = [one.code for one in error.recipients]
    said = f"no recipient taken ({', '.join(map(str, codes))})"
    if all(code in PERMANENT for code in codes):
        return RejectedError(said, hint="are the addresses in `to` right?")
    return RetryError(said)
