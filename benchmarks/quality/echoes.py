"""How well copies are recognised on real posts: precision, recall, templates, and what it costs.

`python benchmarks/quality/echoes.py DATA` reads posts/ru-news.jsonl.gz and
posts/uk-air-alerts-morning.jsonl.gz below DATA; every post is taken as if a rule matched it. The
truth for recall is the Jaccard likeness of three-word shingles; precision is what a reader said of
pairs (echoes_judged.tsv: two posts by channel and id, 1 = the same post). `--sample N` prints N
found pairs with their texts, to be judged.
"""

import argparse
import gzip
import json
import random
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec

from monitor.correlation.repeats import (
    Repeats,
    cited,
    followers,
    forgetting,
    origin_of,
    put,
    sketched,
)
from monitor.incident import Support
from monitor.post import Post
from monitor.text.fold import fold
from monitor.text.sketch import LEAST_WORDS

JUDGED = Path(__file__).with_name("echoes_judged.tsv")
Name = tuple[str, str]


class Run(NamedTuple):
    """What a run over a stream found: echo -> origin, seconds a post, the posts by name."""

    echoes: dict[Name, Name]
    seconds: list[float]
    posts: dict[Name, Post]
    words: dict[Name, int]


def news(data: Path) -> Iterator[Post]:
    """The Russian news channels, in the order of time."""
    rows = [json.loads(line) for line in _lines(data / "posts/ru-news.jsonl.gz")]
    for row in sorted(rows, key=lambda row: (row["date"], row["sender_id"], row["message_id"])):
        at = datetime.fromisoformat(row["date"])
        yield _post(str(-row["sender_id"]), str(row["message_id"]), at, row["text"])


def alarms(data: Path) -> Iterator[Post]:
    """One morning of air-threat channels; ids are places in the file."""
    for number, line in enumerate(_lines(data / "posts/uk-air-alerts-morning.jsonl.gz")):
        row = json.loads(line)
        at = datetime.fromtimestamp(row["timestamp"], UTC)
        yield _post(str(row["channel_id"]), str(number), at, row["text"])


def _lines(path: Path) -> list[bytes]:
    with gzip.open(path) as file:
        return file.readlines()


def _post(channel: str, number: str, at: datetime, text: str | None) -> Post:
    return Post(source=f"telegram:{channel}", id=number, published_at=at, text=text or "")


def run(posts: Iterator[Post]) -> Run:
    """Fold a stream as correlation does, one topic, one incident."""
    repeats = Repeats()
    echoes: dict[Name, Name] = {}
    seconds: list[float] = []
    seen: dict[Name, Post] = {}
    words: dict[Name, int] = {}
    for post in posts:
        seen[post.source, post.id] = post
        began = time.perf_counter()
        repeats = forgetting(repeats, post.published_at)
        support = Support(
            incident="i", source=post.source, id=post.id, version=1, exercise=False, rule="r",
            family=post.source, affiliation="unknown", role="unknown",
            published_at=post.published_at, sketch=sketched(repeats, post), cites=cited(post),
        )  # fmt: skip
        original = origin_of(repeats, "t", support)
        if original is not None:
            name = original.echo_of or f"{original.source}/{original.id}"
            source, _, number = name.rpartition("/")
            echoes[post.source, post.id] = (source, number)
            support = msgspec.structs.replace(support, echo_of=name)
        fresh = () if original else followers(repeats, "t", support)
        for one in (each for each in fresh if not each.echo_of):
            echoes[one.source, one.id] = (post.source, post.id)
            name = f"{post.source}/{post.id}"
            repeats = put(repeats, "t", msgspec.structs.replace(one, echo_of=name))
        repeats = put(repeats, "t", support)
        seconds.append(time.perf_counter() - began)
        words[post.source, post.id] = support.sketch.words
    return Run(echoes, seconds, seen, words)


def alike(posts: list[Post], least: float) -> dict[frozenset[Name], float]:
    """Pairs of different channels within 48 h by the Jaccard likeness of three-word shingles."""
    tails: dict[str, Counter[str]] = defaultdict(Counter)
    for post in posts:
        tails[post.source][_last_line(post.text)] += 1
    shingled: list[tuple[Post, set[bytes]]] = []
    holders: dict[bytes, list[int]] = defaultdict(list)
    found: dict[frozenset[Name], float] = {}
    for number, post in enumerate(posts):
        text = post.text
        while text and tails[post.source][_last_line(text)] >= 3:
            text = text.rstrip()[: len(text.rstrip()) - len(_last_line(text))]
        words = fold(text).split()
        mine = {b" ".join(words[at : at + 3]) for at in range(len(words) - 2)}
        shingled.append((post, mine))
        shared: Counter[int] = Counter()
        for each in mine:
            shared.update(holders[each][-50:])
            holders[each].append(number)
        for other, count in shared.items():
            first, theirs = shingled[other]
            near = post.published_at - first.published_at <= timedelta(hours=48)
            likeness = count / len(mine | theirs)
            if first.source != post.source and near and likeness >= least:
                found[frozenset({(first.source, first.id), (post.source, post.id)})] = likeness
    return found


def _last_line(text: str) -> str:
    return text.rstrip().rpartition("\n")[2]


def recall(found: Run, pairs: dict[frozenset[Name], float]) -> tuple[int, int]:
    """(pairs whose two posts end under one origin, all pairs of long enough posts)."""
    whole = [pair for pair in pairs if all(found.words[name] >= LEAST_WORDS for name in pair)]
    return sum(len({root(found, name) for name in pair}) == 1 for pair in whole), len(whole)


def root(found: Run, name: Name) -> Name:
    """The end of a post's chain of origins."""
    while name in found.echoes:
        name = found.echoes[name]
    return name


def precision(found: Run) -> tuple[int, int]:
    """(judged the same, judged and found) of the pairs that a person has looked at."""
    right = every = 0
    for line in JUDGED.read_text("utf-8").splitlines()[1:]:
        first, number, second, other, verdict = line.split("\t")
        if found.echoes.get((second, other)) == (first, number):
            every += 1
            right += verdict == "1"
    return right, every


def show(found: Run, count: int, seed: int) -> None:
    """Found pairs with their texts, for a person."""
    pairs = sorted((origin, echo) for echo, origin in found.echoes.items() if origin in found.posts)
    draw = random.Random(seed)  # noqa: S311 - a repeatable sample
    for origin, echo in draw.sample(pairs, min(count, len(pairs))):
        apart = found.posts[echo].published_at - found.posts[origin].published_at
        print(*origin, *echo, f"{apart.total_seconds() / 60:.0f} min", sep="\t")
        for name in (origin, echo):
            print("   ", " / ".join(found.posts[name].text.split("\n"))[:400])


def main() -> None:
    """Print the figures, or pairs to judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--alarms", action="store_true", help="sample the air-threat morning")
    options = parser.parse_args()
    if options.sample:
        show(run((alarms if options.alarms else news)(options.data)), options.sample, options.seed)
        return
    found = run(news(options.data))
    posts = list(found.posts.values())
    right, every = recall(found, alike(posts, 0.7))
    print(f"ru-news: {len(posts)} posts, {len(found.echoes)} echoes")
    print(f"recall of pairs at Jaccard >= 0.7: {right}/{every} = {right / every:.4f}")
    right, every = precision(found)
    print(f"precision on judged pairs: {right}/{every}")
    median = statistics.median(found.seconds) * 1e6
    print(f"cost: median {median:.1f} us a post, mean {statistics.mean(found.seconds) * 1e6:.1f}")
    morning = run(alarms(options.data))
    print(f"air-threat morning: {len(morning.posts)} posts, {len(morning.echoes)} echoes")


if __name__ == "__main__":
    main()
