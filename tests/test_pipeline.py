"""One post's whole journey: outcomes, corrections, batches, and posts that break."""

import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.alert import from_json, to_json
from monitor.batch import remembered
from monitor.correlation.windows import Memory
from monitor.hit import Hit
from monitor.matching.evaluate import Matcher, evaluate
from monitor.pipeline import Pipeline
from monitor.post import Post, PostName, Received
from monitor.rulebook.load import load
from monitor.source import Arrival
from monitor.sources.envelope import received
from monitor.sources.post_line import parse
from monitor.sources.recording import observed
from monitor.store.archive import find, outcomes
from monitor.store.commit import STEPS
from monitor.store.database import Database
from monitor.store.incidents import cursors
from monitor.store.outbox import alerts_after
from tests.crash.posts import RULES, posts, sources
from tests.data import data_file

NOW = datetime(2023, 5, 22, 9, 0, tzinfo=UTC)


@pytest.fixture
def matcher(tmp_path: Path) -> Matcher:
    """The crash flood's rules and sources."""
    (tmp_path / "rules.yaml").write_text(RULES, "utf-8")
    (tmp_path / "sources.yaml").write_text(sources(), "utf-8")
    return Matcher(load([tmp_path / "rules.yaml"], [tmp_path / "sources.yaml"]))


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """A store of its own."""
    opened = Database.open(tmp_path / "state")
    yield opened
    opened.close()


def post(text: str, number: int = 1, **more: object) -> Received:
    """A post of a known channel, seen when it was published."""
    fields: dict[str, object] = {
        "source": "telegram:channel_0", "id": str(number), "text": text,
        "published_at": NOW, "observed_at": NOW, **more,
    }  # fmt: skip
    return Received(post=Post(**fields), exercise=True)  # type: ignore[arg-type]


def flood(count: int) -> list[Received]:
    """The first posts of the crash flood."""
    read = parse(posts(count), "flood")
    return [received(observed(one), b"", exercise=True) for one in read if isinstance(one, Post)]


def play(db: Database, matcher: Matcher, stream: list[Received], cut: Callable[[], int]) -> bytes:
    """Everything through the pipeline, in batches of the sizes that `cut` draws; the alerts."""
    pipeline = Pipeline(matcher, Memory(), virtual=True)
    out = []
    while stream:
        size = cut()
        batch, stream = stream[:size], stream[size:]
        now = max(one.post.observed_at or NOW for one in batch)
        out += [to_json(one) for one in pipeline.process(db, [Arrival(posts=tuple(batch))], now)]
    return b"\n".join(out)


def test_batches_do_not_matter(tmp_path: Path, matcher: Matcher) -> None:
    """However the posts are cut into batches, the alerts are the same to the byte."""
    whole = flood(6000)
    draw = random.Random(3)
    results = set()
    for name, cut in (("one", lambda: 6000), ("many", lambda: draw.randint(1, 90))):
        opened = Database.open(tmp_path / name)
        results.add(play(opened, matcher, whole, cut))
        opened.close()
    assert len(results) == 1
    assert results.pop().count(b"\n") > 200


def test_a_restart_in_the_middle_does_not_matter(tmp_path: Path, matcher: Matcher) -> None:
    """Memory rebuilt from the store between any two batches decides as if it had never died."""
    whole = flood(4000)
    opened = Database.open(tmp_path / "reborn")
    out = []
    for start in range(0, len(whole), 250):
        pipeline = Pipeline(matcher, remembered(opened, matcher.rulebook), virtual=True)
        batch = whole[start : start + 250]
        now = max(one.post.observed_at or NOW for one in batch)
        alerts = pipeline.process(opened, [Arrival(posts=tuple(batch))], now)
        out += [to_json(one) for one in alerts]
    opened.close()
    other = Database.open(tmp_path / "steady")
    assert b"\n".join(out) == play(other, matcher, whole, lambda: 250)
    other.close()


def test_alerts_are_the_same_before_and_after_the_store(db: Database, matcher: Matcher) -> None:
    """What a batch returns, sinks are handed without reading it: it is what they would read."""
    pipeline = Pipeline(matcher, Memory(), virtual=True)
    alerts = pipeline.process(db, [Arrival(posts=tuple(flood(3000)))], NOW + timedelta(days=1))
    assert len(alerts) > 100
    assert alerts == alerts_after(db, 0, len(alerts) + 1)


def test_every_version_has_one_outcome(db: Database, matcher: Matcher) -> None:
    """The sums of the outcomes are the versions stored."""
    play(db, matcher, flood(3000), lambda: 100)
    ((stored,),) = db.rows("SELECT count(*) FROM posts")
    assert sum(outcomes(db).values()) == stored


def test_a_post_that_breaks_the_matcher_harms_only_itself(
    db: Database, matcher: Matcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A post on which judging raises is quarantined with the reason; its neighbours alert."""

    def fragile(matcher: Matcher, one: Post, name: PostName) -> tuple[Hit, ...]:
        if "poison" in one.text:
            raise ValueError("a bug of ours")
        return evaluate(matcher, one, name)

    monkeypatch.setattr("monitor.pipeline.evaluate", fragile)
    batch = (post("обстрел", 1), post("poison", 2), post("drones", 3, source="telegram:channel_9"))
    alerts = Pipeline(matcher, Memory()).process(db, [Arrival(posts=batch)], NOW)
    assert len(alerts) == 2
    found = find(db, "telegram:channel_0/2")
    assert found is not None
    assert (found.outcome, found.reason) == ("quarantined", "ValueError: a bug of ours")


def judged(monkeypatch: pytest.MonkeyPatch) -> list[PostName]:
    """The posts that are judged from now on, in order."""
    seen: list[PostName] = []

    def watched(matcher: Matcher, one: Post, name: PostName) -> tuple[Hit, ...]:
        seen.append(name)
        return evaluate(matcher, one, name)

    monkeypatch.setattr("monitor.pipeline.evaluate", watched)
    return seen


def test_a_post_that_was_looked_at_is_not_judged_again(
    db: Database, matcher: Matcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was seen in a post when it came decides its alert, though the store trims its times."""
    names = judged(monkeypatch)
    at = NOW.replace(microsecond=123_456)
    one = post("обстрел посёлка", published_at=at, observed_at=at)
    pipeline = Pipeline(matcher, Memory())
    assert pipeline.may_ring(one)
    (alert,) = pipeline.process(db, [Arrival(posts=(one,))], NOW)
    assert alert.posts[0].text == "обстрел посёлка"
    assert names == [PostName("telegram:channel_0", "1", 1, exercise=True)]


@pytest.mark.parametrize("differs", ["rules", "text", "version"])
def test_what_was_seen_counts_only_for_the_same_post_and_rules(
    db: Database, matcher: Matcher, monkeypatch: pytest.MonkeyPatch, differs: str
) -> None:
    """A post looked at under other rules, with another text or as another version is judged."""
    names = judged(monkeypatch)
    pipeline = Pipeline(matcher, Memory())
    if differs == "version":
        pipeline.process(db, [Arrival(posts=(post("ничего"),))], NOW)
    one = post("обстрел посёлка")
    pipeline.may_ring(post("ничего") if differs == "text" else one)
    if differs == "rules":
        pipeline.put_in_force(db, Matcher(matcher.rulebook))
    names.clear()
    assert pipeline.process(db, [Arrival(posts=(one,))], NOW)
    assert [name.version for name in names] == [2 if differs == "version" else 1]
    assert not pipeline._ahead  # nothing is kept beyond its turn


@pytest.mark.parametrize("step", STEPS)
def test_a_failed_commit_leaves_everything_as_it_was(
    db: Database, matcher: Matcher, step: str
) -> None:
    """Whatever step of the transaction fails, the same batch handed over again succeeds once."""
    pipeline = Pipeline(matcher, Memory())
    arrival = Arrival(posts=(post("обстрел посёлка"),), cursors={"c": "1"})

    def fail(name: str) -> None:
        if name == step:
            raise OSError("the disk is gone")

    db.on_step = fail
    with pytest.raises(OSError, match="gone"):
        pipeline.process(db, [arrival], NOW)
    assert (cursors(db), alerts_after(db, 0, 9), outcomes(db)["alerted"]) == ({}, (), 0)
    assert len(pipeline.memory.exercise.incidents) == 0
    db.on_step = None
    assert [one.kind for one in pipeline.process(db, [arrival], NOW)] == ["opened"]
    assert pipeline.process(db, [arrival], NOW) == ()
    assert cursors(db) == {"c": "1"}


def test_exercise_and_real_posts_never_meet(db: Database, matcher: Matcher) -> None:
    """A recorded post and a real one with the same name are two posts in two incidents."""
    recorded = post("обстрел посёлка")
    real = Received(post=recorded.post)
    pipeline = Pipeline(matcher, Memory())
    alerts = pipeline.process(db, [Arrival(posts=(recorded, real))], NOW)
    assert [(one.kind, one.exercise) for one in alerts] == [("opened", True), ("opened", False)]
    assert alerts[0].incident.id != alerts[1].incident.id


def test_time_closes_real_incidents_without_posts(db: Database, matcher: Matcher) -> None:
    """A quiet window closes by the clock alone, and the alert says how long it was quiet."""
    pipeline = Pipeline(matcher, Memory())
    pipeline.process(db, [Arrival(posts=(Received(post=post("обстрел").post),))], NOW)
    assert pipeline.process(db, [], NOW + timedelta(seconds=80)) == ()
    (alert,) = pipeline.process(db, [], NOW + timedelta(seconds=100))
    assert (alert.kind, alert.reason) == ("closed", "nothing new for 1 min")


def test_time_alone_forgets_what_is_too_old_to_be_repeated(
    db: Database, matcher: Matcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any post, known posts are forgotten, then let go; a restart knows as many."""
    monkeypatch.setattr("monitor.correlation.repeats.FEW", 1)
    pipeline = Pipeline(matcher, Memory())
    texts = ["обстрел посёлка", "обстрел города", "drones", "обстрел моста", "обстрел вокзала"]
    at = [NOW + timedelta(minutes=number) for number in range(len(texts))]
    for number, (text, when) in enumerate(zip(texts, at, strict=True)):
        one = post(text, number, published_at=when, observed_at=when)
        pipeline.process(db, [Arrival(posts=(Received(post=one.post),))], when)
    left = []
    for minute in range(1, 7):
        pipeline.process(db, [], NOW + timedelta(hours=48, minutes=minute // 2 * 2))
        repeats = pipeline.memory.real.repeats
        left.append((len(repeats), repeats.waiting))
        again = remembered(db).real.repeats
        assert (len(again), again.floor, again.waiting) == (len(repeats), repeats.floor, 0)
    assert left == [(5, 0), (3, 1), (3, 0), (1, 1), (1, 0), (0, 0)]


def test_hostile_texts_are_stored_cut_and_judged(db: Database, matcher: Matcher) -> None:
    """A 1 MB post, marks, surrogates and NUL end in an outcome, and what fits still matches."""
    texts = ("обстрел " + "x" * 1_000_000, "a" + "\u0301" * 100_000, "\ud800 обстрел", "\0" * 99)
    batch = tuple(post(text, number) for number, text in enumerate(texts, 1))
    alerts = Pipeline(matcher, Memory()).process(db, [Arrival(posts=batch)], NOW)
    assert sum(outcomes(db).values()) == len(texts)
    assert alerts[0].kind == "opened"
    first = find(db, "telegram:channel_0/1")
    assert first is not None
    assert first.post is not None
    assert len(first.post.text.encode()) <= 65_536


def test_515_naughty_strings_as_post_and_channel(db: Database, matcher: Matcher) -> None:
    """Each naughty string, as a text and as a channel's name, ends in an outcome; none breaks."""
    strings = json.loads(data_file("hostile/blns/blns.json").read_text("utf-8"))
    posts = [post(f"обстрел {text}", number) for number, text in enumerate(strings)]
    posts += [
        post("обстрел", number, source=f"telegram:{text}", author=text, url=text)
        for number, text in enumerate(strings)
    ]
    alerts = Pipeline(matcher, Memory()).process(db, [Arrival(posts=tuple(posts))], NOW)
    ended = outcomes(db)
    assert len(strings) == 515
    assert sum(ended.values()) == len({(one.post.source, one.post.id) for one in posts})
    assert ended["quarantined"] == 0
    assert alerts
    assert all(from_json(to_json(alert)) == alert for alert in alerts)


@pytest.mark.parametrize(
    "suspect",
    [
        post("обстрел"),
        post("обстрел", observed_at=None),
        post("обстрел", observed_at=NOW + timedelta(microseconds=7)),
        post("обстрел " * 20_000),
        post("обстрел \0"),
    ],
    ids=["as it is", "no time", "microseconds", "too long", "controls"],
)
def test_a_suspect_is_quarantined_however_it_came(
    db: Database, matcher: Matcher, suspect: Received
) -> None:
    """What broke its batch is stored unjudged, also if its text is cut or its time filled in."""
    arrivals = [Arrival(posts=(suspect, post("обстрел", 2)))]
    pipeline = Pipeline(matcher, Memory())
    pipeline.process(db, arrivals, NOW, suspects=(suspect,))
    ended = outcomes(db)
    assert (ended["quarantined"], ended["alerted"]) == (1, 1)
