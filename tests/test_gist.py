"""What a post with hits says may be read before its turn: it counts as if it were read then."""

from datetime import UTC, datetime

import msgspec
import pytest

from monitor.correlation import gist
from monitor.correlation.event import Event
from monitor.correlation.gist import gist_of, read
from monitor.correlation.repeats import Repeats, put
from monitor.incident import Gist, Support
from monitor.post import Post, PostName
from tests.story.timeline import Story

AT = datetime(2023, 5, 22, 9, tzinfo=UTC)
FOOTER = "Подписаться на канал - прислать новость"
TEXT = f"В Грайворон вошла диверсионная группа, трое раненых, бой продолжается\n\n{FOOTER}"
POST = Post(source="telegram:a", id="9", published_at=AT, text=TEXT)


def known(footers: int) -> Repeats:
    """What is known after so many posts of the channel that end with its footer."""
    repeats = Repeats()
    for number in range(footers):
        sketch = gist_of(msgspec.structs.replace(POST, text=f"Новость {number}\n{FOOTER}")).sketch
        one = Support(
            incident="i", source="telegram:a", id=str(number), version=1, exercise=False, rule="r",
            family="a", affiliation="ru", role="media", published_at=AT, sketch=sketch,
        )  # fmt: skip
        repeats = put(repeats, "t", one)
    return repeats


def event(before: Gist | None) -> Event:
    """The post, with what was read of it before."""
    return Event(post=POST, name=PostName("telegram:a", "9"), event_at=AT, hits=(), gist=before)


@pytest.mark.parametrize("then", [0, 3])
@pytest.mark.parametrize("now", [0, 3])
def test_the_footer_known_now_counts(then: int, now: int) -> None:
    """Whatever footers were known when a post was read, it says what it says with those of now."""
    before = read(known(then), event(None))
    expected = read(known(now), event(None))
    assert read(known(now), event(before)) == expected
    assert (len(TEXT) == expected.length) == (now == 0)
    assert [(one.what, one.low) for one in expected.said] == [("injured", 3)]


def test_what_is_told_again_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A post that comes out of order costs one reading, however many posts are told again."""
    story = Story()
    texts: list[str] = []

    def counted(post: Post, footers: object = ()) -> Gist:
        texts.append(post.text)
        return gist_of(post, footers)  # type: ignore[arg-type]  # passed on as it is

    monkeypatch.setattr(gist, "gist_of", counted)
    for number in range(6):
        story.post(f"c{number}", "1", f"group {number} has crossed the border", minutes=number)
    story.post("late", "1", "a group has been seen at the border", minutes=2.5, seen_after=9)
    assert len(texts) == 7
