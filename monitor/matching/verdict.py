"""Say why: what every rule makes of a post, also those that came near only."""

import msgspec

from monitor.hit import Reason
from monitor.matching.evaluate import Matcher
from monitor.matching.notes import apart
from monitor.matching.reasons import reasons
from monitor.matching.seen import Seen, holds
from monitor.post import Post
from monitor.rule import Rule
from monitor.rulebook.conditions import wanted_terms
from monitor.rulebook.where import wheres_in


class Verdict(msgspec.Struct, frozen=True):
    """What a rule says of a post: `id` of the rule, whether it matched, and every reason."""

    id: str
    matched: bool
    reasons: tuple[Reason, ...]


def explain(matcher: Matcher, post: Post) -> tuple[Verdict, ...]:
    """What every rule says that matched or came near: at least one of its terms was found."""
    who = matcher.speaker(post)
    seen = matcher.seen(matcher.look(post.text), who, post)
    verdicts = []
    for rule in matcher.rulebook.rules:
        why = reasons(rule.when, seen)
        if who.rules and rule.id not in who.rules:
            why = (*why, Reason(f"{who.id} is limited to rules {', '.join(who.rules)}", False))
        matched = holds(rule.when, seen) and (not who.rules or rule.id in who.rules)
        if matched or _near(rule, seen):
            verdicts.append(Verdict(rule.id, matched, why))
    return tuple(sorted(verdicts, key=lambda verdict: verdict.id))


def _near(rule: Rule, seen: Seen) -> bool:
    """Whether a word of the rule was found; of one that only asks where, a place of it."""
    words = list(wanted_terms(rule.when))
    if not words:
        return any(seen.get(where) for where in wheres_in(rule.when))
    return any(seen.get(term) or apart(term, seen) for term in words)
