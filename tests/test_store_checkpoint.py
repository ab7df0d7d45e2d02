"""The log is brought home while the writer goes on."""

import asyncio
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from monitor.store import checkpoint
from monitor.store.database import FILE, Database
from monitor.store.writer import Writer
from tests.patience import PATIENCE, comes

ROW = "x" * 3000
"""So that a row is about a page."""


def put(db: Database, rows: int) -> None:
    """One commit of so many rows."""

    def body(connection: sqlite3.Connection) -> None:
        connection.executemany("INSERT INTO bulk VALUES (?)", [(ROW,)] * rows)

    db.write(body)


async def opened(folder: Path) -> Writer:
    """A writer over a state with a table for rows that say nothing."""
    writer = Writer(Database.open(folder, ballast=0))
    await writer.do(lambda db: db.write(lambda on: on.execute("CREATE TABLE bulk (x)")))
    return writer


def counted(file: Path) -> int:
    """The rows that are stored."""
    with closing(sqlite3.connect(file)) as connection:
        return int(connection.execute("SELECT count(*) FROM bulk").fetchone()[0])


def copied(folder: Path, to: Path) -> None:
    """The state as a kill leaves it: copied in this order, the file is not behind its log."""
    to.mkdir(mode=0o700)
    for one in (f"{FILE}-wal", FILE):
        (to / one).write_bytes((folder / one).read_bytes())


async def test_pages_go_home_and_the_log_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While commits go on, what they wrote goes home, and the log does not grow with it."""
    brought: list[int] = []
    bring_home = checkpoint._bring_home

    def noticed(connection: sqlite3.Connection) -> None:
        bring_home(connection)
        brought.append(file.stat().st_size)

    monkeypatch.setattr(checkpoint, "_bring_home", noticed)
    writer = await opened(tmp_path / "state")
    file, log = (tmp_path / "state" / name for name in (FILE, f"{FILE}-wal"))
    for done in range(1, 6):
        for _ in range(10):
            await writer.do(put, checkpoint.ROWS // 10)
        size = done * checkpoint.ROWS * len(ROW)
        assert await comes(lambda: brought and brought[-1] >= size, PATIENCE)  # noqa: B023 - at once
    assert log.stat().st_size < 3 * checkpoint.ROWS * 4096
    await writer.aclose()
    assert not log.exists()
    assert counted(file) == 5 * checkpoint.ROWS


async def test_the_log_begins_anew_although_a_commit_was_under_way(tmp_path: Path) -> None:
    """What a transaction adds that began before all pages were home does not keep the log going."""
    writer = await opened(tmp_path / "state")
    file, log = (tmp_path / "state" / name for name in (FILE, f"{FILE}-wal"))
    begun = log.read_bytes()[: checkpoint.HEADER]

    def put_late(db: Database) -> None:
        def body(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT INTO bulk VALUES ('late')")
            while file.stat().st_size < checkpoint.ROWS * len(ROW):
                time.sleep(0.01)

        db.write(body)

    await writer.do(put, checkpoint.ROWS)
    await writer.do(put_late)
    pause = 0.02
    while log.read_bytes()[: checkpoint.HEADER] == begun:
        await writer.do(put, 1)
        await asyncio.sleep(pause)  # longer and longer: a disk may be slow
        pause *= 2
    await writer.aclose()


async def test_commits_write_over_what_the_log_has_ready(tmp_path: Path) -> None:
    """The log grows once for many commits; what its file has ready behind it is no part of it."""
    writer = await opened(tmp_path / "state")
    log = tmp_path / "state" / f"{FILE}-wal"
    lengths = set()
    for _ in range(50):
        await writer.do(put, 3)
        lengths.add(log.stat().st_size)
    assert len(lengths) == 1
    copied(tmp_path / "state", tmp_path / "copy")
    await writer.aclose()
    assert counted(tmp_path / "copy" / FILE) == counted(tmp_path / "state" / FILE) == 150


async def test_zeros_alone_are_an_empty_log(tmp_path: Path) -> None:
    """Zeros before the first page, too, are in nobody's way: of the writer, of who opens a copy."""
    writer = await opened(tmp_path / "state")
    await writer.do(Database.shorten_log)
    checkpoint.lengthen(tmp_path / "state" / f"{FILE}-wal")
    copied(tmp_path / "state", tmp_path / "copy")
    assert counted(tmp_path / "copy" / FILE) == 0
    await writer.do(put, 3)
    assert counted(tmp_path / "state" / FILE) == 3
    await writer.aclose()


async def test_a_few_rows_stay_in_the_log(tmp_path: Path) -> None:
    """What is little waits for more: a disk is not made to write every page twice."""
    writer = await opened(tmp_path / "state")
    await writer.do(put, checkpoint.ROWS // 2)
    before = (tmp_path / "state" / FILE).stat().st_size
    await asyncio.sleep(0.2)
    assert (tmp_path / "state" / FILE).stat().st_size == before
    await writer.aclose()


async def test_what_is_written_without_a_row_goes_home_too(tmp_path: Path) -> None:
    """Pages that are moved to give room back count as rows do."""
    writer = await opened(tmp_path / "state")
    await writer.do(put, checkpoint.ROWS // 2)
    writer.database.moved += checkpoint.ROWS // 2
    await writer.do(put, 1)
    size = checkpoint.ROWS // 2 * len(ROW)
    assert await comes(lambda: (tmp_path / "state" / FILE).stat().st_size >= size, PATIENCE)
    await writer.aclose()


async def test_a_log_that_nobody_brings_home_is_bounded(tmp_path: Path) -> None:
    """If the thread does not keep up, a commit brings the pages home itself."""
    writer = await opened(tmp_path / "state")
    writer._checkpoints.close()  # as if it hung
    file = tmp_path / "state" / FILE
    await writer.do(put, checkpoint.BOUND // 2)
    small = file.stat().st_size
    await writer.do(put, checkpoint.BOUND)
    assert file.stat().st_size > small + checkpoint.BOUND * len(ROW)
    await writer.aclose()


async def test_what_a_thread_has_not_brought_home_is_not_lost(tmp_path: Path) -> None:
    """A state that is left with a full log has everything when it is opened again."""
    writer = await opened(tmp_path / "state")
    await writer.do(put, checkpoint.ROWS + 10)
    await writer.do(put, 7)
    copied(tmp_path / "state", tmp_path / "copy")
    await writer.aclose()
    assert counted(tmp_path / "copy" / FILE) == checkpoint.ROWS + 17
