"""A long list of new channels: looked up as slowly as Telegram wants it, which is said."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from telethon import functions, types

from monitor.source import SourceInfo
from monitor.sources.telegram.calls import Calls
from monitor.sources.telegram.listing import Lister
from monitor.sources.telegram.meeting import Meeting
from monitor.sources.telegram.register import Register, Watched
from tests.doubles.intake import Board, Ledger, ManualClock

NEW = 300
START = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)


class Server:
    """Answers as Telegram would, at once; remembers when names were looked up."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.resolved: list[tuple[float, str]] = []

    async def __call__(self, request: Any) -> Any:
        """One call."""
        if isinstance(request, functions.contacts.ResolveUsernameRequest):
            self.resolved.append((self._clock.now().timestamp(), request.username))
            number = 1000 + len(self.resolved)
            chat = types.Channel(
                id=number, title=request.username, photo=types.ChatPhotoEmpty(), date=START,
                access_hash=number, username=request.username,
            )  # fmt: skip
            return types.contacts.ResolvedPeer(types.PeerChannel(number), [chat], [])
        return types.messages.ChannelMessages(
            pts=1, count=0, messages=[], topics=[], chats=[], users=[]
        )


class Bench:
    """An account with many new channels; `start` again is a restart."""

    def __init__(self) -> None:
        self.clock = ManualClock(START)
        self.server = Server(self.clock)
        self.intake = Ledger()
        self.board = Board()
        self.start()

    def start(self) -> None:
        """Begin from what is stored."""
        names = [f"channel_{number:03}" for number in range(NEW)]
        infos = [SourceInfo(id=f"telegram:{name}", via=("account", "preview")) for name in names]
        self.register = Register("one", infos, self.intake, self.clock, self.board)
        register = self.register
        calls = Calls(self.server, self.clock, 5.0, register.budget, register.keep_budget)
        lister = Lister(calls, register, self.clock)
        self.meeting = Meeting(
            calls, lister, register, self.clock, carefully=carefully, greet=greet
        )

    def waiting(self) -> list[str]:
        """What those that are not looked up yet say."""
        told = [self.board.last.get(one.info.id) for one in self.register.channels if not one.peer]
        return [one.hint for one in told if one and one.state == "throttled"]


async def carefully(watched: Watched, do: Callable[[Watched], Awaitable[object]]) -> None:
    """Nothing goes wrong here."""
    await do(watched)


async def greet(_watched: Watched) -> None:
    """It is met."""


async def test_three_hundred_new_channels_take_two_days_and_say_so() -> None:
    """150 a day, ten a minute, over a restart; the rest says when all are, and that comes true."""
    bench = Bench()
    await bench.meeting.round()
    assert len(bench.server.resolved) == 150
    hints = bench.waiting()
    assert len(hints) == 150
    assert set(hints) == {hints[0]}
    assert "one of 150 new channels that wait to be looked up" in hints[0]
    assert "the preview reads it meanwhile" in hints[0]
    promised = datetime.strptime(hints[0].split(" by ")[1][:16], "%Y-%m-%d %H:%M").replace(
        tzinfo=UTC
    )
    bench.start()
    while bench.waiting():
        await bench.meeting.round()
        bench.clock.advance(600)
    times = [at for at, _ in bench.server.resolved]
    names = [name for _, name in bench.server.resolved]
    assert len(set(names)) == len(names) == NEW
    finished = datetime.fromtimestamp(times[-1], UTC)
    assert timedelta(days=1) <= finished - START <= timedelta(days=2)
    assert timedelta(0) <= promised - finished <= timedelta(minutes=15)
    for index, at in enumerate(times):
        assert sum(at <= other < at + 86_399 for other in times[index:]) <= 150
        assert sum(at <= other < at + 59.9 for other in times[index : index + 20]) <= 10


async def test_what_was_looked_up_is_never_looked_up_again() -> None:
    """The access hash is kept per account: after a restart nothing is asked twice."""
    bench = Bench()
    await bench.meeting.round()
    bench.start()
    await bench.meeting.round()
    assert len(bench.server.resolved) == 150
    peers = [name for name in bench.intake.cursors if name.startswith("telegram-peer-one/")]
    assert len(peers) == 150


async def test_a_channel_that_was_gone_is_tried_again_after_a_day() -> None:
    """A name that nobody had, or a private channel, may come back; sooner it is left alone."""
    bench = Bench()
    one = bench.register.channels[0]
    tried = []
    bench.register.lose(one, "not_found", "no such name", "check the name")
    for seconds in (86_000, 1_000):
        bench.clock.advance(seconds)
        bench.register.revive()
        tried.append(not one.lost)
    bench.register.lose(one, "handed_over", "another owner", "check who it is")
    bench.clock.advance(90_000)
    bench.register.revive()
    assert [*tried, not one.lost] == [False, True, False]
