"""Two layers of rules say what one matcher of all of them would say."""

import pickle
import random

import msgspec
import pytest

from monitor.lexicon.surfaces import as_written
from monitor.matching.evaluate import Matcher, evaluate
from monitor.matching.layered import Layered
from monitor.matching.verdict import explain
from monitor.post import Post
from monitor.rule import Rule
from monitor.rulebook.book import Rulebook, bind
from tests.random_rules import NAME, WHO, Maker


def drawn(maker: Maker, *names: str) -> list[Rule]:
    """Rules of these ids."""
    found: list[Rule] = []
    while len(found) < len(names):
        found += maker.rules()
    return [
        msgspec.structs.replace(rule, id=name) for rule, name in zip(found, names, strict=False)
    ]


def matcher(book: Rulebook) -> Matcher:
    """Of words as they are written: forms are tested elsewhere."""
    return Matcher(book, inflect=as_written)


def told(which: Matcher, post: Post) -> list[tuple[object, ...]]:
    """Every hit with its words."""
    return [
        (one.rule, one.found, one.place, one.captured, one.role, one.family, one.rulebook)
        for one in evaluate(which, post, NAME)
    ]


@pytest.mark.parametrize("seed", range(12))
def test_layers_say_what_one_matcher_says(seed: int) -> None:
    """Rules changed, added and taken out: hits and their words are the same, and what came near."""
    rng, maker = random.Random(seed), Maker(seed)
    old = drawn(maker, *(f"rule-{number:02}" for number in range(12)))
    names = [one.id for one in old]
    changed, gone = names[2:5], names[8:10]
    above = drawn(maker, *changed, "rule-02-more", "rule-99")
    rng.shuffle(above)
    hidden = frozenset((*changed, *gone))
    whole = bind([*(one for one in old if one.id not in hidden), *above], [WHO])
    expected = matcher(whole)
    layered = Layered(matcher(bind(old, [WHO])), matcher(bind(above, [WHO])), hidden, whole)
    if seed % 3 == 0:
        layered = pickle.loads(pickle.dumps(layered))  # noqa: S301 - our own
    for _ in range(40):
        post = maker.post()
        assert told(layered, post) == told(expected, post), post.text
        # (Which of several proofs is shown may differ, not whether a rule holds or came near.)
        near = [[(one.id, one.matched) for one in explain(it, post)] for it in (layered, expected)]
        assert near[0] == near[1], post.text
