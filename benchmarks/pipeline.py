"""Replay end to end beside its ceiling, and the worst posts.

    python benchmarks/pipeline.py [--rules 1000] [--posts 12000] [--rounds 3] [--json FILE]

`replay`: JSON lines are decoded and go through the whole pipeline, 500 at a time, into a store on
disk: admitted, judged, correlated, committed with `synchronous=FULL`; where a core is idle they are
read ahead by a copy of the process, as in `monitor replay`. `in one process`: the same without a
copy. `ceiling`: the same lines decoded, folded, scanned, and written by one plain batched insert of
the same size. `worst`: a post of 4,096 characters and one of a megabyte (cut to 64 KiB by the cap),
full of words of the rules.
"""

import argparse
import json
import sqlite3
import statistics
import tempfile
import time
from datetime import timedelta
from functools import partial
from itertools import islice
from pathlib import Path

import msgspec
from drawn import NAME, WHEN, book, posts

from monitor.ahead import FIRST, read_ahead
from monitor.correlation.windows import Memory
from monitor.garbage import rare_collections
from monitor.matching.evaluate import Matcher, evaluate
from monitor.pipeline import Pipeline
from monitor.post import Post
from monitor.store.content import Sound
from monitor.store.database import Database
from monitor.text.caps import capped
from monitor.text.fold import fold

BATCH = 500


def recorded(count: int) -> list[bytes]:
    """Posts as a recording has them, one a second."""
    return [
        msgspec.json.encode(
            msgspec.structs.replace(one, id=str(number), published_at=WHEN + timedelta(0, number))
        )
        for number, one in enumerate(posts(count))
    ]


def replay(lines: list[bytes], matcher: Matcher, folder: Path, *, alone: bool = False) -> float:
    """Seconds of the whole pipeline; `alone`: without a copy that reads ahead."""
    decoder = msgspec.json.Decoder(Post)
    db = Database.open(folder, ballast=0)
    pipeline = Pipeline(matcher, Memory(), virtual=True)
    started = time.perf_counter()
    first = 0 if alone else FIRST  # none is the 0th: there will be no copy
    ready = read_ahead(map(decoder.decode, lines), matcher, exercise=False, first=first)
    while batch := [one for one in islice(ready, BATCH) if isinstance(one, Sound)]:
        pipeline.settle(db, batch, batch[-1].received.post.published_at)
    seconds = time.perf_counter() - started
    db.close()
    return seconds


def ceiling(lines: list[bytes], matcher: Matcher, folder: Path) -> float:
    """Seconds of what cannot be left out."""
    decoder = msgspec.json.Decoder(Post)
    db = sqlite3.connect(folder / "plain.db", isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE posts (source TEXT, id TEXT, at TEXT, body BLOB, UNIQUE (source, id))")
    find = matcher.scan
    started = time.perf_counter()
    for start in range(0, len(lines), BATCH):
        rows = []
        for line in lines[start : start + BATCH]:
            post = decoder.decode(line)
            find(fold(post.text))
            rows.append((post.source, post.id, post.published_at.isoformat(), line))
        db.execute("BEGIN")
        db.executemany("INSERT INTO posts VALUES (?, ?, ?, ?)", rows)
        db.execute("COMMIT")
    seconds = time.perf_counter() - started
    db.close()
    return seconds


def worst(matcher: Matcher, rules: int, rounds: int) -> dict[str, float]:
    """Milliseconds for posts that are full of words of the rules."""
    words = [text for rule in book(rules).rules[:400] for text in _texts(rule)]
    whole = " ".join(words * 40)
    texts = {"4,096 characters": whole[:4096], "1 MB": capped((whole * 20)[:1_000_000])[0]}
    found = {}
    for name, text in texts.items():
        post = Post(source=NAME.source, id="1", published_at=WHEN, text=text)
        times = []
        for _ in range(rounds * 5):
            started = time.thread_time()
            evaluate(matcher, post, NAME)
            times.append((time.thread_time() - started) * 1e3)
        found[f"worst {name}, ms"] = statistics.median(times)
        found[f"its rules, {name}"] = len(evaluate(matcher, post, NAME))
    return found


def _texts(rule: object) -> list[str]:
    return [one["text"] for one in _terms(msgspec.to_builtins(rule))]


def _terms(value: object) -> list[dict[str, str]]:
    if isinstance(value, dict):
        own = [value] if value.get("type") == "term" else []
        return own + [one for part in value.values() for one in _terms(part)]
    if isinstance(value, list | tuple):
        return [one for part in value for one in _terms(part)]
    return []


def measure(rules: int, count: int, rounds: int) -> dict[str, float]:
    """All of it."""
    matcher, lines = Matcher(book(rules)), recorded(count)
    runs = {"ceiling": ceiling, "replay": replay, "in one process": partial(replay, alone=True)}
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            with tempfile.TemporaryDirectory(prefix="monitor-bench-", dir=".") as folder:
                Path(folder).chmod(0o700)
                with rare_collections():  # as `monitor replay` does
                    taken[name].append(run(lines, matcher, Path(folder)))

    def share(name: str) -> float:
        both = zip(taken["ceiling"], taken[name], strict=True)
        return statistics.median(least / whole for least, whole in both)

    return {
        "rules": rules,
        "posts": count,
        **{f"{name} posts/s": count / statistics.median(taken[name]) for name in runs},
        "replay / ceiling": share("replay"),
        "in one process / ceiling": share("in one process"),
        **worst(matcher, rules, rounds),
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rules", type=int, default=1_000)
    parser.add_argument("--posts", type=int, default=12_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found = measure(options.rules, options.posts, options.rounds)
    for name, value in found.items():
        print(f"{name:30} {value:12.3f}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
