"""Which posts are new, as which versions, and at what time."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.post import Media, PostName, Received, event_time
from monitor.store.archive import find, stored_after, versions
from monitor.store.archive import post as stored_post
from monitor.store.commit import Work, commit
from monitor.store.database import Database
from monitor.store.posts import admit
from monitor.store.trouble import DiskFullError
from tests.storing import START, at, judged, received, store


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """A fresh store; the folder goes with the test."""
    db = Database.open(tmp_path / "state", ballast=0)
    yield db
    db.close()


def test_a_post_is_stored_once(db: Database) -> None:
    """The same content again, in the same batch or later, is not new."""
    post = received("1")
    assert [one.name for one in store(db, post, post)] == [PostName("telegram:vvgladkov", "1")]
    assert store(db, post, received("1", observed=50)) == []


@pytest.mark.parametrize("count", [1, 4, 5, 16, 17, 33, 128, 129])
def test_however_many_are_looked_up(db: Database, count: int) -> None:
    """Every known post of a batch is found again with its latest version, whatever the size."""
    every = [received(str(number)) for number in range(count)]
    store(db, *every)
    store(db, *[received(str(number), "правка", observed=5) for number in range(0, count, 2)])
    assert [one.name.id for one in store(db, *every[1::2])] == []
    again = [received(str(number), "ещё раз", observed=9) for number in range(count)]
    versions_given = [one.name.version for one in store(db, *again)]
    assert versions_given == [3 if number % 2 == 0 else 2 for number in range(count)]


def test_white_space_and_link_cards_are_no_new_version(db: Database) -> None:
    """Only words, kinds of media and links make a version; spaces and link cards do not."""
    store(db, received("1", "Обстрел\n\nКозинки"))
    spaced = received("1", " Обстрел  Козинки ")
    card = msgspec.structs.replace(spaced.post, media=(Media("preview"),))
    assert store(db, spaced, Received(post=card)) == []
    photo = msgspec.structs.replace(spaced.post, media=(Media("photo"),), observed_at=at(5))
    (version,) = store(db, Received(post=photo))
    assert version.name.version == 2


def test_another_content_is_an_edit(db: Database) -> None:
    """A known post with another text is version 2 of kind edit, whatever its source calls it."""
    (first,) = store(db, received("1", "трое раненых", observed=1))
    (second,) = store(db, received("1", "восемь раненых", observed=9))
    assert second.name.version == 2
    assert second.received.post.kind == "edit"
    assert second.event_at == at(9)
    assert second.previous == first.received.post
    assert second.previous_name == first.name


@pytest.mark.parametrize("kind", ["new", "edit", "delete"])
def test_a_second_reader_makes_no_version(db: Database, kind: str) -> None:
    """What the preview tells beside an account is stored if it is missing, and else never."""
    store(db, received("1", "как у аккаунта", observed=1))
    assert store(db, received("1", "как на странице", kind=kind, observed=9, beside=True)) == []
    missing = received("2", "пропущено", observed=9, beside=True)
    again = received("2", "пропущено, иначе", observed=9, beside=True)
    assert [one.name.version for one in store(db, missing, again)] == [1]


def test_an_older_edit_is_dropped(db: Database) -> None:
    """An edit from before the latest version is not a version."""
    store(db, received("1", "a"), received("1", "b", kind="edit", edited=10, observed=11))
    assert store(db, received("1", "c", kind="edit", edited=5, observed=12)) == []
    assert len(store(db, received("1", "c", kind="edit", edited=10, observed=12))) == 1


def test_one_tombstone(db: Database) -> None:
    """A deletion is one version without text; repeated deletions are dropped."""
    store(db, received("1", "удалим", observed=0))
    (gone,) = store(db, received("1", "x", kind="delete", published=7, observed=7))
    post = gone.received.post
    assert (post.kind, post.text, post.published_at) == ("delete", "", at(0))
    assert gone.event_at == at(7)
    assert gone.previous is not None
    assert store(db, received("1", kind="delete", observed=8)) == []


def test_a_deletion_from_before_is_dropped(db: Database) -> None:
    """A deletion observed before the post was seen alive again is not believed."""
    store(db, received("1", observed=10))
    assert store(db, received("1", kind="delete", observed=9)) == []


def test_deleting_the_unknown(db: Database) -> None:
    """The deletion of a post that was never seen is its version 1, without text."""
    (gone,) = store(db, received("1", "was here", kind="delete", observed=3))
    assert (gone.name.version, gone.received.post.text, gone.previous) == (1, "", None)


def test_back_from_the_dead(db: Database) -> None:
    """A post that comes back after its deletion is an edit, even with the content it had."""
    store(db, received("1", "same"), received("1", kind="delete", observed=5))
    (back,) = store(db, received("1", "same", observed=6))
    assert (back.name.version, back.received.post.kind) == (3, "edit")
    assert back.event_at == at(6)
    assert store(db, received("1", "same", observed=7)) == []


@pytest.mark.parametrize(
    ("given", "event", "observed"),
    [
        (received("1", published=3), 3, 3),
        (received("1", published=3, observed=5), 3, 5),
        (received("1", published=30, observed=5), 7, 5),
        (received("1", kind="edit", published=1, edited=4), 4, 4),
        (received("1", kind="edit", published=1, edited=40, observed=5), 7, 5),
        (received("1", kind="edit", published=1), 60, 60),
        (received("1", kind="edit", published=90), 90, 90),
        (received("1", kind="delete", published=1, observed=8), 8, 8),
        (received("1", kind="delete", published=1), 60, 60),
    ],
)
def test_times(db: Database, given: Received, event: int, observed: int) -> None:
    """Missing times are filled in as the design says; none is over 2 minutes past observation."""
    (new,) = admit(db, [given], at(60))
    post = new.received.post
    assert (new.event_at, post.observed_at) == (at(event), at(observed))
    assert event_time(post) == new.event_at
    assert post.published_at <= at(observed + 2)


def test_times_are_utc_and_whole_milliseconds(db: Database) -> None:
    """A time in another zone is stored in UTC, to the millisecond."""
    moscow = datetime.fromisoformat("2023-05-22T12:00:00.123456+03:00")
    post = msgspec.structs.replace(received("1").post, published_at=moscow)
    (new,) = admit(db, [Received(post=post)], START)
    assert new.event_at == datetime(2023, 5, 22, 9, 0, 0, 123000, tzinfo=UTC)
    assert new.event_at.utcoffset() == timedelta(0)


def test_unsound_values_harm_only_their_post(db: Database) -> None:
    """Half surrogates and times without offset are stored mended and marked as a problem."""
    naive = msgspec.structs.replace(received("1").post, published_at=datetime(2023, 5, 22))  # noqa: DTZ001 - that is the mistake
    half = received("\ud800", "x\udfffy", source="telegram:\ud801")
    bad, worse, good = store(db, Received(post=naive), half, received("2"))
    assert bad.problem is not None
    assert worse.problem is not None
    assert (worse.name.id, worse.received.post.text) == ("?", "x?y")
    assert good.problem is None
    assert [one.seq for one in stored_after(db, 0)] == [1, 2, 3]


def test_extreme_times(db: Database) -> None:
    """Posts dated at either end of the calendar are stored as such."""
    for number, year in enumerate((1, 1969, 1970, 2099, 9999)):
        post = received(str(number)).post
        moment = datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC)
        post = msgspec.structs.replace(post, published_at=moment)
        (new,) = store(db, Received(post=post))
        assert new.event_at == moment
        kept = stored_post(db, new.name)
        assert kept is not None
        assert kept.event_at == moment


def test_exercises_are_apart(db: Database) -> None:
    """A recorded post never shares its key with a real one."""
    real, drill = store(db, received("1"), received("1", exercise=True))
    assert real.channel != drill.channel
    assert drill.name.exercise
    assert versions(db, "telegram:vvgladkov", "1", exercise=True)[0].name == drill.name


def test_a_renamed_channel_keeps_its_posts(db: Database) -> None:
    """Posts under a new name of the same numeric channel are the same posts."""
    store(db, received("1", "a", channel_id=7))
    new_name = "telegram:gladkov_official"
    assert store(db, received("1", "a", source=new_name, channel_id=7)) == []
    (edit,) = store(db, received("1", "b", source=new_name, channel_id=7, observed=4))
    assert (edit.name.version, edit.problem) == (2, None)
    assert edit.previous_name == PostName("telegram:vvgladkov", "1", 1)
    assert len(versions(db, new_name, "1", exercise=False)) == 2


def test_a_handed_over_name_is_a_problem(db: Database) -> None:
    """Another numeric id under a known name is marked, and kept apart from the old posts."""
    store(db, received("1", "governor", channel_id=7), received("2", "more"))
    (thief,) = store(db, received("1", "casino", channel_id=8), outcome="quarantined")
    assert thief.problem is not None
    assert "handed over" in thief.problem
    assert thief.name.version == 1
    assert store(db, received("1", "casino", channel_id=8)) == []
    (own,) = store(db, received("3", "governor again", channel_id=7))
    assert own.problem is None
    kept = find(db, "telegram:vvgladkov/1")
    assert kept is not None
    assert kept.post is not None
    assert kept.post.text == "governor"


def test_a_released_name_is_held_by_whoever_comes_next(db: Database) -> None:
    """The new owner's posts are sound and kept apart; the name can go back in the same way."""
    store(db, received("1", "governor", channel_id=7))
    name = ("telegram:vvgladkov", False)
    for owner, text in ((8, "mayor"), (7, "governor again")):
        db.write(lambda connection: db.channels.release(connection, name))
        (first,) = store(db, received("2", text, channel_id=owner))
        (other,) = store(db, received("3", text, channel_id=15 - owner), outcome="quarantined")
        assert (first.problem, first.name.version) == (None, 1)
        assert other.problem is not None


def test_the_numeric_id_may_come_later(db: Database) -> None:
    """A channel first seen without its numeric id learns it from a later post."""
    store(db, received("1"))
    store(db, received("2", channel_id=7))
    (thief,) = admit(db, [received("3", channel_id=8)], START)
    assert thief.problem is not None


SOURCES = ["telegram:a", "telegram:b", "feed:c"]
ARRIVALS = st.lists(
    st.builds(
        received,
        st.sampled_from(["1", "2", "3"]),
        st.sampled_from(["x", "y", " x ", ""]),
        published=st.integers(0, 5),
        edited=st.none() | st.integers(0, 9),
        observed=st.none() | st.integers(0, 12),
        kind=st.sampled_from(["new", "new", "edit", "delete"]),
        source=st.sampled_from(SOURCES),
        channel_id=st.sampled_from([None, None, 5, 6]),
        exercise=st.booleans(),
    ),
    max_size=25,
)


@settings(max_examples=60)
@given(arrivals=ARRIVALS, cuts=st.lists(st.integers(1, 8), min_size=1, max_size=25))
def test_batches_do_not_matter(
    tmp_path_factory: pytest.TempPathFactory, arrivals: list[Received], cuts: list[int]
) -> None:
    """However the same posts are cut into batches, the same versions are stored."""
    now = at(6)
    logs = []
    for sizes in ([1], cuts, [len(arrivals) or 1]):
        db = Database.open(tmp_path_factory.mktemp("cut"), ballast=0)
        names, rest, turn, moment = [], arrivals, 0, now
        while rest:
            size = sizes[turn % len(sizes)]
            admitted = store(db, *rest[:size], now=moment)
            names += [(one.name, one.event_at, one.previous_name, one.problem) for one in admitted]
            seen = [one.received.post.observed_at for one in admitted]
            moment = max([moment, *(one for one in seen if one)])
            rest, turn = rest[size:], turn + 1
        stored = [(s.name, s.event_at, s.post) for s in stored_after(db, 0)]
        chain = db.rows("SELECT channel, message, version, chain FROM posts ORDER BY seq")
        logs.append((names, stored, chain))
        db.close()
    assert logs[0] == logs[1] == logs[2]


def test_work_that_waits_keeps_its_channel(db: Database) -> None:
    """A batch that is committed at the second try never lands in another's channel."""
    (first,) = admit(db, [received("1", "a", source="telegram:first")], START)
    work = Work(judged=[judged(first)])

    def full(_: str) -> None:
        raise DiskFullError(db.folder)

    db.on_step = full
    with pytest.raises(DiskFullError):
        commit(db, work, START)
    db.on_step = None
    store(db, received("1", "b", source="telegram:second"))
    commit(db, work, START)
    for source, text in (("telegram:first", "a"), ("telegram:second", "b")):
        (kept,) = versions(db, source, "1", exercise=False)
        assert kept.post is not None
        assert kept.post.text == text
