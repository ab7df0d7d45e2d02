"""What a commit stores, and that it reads back as it was."""

import gzip
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from monitor.post import Post, PostName, Received
from monitor.store.archive import (
    find,
    outcomes,
    payload,
    stored_after,
    stored_since,
    verify_chain,
    versions,
)
from monitor.store.archive import post as stored_post
from monitor.store.commit import Work, commit
from monitor.store.database import Database
from monitor.store.incidents import cursors, facts, open_incidents, recall
from monitor.store.outbox import alerts_after
from monitor.store.posts import admit
from tests.data import data_file
from tests.storing import GRAIVORON, alert, at, incident, judged, received, store, support


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """A fresh store; the folder goes with the test."""
    db = Database.open(tmp_path / "state", ballast=0)
    yield db
    db.close()


def test_a_post_reads_back(db: Database) -> None:
    """A stored version gives back the post, its outcome, its hits with who spoke, its rulebook."""
    (new,) = store(db, received("4711", observed=2), outcome="alerted")
    kept = stored_post(db, new.name)
    assert kept is not None
    assert kept.post == new.received.post
    assert (kept.outcome, kept.reason, kept.rulebook) == ("alerted", "because alerted", "b")
    (hit,) = kept.hits
    assert (hit.rule, hit.level, hit.place, hit.role) == (
        "border-incursion", "medium", GRAIVORON, "official",
    )  # fmt: skip
    assert [(one.text, one.start, one.end) for one in hit.found] == [("ДРГ", 0, 3)]
    assert stored_post(db, PostName("telegram:vvgladkov", "4711", 2)) is None


def test_the_payload_is_kept_as_received(db: Database) -> None:
    """What a source received is given back byte for byte; without one the post itself is."""
    raw = '<div class="tgme">Обстрел</div>\n'.encode() * 50
    store(db, received("1", raw=raw), received("2"))
    assert payload(db, 1) == raw
    body = payload(db, 2)
    assert body is not None
    assert json.loads(body)["id"] == "2"
    assert payload(db, 3) is None
    ((packed,),) = db.rows("SELECT length(body) FROM texts WHERE seq = 1")
    assert packed < len(raw) / 5


def test_versions_of_rules_stand_on_every_hit(db: Database) -> None:
    """Each version names the rulebook that judged it, and the rulebook what it was made with."""
    for number, book in enumerate(("one", "two", "one")):
        admitted = admit(db, [received(str(number))], at(0))
        made = {"fold": "1", "lexicon": book}
        commit(db, Work(judged=[judged(admitted[0])], rulebook=book, versions=made), at(0))
    assert [one.rulebook for one in stored_after(db, 0)] == ["one", "two", "one"]
    rows = db.rows("SELECT hash, versions FROM rulebooks ORDER BY rulebook")
    assert [(name, json.loads(made)["lexicon"]) for name, made in rows] == [
        ("one", "one"), ("two", "two"),
    ]  # fmt: skip


def test_find_by_name(db: Database) -> None:
    """SOURCE/ID finds the latest version, @VERSION that one; ids may hold slashes and at signs."""
    store(db, received("1", "a"), received("1", "b", observed=5))
    address = "https://example.org/a@2/b"
    store(db, received(address, source="feed:example"))
    store(db, received("9", exercise=True))

    def found(text: str) -> str | None:
        one = find(db, text)
        return str(one.name) if one else None

    assert found("telegram:vvgladkov/1") == "telegram:vvgladkov/1@2"
    assert found("telegram:vvgladkov/1@1") == "telegram:vvgladkov/1@1"
    assert found("telegram:vvgladkov/1@3") is None
    assert found("telegram:vvgladkov/9") == "telegram:vvgladkov/9@1"
    assert found(f"feed:example/{address}") == f"feed:example/{address}@1"
    assert found(f"feed:example/{address}@1") == f"feed:example/{address}@1"
    assert found("nonsense") is None
    assert found("") is None
    both = versions(db, "telegram:vvgladkov", "1", exercise=False)
    assert [one.name.version for one in both] == [1, 2]


def test_since(db: Database) -> None:
    """Stored posts come in the order of storing, from a moment of observation on."""
    for number in range(1200):
        if number % 300 == 0:
            batch = [received(str(n), published=n) for n in range(number, number + 300)]
            store(db, *batch)
    late = list(stored_since(db, at(700)))
    assert [one.name.id for one in late] == [str(n) for n in range(700, 1200)]
    assert list(stored_since(db, at(5000))) == []


def test_sums_agree(db: Database) -> None:
    """The sums of outcomes are those of the rows, all names present."""
    for number, outcome in enumerate(("alerted", "joined", "late", "unmatched", "unmatched")):
        store(db, received(str(number), exercise=number % 2 == 0), outcome=outcome)
    sums = outcomes(db)
    assert list(sums) == ["quarantined", "alerted", "joined", "echo", "late", "unmatched"]
    assert sums["unmatched"] == 2
    rows = dict(db.rows("SELECT outcome, count(*) FROM posts GROUP BY outcome"))
    assert {name: posts for name, posts in sums.items() if posts} == rows


def test_alerts_are_numbered_in_order(db: Database) -> None:
    """A commit returns its alerts with sequence and sent_at, as the outbox holds them."""
    first = commit(db, Work(alerts=(alert(1), alert(2))), at(1))
    second = commit(db, Work(alerts=(alert(3),)), at(2))
    assert [one.sequence for one in first + second] == [1, 2, 3]
    assert [one.sent_at for one in first + second] == [at(1), at(1), at(2)]
    assert alerts_after(db, 0, 10) == first + second
    assert alerts_after(db, 1, 1) == first[1:]


def test_incidents_and_what_supports_them(db: Database) -> None:
    """Open incidents come back with their supports; a post recalls closed ones too."""
    open_one, closed = incident("b", opened_at=at(1)), incident("c", open=False)
    other = incident("a", opened_at=at(5))
    supports = (support("b", "1"), support("c", "1"), support("a", "2", late=True))
    commit(db, Work(incidents=(open_one, closed, other), supports=supports), at(6))
    incidents, found = open_incidents(db)
    assert incidents == (open_one, other)
    assert found == (supports[2], supports[0])
    assert recall(db, "telegram:vvgladkov", "1", False) == (
        (supports[0], open_one), (supports[1], closed),
    )  # fmt: skip
    assert recall(db, "telegram:vvgladkov", "1", True) == ()
    changed = support("b", "1", withdrawn=True)
    commit(db, Work(supports=(changed,), incidents=(incident("b", open=False),)), at(7))
    assert open_incidents(db)[0] == (other,)
    assert recall(db, "telegram:vvgladkov", "1", False)[0][0] == changed


def test_a_renamed_channel_recalls_its_incidents(db: Database) -> None:
    """What a post supports is found under every name of its channel."""
    store(
        db, received("1", channel_id=7), incidents=(incident(),), supports=(support("i1", "1"),)
    )  # fmt: skip
    store(db, received("2", channel_id=7, source="telegram:gladkov"))
    assert len(recall(db, "telegram:gladkov", "1", False)) == 1


def test_cursors_and_facts(db: Database) -> None:
    """Cursors and facts are replaced one by one and survive a new start."""
    commit(db, Work(cursors={"a": "1", "b": "2"}, facts={"start": "x"}), at(0))
    commit(db, Work(cursors={"b": "3"}), at(0))
    db.close()
    db = Database.open(db.folder, ballast=0)
    assert cursors(db) == {"a": "1", "b": "3"}
    assert facts(db) == {"start": "x"}
    db.close()


def test_baselines(db: Database) -> None:
    """What counts is added up by rule, place and hour, exercises apart."""
    hour = int(at(0).timestamp()) // 3600
    key = ("border-incursion", "graivoron", hour)
    store(db, counts={(*key, False): 2, (*key, True): 1})
    store(db, counts={(*key, False): 1})
    assert db.rows("SELECT * FROM baselines ORDER BY exercise") == [(*key, 0, 3), (*key, 1, 1)]


def test_real_posts(tmp_path: Path) -> None:
    """All 16,695 real posts are stored once, read again they are not new, and the chain holds."""
    db = Database.open(tmp_path / "state")
    posts = []
    with gzip.open(data_file("posts/ru-news.jsonl.gz")) as lines:
        for line in lines:
            fields = json.loads(line)
            channel = abs(fields["sender_id"])
            post = Post(
                source=f"telegram:c{channel}",
                id=str(fields["message_id"]),
                published_at=datetime.fromisoformat(fields["date"]),
                text=fields["text"],
            )
            posts.append(Received(post=post, raw=line.strip(), channel_id=channel))
    stored = 0
    for start in range(0, len(posts), 1000):
        stored += len(store(db, *posts[start : start + 1000]))
    assert stored == len(posts) == sum(outcomes(db).values())
    for start in range(0, len(posts), 3000):
        assert admit(db, posts[start : start + 3000], at(0)) == []
    assert verify_chain(db) is None
    assert payload(db, 1) == posts[0].raw
    db.close()
