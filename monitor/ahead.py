"""Reading ahead: all of a replay that asks no store, in a copy of this process.

Replaying a post is two halves: its line is read, bounded, judged, hashed and packed; then it
becomes a version, joins an incident and is written down. The first half asks neither the store nor
the memory. So a long recording is read by a copy of this process, which has the rules already, and
comes back through a pipe in its order: nothing is decided elsewhere, or otherwise. Of a post that
no rule holds for this is said; every other one is judged again in its turn, what it says need not
be read again.
"""

import fcntl
import os
import pickle
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from struct import Struct
from typing import BinaryIO, NamedTuple

import msgspec

from monitor.correlation.gist import gist_of
from monitor.correlation.known import FOOTER_FROM
from monitor.hands import Copy, spare_cores
from monitor.matching.evaluate import Matcher
from monitor.mistake import Mistake
from monitor.post import Post
from monitor.sources.envelope import received
from monitor.sources.post_line import observed
from monitor.store.content import Sound, sound
from monitor.store.texts import text_of

FIRST = 500
"""Posts of a recording that are read here: beginning a copy costs as much as a hundred."""
MOST_LINES = 300
"""So many last lines of a source are counted, to know its footers by."""
_GROUP = 100
_SIZE = Struct(">Q")
_PIPE = 1 << 20
"""Bytes that wait in the pipe: some groups (a user without rights may ask for as many)."""


class _Group(msgspec.Struct, array_like=True):
    """What comes through the pipe: posts, then the mistake or the error that ended the group."""

    posts: list[Sound]
    mistake: Mistake | None = None
    error: bytes = b""
    last: bool = False


def read_ahead(
    posts: Iterable[Post | Mistake], matcher: Matcher, *, exercise: bool, first: int = FIRST
) -> Iterator[Sound | Mistake]:
    """A recording's posts, as `Pipeline.settle` takes them, and the mistakes in it, in order.

    The `first` are read here, and all where no second core is idle.

    Raises:
        ChildProcessError: the copy was killed; and whatever `posts` raises.
    """

    def bounded(one: Post | Mistake) -> Sound | Mistake:
        if isinstance(one, Mistake):
            return one
        post = observed(one)
        envelope = received(post, b"", exercise=exercise)
        return sound(envelope, post.observed_at or post.published_at)

    since = _waited()
    rest = map(bounded, posts)
    for number, one in enumerate(rest, 1):
        yield one
        if number == first and _is_core_idle(since):
            yield from _read_elsewhere(rest, matcher)
            return


class _Waited(NamedTuple):
    """A moment, and how long our cores have had nothing to do until then; seconds."""

    at: float
    idle: float


def _waited() -> _Waited:
    idle = 0
    with suppress(OSError, ValueError, IndexError):  # whoever cannot tell has no idle core
        ours = {f"cpu{number}" for number in os.sched_getaffinity(0)}
        for line in Path("/proc/stat").read_text("ascii").splitlines():
            name, *ticks = line.split(" ", 6)
            if name in ours:
                idle += int(ticks[3]) + int(ticks[4])
    return _Waited(time.monotonic(), idle / os.sysconf("SC_CLK_TCK"))


def _is_core_idle(since: _Waited) -> bool:
    """Whether a copy gets a core of its own: sharing one, both together take longer."""
    if not spare_cores():
        return False
    now = _waited()
    return now.idle - since.idle > (now.at - since.at) / 2


class _Ends:
    """With which lines the posts of a source end that some rule holds for, and its footers."""

    def __init__(self) -> None:
        self.lines: Counter[int] = Counter()
        self.footers: set[int] = set()

    def note(self, tail: Iterable[int]) -> None:
        """Count the last lines of one more, as memory does."""
        if len(self.lines) > MOST_LINES:
            self.lines.clear()
        for line in tail:
            self.lines[line] += 1
            if self.lines[line] == FOOTER_FROM:
                self.footers.add(line)


def finished(one: Sound, matcher: Matcher, ends: defaultdict[str, _Ends]) -> Sound:
    """The post packed, and judged as far as to know whether no rule holds: if it is a new one.

    Of one that some rule holds for what it says is read, with the footers that its source is known
    for by its `ends`: if memory knows another, it is read again in its turn.
    """
    if one.timed is None:
        return one
    envelope = one.received
    if one.timed is not envelope.post:
        envelope = msgspec.structs.replace(envelope, post=one.timed)
    text = text_of(one.body, envelope.raw)
    quiet, gist = False, None
    with suppress(Exception):  # whatever it is, judging it in its turn will tell
        quiet = matcher.judge(one.timed) is None
        if not quiet:
            of = ends[one.timed.source]
            gist = gist_of(one.timed, of.footers)
            of.note(gist.sketch.tail)
    return Sound(envelope, one.content, text=text, quiet=quiet, gist=gist)


def _read_elsewhere(
    reads: Iterator[Sound | Mistake], matcher: Matcher
) -> Iterator[Sound | Mistake]:
    """The same, read by a copy of this process."""
    out, into = os.pipe()
    with suppress(OSError):
        fcntl.fcntl(into, fcntl.F_SETPIPE_SZ, _PIPE)
    copy = Copy(lambda: _serve(reads, matcher, into))
    os.close(into)
    try:
        with os.fdopen(out, "rb") as pipe:
            yield from _received(pipe)
    finally:
        copy.end()


def _received(pipe: BinaryIO) -> Iterator[Sound | Mistake]:
    decode = msgspec.msgpack.Decoder(_Group).decode
    while True:
        size = pipe.read(_SIZE.size)
        data = pipe.read(*_SIZE.unpack(size)) if len(size) == _SIZE.size else b""
        if not data:
            raise ChildProcessError("the process that read the recording was killed")
        group = decode(data)
        yield from group.posts
        if group.mistake is not None:
            yield group.mistake
        if group.error:
            raise pickle.loads(group.error)  # noqa: S301 - of our own copy
        if group.last:
            return


def _serve(reads: Iterator[Sound | Mistake], matcher: Matcher, into: int) -> None:
    """What the copy does: groups of posts until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who made the copy answers it, and ends this one
    encode = msgspec.msgpack.Encoder().encode
    with os.fdopen(into, "wb") as pipe:
        for group in _groups(reads, matcher):
            data = encode(group)
            pipe.write(_SIZE.pack(len(data)) + data)
            pipe.flush()


def _groups(reads: Iterator[Sound | Mistake], matcher: Matcher) -> Iterator[_Group]:
    posts: list[Sound] = []
    ends: defaultdict[str, _Ends] = defaultdict(_Ends)
    try:
        for read in reads:
            if isinstance(read, Mistake):
                yield _Group(posts, mistake=read)
                posts = []
                continue
            posts.append(finished(read, matcher, ends))
            if len(posts) == _GROUP:
                yield _Group(posts)
                posts = []
    except Exception as error:  # noqa: BLE001 - it is raised where the posts are wanted
        yield _Group(posts, error=pickle.dumps(error))
    else:
        yield _Group(posts, last=True)
