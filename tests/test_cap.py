"""CAP: valid against the standard's own schema, restricted, unofficial, in one chain."""

import json
from pathlib import Path

import msgspec
from lxml import etree

from monitor.alert import Alert
from monitor.console.cap import NAMESPACE, message, message_type
from tests.data import data_file
from tests.doubles.outbox import MOMENT, make_alert, make_post

SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).parent / "schemas" / "CAP-v1.2.xsd"))


def parsed(alert: Alert, *earlier: Alert) -> etree._Element:
    """The message, once the standard's schema has found nothing wrong with it."""
    text = message(alert, earlier, "desk@monitor", str.upper)
    root = etree.fromstring(text)
    SCHEMA.assertValid(root)
    return root


def said(root: etree._Element, path: str) -> str:
    """The text of one element."""
    steps = "/".join(f"{{{NAMESPACE}}}{step}" for step in path.split("/"))
    return root.findtext(steps) or ""


def test_the_first_is_an_alert_for_few_and_unofficial() -> None:
    """An opening is an Alert: Actual, Restricted, unofficial, with level, certainty and circle."""
    root = parsed(make_alert(1, sent_at=MOMENT))
    assert said(root, "msgType") == "Alert"
    assert said(root, "status") == "Actual"
    assert said(root, "scope") == "Restricted"
    assert said(root, "restriction").startswith("Unofficial")
    assert said(root, "sent") == "2026-11-20T09:14:00-00:00"
    assert said(root, "info/severity") == "Extreme"
    assert said(root, "info/certainty") == "Unknown"
    assert said(root, "info/category") == "Security"
    assert said(root, "info/area/circle") == "50.42000,35.54000 2.0"
    assert said(root, "info/area/geocode/value") == "RU-BEL"
    assert "ДРГ зашла в Козинку" in said(root, "info/description")


def test_an_exercise_is_one() -> None:
    """What came from a recording is never Actual, and its headline says so."""
    root = parsed(make_alert(1, exercise=True))
    assert said(root, "status") == "Exercise"
    assert said(root, "info/headline").startswith("EXERCISE: ")


def test_what_follows_refers_to_all_before() -> None:
    """An update is an Update, an end or a retraction a Cancel; both name all earlier messages."""
    first, second = make_alert(1, sent_at=MOMENT), make_alert(2, kind="updated", sent_at=MOMENT)
    root = parsed(second, first)
    assert said(root, "msgType") == "Update"
    third = make_alert(3, kind="closed", sent_at=MOMENT)
    root = parsed(third, first, second)
    assert said(root, "msgType") == "Cancel"
    assert said(root, "references").split() == [
        f"desk@monitor,{one.id},2026-11-20T09:14:00-00:00" for one in (first, second)
    ]
    gone = msgspec.structs.replace(second.incident, status="retracted")
    taken_back = msgspec.structs.replace(second, kind="corrected", incident=gone)
    assert message_type(taken_back, [first]) == "Cancel"


def test_an_incident_without_a_place_is_valid_too() -> None:
    """Without a place the area says so and has no circle."""
    alert = make_alert(1)
    nowhere = msgspec.structs.replace(alert.incident, place=None)
    root = parsed(msgspec.structs.replace(alert, incident=nowhere, posts=()))
    assert said(root, "info/area/areaDesc") == "place not known"
    assert said(root, "info/area/circle") == ""


def test_hostile_text_stays_text() -> None:
    """Naughty strings as post, title and reason give valid messages without a foreign element."""
    naughty: list[str] = json.loads(data_file("hostile/blns/blns.json").read_text("utf-8"))
    for text in [*naughty, "\x00\x1b]0;x\x07\ud800\ufffe", "]]><alert/>", "\u202egnp.exe"]:
        alert = make_alert(1, posts=(make_post(text),), reason=text)
        titled = msgspec.structs.replace(alert.incident, title=text)
        root = parsed(msgspec.structs.replace(alert, incident=titled))
        assert len(root.findall(f"{{{NAMESPACE}}}info")) == 1
        assert "\u202e" not in said(root, "info/description")
