"""The signals that people and service managers send: end, and read the rules again."""

import asyncio
import os
import signal
from collections.abc import Callable


def listen(stop: asyncio.Event, reload: Callable[[], None]) -> None:
    """SIGINT and SIGTERM set `stop`, a second one ends at once; SIGHUP calls `reload`."""

    def asked() -> None:
        if stop.is_set():
            os._exit(130)  # everything that must survive is on disk already
        stop.set()

    at_terminal = _has_terminal()

    def hung_up() -> None:
        """A SIGHUP is a wish to reload, unless the terminal that started the daemon is gone."""
        if at_terminal and not _has_terminal():
            asked()
        else:
            reload()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, hung_up)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked)


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
