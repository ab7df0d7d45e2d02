"""The state folder: private, locked, migrated, checked, and honest about a full disk."""

import contextlib
import os
import random
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.store.archive import stored_after, verify_chain
from monitor.store.database import FILE, Database
from monitor.store.migrate import STEPS, migrate, statements
from monitor.store.trouble import DamagedError, StateError
from tests.store_child import NEXT_SCHEMA
from tests.storing import (
    ROOT,
    child,
    everything,
    filled,
    received,
    store,
)


def test_private(tmp_path: Path) -> None:
    """The folder is 0700 and every file in it 0600, whatever the umask."""
    old = os.umask(0)
    try:
        db = filled(tmp_path / "deep" / "state")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "deep" / "state").stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in db.folder.iterdir()}
    assert modes.pop(FILE) == 0o600
    assert set(modes.values()) == {0o600}
    db.close()


def test_an_open_folder_is_closed_or_refused(tmp_path: Path) -> None:
    """An empty folder is made private; one that holds others' files is refused with a hint."""
    empty, shared = tmp_path / "empty", tmp_path / "shared"
    for folder in (empty, shared):
        folder.mkdir()
        folder.chmod(0o755)
    (shared / "letter.txt").write_text("hello")
    Database.open(empty).close()
    assert stat.S_IMODE(empty.stat().st_mode) == 0o700
    with pytest.raises(StateError, match="can be read by others") as caught:
        Database.open(shared)
    assert "chmod 700" in caught.value.hint
    assert stat.S_IMODE(shared.stat().st_mode) == 0o755


def test_durable_settings(tmp_path: Path) -> None:
    """The log is synced at every commit and foreign keys hold."""
    db = Database.open(tmp_path / "state")
    assert db.rows("PRAGMA journal_mode") == [("wal",)]
    assert db.rows("PRAGMA synchronous") == [(2,)]
    assert db.rows("PRAGMA foreign_keys") == [(1,)]
    db.close()


def test_what_is_thrown_away_waits_for_no_disk(tmp_path: Path) -> None:
    """A store that is thrown away is not synced and keeps no room back; opened again it lasts."""
    with contextlib.closing(Database.open(tmp_path / "state", lasting=False)) as db:
        assert db.rows("PRAGMA synchronous") == [(0,)]
        assert [one.name.id for one in store(db, received("1"))] == ["1"]
        assert not (db.folder / "ballast").exists()
    with contextlib.closing(Database.open(tmp_path / "state")) as db:
        assert db.rows("PRAGMA synchronous") == [(2,)]
        assert [one.name.id for one in stored_after(db, 0)] == ["1"]


@pytest.mark.parametrize(("usual", "unsynced"), [(2, 1), (0, 0)])
def test_what_need_not_last_waits_for_no_disk(tmp_path: Path, usual: int, unsynced: int) -> None:
    """Only a write that is not to be synced is not, whatever becomes of it."""
    levels: list[int] = []
    with contextlib.closing(Database.open(tmp_path / "state", lasting=usual > 0)) as db:
        db.on_step = lambda _: levels.append(db.rows("PRAGMA synchronous")[0][0])
        db.write(lambda on: on.execute("DELETE FROM texts"), synced=False)
        db.write(lambda on: on.execute("DELETE FROM texts"))
        with pytest.raises(ZeroDivisionError):
            db.write(lambda _: 1 / 0, synced=False)
        db.write(lambda on: on.execute("DELETE FROM texts"))
    assert levels == [unsynced, unsynced, usual, usual, unsynced, usual, usual]


def test_two_daemons_never_share_a_state(tmp_path: Path) -> None:
    """A second process is refused, told the first one's pid; a reader is not; kill frees it."""
    folder = tmp_path / "state"
    with subprocess.Popen(
        [sys.executable, "-m", "tests.store_child", "hold", str(folder)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as first:  # fmt: skip
        assert first.stdout is not None
        assert first.stdout.readline() == "open\n"
        with pytest.raises(StateError, match=f"pid {first.pid}") as caught:
            Database.open(folder)
        assert (caught.value.exit_code, caught.value.retry) == (4, False)
        second = child("hold", folder)
        assert second.returncode == 4
        assert str(first.pid) in second.stderr
        Database.open(folder, readonly=True).close()
        first.kill()
    Database.open(folder).close()


def test_a_reader_needs_a_state_and_changes_nothing(tmp_path: Path) -> None:
    """Readers say so when there is nothing to read, and cannot write."""
    with pytest.raises(StateError, match="nothing is stored"):
        Database.open(tmp_path, readonly=True)
    filled(tmp_path / "state").close()
    reader = Database.open(tmp_path / "state", readonly=True)
    assert len(stored_after(reader, 0)) == 30
    with pytest.raises(StateError):
        store(reader, received("new"))
    reader.close()


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    """A state of a newer monitor is left alone, with a clear error."""
    db = Database.open(tmp_path / "state")
    db.connection.execute("PRAGMA user_version = 99")
    db.close()
    for readonly in (False, True):
        with pytest.raises(StateError, match="newer monitor") as caught:
            Database.open(tmp_path / "state", readonly=readonly)
        assert caught.value.exit_code == 5


def test_somebody_elses_database_is_refused(tmp_path: Path) -> None:
    """A database that is not the monitor's is never written to."""
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    other = sqlite3.connect(folder / FILE)
    other.execute("CREATE TABLE bookmarks (url)")
    other.close()
    before = (folder / FILE).read_bytes()
    with pytest.raises(DamagedError, match="not the monitor's"):
        Database.open(folder)
    assert (folder / FILE).read_bytes() == before


def test_an_empty_file_gets_the_newest_schema() -> None:
    """An empty file is brought to the newest schema, and a second run changes nothing."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    assert migrate(connection) == 0
    assert migrate(connection) == max(STEPS)
    strict = connection.execute("PRAGMA table_list").fetchall()
    ours = [row for row in strict if not row[1].startswith("sqlite_")]
    assert all(row[-1] for row in ours)
    made = [one for step in STEPS.values() for one in statements(step)]
    dropped = sum("DROP TABLE" in one for one in made)
    connection.close()
    assert len(ours) == sum("CREATE TABLE" in one for one in made) - dropped


def test_a_killed_migration(tmp_path: Path) -> None:
    """Killed before any statement of a migration, the old state is whole, then it goes on."""
    filled(tmp_path / "state").close()
    step = max(NEXT_SCHEMA)
    points = [f"{step}.{number}" for number in range(len(list(statements(NEXT_SCHEMA[step]))))]
    for point in [*points, f"{step}.commit"]:
        path = tmp_path / f"{point}.db"
        shutil.copy(tmp_path / "state" / FILE, path)
        assert child("migrate", path, point).returncode == -signal.SIGKILL
        connection = sqlite3.connect(path, isolation_level=None)
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA user_version").fetchone() == (step - 1,)
        assert migrate(connection, NEXT_SCHEMA) == step - 1
        assert connection.execute("SELECT count(*) FROM later").fetchone() == (3,)
        assert connection.execute("SELECT count(*) FROM alerts").fetchone() == (3,)
        connection.close()


def test_a_broken_step_changes_nothing() -> None:
    """A step that fails half-way leaves the version before."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    broken = {
        **STEPS,
        max(STEPS) + 1: "CREATE TABLE a (b) STRICT; CREATE TABLE ok (b INT);\nNONSENSE;\n",
    }
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, broken)
    assert connection.execute("PRAGMA user_version").fetchone() == (max(STEPS),)
    assert not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'ok'").fetchall()
    connection.close()
    with pytest.raises(ValueError, match="unfinished"):
        list(statements("CREATE TABLE t (a"))


def test_interrupted_creation(tmp_path: Path) -> None:
    """A half-made first file is thrown away; an empty one under the real name is damage."""
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    (folder / f"{FILE}.new").write_bytes(b"half")
    Database.open(folder).close()
    (folder / FILE).write_bytes(b"")
    with pytest.raises(DamagedError) as caught:
        Database.open(folder)
    assert caught.value.exit_code == 3
    assert "backup" in caught.value.hint


def test_a_missing_file_beside_its_log(tmp_path: Path) -> None:
    """A state whose main file was deleted is damage, not a first start."""
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    (folder / f"{FILE}-wal").write_bytes(b"left over")
    with pytest.raises(DamagedError, match="is gone"):
        Database.open(folder)


@pytest.mark.parametrize("kept", [0, 1, 99, 100, 4096, 0.3, 0.6, 0.9, 0.999])
def test_a_truncated_file(tmp_path: Path, kept: float) -> None:
    """A file that lost its end is refused at start, with exit code 3."""
    filled(tmp_path / "state").close()
    path = tmp_path / "state" / FILE
    size = path.stat().st_size
    os.truncate(path, kept if isinstance(kept, int) else int(size * kept))
    with pytest.raises(DamagedError) as caught:
        Database.open(tmp_path / "state")
    assert caught.value.exit_code == 3


def test_flipped_bits(tmp_path: Path) -> None:
    """A flipped bit is found at start or first read, or changes nothing that is acted upon."""
    db = filled(tmp_path / "state")
    expected = everything(db)
    db.close()
    whole = (tmp_path / "state" / FILE).read_bytes()
    used = [place for place, byte in enumerate(whole) if byte]
    chance = random.Random(20230522)
    found = 0
    for number in range(200):
        folder = tmp_path / f"flip{number}"
        folder.mkdir(mode=0o700)
        damaged = bytearray(whole)
        damaged[chance.choice(used)] ^= 1 << chance.randrange(8)
        (folder / FILE).write_bytes(damaged)
        try:
            db = Database.open(folder, ballast=0)
        except StateError:
            found += 1
            continue
        try:
            assert everything(db) == expected
        except DamagedError:
            found += 1
        finally:
            db.close()
            shutil.rmtree(folder)
    assert found >= 40


def test_flipped_words_are_found_by_the_chain(tmp_path: Path) -> None:
    """A changed text, payload or key is found by the check of the chain, at its place."""
    changes = [
        ("UPDATE texts SET body = (SELECT body FROM texts WHERE seq = 6) WHERE seq = 7", 7),
        ("UPDATE texts SET body = X'28B52FFD' WHERE seq = 5", 5),
        ("UPDATE texts SET length = length - 1 WHERE seq = 8", 8),
        ("UPDATE posts SET message = 'x' WHERE seq = 9", 9),
        ("UPDATE posts SET payload_hash = content WHERE seq = 1", 1),
        ("UPDATE posts SET event_at = event_at + 1 WHERE seq = 30", 30),
        ("DELETE FROM posts WHERE seq = 12", 12),
        ("DELETE FROM posts WHERE seq = 30", 30),
    ]
    for number, (change, place) in enumerate(changes):
        db = filled(tmp_path / str(number))
        assert verify_chain(db) is None
        db.connection.execute(change)
        assert verify_chain(db) == place, change
        db.close()


def test_an_unclean_stop_is_noticed(tmp_path: Path) -> None:
    """After a kill the lock file still names the dead owner; a clean stop empties it."""
    folder = tmp_path / "state"
    assert child("commit", folder, "posts").returncode == -signal.SIGKILL
    assert (folder / "monitor.lock").read_text()
    Database.open(folder).close()
    assert not (folder / "monitor.lock").read_text()


def test_results_do_not_depend_on_the_hash_seed(tmp_path: Path) -> None:
    """The same work writes the same rows whatever PYTHONHASHSEED is."""
    dumps = [
        child("dump", tmp_path / seed, env=os.environ | {"PYTHONHASHSEED": seed}).stdout
        for seed in ("1", "2", "77")
    ]
    assert len(dumps[0]) > 5000
    assert dumps[0] == dumps[1] == dumps[2]
