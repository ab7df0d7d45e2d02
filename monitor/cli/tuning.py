"""`monitor backtest --tune RULE --wrong POST...`: what to exclude so that false hits go."""

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from monitor.cli.check import counted
from monitor.cli.screen import safe
from monitor.clock import SystemClock
from monitor.form import did_you_mean
from monitor.hit import Hit, spans
from monitor.matching.evaluate import Matcher, evaluate
from monitor.matching.exclusions import Advice, Judged, advise, excluding
from monitor.mistake import Mark, Mistake, MistakesError
from monitor.post import Post, PostName
from monitor.rule import Rule
from monitor.rulebook.book import Rulebook, bind
from monitor.settings import Settings
from monitor.store.archive import find, stored_since
from monitor.store.database import Database
from monitor.store.outbox import alert
from monitor.workshop import matcher_of

MOST_ELSEWHERE = 20_000
"""Posts without a hit that words are counted in."""
FEW = 20
"""With fewer right hits than this, that none of them has a word proves little."""


class Past(NamedTuple):
    """The stored posts: those that the rule holds for by name, the texts of others, how many."""

    hits: Mapping[str, tuple[Post, tuple[Hit, ...]]]
    elsewhere: Sequence[str]
    posts: int


class Outcome(NamedTuple):
    """The advice, and what the changed rule did with the same posts when it was run."""

    rule: Rule
    past: Past
    wrong: Sequence[str]
    right: Sequence[str]
    advice: Advice
    gone: int
    kept: int


def tune(options: argparse.Namespace, chosen: Settings, book: Rulebook) -> int:
    """Print the exclusions; exit code 0, 1 if there are none.

    Raises:
        MistakesError: there is no such rule, or it does not hold for a post that is named.
    """
    rule = next((one for one in book.rules if one.id == options.tune), None)
    if rule is None:
        hint = did_you_mean(options.tune, [one.id for one in book.rules])
        raise MistakesError([
            Mistake(Mark("--tune", 1, 1), f"there is no rule `{safe(options.tune)}`", hint)
        ])  # fmt: skip
    matcher = _matcher(book, rule, chosen)
    db = Database.open(chosen.state, readonly=True)
    try:
        past = _past(db, matcher, options.since)
        wrong = _meant(db, options.wrong, past, "--wrong", rule)
        right = _meant(db, options.right, past, "--right", rule) if options.right else None
    finally:
        db.close()
    kept = [name for name in past.hits if name not in wrong and (right is None or name in right)]
    advice = advise(
        [_judged(name, *past.hits[name]) for name in wrong],
        [past.hits[name][0].text for name in kept],
        past.elsewhere,
    )
    after = _matcher(book, excluding(rule, [one.term for one in advice.exclusions]), chosen)
    still = {name for name, (post, _) in past.hits.items() if _hits(after, post)}
    found = Outcome(
        rule, past, wrong, kept, advice,
        gone=sum(name not in still for name in wrong), kept=sum(name in still for name in kept),
    )  # fmt: skip
    print(_json(found) if options.json else _text(found))
    return 0 if advice.exclusions else 1


def _matcher(book: Rulebook, rule: Rule, chosen: Settings) -> Matcher:
    alone = bind((rule,), book.sources.values(), places=book.places, areas=book.areas)
    return matcher_of(alone, chosen.state)


def _hits(matcher: Matcher, post: Post) -> tuple[Hit, ...]:
    return evaluate(matcher, post, PostName(post.source, post.id))


def _past(db: Database, matcher: Matcher, since: timedelta) -> Past:
    """One look at what is stored; of a post with several versions the last that holds counts."""
    hits: dict[str, tuple[Post, tuple[Hit, ...]]] = {}
    elsewhere: list[str] = []
    posts = 0
    for stored in stored_since(db, SystemClock().now() - since):
        if stored.post is None or stored.kind == "delete":
            continue
        posts += 1
        if held := _hits(matcher, stored.post):
            hits[f"{stored.name.source}/{stored.name.id}"] = stored.post, held
        elif len(elsewhere) < MOST_ELSEWHERE:
            elsewhere.append(stored.post.text)
    return Past(hits, elsewhere, posts)


def _meant(
    db: Database, given: Iterable[str], past: Past, option: str, rule: Rule
) -> tuple[str, ...]:
    """The names of the posts that are meant by names and by ids of alerts."""
    names: dict[str, None] = {}
    mistakes = []
    for one in given:
        meant = _posts(db, one)
        among = [name for name in meant if name in past.hits]
        names |= dict.fromkeys(among)
        if not among:
            said = f"rule `{rule.id}` does not hold for {safe(one)}" if meant else (
                f"nothing is known of {safe(one)}"
            )  # fmt: skip
            hint = "write SOURCE/ID or an alert's id; --since 30d looks farther back"
            mistakes.append(Mistake(Mark(option, 1, 1), said, hint))
    if mistakes:
        raise MistakesError(mistakes)
    return tuple(names)


def _posts(db: Database, given: str) -> list[str]:
    told = alert(db, given)
    if told is not None:
        return [f"{post.source}/{post.id}" for post in told.posts]
    stored = find(db, given)
    return [f"{stored.name.source}/{stored.name.id}"] if stored else []


def _judged(name: str, post: Post, hits: Sequence[Hit]) -> Judged:
    return Judged(name, post.text, spans(tuple(one for hit in hits for one in hit.found)))


def _text(found: Outcome) -> str:
    """For people: what to write, what it was seen to do, and how far to trust it."""
    advice, wrong, right = found.advice, len(found.wrong), len(found.right)
    hits, posts = len(found.past.hits), found.past.posts
    lines = [f"{found.rule.id} holds for {hits:,} of {posts:,} stored posts"]
    lines[0] += f"; {wrong} named wrong, {right:,} to keep"
    if not advice.exclusions:
        lines.append("no word stands in the wrong posts that does not stand in right ones, too")
        return "\n".join(lines)
    width = max(len(one.term) for one in advice.exclusions)
    lines += ["", f"add to `not` ({found.rule.file}:{found.rule.line}):", ""]
    lines.append(f"    not: [{', '.join(one.term for one in advice.exclusions)}]")
    lines.append("")
    for one in advice.exclusions:
        lines.append(
            f"  {one.term:<{width}}  removes {counted(len(one.removes), 'wrong post')}; stands in"
            f" {counted(one.elsewhere, 'post')} that the rule does not concern"
        )
    lines += [
        "",
        f"run with it: {found.gone} of {wrong} wrong are gone, {found.kept:,} of {right:,} stay",
    ]
    lines += [f"  still wrong: {safe(name)} - nothing tells it apart" for name in advice.stay]
    return "\n".join([*lines, *_doubts(found)])


def _doubts(found: Outcome) -> list[str]:
    """What speaks against trusting the words."""
    wrong, doubts = len(found.wrong), []
    if wrong > 1:
        doubts.append(
            f"found from the others alone, the words would have removed {found.advice.foretold} of"
            f" {wrong}: expect about as much of posts to come"
        )
    else:
        doubts.append("one wrong post shows little: name more of them with --wrong")
    if len(found.right) < FEW:
        doubts.append(
            f"only {counted(len(found.right), 'right post')}: a word can miss them by chance"
        )
    return [f"doubt: {one}" for one in doubts]


def _json(found: Outcome) -> str:
    return json.dumps(
        {
            "rule": found.rule.id,
            "posts": found.past.posts,
            "hits": len(found.past.hits),
            "wrong": list(found.wrong),
            "right": len(found.right),
            "not": [one._asdict() for one in found.advice.exclusions],
            "stay": list(found.advice.stay),
            "foretold": found.advice.foretold,
            "gone": found.gone,
            "kept": found.kept,
        },
        ensure_ascii=False,
    )
