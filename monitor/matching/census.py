"""Count what is found in many posts: each term by itself, in which forms, and each rule."""

from collections import Counter
from collections.abc import Iterable

from monitor.matching.evaluate import Matcher, evaluate
from monitor.post import Post, PostName
from monitor.rule import Rule, Term
from monitor.rulebook.book import bind


class Census:
    """Counts over posts; `take` them one by one.

    `posts` is how many were taken; `found` in how many of them each term stands; `forms` how often
    each term was found as which text (lower case).
    """

    def __init__(self, terms: Iterable[str]) -> None:
        """Compile each term as a rule of its own.

        Raises:
            MistakesError: a term that cannot be used.
        """
        self._terms = dict(enumerate(dict.fromkeys(terms)))
        rules = (
            Rule(id=f"{number:07}", title=term, when=Term(term))
            for number, term in self._terms.items()
        )
        self._matcher = Matcher(bind(rules, ()))
        self.posts = 0
        self.found: Counter[str] = Counter()
        self.forms: dict[str, Counter[str]] = {term: Counter() for term in self._terms.values()}

    def take(self, post: Post) -> None:
        """Count a post."""
        self.posts += 1
        for hit in evaluate(self._matcher, post, PostName(post.source, post.id)):
            term = self._terms[int(hit.rule.id)]
            self.found[term] += 1
            self.forms[term].update(one.text.lower() for one in hit.found)
