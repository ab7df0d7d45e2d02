"""Who says how many: numbers with their publisher, as a range of each side, through edits."""

from monitor.alert import to_json
from tests.story.test_transitions import DENIAL, only, told
from tests.story.timeline import Story, rule


def numbers(story: Story) -> list[str]:
    """Each side's numbers in the story's last alert."""
    return [f"{one.side}: {one.text}" for one in story.alerts[-1].incident.numbers]


def test_each_side_has_its_own_numbers() -> None:
    """The governor's eight and the legion's none stand side by side, none is the truth."""
    story = Story()
    story.post("governor", "1", "Обстрел. Ранены 8 человек.")
    assert numbers(story) == ["ru-state: 8 injured"]
    second = story.post("legion", "1", "Среди жителей пострадавших нет", minutes=4)
    assert numbers(story) == ["ru-opposition-armed: no injured", "ru-state: 8 injured"]
    assert "ru-opposition-armed: no injured" in told(second)[0][2]


def test_two_publishers_of_one_side_make_a_range() -> None:
    """What one side says is from the least to the most that its publishers say."""
    story = Story()
    story.post("paper", "1", "По данным больницы, трое ранены")
    story.post("other", "1", "Our reporter counts five injured and one dead", minutes=3)
    assert numbers(story) == ["independent: 1 killed", "independent: 3-5 injured"]


def test_an_edit_that_raises_a_number_is_told() -> None:
    """Three become eight: the alert has both, and the post is the same."""
    story = Story()
    story.post("governor", "1", "Ранены 3 человека в посёлке")
    edited = story.post("governor", "1", "Ранены 8 человек в посёлке", minutes=9, kind="edit")
    assert told(edited) == [
        ("updated", "official", "the post was edited; ru-state: 3 -> 8 injured")
    ]
    assert numbers(story) == ["ru-state: 8 injured"]


def test_the_latest_word_of_a_publisher_is_its_word() -> None:
    """A newer post replaces the number; an older one that is seen later does not."""
    story = Story()
    story.post("governor", "1", "Ранены 3 человека", minutes=1)
    newer = story.post("governor", "2", "Число раненых выросло до 5", minutes=20)
    assert told(newer) == [("updated", "official", "ru-state: 3 -> 5 injured")]
    older = story.post("governor", "3", "Ранен 1 человек", minutes=2, seen_after=30)
    assert older.alerts == ()
    assert only(story).claims[0].low == 5


def test_a_deleted_post_takes_its_number_along() -> None:
    """What was said before by the same publisher is its word again."""
    story = Story()
    story.post("governor", "1", "Ранены 3 человека", minutes=1)
    story.post("governor", "2", "Теперь раненых 5", minutes=2)
    gone = story.post("governor", "2", "", minutes=3, kind="delete")
    assert told(gone)[0][2] == "a post was deleted by its source; ru-state: 5 -> 3 injured"


def test_a_denial_may_give_numbers() -> None:
    """Whoever denies an incident has numbers too."""
    story = Story()
    story.post("legion", "1", "Убиты 10 пограничников", rules=(rule(),))
    denied = story.post("governor", "1", "Погибших нет", minutes=2, rules=(DENIAL,))
    assert told(denied)[0][2].endswith("; ru-state: no killed")


def test_without_numbers_the_key_is_left_out() -> None:
    """The contract's shape is as it was where nobody counts anything."""
    story = Story()
    story.post("legion", "1")
    assert b"numbers" not in to_json(story.alerts[-1])
    story.post("paper", "1", "eight injured, says the hospital", minutes=1)
    assert b'"numbers":[{"what":"injured","side":"independent"' in to_json(story.alerts[-1])
