"""A rerun over the stored posts against the pipeline that stored them: the same rings."""

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.alert import Alert
from monitor.backtest import rerun, ring
from monitor.correlation.windows import Memory
from monitor.incident import Ladder
from monitor.matching.evaluate import Matcher
from monitor.pipeline import Pipeline
from monitor.post import Origin, Received
from monitor.rule import Rule, Term
from monitor.rulebook.book import Rulebook, bind
from monitor.rulebook.ladder import shipped_ladder
from monitor.rulebook.watches import resolve
from monitor.source import Arrival, SourceInfo
from monitor.store.archive import stored_after
from monitor.store.database import Database
from monitor.store.past import told_since
from monitor.watch import Watch
from tests.storing import at, received

LADDER: Ladder = shipped_ladder()
HOUR = timedelta(hours=1)
WORDS = ("обстрел", "дрон", "танки", "тихо", "погода", "взрыв")
RULES = tuple(
    Rule(id=f"r{number}", title=word, when=Term(word), window=HOUR * (1 + number))
    for number, word in enumerate(WORDS[:3])
)


def book() -> Rulebook:
    """Three rules; two correlations, one of them of posts that no rule has to do with."""
    marks = dict.fromkeys(rule.id for rule in RULES)
    asked = (
        Watch(id="many", title="W", type="event_count", at_least=3, window=HOUR, timespan=HOUR),
        Watch(id="quiet", title="W", type="flatline", group_by=("source",), window=HOUR,
              timespan=3 * HOUR),
    )  # fmt: skip
    watches, _ = resolve(asked, RULES, marks, whole=False)  # type: ignore[arg-type]  # ids only
    sources = [SourceInfo(id=f"telegram:c{n}", affiliation=("ua", "ru")[n % 2]) for n in range(4)]
    return bind(RULES, sources, ladder=LADDER, watches=watches)


def plain_book() -> Rulebook:
    """The rules without correlations: most posts pass without a decision."""
    return bind(RULES, [SourceInfo(id=f"telegram:c{n}") for n in range(4)], ladder=LADDER)


def told(seed: int, count: int = 400) -> Iterator[Received]:
    """New posts, edits, deletions, forwards, copies and late ones, exercises among them."""
    draw = random.Random(seed)
    known: list[tuple[str, str, float]] = []
    minute = 0.0
    for number in range(count):
        minute += draw.random() * 12
        source = f"telegram:c{draw.randrange(4)}"
        text = " ".join(draw.choices(WORDS, k=3)) + f" {draw.randrange(6)}"
        what = draw.random()
        if known and what < 0.3:
            source, name, published = draw.choice(known)
            kind = "delete" if what < 0.1 else "edit"
            edited = minute if kind == "edit" else None
            yield received(
                name, text, published=published, edited=edited, observed=minute, kind=kind,
                source=source,
            )  # fmt: skip
            continue
        late = 300 if what > 0.95 else 0
        origin = draw.choice(known) if known and what > 0.85 else None
        one = received(
            str(number), text, published=minute - late, observed=minute, source=source,
            exercise=what > 0.8, history=0.7 < what < 0.72,
        )  # fmt: skip
        if origin is not None:
            post = one.post
            fields = {name: getattr(post, name) for name in post.__struct_fields__}
            fields["forwarded_from"] = Origin(origin[0], origin[1])
            one = Received(post=type(post)(**fields), exercise=one.exercise, history=one.history)
        if not one.exercise:
            known.append((source, str(number), minute - late))
        yield one


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("made", [book, plain_book], ids=["correlations", "rules"])
def test_what_rang_rings_again(tmp_path: Path, made: type[Rulebook], seed: int) -> None:
    """Whatever was edited, deleted, copied or came late: a rerun rings for it, when it did."""
    db = Database.open(tmp_path / "state", ballast=0)
    matcher = Matcher(made())
    pipeline = Pipeline(matcher, Memory(), virtual=True)
    rang: list[Alert] = []
    every = list(told(seed))
    for start in range(0, len(every), 20):
        batch = tuple(every[start : start + 20])
        rang += pipeline.process(db, [Arrival(posts=batch)], batch[0].post.published_at)
    expected = {ring(one): one.sent_at for one in reversed(rang) if one.rings}
    assert len(expected) > 20
    assert {one.kind for one in stored_after(db, 0)} == {"new", "edit", "delete"}
    found = rerun([matcher], told_since(db, at(-999)), at(-999), db)
    assert {key: one.sent_at for key, one in found.rings[0].items()} == expected
    assert (found.posts, found.until) == (db.head.seq, None)
    db.close()
