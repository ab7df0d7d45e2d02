"""What came too late to ring is summed up once for each blind window, also after a restart."""

from pathlib import Path

from tests.story.watching import Desk, told

NOTHING = "{type: event_count, rules: raid, timespan: 1h, condition: {gte: 500}}"


def blind(folder: Path) -> Desk:
    """A desk whose own alerts are looked at: those about the monitor."""
    return Desk(folder, NOTHING, name="seen-together")


def test_one_summary_for_one_blind_window(tmp_path: Path) -> None:
    """Three hours without Telegram: nothing rings, one alert says what would have opened."""
    at = blind(tmp_path)
    at.name = "monitor"
    at.post(0, "paper", "good morning")
    at.post(180, "paper", "a raid", age=150)
    at.post(180, "legion", "a raid, in other words", age=140)
    at.post(181, "state", "a fire", age=130)
    at.restart()
    assert not at.passes(185.9)
    (alert,) = at.passes(186.1)
    assert (alert.kind, alert.reason) == (
        "opened",
        "3 h without Telegram (from 06:00 UTC): 2 incidents would have opened: A raid, A fire",
    )
    assert [(post.text, post.late) for post in alert.posts] == [("a raid", True), ("a fire", True)]
    assert alert.about_itself
    at.restart()
    assert not at.passes(300)
    at.db.close()


def test_late_posts_that_join_are_no_news(tmp_path: Path) -> None:
    """A late post of an open incident joins it, marked late, and no summary comes of it."""
    at = blind(tmp_path)
    at.name = "raid"
    assert [kind for kind, _ in told(at.post(0, "paper", "a raid"))] == ["opened"]
    assert not at.post(150, "legion", "the raid, said long ago", age=148)
    ((posts, late),) = at.db.rows(
        "SELECT count(*), sum(CAST(body AS TEXT) LIKE '%\"late\":true%') FROM supports"
    )
    assert (posts, late) == (2, 1)
    at.name = "monitor"
    assert not at.passes(400)
    at.db.close()


def test_a_feed_of_late_posts_is_told_at_last(tmp_path: Path) -> None:
    """Late posts that keep coming are told after a quarter of an hour, the rest in the next one."""
    at = blind(tmp_path)
    at.name = "monitor"
    at.post(0, "paper", "good morning")
    summaries = []
    for minute in range(200, 240, 2):
        word = "raid" if minute < 212 else "fire"
        summaries += at.post(minute, "legion", f"a {word} seen late {minute}", age=130)
    summaries += at.passes(260)
    assert len(summaries) == 3
    assert "A raid" in summaries[0].reason
    at.db.close()
