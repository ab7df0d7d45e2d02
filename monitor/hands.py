"""More hands: copies of this process that make the forms of words, or write, while it goes on.

Python uses one core at a time; a start with rules that are not made ready would leave the others
idle for seconds. Nothing depends on the copies: what one of them does not bring is made here. There
are none where a copy would be unsafe (other threads run) or useless (one core, few words).
"""

import ctypes
import os
import pickle
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Self

from monitor.lexicon.inflect import plain_forms
from monitor.rulebook.compile import Formed, formed

FEW = 400
"""Words for which no copy is worth its while: it needs 0.15 s to be there and load dictionaries."""
MOST = 3
"""Copies at most: reading the rules takes longer than their words do, shared out to so many."""
BATCH = 32
"""So many words are handed over together."""
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)


def alone() -> bool:
    """Whether this process may be copied: what another thread holds, a copy would wait for."""
    try:
        return len([*Path("/proc/self/task").iterdir()]) == 1
    except OSError:
        return False


def spare_cores() -> int:
    """How many copies could work beside this process; 0 if it must not be copied."""
    return len(os.sched_getaffinity(0)) - 1 if alone() else 0


def die_with_parent() -> None:
    """Let the kernel end this process when the one that began it ends, however that happens."""
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)


class Copy:
    """A copy of this process that does one thing, and ends with it."""

    def __init__(self, work: Callable[[], object]) -> None:
        """Begin.

        Raises:
            OSError: there is no room for one more process.
        """
        self._process = os.fork()
        if self._process:
            return
        status = 1
        try:
            die_with_parent()
            work()
            status = 0
        finally:
            os._exit(status)

    @classmethod
    def answering(cls, work: Callable[[], bytes]) -> "tuple[Copy, BinaryIO]":
        """A copy that works out some bytes, and where they are to be read.

        Raises:
            OSError: there is no room for one more process.
        """
        reads, writes = os.pipe()

        def answer() -> None:
            with os.fdopen(writes, "wb") as file:
                file.write(work())

        try:
            return cls(answer), os.fdopen(reads, "rb")
        finally:
            os.close(writes)

    def done(self) -> bool:
        """Wait for its end; whether it has done what it was to do."""
        try:
            return os.waitpid(self._process, 0)[1] == 0
        except ChildProcessError:
            return False

    def end(self) -> None:
        """End it now."""
        with suppress(ProcessLookupError):
            os.kill(self._process, signal.SIGKILL)
        self.done()


class Hands:
    """Makes the forms of terms: those that were given before they are asked for, by copies.

    Use it as a context: at its end no copy is left.
    """

    def __init__(self) -> None:
        self._given: set[str] = set()
        self._batch: list[str] = []
        self._left: list[bytes] = []
        self._copies: list[tuple[Copy, BinaryIO]] = []
        self._queue: tuple[socket.socket, socket.socket] | None = None
        self._made: dict[str, Formed] = {}
        """Of a copy: what it has made lives until its end, to free it would take a while."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for copy, answer in self._copies:
            answer.close()
            copy.end()
        self._copies = []
        self._hang_up()

    def give(self, term: str) -> None:
        """A term whose forms will be asked for, most likely."""
        if term in self._given:
            return
        self._given.add(term)
        self._batch.append(term)
        if len(self._batch) == BATCH:
            self._hand_over()
        if len(self._given) == FEW:
            self._begin()

    def forms(self, terms: Sequence[str]) -> dict[str, Formed]:
        """The forms of all these terms."""
        for term in terms:
            self.give(term)
        self._hand_over()
        made: dict[str, Formed] = {}
        while batch := self._taken_back():
            made |= _made(batch)
        self._hang_up()
        for copy, answer in self._copies:
            with answer:
                content = answer.read()
            if copy.done():
                made |= pickle.loads(content)  # noqa: S301 - of our own copy
        self._copies = []
        return {term: made[term] if term in made else formed(term, plain_forms) for term in terms}

    def _begin(self) -> None:
        with suppress(OSError):  # no room for more processes: this one does everything
            self._queue = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            for _ in range(min(spare_cores(), MOST)):
                self._copies.append(Copy.answering(self._work))
        left, self._left = self._left, []
        for batch in left:
            self._send(batch)

    def _work(self) -> bytes:
        """What a copy does: words until there are no more, then all their forms at once."""
        assert self._queue is not None  # noqa: S101 - it was made before the copy
        self._queue[0].close()
        while batch := self._queue[1].recv(1 << 20):
            self._made |= _made(batch)
        return pickle.dumps(self._made, pickle.HIGHEST_PROTOCOL)

    def _hand_over(self) -> None:
        if self._batch:
            self._send(pickle.dumps(self._batch))
            self._batch = []

    def _send(self, batch: bytes) -> None:
        """To whichever copy is free; if all are far behind, it stays here."""
        try:
            if self._queue is None or not self._copies:
                raise BlockingIOError
            self._queue[0].send(batch, socket.MSG_DONTWAIT)
        except OSError:
            self._left.append(batch)

    def _taken_back(self) -> bytes:
        """What nobody has begun with yet: all hands are free now."""
        if self._left:
            return self._left.pop()
        if self._queue is not None:
            with suppress(OSError):
                return self._queue[1].recv(1 << 20, socket.MSG_DONTWAIT)
        return b""

    def _hang_up(self) -> None:
        for end in self._queue or ():
            end.close()
        self._queue = None


def _made(batch: bytes) -> dict[str, Formed]:
    terms: list[str] = pickle.loads(batch)  # noqa: S301 - of our own copy
    return {term: formed(term, plain_forms) for term in terms}
