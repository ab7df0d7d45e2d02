"""Texts apart from their keys: nothing is kept twice, and what expires gives its room back."""

import hashlib
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
import zstandard

from monitor.post import Post
from monitor.store import past, retention
from monitor.store.archive import payload, stored_after, verify_chain
from monitor.store.chain import link
from monitor.store.content import content_hash
from monitor.store.database import FILE, Database
from monitor.store.migrate import STEPS, migrate
from monitor.store.moments import to_ms
from monitor.store.past import how_many_since, told_since
from monitor.store.retention import expire
from monitor.store.seal import seal
from monitor.store.texts import packed, unpacked
from monitor.store.trouble import DamagedError
from tests.storing import Keep, at, received, store

RAW = '<div class="tgme">Обстрел</div>'.encode()


def pages(db: Database) -> tuple[int, int]:
    """Pages of the file, and how many of them are free."""
    ((whole,),), ((free,),) = db.rows("PRAGMA page_count"), db.rows("PRAGMA freelist_count")
    return whole, free


def expired(db: Database, days: float) -> None:
    """Everything that is due after some days has gone."""
    while expire(db, at(0) + timedelta(days=days), Keep()).more:
        pass


def fill(db: Database, first: int, last: int, day: float = 0) -> None:
    """Posts of a kilobyte, seen on a day."""
    text = " ".join(str(n * n) for n in range(250))
    minute = day * 24 * 60
    for start in range(first, last, 500):
        store(db, *(
            received(str(n), f"{n} {text}", published=minute, observed=minute)
            for n in range(start, min(start + 500, last))
        ))  # fmt: skip


@pytest.mark.parametrize(("look", "rows"), [(0, 200), (1 / 512, 72), (1 / 256, 24), (1, 16)])
def test_a_slice_takes_fewer_rows_where_each_takes_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, look: float, rows: int
) -> None:
    """Steps grow where there is time and shrink where there is none; each slice removes some."""
    with closing(Database.open(tmp_path / "state", ballast=0)) as db:
        fill(db, 0, 500)
        looks = count()
        clock = SimpleNamespace(perf_counter=lambda: next(looks) * look)
        monkeypatch.setattr("monitor.store.retention.time", clock)
        found = [expire(db, at(0) + timedelta(days=30), Keep()) for _ in range(2)]
    assert [(gone.posts, gone.more) for gone in found] == [(rows, True)] * 2


def old_state(folder: Path) -> list[Post]:
    """A state as version 4 wrote it: two posts, one with what was received, one expired."""
    folder.mkdir(mode=0o700)
    connection = sqlite3.connect(folder / FILE, isolation_level=None)
    migrate(connection, {step: sql for step, sql in STEPS.items() if step <= 4})
    channel = (1, "telegram", None, 0, 5)
    connection.execute("INSERT INTO channels VALUES (?,?,?,?,?,?)", (*channel, seal(*channel)))
    name = ("telegram:vvgladkov", 0, 1, 1)
    connection.execute("INSERT INTO names VALUES (?,?,?,?,?)", (*name, seal(*name)))
    connection.execute("INSERT INTO rulebooks VALUES (1, 'b', '{}', 0)")
    connection.execute("INSERT INTO tallies VALUES ('unmatched', 0, 3)")
    chain, posts = b"", []
    for seq, raw in enumerate((b"", RAW, b""), 1):
        post = msgspec.structs.replace(received(str(seq), f"шум {seq}").post, observed_at=at(seq))
        body = msgspec.json.encode(post)
        seen = to_ms(at(seq))
        key = (seq, 1, str(seq), 1, "new", to_ms(at(0)), seen)
        content, received_hash = content_hash(post), hashlib.sha256(raw or body).digest()
        chain = link(chain, (*key, content, received_hash))
        mark = seal(body, None, "unmatched", "no rule holds", 0)
        gone = seq == 3
        connection.execute(
            f"INSERT INTO posts VALUES ({', '.join('?' * 20)})",  # noqa: S608 - question marks
            (
                *key, 5, content, None if gone else body,
                zstandard.compress(raw) if raw else None, received_hash, chain,
                0, "unmatched", "no rule holds", 0, None, 1, mark,
            ),
        )  # fmt: skip
        posts.append(post)
    connection.close()
    return posts


def test_a_state_of_version_4_is_read_as_before(tmp_path: Path) -> None:
    """Texts, what was received, expired keys and the chain of hashes come through the migration."""
    one, two, _ = old_state(tmp_path / "state")
    db = Database.open(tmp_path / "state", ballast=0)
    assert [stored.post for stored in stored_after(db, 0)] == [one, two, None]
    assert [told.post for told in told_since(db, at(0))] == [one, two]
    assert payload(db, 1) == msgspec.json.encode(one)
    assert payload(db, 2) == RAW
    assert payload(db, 3) is None
    assert verify_chain(db) is None
    store(db, received("4", raw=RAW))
    assert verify_chain(db) is None
    expired(db, 15)
    assert all(stored.post is None for stored in stored_after(db, 0))
    assert verify_chain(db) is None
    db.close()


def test_what_repeats_the_text_takes_no_room(tmp_path: Path) -> None:
    """A payload that says what the post says adds less than a fifth of its size."""
    db = Database.open(tmp_path / "state", ballast=0)
    text = " ".join(f"слово{n * n}" for n in range(150))
    raw = b"<div>" + text.encode() + b"</div>"
    store(db, received("1", text), received("2", text, raw=raw))
    (plain,), (more,) = db.rows("SELECT length(body) FROM texts ORDER BY seq")
    assert 0 < more - plain < len(raw) / 5
    assert payload(db, 2) == raw
    db.close()


def test_room_is_used_again(tmp_path: Path) -> None:
    """Where as much expires as comes, the file grows by the keys alone."""
    db = Database.open(tmp_path / "state", ballast=0)
    fill(db, 0, 2000)
    full, _ = pages(db)
    for turn in range(1, 4):
        expired(db, turn * 20)
        fill(db, turn * 2000, (turn + 1) * 2000, day=turn * 20)
    after, _ = pages(db)
    assert after - full < 3 * 2000 * 300 / 4096
    assert after < 2 * full
    db.close()


def test_matched_posts_in_between_hold_no_room(tmp_path: Path) -> None:
    """One post in twenty that stays longer does not keep the pages of the others."""
    db = Database.open(tmp_path / "state", ballast=0)
    fill(db, 0, 2000)
    db.connection.execute("UPDATE texts SET matched = 1 WHERE seq % 20 = 0")
    full, _ = pages(db)
    expired(db, 20)
    _, free = pages(db)
    assert free > full / 2
    assert sum(one.post is not None for one in stored_after(db, 0, 5000)) == 100
    db.close()


def test_a_hollow_file_is_given_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is mostly free when nothing is left to expire is made smaller, down to half."""
    db = Database.open(tmp_path / "state", ballast=0)
    fill(db, 0, 2000)
    expired(db, 20)
    before, free = pages(db)
    assert free > before / 2
    monkeypatch.setattr(retention, "_SPARE", 50)
    expired(db, 20)
    after, free = pages(db)
    assert after < before
    assert free <= after // 2
    assert db.moved >= (before - after) // 2  # so that the log is brought home in time
    assert verify_chain(db) is None
    db.close()


def test_what_has_expired_is_overwritten(tmp_path: Path) -> None:
    """The words of an expired post stand nowhere in the file any more."""
    db = Database.open(tmp_path / "state", ballast=0)
    words = b"qzxv-7391-wkjp"
    store(db, received("1", words.decode()))
    db.shorten_log()
    assert words in (tmp_path / "state" / FILE).read_bytes()
    expired(db, 20)
    db.shorten_log()
    assert words not in (tmp_path / "state" / FILE).read_bytes()
    db.close()


def test_pieces_are_unpacked_in_any_thread() -> None:
    """What one thread packed, many threads unpack at the same time."""
    pieces = [packed(f"пост {n} ".encode() * 50, b"raw %d" % n) for n in range(200)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda one: unpacked(*one), pieces))
    assert found == [(f"пост {n} ".encode() * 50, b"raw %d" % n) for n in range(200)]
    with pytest.raises(DamagedError):
        unpacked(b"\x28\xb5\x2f\xfd", 3)


def test_a_look_back_begins_where_it_is_asked_to(tmp_path: Path) -> None:
    """Only what was observed since then is told, in the order of storing, exercises marked."""
    db = Database.open(tmp_path / "state", ballast=0)
    for number in (5, 1, 9, 7):
        store(db, received(str(number), published=number, exercise=number == 9))
    told = list(told_since(db, at(5)))
    assert [(one.name.id, one.name.exercise) for one in told] == [
        ("5", False), ("9", True), ("7", False),
    ]  # fmt: skip
    assert how_many_since(db, at(5)) == 3
    assert list(told_since(db, at(99))) == []
    db.connection.execute("UPDATE texts SET body = (SELECT body FROM texts WHERE seq = 1)")
    with pytest.raises(DamagedError):
        list(told_since(db, at(6)))
    db.close()


def test_a_look_back_holds_up_no_tidying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Amid a long look back the log can be brought home; what is stored meanwhile is told, too."""
    monkeypatch.setattr(past, "PAGE", 2)
    db = Database.open(tmp_path / "state", ballast=0)
    store(db, *(received(str(number), f"{number}") for number in range(5)))
    reader = Database.open(tmp_path / "state", readonly=True)
    told = told_since(reader, at(-1))
    assert [next(told).name.id for _ in range(3)] == ["0", "1", "2"]
    store(db, received("5", "5"))
    assert db.shorten_log()
    assert (tmp_path / "state" / f"{FILE}-wal").stat().st_size == 0
    assert [one.name.id for one in told] == ["3", "4", "5"]
    reader.close()
    db.close()
