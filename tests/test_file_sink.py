"""The file of alerts: whole lines, rotated, private."""

import json
import resource
from pathlib import Path

import pytest

from monitor.sinks.file import Rotation, append


def test_a_full_file_is_renamed(tmp_path: Path) -> None:
    """So many old files are kept, the newest as `.1`; every line is in exactly one."""
    path = tmp_path / "alerts.jsonl"
    for number in range(10):
        append(path, b'{"n": %d}\n' % number, Rotation(size=18, keep=2))
    names = sorted(one.name for one in tmp_path.iterdir())
    assert names == ["alerts.jsonl", "alerts.jsonl.1", "alerts.jsonl.2"]
    kept = [tmp_path / "alerts.jsonl.2", tmp_path / "alerts.jsonl.1", path]
    lines = [json.loads(line) for one in kept for line in one.read_text().splitlines()]
    assert lines == [{"n": number} for number in range(4, 10)]
    assert path.stat().st_mode & 0o777 == 0o600


def test_keeping_none(tmp_path: Path) -> None:
    """`keep: 0` begins anew."""
    path = tmp_path / "alerts.jsonl"
    for number in range(3):
        append(path, b"%d\n" % number, Rotation(size=3, keep=0))
    assert [one.read_text() for one in tmp_path.iterdir()] == ["2\n"]


def test_half_a_line_is_taken_away(tmp_path: Path) -> None:
    """What a power cut left at the end does not spoil the next line."""
    path = tmp_path / "alerts.jsonl"
    path.write_bytes(b'{"n": 1}\n{"n": 2')
    append(path, b'{"n": 3}\n', Rotation())
    assert path.read_text() == '{"n": 1}\n{"n": 3}\n'


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """What does not fit is an error, for the sink to try again, and leaves no half line."""
    path = tmp_path / "alerts.jsonl"
    append(path, b'{"n": 1}\n', Rotation())
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (12, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            append(path, b'{"n": 2}\n', Rotation())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_text() == '{"n": 1}\n'
    with pytest.raises(OSError, match="No space left"):
        append(Path("/dev/full"), b"{}\n", Rotation())
    with pytest.raises(FileNotFoundError):
        append(tmp_path / "absent" / "alerts.jsonl", b"{}\n", Rotation())
