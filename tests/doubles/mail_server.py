"""A real SMTP server on loopback: takes letters, or answers what the test says."""

import asyncio
import ssl
from email import message_from_bytes
from email.message import Message
from email.policy import SMTP as POLICY
from typing import Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


class MailServerDouble:
    """Keeps the letters; `answers` are given to the next ones instead."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, login: str | None = None) -> None:
        self.letters: list[Message] = []
        self.answers: list[str] = []
        self.logins: list[str] = []
        self.port = 0
        self._tls = tls
        self._login = login

    async def __aenter__(self) -> Self:
        self._server = await asyncio.get_running_loop().create_server(self._protocol, "127.0.0.1")
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    def _protocol(self) -> SMTP:
        return SMTP(
            self,
            tls_context=self._tls,
            require_starttls=self._tls is not None,
            auth_required=self._login is not None,
            authenticator=self._check if self._login else None,
        )

    def _check(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        del server, session, envelope, mechanism
        given = data.password.decode() if isinstance(data, LoginPassword) else ""
        self.logins.append(given)
        return AuthResult(success=given == self._login, handled=False)

    async def handle_DATA(  # noqa: N802 - aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take a letter."""
        del server, session
        if self.answers:
            return self.answers.pop(0)
        content = envelope.content
        raw = content if isinstance(content, bytes) else (content or "").encode()
        self.letters.append(message_from_bytes(raw, policy=POLICY))
        return "250 taken"
