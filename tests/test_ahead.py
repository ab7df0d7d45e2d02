"""Reading ahead in a copy of the process: the same posts and alerts, and nobody left behind."""

import os
import signal
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import ClassVar

import pytest

from monitor import ahead
from monitor.ahead import read_ahead
from monitor.alert import to_json
from monitor.cli import main
from monitor.correlation.windows import Memory
from monitor.hands import Copy
from monitor.matching.evaluate import Matcher
from monitor.mistake import Mistake
from monitor.pipeline import Pipeline
from monitor.post import Post
from monitor.rulebook.load import load
from monitor.sources.post_line import parse
from monitor.store.content import Sound
from monitor.store.database import Database
from tests.crash.posts import RULES, posts, sources

FIRST = 100
IS_CORE_IDLE = ahead._is_core_idle  # as it is, before tests put another in its place
TABLES = (
    "posts",
    "texts",
    "channels",
    "names",
    "incidents",
    "supports",
    "alerts",
    "clues",
    "facts",
)


class Noted(Copy):
    """A copy that is noted, so that its end can be seen."""

    made: ClassVar[list["Noted"]] = []

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__(work)
        self.made.append(self)


def none_is_left() -> bool:
    """Whether a copy was made, and every one has ended."""
    return bool(Noted.made) and not any(
        Path(f"/proc/{one._process}").exists() for one in Noted.made
    )


@pytest.fixture(autouse=True)
def _idle_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second core, whatever the machine has."""
    monkeypatch.setattr(ahead, "_is_core_idle", lambda _: True)
    monkeypatch.setattr(ahead, "Copy", Noted)
    Noted.made.clear()


@pytest.fixture
def matcher(tmp_path: Path) -> Matcher:
    """The crash flood's rules and sources."""
    (tmp_path / "rules.yaml").write_text(RULES, "utf-8")
    (tmp_path / "sources.yaml").write_text(sources(), "utf-8")
    return Matcher(load([tmp_path / "rules.yaml"], [tmp_path / "sources.yaml"]))


def lines() -> list[bytes]:
    """The crash flood (edits, deletions, repeats), with hostile texts and lines that are none."""
    out = list(posts(4000))
    for number in range(50, 4000, 700):
        out[number] = b'{"source": "telegram:x"'
        hostile = b"\\u0000 \\r\\n" + b"a\\u0301" * 9
        out[number + 1] = out[number + 1].replace(b'"text":"', b'"text":"' + hostile)
    return out


def played(folder: Path, matcher: Matcher, first: int) -> tuple[list[str], list[object]]:
    """A replay: the mistakes in their order, and everything that was stored."""
    db = Database.open(folder)
    pipeline = Pipeline(matcher, Memory(), virtual=True)
    mistakes, told = [], []
    read = read_ahead(parse(lines(), "flood"), matcher, exercise=True, first=first)
    while some := list(islice(read, 333)):
        mistakes += [str(one) for one in some if isinstance(one, Mistake)]
        batch = [one for one in some if isinstance(one, Sound)]
        now = max(one.received.post.observed_at or one.received.post.published_at for one in batch)
        told += [to_json(one) for one in pipeline.settle(db, batch, now)]
    asked = [f"SELECT * FROM {table} ORDER BY 1, 2" for table in TABLES]  # noqa: S608 - ours
    stored = [row for sql in asked for row in db.rows(sql)]
    db.close()
    return mistakes, [*told, *stored]


def test_a_copy_reads_the_same(tmp_path: Path, matcher: Matcher) -> None:
    """Read by a copy or here, a recording gives the same alerts, rows and mistakes, to the byte."""
    alone = played(tmp_path / "alone", matcher, 0)
    assert played(tmp_path / "ahead", matcher, FIRST) == alone
    mistakes, stored = alone
    assert len(mistakes) == 6
    assert len(stored) > 4000


def flood() -> Iterator[Post | Mistake]:
    """The flood read line by line."""
    return parse(posts(3000), "flood")


def test_a_copy_reads_what_posts_with_hits_say(matcher: Matcher) -> None:
    """Of a post that a rule holds for its sketch and numbers come along, of the others nothing."""
    read = list(read_ahead(flood(), matcher, exercise=True, first=FIRST))[FIRST:]
    new = [one for one in read if isinstance(one, Sound) and one.text is not None]
    assert {(one.quiet, one.gist is None) for one in new} == {(True, True), (False, False)}


def test_a_copy_that_is_killed_is_told(matcher: Matcher) -> None:
    """If the copy is killed, the replay ends with an error, never as if the recording had ended."""
    parent = os.getpid()

    def deadly() -> Iterator[Post | Mistake]:
        for number, one in enumerate(flood()):
            if number == FIRST + 900 and os.getpid() != parent:
                os.kill(os.getpid(), signal.SIGKILL)
            yield one

    with pytest.raises(ChildProcessError, match="was killed"):
        list(read_ahead(deadly(), matcher, exercise=True, first=FIRST))
    assert none_is_left()


def test_what_goes_wrong_in_a_copy_is_raised_here(matcher: Matcher) -> None:
    """An error while reading comes out where its post would have come, behind those before it."""

    def torn() -> Iterator[Post | Mistake]:
        yield from islice(flood(), FIRST + 300)
        raise EOFError("the packed file is not complete")

    read = read_ahead(torn(), matcher, exercise=True, first=FIRST)
    assert len(list(islice(read, FIRST + 300))) == FIRST + 300
    with pytest.raises(EOFError, match="not complete"):
        next(read)
    assert none_is_left()


def test_a_replay_that_stops_leaves_no_copy(matcher: Matcher) -> None:
    """Whoever stops in the middle of a recording leaves no process behind."""
    read = read_ahead(flood(), matcher, exercise=True, first=FIRST)
    assert len(list(islice(read, FIRST + 1))) == FIRST + 1
    assert Noted.made
    assert not none_is_left()
    read.close()  # type: ignore[attr-defined]  # it is a generator
    assert none_is_left()


@pytest.mark.parametrize("count", [FIRST - 1, 3000])
def test_no_copy_where_it_is_no_use(
    matcher: Matcher, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """A short recording is read here, and any where no core is idle."""
    monkeypatch.setattr(os, "fork", lambda: pytest.fail("a copy was made"))
    if count > FIRST:
        monkeypatch.setattr(ahead, "_is_core_idle", lambda _: False)
    read = read_ahead(islice(flood(), count), matcher, exercise=True, first=FIRST)
    assert len(list(read)) == count


def test_replay_reads_a_long_recording_ahead(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`monitor replay` prints the same alerts with a copy as without."""
    (tmp_path / "flood.jsonl").write_bytes(b"".join(line + b"\n" for line in lines()))
    (tmp_path / "rules.yaml").write_text(RULES, "utf-8")
    (tmp_path / "monitor.yaml").write_text("rules: [rules.yaml]\nreceivers: []\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    printed = []
    for idle in (True, False):
        monkeypatch.setattr(ahead, "_is_core_idle", lambda _, idle=idle: idle)
        assert main(["replay", "--json", "flood.jsonl"]) == 1  # some lines cannot be read
        printed.append(capsysbinary.readouterr().out)
    assert printed[0] == printed[1]
    assert printed[0].count(b"\n") > 100


def test_an_idle_core_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A core is idle if most of one was in the time before; none is where only one may be used."""
    monkeypatch.setattr(ahead, "spare_cores", lambda: 1)
    before = ahead._waited()
    assert not IS_CORE_IDLE(before._replace(at=before.at - 100, idle=before.idle - 10))
    assert IS_CORE_IDLE(before._replace(at=before.at - 100, idle=before.idle - 90))
    monkeypatch.setattr(ahead, "spare_cores", lambda: 0)
    assert not IS_CORE_IDLE(before._replace(at=before.at - 100, idle=before.idle - 90))


def test_idle_time_is_that_of_the_machine() -> None:
    """How long cores have had nothing to do is known, and only grows."""
    before, after = ahead._waited(), ahead._waited()
    assert 0 < before.idle <= after.idle
