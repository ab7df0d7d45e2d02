"""Run the examples of a rulebook through its matcher: `monitor test`, and whenever rules load."""

from collections.abc import Callable, Iterator

from monitor.matching.evaluate import Matcher
from monitor.matching.reasons import reasons, telling
from monitor.matching.seen import holds
from monitor.matching.verdict import Verdict
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


def _judge(matcher: Matcher) -> Callable[[Rule, Condition, str], Verdict]:
    def judge(rule: Rule, condition: Condition, text: str) -> Verdict:
        seen = matcher.seen(matcher.look(text), NOBODY, wanted=matcher.terms_named(rule))
        told = tuple(telling(reasons(condition, seen)))
        return Verdict(rule.id, holds(condition, seen), told)

    return judge
