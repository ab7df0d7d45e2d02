"""What is stored of a channel, whatever order its tellings come in."""

import asyncio
from datetime import UTC, datetime

from monitor.clock import SystemClock
from monitor.post import Post, PostKind, Received
from monitor.source import SourceInfo
from monitor.sources.telegram.coverage import Coverage, began, pushed
from monitor.sources.telegram.register import Register, Step
from tests.doubles.intake import Board, Ledger

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
INFO = SourceInfo(id="telegram:svodka", via=("account",))


async def test_of_two_edits_within_a_second_the_later_one_stays() -> None:
    """An answer that was given before a pushed edit does not undo it, though it comes after."""
    intake = Ledger()
    register = Register("one", [INFO], intake, SystemClock(), Board())
    (watched,) = register.channels

    def told(text: str, event: int, kind: PostKind = "edit") -> Step:
        post = Post(source=INFO.id, id="7", kind=kind, published_at=NOON, edited_at=NOON, text=text)
        return Step(watched, [Received(post=post)], covered, as_of=event)

    await register.keep([told("первый", 10, "new")])
    await register.keep([told("третий", 12)])
    await register.keep([told("второй", 11)])
    assert [post.text for post in intake.posts()] == ["первый", "третий"]
    await register.keep([told("четвёртый", 13), told("третий", 12)])
    assert intake.posts()[-1].text == "четвёртый"


async def test_an_edit_that_could_not_be_stored_bars_none() -> None:
    """What the store refused is not known: an older text of it is still taken."""
    broken = True
    intake = Ledger(fail=lambda: broken)
    register = Register("one", [INFO], intake, SystemClock(), Board())
    (watched,) = register.channels
    post = Post(source=INFO.id, id="7", kind="edit", published_at=NOON, edited_at=NOON, text="да")
    keeping = asyncio.create_task(
        register.keep([Step(watched, [Received(post=post)], covered, as_of=12)])
    )
    await intake.refusing.wait()
    keeping.cancel()
    await asyncio.wait([keeping])
    broken = False
    await register.keep([Step(watched, [Received(post=post)], covered, as_of=11)])
    assert [post.text for post in intake.posts()] == ["да"]


def covered(before: Coverage | None) -> Coverage:
    """The message is known."""
    return pushed(before or began(7, 6, ()), [7], [7])
