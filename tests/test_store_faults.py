"""What a kill, a failure or a full disk does to the store in the middle of a change."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from monitor.store.archive import outcomes, stored_after, verify_chain
from monitor.store.database import Database
from monitor.store.outbox import position, record
from monitor.store.retention import expire
from monitor.store.trouble import DiskFullError
from tests.store_child import second_batch
from tests.storing import (
    Keep,
    alert,
    at,
    child,
    filled,
    received,
    store,
)


def _tables(db: Database) -> dict[str, list[Any]]:
    names = db.rows("SELECT name FROM sqlite_schema WHERE type = 'table'")
    return {name: db.rows(f"SELECT * FROM {name}") for (name,) in names}  # noqa: S608 - our names


@pytest.mark.parametrize(
    "step", ["begin", "posts", "cursors", "incidents", "supports", "alerts", "commit"]
)
def test_killed_at_every_step(tmp_path: Path, step: str) -> None:
    """Killed before any step of a commit, nothing of it is there, and the next try stores all."""
    folder = tmp_path / "state"
    db = filled(folder)
    before = _tables(db)
    db.close()
    shutil.copytree(folder, tmp_path / "other")
    assert child("commit", folder, step).returncode == -signal.SIGKILL
    db = Database.open(folder)
    assert _tables(db) == before
    second_batch(db)
    other = Database.open(tmp_path / "other")
    second_batch(other)
    assert _tables(db) == _tables(other) != before
    assert verify_chain(db) is None
    db.close()
    other.close()


@pytest.mark.parametrize(
    "step", ["begin", "posts", "cursors", "incidents", "supports", "alerts", "commit"]
)
def test_failing_at_every_step(tmp_path: Path, step: str) -> None:
    """An error before any step of a commit leaves file and memory as they were."""
    db = filled(tmp_path / "state")
    before, outside = _tables(db), Database.open(tmp_path / "state", readonly=True)

    def hook(name: str) -> None:
        if name == step:
            raise RuntimeError(step)

    db.on_step = hook
    for _ in range(2):
        with pytest.raises(RuntimeError, match=step):
            second_batch(db)
        assert _tables(db) == _tables(outside) == before
    db.on_step = None
    second_batch(db)
    assert verify_chain(db) is None
    assert sum(outcomes(db).values()) == 32
    db.close()
    outside.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small file system needs root; the quota test covers the rest")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def _fill(db: Database) -> int:
    """How many posts go in before there is no room."""
    for number in range(2000):
        try:
            store(db, received(str(number), "x" * 5000), alerts=(alert(number + 1),))
        except DiskFullError as error:
            return number if error.retry else 0
    raise AssertionError("the disk never was full")


def _crowd(db: Database, filler: Path) -> int:
    """Take the room away until a post is refused; how many went in meanwhile."""
    for number in range(100):
        with suppress(OSError), filler.open("ab", buffering=0) as file:
            while file.write(b"x" * 4096):
                pass
        try:
            store(db, received(f"{filler.stat().st_size}.{number}"))
        except DiskFullError:
            return number
    raise AssertionError("the disk never was full")


def test_a_full_disk(small_disk: Path) -> None:
    """On a full disk posts wait, sinks and expiry use the ballast, then posts resume."""
    db = Database.open(small_disk / "state", ballast=400_000)
    done = _fill(db)
    assert 20 < done < 2000
    filler = small_disk / "filler"
    done += _crowd(db, filler)
    gone = expire(db, at(60 * 24 * 30), Keep())
    assert gone.posts
    while gone.more:
        gone = expire(db, at(60 * 24 * 30), Keep())
    record(db, "bus", done, [])
    assert position(db, "bus") == (done, {})
    done += _crowd(db, filler)
    assert verify_chain(db) is None
    filler.unlink()
    assert len(store(db, received("waits"))) == 1
    assert (db.folder / "ballast").stat().st_size == 400_000
    db.close()
    db = Database.open(small_disk / "state", ballast=400_000)
    assert sum(outcomes(db).values()) == done + 1
    db.close()


def test_a_quota_is_a_full_disk(tmp_path: Path) -> None:
    """Files that may grow no further are a full disk too: retry, and what was stored is there."""
    result = child("fill", tmp_path / "state", "600000")
    assert result.returncode == 0, result.stderr
    done, retry = result.stdout.split()
    assert retry == "True"
    db = Database.open(tmp_path / "state")
    assert len(stored_after(db, 0, 1000)) == int(done) > 5
    assert verify_chain(db) is None
    db.close()
