"""Which of the arriving posts are new, and as which version: identity and time (DESIGN 9)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from monitor.incident import Gist
from monitor.post import Post, PostName, Received, event_time
from monitor.store.chain import LINK_COLUMNS, check_link
from monitor.store.channels import Addresses
from monitor.store.content import Sound, sound, timed
from monitor.store.database import Database
from monitor.store.moments import to_ms
from monitor.store.seal import seal_of_post
from monitor.store.texts import Text, unpacked
from monitor.store.trouble import DamagedError

Key = tuple[int, str]
"""(channel, message): what all versions of a post share."""


class Admitted(msgspec.Struct, frozen=True, gc=False):
    """A post version that is new to the store, named, its times filled in and in order.

    `received` carries the post as it will be stored; `previous` is the version before, None if this
    is the first or if the text before has expired (then `previous_name` still names it). `channel`
    and `content` are what the store files it under. `problem` is why it must be quarantined: set
    when the channel's numeric id changed under the same name, or when its values were unsound.
    `body` is the post's JSON where it was written out already, `text` the same where it was packed;
    `quiet` says that it was judged already, and no rule holds; `gist` is what was read of it.
    """

    received: Received
    name: PostName
    event_at: datetime
    previous: Post | None
    previous_name: PostName | None
    channel: int
    content: bytes
    problem: str | None = None
    body: bytes = b""
    text: Text | None = None
    quiet: bool = False
    gist: Gist | None = None


SEALED_COLUMNS = "body, hits, outcome, reason, history"
"""What a post's seal covers, of `posts` and `texts`; the rest is in its link of the chain."""


class Latest(NamedTuple):
    """What decides whether the next version of a post is one."""

    version: int
    content: bytes
    gone: bool
    event_ms: int
    observed_ms: int
    seq: int
    """Where the version stands in the log; 0 = earlier in this batch, see `post`."""
    post: Post | None = None


_AT_ONCE = (4, 16, 32, 128)
"""So many posts are looked up by one question: asking about 128 when there are ten takes 0.1 ms."""
_LATEST = """
WITH asked(channel, message) AS (VALUES {})
SELECT asked.channel, asked.message, p.version, p.content, p.kind = 'delete', p.event_at,
       p.observed_at, p.seq
FROM asked JOIN posts p ON p.channel = asked.channel AND p.message = asked.message
WHERE p.version = (
    SELECT max(version) FROM posts WHERE channel = asked.channel AND message = asked.message)
"""
_LATEST_OF = {size: _LATEST.format(", ".join(["(?, ?)"] * size)) for size in _AT_ONCE}


def latest_versions(db: Database, keys: Iterable[Key]) -> dict[Key, Latest]:
    """The newest stored version of each of these posts, by key; unknown ones are left out."""
    found: dict[Key, Latest] = {}
    asked = list(keys)
    size = next((size for size in _AT_ONCE if size >= len(asked)), _AT_ONCE[-1])
    for start in range(0, len(asked), size):
        values: list[object] = []
        for key in asked[start : start + size]:
            values += key
        values += [None] * (2 * size - len(values))
        for channel, message, version, content, gone, *rest in db.rows(_LATEST_OF[size], values):
            found[channel, message] = Latest(version, content, bool(gone), *rest)
    return found


def admit(db: Database, received: Sequence[Received], now: datetime) -> list[Admitted]:
    """The posts of a batch that are new versions, in order; what is stored already is left out.

    Reads only: hand the result to `commit` before the next batch is admitted. However the posts are
    cut into batches, the result is the same, provided that `now` (which stands in for a missing
    observed_at of an edit) is no earlier than the latest observed_at admitted before.

    Dropped are: the same content again; whatever a second reader tells of a post that is stored; an
    edit that is older than the latest version; a deletion of what is deleted already or was seen
    alive later. The same post with another content is a version of kind edit, whatever its source
    called it, and so is a post that comes back after its deletion. A deletion of an unknown post is
    kept as its version 1.

    Raises:
        StateError: the store cannot be read.
    """
    return admit_sound(db, [sound(one, now) for one in received], now)


def admit_sound(db: Database, sane: Sequence[Sound], now: datetime) -> list[Admitted]:
    """As `admit`, for posts that were made sound before."""
    batch = _Batch(db, now)
    batch.look_up([one.received for one in sane])
    admitted = []
    for one in sane:
        new = batch.admit(one)
        if new is not None:
            admitted.append(new)
    return admitted


class _Batch:
    """One batch's own memory: the posts before this one count as stored."""

    def __init__(self, db: Database, now: datetime) -> None:
        self._db = db
        self._now = now
        self._addresses = Addresses(db.channels)
        self._latest: dict[Key, Latest] = {}
        self._fresh: dict[Key, Admitted] = {}
        self._looked_up: set[Key] = set()

    def look_up(self, received: Sequence[Received]) -> None:
        """Fetch the latest versions of all that the batch may be about, in few queries."""
        known = self._db.channels.known
        keys = {
            (channel, one.post.id)
            for one in received
            if (channel := known(one.post.source, one.exercise, one.channel_id)) is not None
        }
        self._latest = latest_versions(self._db, keys)
        self._looked_up = keys

    def _latest_of(self, key: Key) -> Latest | None:
        fresh = self._fresh.get(key)
        if fresh is not None:
            return _as_latest(fresh)
        if key not in self._looked_up and key[0] in self._db.channels.native:
            # the batch itself taught that the name is another channel's
            self._looked_up.add(key)
            self._latest.update(latest_versions(self._db, [key]))
        return self._latest.get(key)

    def admit(self, sane: Sound) -> Admitted | None:
        """The next post as a new version, or None."""
        received = sane.received
        post = received.post
        address = self._addresses.find(post.source, received.exercise, received.channel_id)
        key = (address.channel, post.id)
        latest = self._latest_of(key)
        content = sane.content
        if latest is not None and (
            received.beside or (not latest.gone and latest.content == content)
        ):
            return None
        previous = previous_name = None
        if latest is None and sane.timed is not None:
            post, body = sane.timed, sane.body
        else:
            kind = post.kind if latest is None else "delete" if post.kind == "delete" else "edit"
            post, body = timed(post, kind, self._now), b""
        if latest is not None:
            previous, previous_name = self._before(key, latest, received)
            if _stale(post, latest):
                return None
        if post.kind == "delete":
            post = _tombstone(post, previous)
        version = latest.version + 1 if latest else 1
        name = PostName(post.source, post.id, version, received.exercise)
        as_it_came = post is received.post
        if not as_it_came:
            received = msgspec.structs.replace(received, post=post)
        admitted = Admitted(
            received,
            name,
            event_time(post),
            previous,
            previous_name,
            address.channel,
            content,
            address.problem or sane.problem,
            body,
            sane.text if as_it_came else None,
            sane.quiet and latest is None,
            sane.gist if as_it_came else None,
        )
        self._remember(key, admitted)
        return admitted

    def _remember(self, key: Key, admitted: Admitted) -> None:
        received, post = admitted.received, admitted.received.post
        self._now = max(self._now, post.observed_at or post.published_at)
        self._fresh[key] = admitted
        self._addresses.learn(post.source, received.exercise, received.channel_id, admitted.channel)

    def _before(
        self, key: Key, latest: Latest, received: Received
    ) -> tuple[Post | None, PostName | None]:
        """The version before: the post, if its text is still there, and its name."""
        before = latest.post or self._stored(latest.seq)
        source = before.source if before else received.post.source
        return before, PostName(source, key[1], latest.version, received.exercise)

    def _stored(self, seq: int) -> Post | None:
        """A version of an earlier batch: what it decides, it decides only if it is intact."""
        rows = self._db.rows(
            f"SELECT {LINK_COLUMNS}, {SEALED_COLUMNS}, length, seal, chain"
            " FROM posts LEFT JOIN texts USING (seq) WHERE seq IN (?, ?) ORDER BY seq",
            (seq - 1, seq),
        )
        *row, length, mark, chain = rows[-1]
        check_link(b"" if seq == 1 else rows[0][-1] if len(rows) > 1 else None, row[:_LINK], chain)
        return whole_post(seq, row[_LINK:], length, mark)


def _as_latest(admitted: Admitted) -> Latest:
    """A version of this batch, as if it were stored."""
    post = admitted.received.post
    return Latest(
        admitted.name.version,
        admitted.content,
        post.kind == "delete",
        to_ms(admitted.event_at),
        to_ms(post.observed_at or post.published_at),
        0,
        post,
    )


def _stale(post: Post, latest: Latest) -> bool:
    """Whether what we know is newer.

    Deletions, and posts that come back after one, are compared by when we saw them: the moment of
    a deletion is known from nothing else.
    """
    observed = to_ms(post.observed_at or post.published_at)
    if post.kind == "delete":
        return latest.gone or observed < latest.observed_ms
    if latest.gone:
        return observed < latest.observed_ms
    return to_ms(event_time(post)) < latest.event_ms


def _tombstone(post: Post, previous: Post | None) -> Post:
    """A deletion keeps who and when, and nothing of what was said."""
    return msgspec.structs.replace(
        post,
        published_at=previous.published_at if previous else post.published_at,
        text="",
        media=(),
        links=(),
        forwarded_from=None,
    )


_READ = msgspec.json.Decoder(Post)
_LINK = LINK_COLUMNS.count(",") + 1


def whole_post(seq: int, sealed: Sequence[Any], length: int | None, mark: int) -> Post | None:
    """The stored post, after making sure that the rows (SEALED_COLUMNS) are as they were written.

    None if its text has expired.

    Raises:
        DamagedError: it is not.
    """
    body, *rest = sealed
    if body is None:
        return None
    sane = isinstance(body, bytes) and isinstance(length, int | None)
    if not sane or mark != seal_of_post(body, length, *rest):
        raise DamagedError(f"post number {seq} does not match its checksum")
    return _READ.decode(unpacked(body, length)[0])
