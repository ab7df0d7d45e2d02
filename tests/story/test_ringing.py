"""What makes a sound: each event once, not each of its sides; unrelated events always."""

from monitor.alert import Alert
from monitor.correlation.decide import Decision
from tests.story.timeline import OBLAST, Story, rule, town

KOZINKA = town("kozinka", 50.34, 35.50)
GORA = town("gora-podol", 50.36, 35.54)
FAR = town("shebekino", 50.41, 36.89)
FORTY_KM = town("borisovka", 50.60, 36.02)
RAID = rule("raid", "critical", radius_km=20.0)
FIRE = rule("fire", "high", radius_km=15.0, part_of=("raid",))
MANY_HURT = rule("many-hurt", "critical", part_of=("raid",))


def rings(decision: Decision) -> list[bool]:
    """Of each alert."""
    return [alert.rings for alert in decision.alerts]


def opened(decision: Decision) -> Alert:
    """The only alert, which opens something."""
    (alert,) = decision.alerts
    assert alert.kind == "opened"
    return alert


def test_what_belongs_to_a_raid_makes_no_sound_of_its_own() -> None:
    """Shelling beside a raid that has rung is an incident of its own, told silently as its part."""
    story = Story()
    raid = opened(story.post("paper", "1", "they are in", rules=(RAID,), place=KOZINKA))
    fire = opened(story.post("other", "1", "shells", minutes=9, rules=(FIRE,), place=GORA))
    assert (raid.rings, fire.rings) == (True, False)
    assert fire.incident.part_of == raid.incident.id
    sure = story.post("governor", "1", "yes, shells", minutes=12, rules=(FIRE,), place=GORA)
    assert [(one.kind, one.rings) for one in sure.alerts] == [("escalated", False)]


def test_unrelated_events_ring() -> None:
    """Forty kilometres away, or before the raid was known, or when it was taken back."""
    story = Story()
    before = story.post("other", "1", "shells", rules=(FIRE,), place=GORA)
    raid = story.post("paper", "1", "they are in", minutes=1, rules=(RAID,), place=KOZINKA)
    away = story.post("other", "2", "shells here", minutes=2, rules=(FIRE,), place=FORTY_KM)
    second = story.post("paper", "2", "they are here", minutes=3, rules=(RAID,), place=FAR)
    assert [rings(one) for one in (before, raid, away, second)] == [[True]] * 4
    story.post("paper", "2", minutes=4, kind="delete")
    again = story.post("other", "3", "shells fell", minutes=5, rules=(FIRE,), place=FAR)
    assert rings(again) == [True]


def test_a_part_that_is_critical_rings() -> None:
    """Many wounded beside a raid ring, at once or when the number rises."""
    story = Story()
    hurt = rule("hurt", "high", story="hurt", part_of=("raid",))
    many = rule("many", "critical", story="hurt", part_of=("raid",))
    story.post("paper", "1", "they are in", rules=(RAID,), place=KOZINKA)
    silent = story.post("paper", "2", "1 injured", minutes=1, rules=(hurt,), place=KOZINKA)
    worse = story.post("paper", "3", "9 injured", minutes=2, rules=(hurt, many), place=KOZINKA)
    assert [rings(silent), rings(worse)] == [[False], [True]]
    assert (worse.alerts[0].kind, worse.alerts[0].incident.title) == ("escalated", "Title of many")
    at_once = story.post("paper", "4", "9 dead", minutes=3, rules=(MANY_HURT,), place=KOZINKA)
    assert rings(at_once) == [True]


def test_one_post_rings_once() -> None:
    """What else a post opens belongs to what it has rung for: the worst first."""
    story = Story()
    other = rule("other", "high")
    decision = story.post("paper", "1", "all of it", rules=(other, MANY_HURT), place=KOZINKA)
    assert [(one.incident.rule, one.rings) for one in decision.alerts] == [
        ("many-hurt", True), ("other", False),
    ]  # fmt: skip
    assert decision.alerts[1].incident.part_of == decision.alerts[0].incident.id


def test_a_larger_raid_is_named_by_its_worst_rule() -> None:
    """Fighting told first is an incursion when somebody says so: title, rule and level follow."""
    story = Story()
    mild = rule("shots", "high", story="raid")
    worst = rule("incursion", "critical", story="raid")
    story.post("paper", "1", "shots", rules=(mild,), place=KOZINKA)
    (alert,) = story.post("other", "1", "a group", minutes=1, rules=(worst,), place=KOZINKA).alerts
    what = alert.incident
    assert (what.title, what.rule, what.level) == ("Title of incursion", "incursion", "critical")
    assert alert.rings


def test_numbers_and_echoes_are_edits() -> None:
    """A changed number, one more publisher and a copy change the message, without a sound."""
    story = Story()
    text = "a sabotage group has entered the border district today, 3 injured people in hospital"
    story.post("paper", "1", text, rules=(RAID,), place=OBLAST)
    copied = story.post("other", "1", text, minutes=1, rules=(RAID,), place=OBLAST)
    more = story.post("paper", "1", text.replace("3", "4"), minutes=2, kind="edit", rules=(RAID,),
                      place=OBLAST)  # fmt: skip
    also = story.post("other", "2", "our own words", minutes=3, rules=(RAID,), place=OBLAST)
    assert [rings(one) for one in (copied, more, also)] == [[], [False], [False]]
