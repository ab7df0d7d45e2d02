"""Random rules and posts from a seed, for comparing the engine with the reference matcher.

Words are few, so that conditions hold often enough; texts have all that posts hide words with.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from monitor.lexicon.surfaces import as_written
from monitor.matching.evaluate import Matcher, evaluate
from monitor.post import Media, Origin, Post, PostName
from monitor.rule import (
    AllOf,
    AnyOf,
    AtLeast,
    Condition,
    Count,
    Except,
    Link,
    NoneOf,
    Rule,
    Scope,
    Shape,
    Speaker,
    Term,
    Unit,
)
from monitor.rulebook.book import bind
from monitor.source import SourceInfo
from tests import naive

NAME = PostName("telegram:x", "1")
WHO = SourceInfo(id="telegram:x", role="media", language="ru")
WHEN = datetime(2023, 5, 22, tzinfo=UTC)
POSTS_A_SET = 20

WORDS = (
    "дрг", "Mосква", "москва", "take", "таке", "Гора-Подол", "гора", "подол", "п'ять", "пять",
    "ять", "it's", "С-300", "C-300", "300", "Müller", "mueller", "straße", "ещё", "еще",
    "и\u0306од", "йод", "сло\u00adво", "слово", "сло\u200bво", "за\u0301мок", "замок",
    "им", "him", "НЕТ", "нет", "HET", "обстрел", "обстрелы", "обстреляли", "x", "х", "ѕлово",
    "Ελλάδα", "مرحبا", " 北京市 ", "𝗱𝗿𝗼𝗻𝗲", "drone", "взяты", "слова", "Snow", "snow",
    "Лев", "левом",
    "8", "трое", "более 20", "3-5", "и", "г.", "ул.", "Не", "https://www.example.org/one",
    "t.me/one", "example.com",
)  # fmt: skip
GAPS = (
    " ", " ", " ", " ", " ", " ", "  ", ", ", ". ", ".\n\n", "! ", "?\n", " — ", "-", "«", "» ",
    "🔥", "⚡️", "'", "’", "\u200b", "", " #", "#", "_", "&#",
)  # fmt: skip
TERMS = (
    "дрг", "москва", "take", "таке", "Гора-Подол", "гора", "п'ять", "пять", "С-300", "300",
    "Müller", "straße", "ещё", "йод", "слово", "замок", "им", "him", "нет", "обстрел", "x", "х",
    "Ελλάδα", "مرحبا", "北京", "drone", "обстр*", "мос*", "=нет", "==НЕТ", "гора подол",
    "взят* гор*", "сло* слово", "им take", "замок обстр*", "С 300 нет", "@Снов", "@Лев", "~обстрел",
    "uk:слово", "#слово", "#сло*", "слово ~2 нет", "слово >2 замок", "сло* ~3 =нет", "дрг ~3 дрг",
    "@Снов ~4 Ελλάδα", "the*", "/[сc]л.в/", "/нет|дрг/", "/обстр[а-я]{1,5}/", "8", "трое",
)  # fmt: skip


class Maker:
    """Draws rules and posts, always the same ones for a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def rules(self) -> tuple[Rule, ...]:
        """One to five rules."""
        many = self._random.randint(1, 5)
        return tuple(Rule(id=f"r{at}", title="x", when=self.condition(3)) for at in range(many))

    def condition(self, depth: int) -> Condition:
        """A condition of any kind, groups within groups up to a depth."""
        kind = self._random.randrange(10)
        if depth == 0 or kind < 3:
            return self._leaf()
        if kind == 9:
            unit: Unit = "sentence" if self._random.random() < 0.7 else "paragraph"
            return Scope(unit, self.condition(depth - 1))
        parts = tuple(self.condition(depth - 1) for _ in range(self._random.randint(1, 4)))
        if kind < 5:
            return AnyOf(parts)
        if kind < 7:
            return AllOf(parts[:3])
        return NoneOf(parts[:2]) if kind == 7 else AtLeast(self._random.randint(1, 3), parts)

    def _leaf(self) -> Condition:
        kind = self._random.randrange(12)
        if kind < 8:
            return self._term()
        if kind == 8:
            return Except(self._terms(), self._terms())
        if kind == 9:
            return Count(
                of=self._terms(),
                but=self._terms() if self._random.random() < 0.3 else (),
                at_least=self._random.choice((None, 1, 5)),
                at_most=self._random.choice((None, 5, 8)),
                name=self._random.choice(("number", "injured")),
            )
        if kind == 10:
            return self._random.choice((Link(("example.org",)), Link(("t.me/one", "example.com"))))
        shapes = (
            Shape(has=("video",)), Shape(has=("media", "poll")), Shape(words=False),
            Shape(forwarded=False), Shape(reply=True, edited=False),
            Speaker(role=("official", "media")), Speaker(language=("uk",)),
        )  # fmt: skip
        return self._random.choice(shapes)

    def _term(self) -> Term:
        return Term(self._random.choice(TERMS))

    def _terms(self) -> tuple[Term, ...]:
        return tuple(self._term() for _ in range(self._random.randint(1, 3)))

    def post(self) -> Post:
        """A post of up to twenty words."""
        choice, chance = self._random.choice, self._random.random
        words = (choice(WORDS) + choice(GAPS) for _ in range(self._random.randint(0, 20)))
        kinds = [Media("photo"), Media("video"), Media("preview")]
        return Post(
            source=WHO.id,
            id="1",
            kind="edit" if chance() < 0.2 else "new",
            published_at=WHEN,
            text="".join(words),
            reply_to="7" if chance() < 0.2 else None,
            forwarded_from=Origin("telegram:y", "9") if chance() < 0.2 else None,
            media=tuple(self._random.sample(kinds, self._random.randint(0, 2))),
            links=("https://hidden.example.org/page",) if chance() < 0.1 else (),
        )


def answers(matcher: Matcher, post: Post) -> list[naive.Answer]:
    """The engine's answer in the reference's words; what stands nowhere in the text is left out."""
    return [
        (
            hit.rule.id,
            [(at.start, at.end, at.term or "") for at in hit.found if at.end],
            {name: value for name, value in hit.captured.items() if isinstance(value, int)},
        )
        for hit in evaluate(matcher, post, NAME)
    ]


class Pair(NamedTuple):
    """Rules and a post, with what the engine and the reference say."""

    rules: tuple[Rule, ...]
    post: Post
    engine: list[naive.Answer]
    reference: list[naive.Answer]

    @property
    def difference(self) -> str:
        """The first rule on which they disagree, and what both say of it; "" if there is none."""
        said = [{one[0]: one for one in answer} for answer in (self.engine, self.reference)]
        for rule in self.rules:
            mine, theirs = (one.get(rule.id) for one in said)
            if mine != theirs:
                return f"{rule.when}\n{self.post.text!r}\nengine    {mine}\nreference {theirs}"
        return ""


def compared(pairs: int, seed: int) -> Iterator[Pair]:
    """So many pairs of rules and a post, judged by both."""
    for number in range(pairs // POSTS_A_SET):
        made = Maker(seed * 1_000_003 + number)
        rules = made.rules()
        matcher = Matcher(bind(rules, [WHO]), inflect=as_written)
        for _ in range(POSTS_A_SET):
            post = made.post()
            yield Pair(
                rules, post, answers(matcher, post), naive.evaluate(rules, post.text, WHO, post)
            )
