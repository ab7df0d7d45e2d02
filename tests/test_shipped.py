"""What ships: the rules, the sources and the recording of the quick start."""

import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor import settings
from monitor.cli import main
from monitor.matching.evaluate import Matcher, evaluate
from monitor.mistake import Mistake
from monitor.post import Post, PostName, event_time
from monitor.rulebook.book import Rulebook
from monitor.rulebook.conditions import wanted_terms
from monitor.rulebook.load import load
from monitor.sources.recording import observed, parse

QUICKSTART = settings.shipped("deploy/quickstart.yaml")
RECORDING = settings.shipped("deploy/quickstart/border-raid.jsonl")


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    """The rules and sources that the quick start names."""
    chosen = settings.load(QUICKSTART)
    return load(chosen.rules, chosen.sources, place_paths=chosen.places)


@pytest.fixture(scope="module")
def posts() -> list[Post]:
    """The recording; every line must be a post."""
    with RECORDING.open("rb") as lines:
        read = list(parse(lines, RECORDING.name))
    assert [one for one in read if isinstance(one, Mistake)] == []
    return [observed(one) for one in read if isinstance(one, Post)]


@pytest.fixture(scope="module")
def hits(rulebook: Rulebook, posts: list[Post]) -> list[tuple[Post, tuple[str, ...]]]:
    """Each post that says something, with the rules that hold for it."""
    matcher = Matcher(rulebook)
    return [
        (
            post,
            tuple(hit.rule.id for hit in evaluate(matcher, post, PostName(post.source, post.id))),
        )
        for post in posts
        if post.kind != "delete"
    ]


def said(text: str) -> Post:
    """A post of nobody."""
    return Post(source="telegram:nobody", id="1", published_at=datetime.now(UTC), text=text)


def language_of(text: str) -> str:
    """Good enough for our own sentences: Ukrainian has letters that Russian has not."""
    if text.isascii():
        return "en"
    return "uk" if re.search("[іїєґ]", text.lower()) else "ru"


def test_every_rule_shows_what_it_means(rulebook: Rulebook) -> None:
    """At least 35 rules, each with five examples or more each way."""
    assert len(rulebook.rules) >= 35
    for rule in rulebook.rules:
        assert len(rule.examples.match) >= 5, rule.id
        assert len(rule.examples.no_match) >= 5, rule.id


def test_what_must_not_match_comes_near(rulebook: Rulebook) -> None:
    """Every text that a rule must not match has a word of that rule: else it would show nothing."""
    matcher = Matcher(rulebook)
    far = []
    for rule in rulebook.rules:
        for text in rule.examples.no_match:
            seen = matcher.seen(matcher.look(text), matcher.speaker(said(text)), said(text))
            if not any(seen.get(term) for term in wanted_terms(rule.when)):
                far.append((rule.id, text))
    assert far == []


def test_the_rules_are_clean(capsys: pytest.CaptureFixture[str]) -> None:
    """`monitor lint` has nothing to say of the shipped rules themselves."""
    assert main(["lint", "--no-posts", "--strict", "rules"]) == 0, capsys.readouterr().out


def test_every_rule_speaks_three_languages(rulebook: Rulebook) -> None:
    """Each rule shows matches in Russian, Ukrainian and English."""
    lacking = [
        f"{rule.id}: {language}"
        for rule in rulebook.rules
        for language in ("ru", "uk", "en")
        if language not in {language_of(text) for text in rule.examples.match}
    ]
    assert lacking == []


def test_levels_and_kinds_of_events_are_used(rulebook: Rulebook) -> None:
    """The rules tell bad from worse, and what kind of thing it is."""
    assert len({rule.level for rule in rulebook.rules}) >= 4
    groups = {rule.event.split("/")[0] for rule in rulebook.rules}
    assert groups >= {"battles", "explosions", "warning", "infrastructure"}


def test_every_speaker_of_the_recording_is_known(rulebook: Rulebook, posts: list[Post]) -> None:
    """Every post's source has an entry that says who speaks."""
    assert {post.source for post in posts} <= set(rulebook.sources)


def test_invented_speakers_are_never_read_from_the_network(rulebook: Rulebook) -> None:
    """A source that is called exercise_... comes by recording only, and no other does."""
    for source in rulebook.sources.values():
        invented = source.id.startswith("telegram:exercise_")
        assert (source.via == ("recording",)) == invented, source.id


def test_the_recording_has_what_a_day_has(posts: list[Post]) -> None:
    """Eighty posts or more in three languages: edits, deletions, forwards, both sides."""
    kinds = Counter(post.kind for post in posts)
    assert kinds["new"] >= 80
    assert kinds["edit"] >= 2
    assert kinds["delete"] >= 1
    assert sum(post.forwarded_from is not None for post in posts) >= 3
    assert sum(language_of(post.text) == "uk" for post in posts) >= 8
    assert sum(language_of(post.text) == "en" for post in posts if post.text) >= 8
    assert {"telegram:vvgladkov", "telegram:legionoffreedom"} <= {post.source for post in posts}


def test_the_recording_is_in_order(posts: list[Post]) -> None:
    """Posts stand in the order in which they happened, so that replay and play agree."""
    moments = [post.observed_at or event_time(post) for post in posts]
    assert moments == sorted(moments)


def played_seconds(moment: datetime, posts: list[Post]) -> float:
    """When a moment of the recording is reached at the configured speed."""
    (recording,) = settings.load(QUICKSTART).recordings
    assert recording.exercise
    return (moment - event_time(posts[0])).total_seconds() / recording.speed


def test_the_first_alert_comes_at_once(
    posts: list[Post], hits: list[tuple[Post, tuple[str, ...]]]
) -> None:
    """At the configured speed the first rule holds within 3 s, and all is over in 4 minutes."""
    first = next(post for post, rules in hits if rules)
    assert played_seconds(event_time(first), posts) < 3
    assert played_seconds(event_time(posts[-1]), posts) < 240


def test_noise_does_not_match(hits: list[tuple[Post, tuple[str, ...]]]) -> None:
    """At least 25 posts match nothing; sport and history, full of the same words, never do."""
    assert sum(not rules for _, rules in hits) >= 25
    loud = [
        (post.text, rules)
        for post, rules in hits
        if rules and post.source in {"telegram:exercise_sport", "telegram:exercise_history"}
    ]
    assert loud == []


def test_every_rule_is_heard(rulebook: Rulebook, hits: list[tuple[Post, tuple[str, ...]]]) -> None:
    """Each shipped rule holds for some post of the recording."""
    assert {rule for _, rules in hits for rule in rules} == {rule.id for rule in rulebook.rules}


def test_no_post_copies_a_real_id(posts: list[Post]) -> None:
    """Ids and links of the recording lead to no real post: no address stands in it."""
    assert all(post.url is None and "t.me" not in post.text for post in posts)
    assert all(post.id.isdigit() for post in posts)


def test_shipped_files_are_found_in_a_checkout() -> None:
    """The quick start and the rules are found where the program looks for them."""
    assert QUICKSTART.is_file()
    assert Path(settings.shipped("rules")).is_dir()
