"""`monitor lint`: terms and rules that are likely not meant as they are written."""

import argparse
import json
from collections import Counter
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path

from monitor.cli.check import counted
from monitor.cli.config import add_config
from monitor.cli.stored import configured, days, stored_posts
from monitor.cli.target import read_target
from monitor.lexicon.inflect import plain_forms
from monitor.lexicon.surfaces import Surface, surfaces
from monitor.lexicon.terms import TermProblem, parse
from monitor.matching.census import Census
from monitor.matching.evaluate import Matcher, evaluate
from monitor.post import Post, PostName
from monitor.rulebook.book import Rulebook
from monitor.rulebook.conditions import terms_in
from monitor.rulebook.lint import KINDS, Counts, Finding, lint
from monitor.rulebook.marks import TermMarks
from monitor.workshop import matcher_of


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_config(parser)
    parser.add_argument("--strict", action="store_true", help="exit code 1 if anything is found")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument(
        "--since", type=days, default="30d", metavar="30d", help="measure on posts so old (30d)"
    )
    parser.add_argument(
        "--no-posts", action="store_true", help="look at the rules alone, not at stored posts"
    )
    parser.add_argument(
        "path", nargs="?", metavar="PATH", help="a configuration, a rule file, or a folder of them"
    )


def run(options: argparse.Namespace) -> int:
    """Print the findings; exit code 0, with --strict 1 if there is one."""
    target = read_target(options.path, options.config)
    book = target.rulebook
    counts = None
    if not options.no_posts:
        posts = stored_posts(configured(options.config), options.since)
        counts = _measure(matcher_of(book, target.state), posts)
    marks = TermMarks(map(Path, book.files))
    found = lint(book, marks, _forms(book), counts)
    size = counts.posts if counts else 0
    print(_json(found, size) if options.json else _text(found, size, len(book.rules)))
    return 1 if found and options.strict else 0


def _measure(matcher: Matcher, posts: Iterable[Post]) -> Counts:
    """What the stored posts say."""
    census = Census(term.text for rule in matcher.rulebook.rules for term in terms_in(rule.when))
    rules: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    for post in posts:
        census.take(post)
        hits = evaluate(matcher, post, PostName(post.source, post.id))
        held = sorted({hit.rule.id for hit in hits})
        rules.update(held)
        pairs.update(combinations(held, 2))
    return Counts(census.posts, census.found, census.forms, rules, pairs)


def _forms(book: Rulebook) -> dict[str, tuple[Surface, ...]]:
    """The surface forms of every term."""
    made: dict[str, tuple[Surface, ...]] = {}
    for rule in book.rules:
        for term in terms_in(rule.when):
            if term.text not in made:
                parsed = parse(term.text)
                # What two words near each other say, no phrase of theirs says alone.
                if isinstance(parsed, TermProblem) or parsed.near:
                    continue
                found = surfaces(parsed, plain_forms)
                made[term.text] = tuple(one for one in found if isinstance(one, Surface))
    return made


def _text(found: tuple[Finding, ...], posts: int, rules: int) -> str:
    lines = [str(one) for one in found]
    kinds = Counter(one.kind for one in found)
    told = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common()) or "nothing found"
    measured = f"{posts:,} stored posts" if posts else "no stored posts to measure on"
    return "\n".join([*lines, f"{counted(rules, 'rule')}, {measured}: {told}"])


def _json(found: tuple[Finding, ...], posts: int) -> str:
    return json.dumps(
        {
            "posts": posts,
            "findings": [
                {**one.mark._asdict(), "kind": one.kind, "message": one.message, "hint": one.hint,
                 "means": KINDS[one.kind]}
                for one in found
            ],
        },
        ensure_ascii=False,
    )  # fmt: skip
