"""TLS for the way to a broker."""

import asyncio
import ssl

from monitor.sinks.deliver import RetryError


class _TidySocket(ssl.SSLSocket):
    """Closed when its handshake fails; paho leaves it open."""

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 - as its base
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


async def tls_context(authority: str | None) -> ssl.SSLContext:
    """Checks certificates and names, by the authority in a PEM file or else the system's.

    Raises:
        RetryError: the file cannot be read; it may be mended while we wait.
    """
    try:
        context = await asyncio.to_thread(ssl.create_default_context, cafile=authority)
    except OSError as error:
        raise RetryError(
            f"the certificate authority {authority} cannot be read: {error.strerror}",
            hint="bus.ca names a PEM file that this user may read",
        ) from None
    context.sslsocket_class = _TidySocket
    return context
