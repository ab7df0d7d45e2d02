"""Run the examples of a rulebook through its matcher: `monitor test`, and whenever rules load."""

from collections.abc import Callable, Iterator
from functools import lru_cache

from monitor.hit import Reason
from monitor.matching.evaluate import Matcher
from monitor.matching.reasons import reasons, telling
from monitor.matching.seen import Seen, holds
from monitor.mistake import Mistake
from monitor.rule import Condition, Rule
from monitor.rulebook.book import Rulebook
from monitor.rulebook.examples import Tried, run_examples, try_examples
from monitor.source import SourceInfo

NOBODY = SourceInfo(id="example:nobody")


def rehearse(rulebook: Rulebook, matcher: Matcher) -> tuple[Mistake, ...]:
    """A mistake for each example that the matcher judges otherwise than it says."""
    return run_examples(rulebook, _judge(matcher))


def rehearsal(rulebook: Rulebook, matcher: Matcher) -> Iterator[Tried]:
    """Every example with what came of it."""
    return try_examples(rulebook, _judge(matcher))


class _Judged:
    """Whether a condition holds for a text; why is worked out when somebody asks."""

    def __init__(self, condition: Condition, seen: Seen) -> None:
        self._condition, self._seen = condition, seen
        self.matched = holds(condition, seen)

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """One for each part of it."""
        return tuple(telling(reasons(self._condition, self._seen)))


def _judge(matcher: Matcher) -> Callable[[Rule, Condition, str], _Judged]:
    named = lru_cache(maxsize=1)(matcher.terms_named)  # examples come rule by rule

    def judge(rule: Rule, condition: Condition, text: str) -> _Judged:
        return _Judged(condition, matcher.seen(matcher.look(text), NOBODY, wanted=named(rule)))

    return judge
