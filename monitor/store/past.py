"""The stored posts as a rerun reads them: the post, its name, and nothing that is not judged.

A long look back must not be felt by the daemon, which goes on writing: it is cut into pages, each a
query of its own, so that between two of them the write-ahead log can be brought home.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import msgspec

from monitor.post import Post, PostName
from monitor.store.database import Database
from monitor.store.moments import to_ms
from monitor.store.posts import whole_post
from monitor.store.trouble import DamagedError

PAGE = 1000


class Told(NamedTuple):
    """A stored version whose text has not expired, as it was told."""

    name: PostName
    post: Post
    history: bool


# The text leads: its order is that of storing, and a post without one is of no use here.
_SQL = """
SELECT t.seq, t.body, t.hits, p.outcome, p.reason, p.history, t.length, p.seal,
       p.channel, p.message, p.version
FROM texts t CROSS JOIN posts p USING (seq)
WHERE t.seq > ? AND t.seen >= ? ORDER BY t.seq LIMIT ?
"""


def told_since(db: Database, moment: datetime) -> Iterator[Told]:
    """Every version observed at or after `moment` that has its text, in the order of storing.

    Raises:
        DamagedError: one of them is not what was written.
    """
    earliest = to_ms(moment)
    ((first,),) = db.rows(
        "SELECT min(seq) FROM texts WHERE matched IN (0, 1) AND seen >= ?", [earliest]
    )
    seq = first - 1 if first is not None else 0
    exercises: dict[int, bool] = {}
    while rows := db.rows(_SQL, (seq, earliest, PAGE)):
        for seq, *sealed, length, mark, channel, message, version in rows:
            if channel not in exercises:
                exercises.update(_exercises(db))
            post = _whole(seq, sealed, length, mark)
            name = PostName(post.source, message, version, exercises[channel])
            yield Told(name, post, bool(sealed[-1]))


def _exercises(db: Database) -> dict[int, bool]:
    """Which channels are those of exercises."""
    return {
        channel: bool(one) for channel, one in db.rows("SELECT channel, exercise FROM channels")
    }


def _whole(seq: int, sealed: list[object], length: int | None, mark: int) -> Post:
    try:
        post = whole_post(seq, sealed, length, mark)
    except (TypeError, msgspec.MsgspecError) as error:
        raise DamagedError(f"post number {seq} cannot be read") from error
    if post is None:
        raise DamagedError(f"post number {seq} has lost its text")
    return post


def how_many_since(db: Database, moment: datetime) -> int:
    """How many versions `told_since` will give."""
    ((count,),) = db.rows(
        "SELECT count(*) FROM texts WHERE matched IN (0, 1) AND seen >= ?", [to_ms(moment)]
    )
    return int(count)
