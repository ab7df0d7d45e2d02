"""Recorded posts: strict lines, exact mistakes, and playing in time."""

import asyncio
import gzip
import io
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.mistake import Mistake
from monitor.post import Media, Origin, Post
from monitor.sources.post_line import observed, parse, read_line
from monitor.sources.recording import Playback, Recording
from tests.doubles.intake import Board, Ledger, ManualClock
from tests.patience import PATIENCE, ends

NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


def line(**changes: object) -> bytes:
    """A line of the contract with some keys changed; None removes a key."""
    value: dict[str, object] = {
        "source": "telegram:one",
        "id": "1",
        "published_at": "2023-05-22T09:14:00Z",
        "text": "ДРГ",
    }
    value.update(changes)
    return json.dumps({key: item for key, item in value.items() if item is not None}).encode()


def test_the_whole_contract_is_read() -> None:
    """Every key of the contract's post arrives in the post."""
    full = (
        b'{"source": "telegram:vvgladkov", "id": "4711", "kind": "edit",'
        b' "published_at": "2023-05-22T12:14:00+03:00", "edited_at": "2023-05-22T09:20:00Z",'
        b' "observed_at": "2023-05-22T09:21:00Z", "text": "t", "url": "https://t.me/vvgladkov/4711",'
        b' "author": "A", "reply_to": "4710", "group_id": "g", "extra": 1,'
        b' "forwarded_from": {"source": "telegram:x", "id": "9"}, "media": [{"kind": "photo"}]}'
    )
    assert read_line(full, "f", 1) == Post(
        source="telegram:vvgladkov",
        id="4711",
        kind="edit",
        published_at=datetime(2023, 5, 22, 9, 14, tzinfo=UTC),
        edited_at=datetime(2023, 5, 22, 9, 20, tzinfo=UTC),
        observed_at=datetime(2023, 5, 22, 9, 21, tzinfo=UTC),
        text="t",
        url="https://t.me/vvgladkov/4711",
        author="A",
        reply_to="4710",
        group_id="g",
        forwarded_from=Origin("telegram:x", "9"),
        media=(Media("photo"),),
    )


def test_a_deletion_needs_no_more_than_when_it_was_seen() -> None:
    """A delete without published_at and text is whole; it is dated by observed_at."""
    seen = "2023-05-22T10:00:00Z"
    post = read_line(line(kind="delete", published_at=None, text=None, observed_at=seen), "f", 1)
    assert isinstance(post, Post)
    assert post.published_at == post.observed_at == datetime(2023, 5, 22, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("bad", "column", "says"),
    [
        (line()[:-9], len(line()) - 8, "ends in the middle"),
        (b'{"source": oops}', 12, "no JSON"),
        (b"[1]", 1, "one JSON object"),
        (b'"text"', 1, "one JSON object"),
        (line(text=None), 1, "text missing"),
        (line(source=None, id=None), 1, "source, id missing"),
        (line(kind="delete"), 1, "observed_at missing"),
        (line(id=5), line(id=5).index(b'"id"') + 1, "id: Expected `str`, got `int`"),
        (line(kind="old"), line(kind="old").index(b'"kind"') + 1, "kind: Invalid enum value"),
        (
            line(published_at="2023-05-22T09:14:00"),
            line().index(b'"published_at"') + 1,
            "published_at has no offset",
        ),
        (
            line(published_at="yesterday"),
            line().index(b'"published_at"') + 1,
            "published_at: Invalid RFC3339",
        ),
        (
            line(published_at="0001-01-01T00:00:00+14:00"),
            line().index(b'"published_at"') + 1,
            "outside the calendar",
        ),
        (
            line(media=[{"name": "x"}]),
            line(media=1).index(b'"media"') + 1,
            "missing required field",
        ),
        (line(source="one"), 2, "not of the form platform:name"),
        (line(source="telegram:a b"), 2, "not of the form platform:name"),
        (line(id=""), line(id="").index(b'"id"') + 1, "id is empty"),
        (b"[" * 100_000, 1, ""),
        (b'{"a": ' + b"9" * 10_000 + b"}", 1, ""),
        (b"x" * 8_000_001, 1, "more than 8,000,000 bytes"),
    ],
)
def test_a_bad_line_is_a_mistake_with_its_place(bad: bytes, column: int, says: str) -> None:
    """What is wrong with a line is said with file, line, column and what to do."""
    found = read_line(bad, "posts.jsonl", 7)
    assert isinstance(found, Mistake)
    assert (found.mark.file, found.mark.line) == ("posts.jsonl", 7)
    assert says in found.message
    assert found.hint
    if says:
        assert found.mark.column == column


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (b'"a\\ud800b"', "a\ufffdb"),
        (b'"\\ud83d\\udc4d"', "👍"),
        (b'"a\xff"', "a\ufffd"),
        (b'"a\xed\xa0\x80"', "a\ufffd\ufffd\ufffd"),
        (b'""', ""),
    ],
)
def test_hostile_text_is_mended_not_lost(written: bytes, text: str) -> None:
    """Lone surrogates and broken UTF-8 become U+FFFD and the post is kept."""
    post = read_line(line(text="TEXT").replace(b'"TEXT"', written), "f", 1)
    assert isinstance(post, Post)
    assert post.text == text


def test_one_bad_line_harms_only_itself() -> None:
    """Posts around a broken line, blank lines and a byte order mark are read."""
    lines = [b"\xef\xbb\xbf" + line(id="1"), b"", b"{broken", line(id="2") + b"\r", b"  "]
    found = list(parse(lines, "f"))
    assert [item.id if isinstance(item, Post) else item.mark.line for item in found] == [
        "1",
        3,
        "2",
    ]


def test_observed_is_given_or_the_event() -> None:
    """A post without observed_at was seen when it happened."""
    edit = Post(source="t:x", id="1", kind="edit", published_at=NOON, edited_at=NOON + timedelta(1))
    assert observed(edit).observed_at == NOON + timedelta(1)
    assert observed(observed(edit)) is not None


def write(path: Path, count: int, step: float = 60) -> Path:
    """A recording of posts `step` seconds apart."""
    lines = [
        line(id=str(n), published_at=(NOON + timedelta(seconds=step * n)).isoformat())
        for n in range(count)
    ]
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def recording(path: Path, clock: ManualClock, board: Board, playback: Playback) -> Recording:
    """A recording to run."""
    return Recording(path, playback, clock=clock, board=board)


async def test_recorded_posts_come_in_chunks_with_their_dates(tmp_path: Path) -> None:
    """As recorded: all posts once, in order, in chunks, exercise marked, raw kept."""
    ledger, board = Ledger(), Board()
    path = write(tmp_path / "r.jsonl", 1203)
    await recording(path, ManualClock(), board, Playback()).run(ledger)
    posts = ledger.posts()
    assert [post.id for post in posts] == [str(n) for n in range(1203)]
    assert [post.published_at for post in posts[:2]] == [NOON, NOON + timedelta(minutes=1)]
    assert posts[5].observed_at == posts[5].published_at
    assert max(len(arrival.posts) for arrival in ledger.arrivals) <= 500
    assert all(received.exercise for received in ledger.received())
    assert ledger.received()[0].raw == path.read_bytes().splitlines()[0]
    assert board.last["recording:r.jsonl"].state == "finished"


async def test_played_now_keeps_time(tmp_path: Path) -> None:
    """`start: now, speed: 60` hands a minute's distance over one second apart, re-dated."""
    clock, ledger = ManualClock(), Ledger()
    begin = clock.now()
    clock.on_sleep = lambda: ledger.times.append(len(ledger.posts()))
    path = write(tmp_path / "r.jsonl", 4)
    await recording(path, clock, Board(), Playback(start="now", speed=60)).run(ledger)
    assert [post.published_at - begin for post in ledger.posts()] == [
        timedelta(seconds=n) for n in range(4)
    ]
    assert clock.now() - begin == timedelta(seconds=3)
    assert ledger.times == [1, 2, 3]


async def test_a_second_run_carries_on_with_the_first_start(tmp_path: Path) -> None:
    """Stopped in the middle and started later, the dates go on as if it had not stopped."""
    clock, ledger = ManualClock(), Ledger()
    begin = clock.now()
    path = write(tmp_path / "r.jsonl", 10)
    playback = Playback(start="now", speed=60)

    def stop_at_fifth() -> None:
        if len(ledger.posts()) == 5:
            raise asyncio.CancelledError

    clock.on_sleep = stop_at_fifth
    with pytest.raises(asyncio.CancelledError):
        await recording(path, clock, Board(), playback).run(ledger)
    clock.on_sleep = lambda: None
    clock.advance(100)
    await recording(path, clock, Board(), playback).run(ledger)
    assert [post.id for post in ledger.posts()] == [str(n) for n in range(10)]
    assert [post.published_at - begin for post in ledger.posts()] == [
        timedelta(seconds=n) for n in range(10)
    ]
    before = len(ledger.arrivals)
    await recording(path, clock, Board(), playback).run(ledger)
    assert len(ledger.arrivals) == before


async def test_another_file_in_the_same_place_is_played_anew(tmp_path: Path) -> None:
    """A cursor belongs to the file it was made with."""
    ledger = Ledger()
    path = write(tmp_path / "r.jsonl", 3)
    await recording(path, ManualClock(), Board(), Playback()).run(ledger)
    path.write_bytes(line(id="other") + b"\n")
    await recording(path, ManualClock(), Board(), Playback()).run(ledger)
    assert [post.id for post in ledger.posts()] == ["0", "1", "2", "other"]


async def test_packed_and_cut_files(tmp_path: Path) -> None:
    """A .gz is read; a cut one gives what is whole and says what is wrong."""
    plain = write(tmp_path / "r.jsonl", 2000).read_bytes()
    packed = gzip.compress(plain)
    (tmp_path / "whole.jsonl.gz").write_bytes(packed)
    (tmp_path / "cut.jsonl.gz").write_bytes(packed[: len(packed) * 2 // 3])
    for name, least, most in (("whole", 2000, 2000), ("cut", 500, 1999)):
        ledger, board = Ledger(), Board()
        path = tmp_path / f"{name}.jsonl.gz"
        await recording(path, ManualClock(), board, Playback()).run(ledger)
        assert least <= len(ledger.posts()) <= most
        hint = board.last[f"recording:{name}.jsonl.gz"].hint
        assert ("not complete" in hint) == (name == "cut")


async def test_a_missing_file_is_said_and_ends(tmp_path: Path) -> None:
    """A file that is not there is a failed source with a hint, not a traceback."""
    board = Board()
    await recording(tmp_path / "none.jsonl", ManualClock(), board, Playback()).run(Ledger())
    health = board.last["recording:none.jsonl"]
    assert health.state == "failed"
    assert "none.jsonl" in health.hint


async def test_mistakes_are_counted_in_health(tmp_path: Path) -> None:
    """Health says how many lines could not be read and where the first is."""
    path = tmp_path / "r.jsonl"
    path.write_bytes(line(id="1") + b"\n{\n{\n" + line(id="2"))
    ledger, board = Ledger(), Board()
    await recording(path, ManualClock(), board, Playback()).run(ledger)
    assert [post.id for post in ledger.posts()] == ["1", "2"]
    assert f"2 lines not readable, first {path}:2:2" in board.last["recording:r.jsonl"].hint


async def test_standard_input_is_read_as_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """From a pipe posts are handed over when they come; there is no cursor; a stop is prompt."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as stdin, os.fdopen(writing, "wb", buffering=0) as sender:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(stdin))
        ledger = Ledger()
        playing = Recording(None, Playback(), clock=ManualClock(), board=Board())
        task = asyncio.create_task(playing.run(ledger))
        sender.write(line(id="1") + b"\n" + line(id="2")[:20])
        await asyncio.wait_for(ledger.changed.wait(), PATIENCE)
        assert [post.id for post in ledger.posts()] == ["1"]
        ledger.changed.clear()
        sender.write(line(id="2")[20:] + b"\n")
        await asyncio.wait_for(ledger.changed.wait(), PATIENCE)
        task.cancel()
        assert await ends(task, 1)
        assert task.cancelled()
        assert [post.id for post in ledger.posts()] == ["1", "2"]
        assert ledger.cursors == {}


async def test_standard_input_may_be_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`monitor run < posts.jsonl`: a redirected file is read to its end, the last line too."""
    path = tmp_path / "r.jsonl"
    path.write_bytes(line(id="1") + b"\n" + line(id="2"))
    ledger, board = Ledger(), Board()
    with path.open(encoding="utf-8") as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        await Recording(None, Playback(), clock=ManualClock(), board=board).run(ledger)
    assert [post.id for post in ledger.posts()] == ["1", "2"]
    assert board.last["recording:-"].state == "finished"


async def test_an_overlong_line_harms_only_itself(tmp_path: Path) -> None:
    """A line of 20 MB is one mistake, kept out of memory; the lines around it are read."""
    path = tmp_path / "r.jsonl"
    path.write_bytes(line(id="1") + b"\n" + b"x" * 20_000_000 + b"\n" + line(id="2") + b"\n")
    ledger, board = Ledger(), Board()
    await recording(path, ManualClock(), board, Playback()).run(ledger)
    assert [post.id for post in ledger.posts()] == ["1", "2"]
    assert ":2:1: line of more than" in board.last["recording:r.jsonl"].hint


async def test_played_now_moves_edits_and_deletions_too(tmp_path: Path) -> None:
    """All times of a version move by the same rule; a post due meanwhile comes at once."""
    path = tmp_path / "r.jsonl"
    at = [(NOON + timedelta(minutes=n)).isoformat() for n in range(3)]
    path.write_bytes(
        b"\n".join(
            [
                line(published_at=at[0]),
                line(kind="edit", published_at=at[0], edited_at=at[1], text="x"),
                line(kind="delete", published_at=None, text=None, observed_at=at[2]),
            ]
        )
    )
    clock, ledger = ManualClock(), Ledger()
    begin = clock.now()
    await recording(path, clock, Board(), Playback(start="now", speed=60)).run(ledger)
    new, edit, gone = ledger.posts()
    assert new.observed_at == begin
    assert (edit.published_at, edit.edited_at) == (begin, begin + timedelta(seconds=1))
    assert gone.observed_at == gone.published_at == begin + timedelta(seconds=2)
    assert not any(received.history for received in ledger.received())


async def test_a_date_beyond_the_calendar_harms_only_itself(tmp_path: Path) -> None:
    """A post of the year 1 in a recording played now is a mistake, the rest is played."""
    path = tmp_path / "r.jsonl"
    odd = line(id="2", published_at="0001-01-01T00:00:00Z")
    path.write_bytes(line(id="1") + b"\n" + odd + b"\n" + line(id="3"))
    ledger, board = Ledger(), Board()
    slow = Playback(start="now", speed=0.1)
    await recording(path, ManualClock(), board, slow).run(ledger)
    assert [post.id for post in ledger.posts()] == ["1", "3"]
    assert ":2:1: the date is too far" in board.last["recording:r.jsonl"].hint
