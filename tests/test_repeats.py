"""Copies are known from their words, footers apart; templates are no copies."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise, product

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.correlation.known import NUMBER, minute_of
from monitor.correlation.repeats import (
    FEW,
    MOST_POSTS,
    WINDOW,
    Repeats,
    cited,
    followers,
    forgetting,
    origin_of,
    put,
    reopened,
    sketched,
    without,
)
from monitor.correlation.windows import Past, remember
from monitor.incident import Support
from monitor.post import Post
from monitor.text.sketch import ALIKE, bits, is_copy, least_shared, likeness, sketch

START = datetime(2023, 5, 22, 9, 0, tzinfo=UTC)
LONG = (
    "Губернатор сообщил, что диверсионная группа зашла на территорию Грайворонского округа, "
    "армия и пограничная служба принимают меры по ликвидации противника, жителей сёл вывозят "
    "автобусами в пункты временного размещения"
)


def support(source: str, id_: str, text: str, minutes: float = 0, **more: object) -> Support:
    """A post's backing, with its sketch."""
    values: dict[str, object] = {
        "incident": "i", "version": 1, "exercise": False, "rule": "r", "family": source,
        "affiliation": "unknown", "role": "unknown", "sketch": sketch(text),
        "published_at": START + timedelta(minutes=minutes),
    }  # fmt: skip
    return Support(source=f"telegram:{source}", id=id_, **(values | more))  # type: ignore[arg-type]


def known(*posts: Support) -> Repeats:
    """What is known after these posts."""
    repeats = Repeats()
    for one in posts:
        repeats = put(repeats, "raid", one)
    return repeats


def contents(repeats: Repeats) -> tuple[object, ...]:
    """All that a value knows, copied."""
    table = repeats.table
    every = [one for number, one in table.known.items() if number >= table.first]
    known = {one.key: (one.support, one.sign & ~NUMBER) for one in every}
    found = {mark: tuple(one.key for one in table.found(mark)) for mark in table.index}
    index = {mark: keys for mark, keys in found.items() if keys}
    tails = {
        (source, line): tuple(each >= table.first for each in as_list(ends)).count(True)
        for source, lines in table.tails.items()
        for line, ends in lines.items()
    }
    minutes = {
        at: frozenset(one.key for one in filed)
        for at, filed in table.minutes.items()
        if at >= repeats.floor
    }
    assert len(repeats) == len(known)
    return known, index, {line: many for line, many in tails.items() if many}, minutes


def as_list(ends: int | list[int]) -> list[int]:
    """The numbers of the posts that end with a line."""
    return ends if isinstance(ends, list) else [ends]


def test_what_cannot_be_alike_is_told_without_comparing() -> None:
    """Two texts that are copies share at least as many bits as the cheap look asks."""
    texts = [LONG, f"{LONG} - ТАСС", LONG.replace("принимают", "предпринимают"), f"⚡️ {LONG}!"]
    texts += [" ".join(LONG.split()[:count]) for count in range(6, len(LONG.split()))]
    sketches = [sketch(text) for text in texts]
    seen = 0
    for one, other in product(sketches, repeat=2):
        for mine, yours in ((one.pairs, other.pairs), (one.pieces, other.pieces)):
            if mine and yours and likeness(mine, yours) >= ALIKE:
                seen += 1
                shared = (bits(mine) & bits(yours)).bit_count()
                assert shared >= least_shared(mine, bits(mine))
    assert seen > 2 * len(texts)
    far = sketch("Совсем другой длинный текст о погоде на севере области и ценах на хлеб в мае")
    shared = (bits(far.pairs) & bits(sketches[0].pairs)).bit_count()
    assert shared < least_shared(far.pairs, bits(far.pairs))


def test_near_copies_are_known_across_small_changes() -> None:
    """A source's name added, a mark changed, a word replaced: still the same text."""
    for text in (f"⚡️ {LONG}!", f"{LONG} - ТАСС", LONG.replace("принимают", "предпринимают")):
        assert is_copy(sketch(LONG), sketch(text)), text


def test_templates_that_differ_in_place_number_or_time_are_no_copies() -> None:
    """The same sentence about another place, number or time says another thing."""
    for template, mine, yours in (
        ("Рух БПЛА через {} у напрямку {}", ("Сахновщину", "Магдалинівки"), ("Суми", "Ромен")),
        ("В {}е объявлена ракетная опасность до утра", ("Белгород",), ("Курск",)),
        ("Сбиты {} беспилотника над областью, пострадавших нет", ("3",), ("8",)),
        ("Виліт {}бортів МіГ-31К з аеродрому «Саваслейка», Нижегородщина", ("",), ("2х ",)),
        ("Тривога оголошена о {} в усіх районах області", ("10:15",), ("12:40",)),
        (LONG.replace("Грайворонского", "{}"), ("Грайворонского",), ("Шебекинского",)),
    ):
        one, other = template.format(*mine), template.format(*yours)
        assert not is_copy(sketch(one), sketch(other)), one


def test_footers_are_learned_from_the_channels_own_posts() -> None:
    """After three posts with one last line, it is no part of what a post of the channel says."""
    footer = "\n\nПодписывайтесь на Первый Городской, прислать новость сюда"
    texts = ("Открыли мост через реку", "Завтра обещают сильный дождь", "Трамваи идут по-новому")
    posts = [support("first", str(n), text + footer) for n, text in enumerate(texts)]
    body = "Жителей приграничных сёл вывозят автобусами в город"
    post = Post(source="telegram:first", id="9", published_at=START, text=body + footer)
    assert sketched(known(*posts), post).words == 7
    assert sketched(known(*posts[:2]), post).words == 14
    assert sketched(known(*posts), msgspec.structs.replace(post, source="telegram:x")).words == 14


def test_the_origin_is_the_earliest_known_post() -> None:
    """Of several that say the same, the one published first is repeated."""
    repeats = known(support("b", "1", LONG, 5), support("a", "1", LONG, 2), support("c", "1", LONG))
    found = origin_of(repeats, "raid", support("d", "1", LONG, 9))
    assert found is not None
    assert found.source == "telegram:c"
    assert origin_of(repeats, "other topic", support("d", "1", LONG, 9)) is None
    assert origin_of(repeats, "raid", support("d", "1", LONG, -9)) is None


def test_short_texts_are_copies_only_at_once() -> None:
    """The same short alarm hours later is said again, not copied."""
    text = "БпЛА курсом на Полтаву з півночі області"
    repeats = known(support("a", "1", text))
    assert origin_of(repeats, "raid", support("b", "1", text, 5)) is not None
    assert origin_of(repeats, "raid", support("b", "1", text, 70)) is None


def test_links_to_a_post_are_read_from_text_and_links() -> None:
    """t.me/NAME/ID names a post, in any writing; one's own posts are not cited."""
    post = Post(
        source="telegram:paper", id="1", published_at=START, text="see https://t.me/s/Legion/17",
        links=("http://telegram.me/vvgladkov/5", "https://t.me/paper/3", "https://t.me/legion"),
    )  # fmt: skip
    assert cited(post) == ("telegram:legion/17", "telegram:vvgladkov/5")
    repeats = known(support("Legion", "17", "we are in the village, says the legion"))
    found = origin_of(repeats, "raid", support("paper", "1", "see", 4, cites=cited(post)))
    assert found is not None
    assert found.id == "17"


def test_what_is_old_is_forgotten_with_all_its_traces() -> None:
    """After two days nothing is left of a post, neither its words nor its last line."""
    repeats = forgetting(known(support("a", "1", LONG)), START + WINDOW + timedelta(minutes=1))
    assert repeats.floor == minute_of(START) + 1
    table = repeats.table
    assert (table.known, table.index, table.tails, table.minutes) == ({}, {}, {}, {})
    assert contents(put(repeats, "raid", support("a", "1", LONG))) == ({}, {}, {}, {})
    assert MOST_POSTS >= 100_000


def test_however_many_are_forgotten_at_once_few_are_taken_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A gap of days, or too many posts, forgets all of them at once, and takes out a few a time."""
    posts = [support(f"c{number}", str(number), "x", number / 10) for number in range(300)]
    repeats, there = known(*posts), [300]
    while there[-1]:
        repeats = forgetting(repeats, START + 2 * WINDOW)
        assert len(repeats) == 0
        there.append(len(repeats.table.known))
    assert {before - after for before, after in pairwise(there)} == {FEW, 300 % FEW}
    monkeypatch.setattr("monitor.correlation.repeats.MOST_POSTS", 100)
    repeats, left, there = Repeats(), [], []
    for one in posts:
        repeats = forgetting(put(repeats, "raid", one), one.published_at)
        left.append(len(repeats))
        there.append(len(repeats.table.known))
    assert (min(left[100:]), max(left), max(there)) == (91, 100, 100)


def test_what_a_wrong_clock_made_forgotten_stays_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set back, it lets old posts be put anew; none comes back that waited to be taken out."""
    monkeypatch.setattr("monitor.correlation.repeats.FEW", 0)
    posts = [support("a", str(number), LONG, number) for number in range(5)]
    before = forgetting(known(*posts), START + WINDOW + timedelta(minutes=3))
    assert (len(before), before.waiting) == (2, 3)
    after = reopened(before)
    assert (len(after), after.waiting, after.floor) == (2, 0, 0)
    again = put(after, "raid", posts[0])
    assert len(again) == 3
    assert len(forgetting(again, START + WINDOW + timedelta(minutes=3))) == 2
    assert contents(before) == contents(known(*posts[3:]))


POSTS = st.lists(
    st.tuples(
        st.sampled_from("abc"), st.integers(1, 4), st.sampled_from((LONG, LONG + " сегодня", "x")),
        st.integers(0, 5000), st.booleans(), st.sampled_from((None, "telegram:a/1")),
    ),
    max_size=12,
)  # fmt: skip


@given(POSTS, st.integers(0, 80))
@settings(max_examples=300)
def test_what_is_known_follows_from_the_posts_alone(
    drawn: list[tuple[str, int, str, int, bool, str | None]], hours: int
) -> None:
    """Whatever was replaced and forgotten on the way, a rebuild from what is left is equal."""
    now = START + timedelta(hours=hours)
    repeats = forgetting(Repeats(), START)
    newest: dict[tuple[str, str], Support] = {}
    published: dict[tuple[str, str], int] = {}
    for source, number, text, minutes, gone, origin in drawn:
        name = (source, str(number))
        at = published.setdefault(name, minutes)
        one = support(source, str(number), text, at, withdrawn=gone, origin=origin)
        newest[name] = one
        repeats = put(repeats, "raid", one)
    repeats = forgetting(repeats, now)
    rebuilt = Repeats(floor=repeats.floor)
    for one in sorted(newest.values(), key=lambda one: one.id):
        rebuilt = put(rebuilt, "raid", one)
    assert contents(rebuilt) == contents(repeats)


@given(POSTS, st.data())
@settings(max_examples=300)
def test_an_older_value_stays_as_it_was(
    drawn: list[tuple[str, int, str, int, bool, str | None]], data: st.DataObject
) -> None:
    """Whichever value is asked, and whatever is put to it, each shows what it was made of."""
    values = [(Repeats(), contents(Repeats()))]
    for source, number, text, minutes, gone, origin in drawn:
        one = support(source, str(number), text, minutes, withdrawn=gone, origin=origin)
        before, _ = data.draw(st.sampled_from(values))
        after = put(before, "raid", one)
        if minutes % 3 == 0:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("monitor.correlation.repeats.FEW", minutes % 2)
                after = forgetting(after, START + timedelta(hours=minutes / 30))
        values.append((after, contents(after)))
    for repeats, then in data.draw(st.permutations(values)):
        assert contents(repeats) == then


COPIES = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.sampled_from((LONG, LONG + " сегодня", LONG + "\nread us", "x\nread us\nsubscribe")),
        st.integers(-400, 30), st.integers(0, 400),
        st.sampled_from((None, None, "telegram:a/1", "telegram:b/3")),
    ),
    min_size=4, max_size=30,
)  # fmt: skip


@given(COPIES, st.integers(0, 3))
@settings(max_examples=300, deadline=None)
def test_what_waits_to_be_taken_out_is_not_known(
    drawn: list[tuple[str, str, int, int, str | None]], few: int
) -> None:
    """Whatever is asked, the answer is the same as if all that is forgotten were gone already."""

    def answers(few: int) -> list[object]:
        """Of each post in turn: its sketch, what it repeats and what repeats it, what is known."""
        found: list[object] = []
        repeats, now = Repeats(), START
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("monitor.correlation.repeats.FEW", few)
            patch.setattr("monitor.correlation.repeats.MOST_POSTS", 12)
            patch.setattr("monitor.correlation.known.COMMON", 3)
            patch.setattr("monitor.correlation.known.FIRST", 2)
            for number, (source, text, late, hours, origin) in enumerate(drawn, 1):
                now += timedelta(hours=hours / 10)
                repeats = forgetting(repeats, now)
                at = (now - START) / timedelta(minutes=1) + late
                bare = support(source, str(number), text, at, origin=origin)
                post = Post(source=bare.source, id=bare.id, published_at=START, text=text)
                one = msgspec.structs.replace(bare, sketch=sketched(repeats, post))
                found += [one.sketch, origin_of(repeats, "raid", one)]
                found += [followers(repeats, "raid", one), len(repeats), repeats.floor]
                repeats = put(repeats, "raid", one)
                if number % 7 == 0:
                    repeats = without(repeats, "raid", one)
                found.append(contents(repeats))
        return found

    assert answers(few) == answers(1000)


def test_after_a_restart_names_are_kept_once() -> None:
    """What was stored row by row shares its names again, so that a window takes no more memory."""
    coder = msgspec.json
    stored = [coder.encode(support("rybar", str(number), LONG, number)) for number in range(2)]
    past = [Past("raid", coder.decode(one, type=Support)) for one in stored]
    first, second = (one.support for one in past)
    assert first.family is not second.family
    table = remember((), (), past).real.repeats.table
    first, second = (one.support for one in table.known.values())
    for field in ("incident", "source", "rule", "family", "affiliation", "role"):
        assert getattr(first, field) is getattr(second, field), field
