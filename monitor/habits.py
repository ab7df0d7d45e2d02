"""The habits of all sources: counted in the transaction of their posts, judged once a minute."""

from collections import defaultdict
from collections.abc import Mapping

import msgspec
import structlog

from monitor.clock import Clock
from monitor.habit import Habit, counted, cursor, decode, encode, silence
from monitor.health import Board
from monitor.source import Arrival, Intake

log = structlog.get_logger(__name__)

JUDGE_EVERY = 60.0


class Habits:
    """The collectors' door to the store that counts what goes through it."""

    def __init__(self, intake: Intake, clock: Clock, board: Board) -> None:
        self._intake = intake
        self._clock = clock
        self._board = board
        self._known: dict[str, Habit | None] = {}

    def cursor(self, name: str) -> str | None:
        """The last committed value of a cursor."""
        return self._intake.cursor(name)

    async def deliver(self, arrival: Arrival) -> None:
        """Hand over, the habits of the sources in it as cursors beside it."""
        habits = self._counted(arrival)
        if not habits:
            await self._intake.deliver(arrival)
            return
        written = {cursor(source): encode(habit) for source, habit in habits.items()}
        cursors = {**arrival.cursors, **written}
        await self._intake.deliver(msgspec.structs.replace(arrival, cursors=cursors))
        self._known.update(habits)
        for source in habits:
            self._judge(source)

    def habit(self, source: str) -> Habit | None:
        """What is known of a source's habit."""
        if source not in self._known:
            self._known[source] = decode(self._intake.cursor(cursor(source)))
        return self._known[source]

    async def run(self) -> None:
        """Judge the silence of every source, until cancelled."""
        while True:
            for health in self._board.snapshot():
                self._judge(health.source)
            await self._clock.sleep(JUDGE_EVERY)

    def _judge(self, source: str) -> None:
        found = silence(self.habit(source), self._clock.now().timestamp())
        self._board.quiet(source, found.reason if found else None)

    def _counted(self, arrival: Arrival) -> Mapping[str, Habit]:
        times: defaultdict[str, list[float]] = defaultdict(list)
        for received in arrival.posts:
            if received.post.kind == "new" and not received.exercise:
                times[received.post.source].append(received.post.published_at.timestamp())
        now = self._clock.now().timestamp()
        made = {source: counted(self.habit(source), at, now) for source, at in times.items()}
        return {source: habit for source, habit in made.items() if habit is not None}
