"""A year of real channels through the whole pipeline: nothing lost, nothing found or missed."""

import gzip
import json
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from monitor.correlation.windows import Memory
from monitor.lexicon.surfaces import as_written
from monitor.matching.evaluate import Matcher
from monitor.pipeline import Pipeline
from monitor.post import Post
from monitor.rule import Rule
from monitor.rulebook.book import Rulebook
from monitor.source import Arrival, SourceInfo
from monitor.sources.envelope import received
from monitor.store.archive import outcomes, stored_after
from monitor.store.database import Database
from tests import naive
from tests.data import data_file
from tests.test_evaluate_reference import REAL_RULES

NOBODY = SourceInfo(id="telegram:nobody")


def real_posts() -> list[Post]:
    """The posts of 24 channels in the order of their dates."""
    with gzip.open(data_file("posts/ru-news.jsonl.gz"), "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    rows.sort(key=lambda row: (row["date"], row["sender_id"], row["message_id"]))
    return [
        Post(
            source=f"telegram:c{abs(row['sender_id'])}",
            id=str(row["message_id"]),
            published_at=datetime.fromisoformat(row["date"]),
            observed_at=datetime.fromisoformat(row["date"]),
            text=row["text"],
        )
        for row in rows
    ]


@pytest.mark.timeout(600)
def test_real_posts_end_in_one_outcome_each_with_the_hits_of_the_reference(tmp_path: Path) -> None:
    """16,695 real posts: stored hits equal the naive matcher's, outcomes sum to the versions in."""
    posts = real_posts()
    pipeline = Pipeline(Matcher(rulebook(REAL_RULES), inflect=as_written), Memory(), virtual=True)
    db = Database.open(tmp_path)
    for start in range(0, len(posts), 500):
        batch = tuple(received(post, b"") for post in posts[start : start + 500])
        now = max(one.post.observed_at or one.post.published_at for one in batch)
        pipeline.process(db, [Arrival(posts=batch)], now)
    fired = seq = 0
    while page := stored_after(db, seq):
        for one in page:
            seq = one.seq
            assert one.post is not None
            expected = sorted(hit[0] for hit in naive.evaluate(REAL_RULES, one.post.text, NOBODY))
            assert sorted(hit.rule for hit in one.hits) == expected, one.name
            fired += bool(one.hits)
    ended = Counter(outcomes(db))
    assert ended.total() == seq == len({(post.source, post.id) for post in posts})
    assert ended["quarantined"] == 0
    assert fired >= 0.05 * seq
    db.close()


def rulebook(rules: tuple[Rule, ...]) -> Rulebook:
    """A rulebook of these rules and no sources."""
    return Rulebook(rules=rules, sources={}, hash="real")
