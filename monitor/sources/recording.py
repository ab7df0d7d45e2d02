"""Recorded posts: JSON lines from a file or standard input, as fast as they are stored or in time.

Played `recorded`, posts keep their dates. Played `now`, the whole recording is moved so that its
first post happens when it is first played, and each post is handed over when it is due; where it
stands and when it began are stored with the posts, so a second run carries on.
"""

import contextlib
import hashlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec
import structlog

from monitor.clock import Clock
from monitor.mistake import Mark, Mistake
from monitor.post import Post, Received
from monitor.source import Arrival, HealthBoard, Intake, SourceHealth, SourceState
from monitor.sources.envelope import received
from monitor.sources.handover import hand_over
from monitor.sources.line_reader import Lines, blocks
from monitor.sources.post_line import observed, parse, read_line

__all__ = ["Playback", "Recording", "observed", "parse"]

log = structlog.get_logger(__name__)

CHUNK = 500
LOGGED_MISTAKES = 20


class Playback(msgspec.Struct, frozen=True, kw_only=True):
    """How a recording is played. `speed` counts only with `start: now`; 60 = an hour a minute."""

    start: Literal["now", "recorded"] = "recorded"
    speed: float = 1.0
    exercise: bool = True
    chunk: int = CHUNK


class Place(msgspec.Struct):
    """Where a playback stands: the cursor's value.

    `line` lines are done. The first post, recorded at `zero`, is played at `start`. `first` tells
    the file from another one put in its place.
    """

    line: int = 0
    first: str = ""
    start: datetime | None = None
    zero: datetime | None = None


class Recording:
    """One recording, played once. `path` None means standard input, which has no cursor."""

    def __init__(
        self, path: Path | None, playback: Playback, *, clock: Clock, board: HealthBoard
    ) -> None:
        self.name = f"recording:{path.name if path else '-'}"
        self._path = path
        self._playback = playback
        self._clock = clock
        self._board = board
        self._cursor = f"recording/{path}" if path else None
        self._place = Place()
        self._stored_line = 0
        self._pending: list[Received] = []
        self._posts = 0
        self._health = SourceHealth(source=self.name, state="starting", via="recording")
        self._unreadable = 0
        self._first_mistake: Mistake | None = None

    async def run(self, intake: Intake) -> None:
        """Play it to its end, from where the last run stopped."""
        self._place = self._resumed(intake)
        self._stored_line = self._place.line
        self._pending.clear()
        self._say("ok")
        number = 0
        lines = Lines()
        try:
            async with contextlib.aclosing(blocks(self._path)) as stream:
                async for block in stream:
                    for line in lines.cut(block):
                        number += 1
                        await self._line(line, number, intake)
                    await self._flush(intake)
        except EOFError as error:
            mark = Mark(str(self._path), number + 1, 1)
            self._note(Mistake(mark, f"the packed file is not complete: {error}", "copy it again"))
        except OSError as error:
            self._say(
                "failed", f"cannot read {self._path}: {error.strerror}; check path and rights"
            )
            log.warning("recording_unreadable", source=self.name, problem=str(error))
            return
        for line in lines.last():
            number += 1
            await self._line(line, number, intake)
        await self._flush(intake)
        self._say("finished")
        log.info(
            "recording_finished",
            source=self.name,
            lines=number,
            posts=self._posts,
            unreadable=self._unreadable,
        )

    def _resumed(self, intake: Intake) -> Place:
        value = intake.cursor(self._cursor) if self._cursor else None
        with contextlib.suppress(msgspec.DecodeError):
            return msgspec.json.decode(value, type=Place) if value else Place()
        return Place()

    async def _line(self, line: bytes, number: int, intake: Intake) -> None:
        if number == 1:
            self._recognise(line)
        if number <= self._place.line:
            return
        self._place.line = number
        read = read_line(line, str(self._path or "-"), number)
        if isinstance(read, Mistake):
            self._note(read)
        elif read is not None:
            await self._post(read, line, number, intake)

    def _recognise(self, line: bytes) -> None:
        """Start over if another recording lies where the known one was."""
        first = hashlib.sha256(line).hexdigest()[:16]
        if self._place.first not in {"", first}:
            log.warning(
                "recording_replaced", source=self.name, hint="its first line differs: played anew"
            )
            self._place = Place()
            self._stored_line = 0
        self._place.first = first

    async def _post(self, post: Post, line: bytes, number: int, intake: Intake) -> None:
        post = observed(post)
        if self._playback.start == "now":
            try:
                post = self._redated(post)
            except OverflowError:
                mark = Mark(str(self._path or "-"), number, 1)
                self._note(Mistake(mark, "the date is too far from the first post's", "check it"))
                return
            # The line is done only when its post is: what waits before it is stored without it.
            self._place.line = number - 1
            await self._until(post.observed_at or post.published_at, intake)
            self._place.line = number
        self._pending.append(received(post, line, exercise=self._playback.exercise))
        if len(self._pending) >= self._playback.chunk:
            await self._flush(intake)

    async def _until(self, due: datetime, intake: Intake) -> None:
        """Hand over what has gathered and wait, if the next post is not due yet."""
        while (wait := (due - self._clock.now()).total_seconds()) > 0:
            await self._flush(intake)
            await self._clock.sleep(wait)

    def _redated(self, post: Post) -> Post:
        """The post moved into the playback's time: t' = start + (t - zero) / speed."""
        place = self._place
        if place.start is None or place.zero is None:
            place.start, place.zero = self._clock.now(), post.observed_at
        start, zero = place.start, place.zero or post.published_at

        def moved(moment: datetime | None) -> datetime | None:
            return start + (moment - zero) / self._playback.speed if moment else None

        return msgspec.structs.replace(
            post,
            published_at=moved(post.published_at),
            edited_at=moved(post.edited_at),
            observed_at=moved(post.observed_at),
        )

    async def _flush(self, intake: Intake) -> None:
        """Store what has gathered, and how far that is."""
        if not self._pending and self._place.line == self._stored_line:
            return
        cursors: Mapping[str, str] = {}
        if self._cursor:
            cursors = {self._cursor: msgspec.json.encode(self._place).decode()}
        arrival = Arrival(posts=tuple(self._pending), cursors=cursors)
        await hand_over(intake, arrival, self._clock, self.name)
        self._posts += len(self._pending)
        self._stored_line = self._place.line
        self._pending.clear()
        self._say("ok")

    def _note(self, mistake: Mistake) -> None:
        self._unreadable += 1
        self._first_mistake = self._first_mistake or mistake
        if self._unreadable <= LOGGED_MISTAKES:
            log.warning(
                "recording_line_unreadable",
                source=self.name,
                at=str(mistake.mark),
                problem=mistake.message,
                hint=mistake.hint,
            )

    def _say(self, state: SourceState, hint: str = "") -> None:
        now = self._clock.now().isoformat()
        if not hint and self._first_mistake:
            hint = f"{self._unreadable} lines not readable, first {self._first_mistake}"
        self._health = msgspec.structs.replace(
            self._health,
            state=state,
            since=self._health.since if self._health.state == state else now,
            last_read=now,
            hint=hint,
            posts=self._posts,
        )
        self._board.source(self._health)
