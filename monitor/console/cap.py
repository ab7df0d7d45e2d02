"""Alerts in the Common Alerting Protocol 1.2 (OASIS), for warning systems.

Ours are never a public authority's: every message is Restricted, says that it is unofficial, and is
an Exercise where the posts were. The first of an incident is an Alert; what follows is an Update,
or a Cancel when the incident ends or is retracted, and refers to all before it.
"""

from collections.abc import Mapping, Sequence
from xml.etree import ElementTree as ET

from monitor.alert import Alert
from monitor.console.plain import NameOf, body, for_xml, headline, stamp
from monitor.incident import Status
from monitor.rule import Level

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
RESTRICTION = (
    "Unofficial: made by a program from public posts. Not a warning by any authority; "
    "for the readers of this feed only."
)
WITHOUT_PLACE = "place not known"
MOST_REFERENCES = 100

CATEGORIES: Mapping[str, str] = {
    "battles": "Security",
    "explosions": "Security",
    "violence-against-civilians": "Security",
    "strategic-developments": "Security",
    "warning": "Safety",
    "infrastructure": "Infra",
    "fire": "Fire",
    "health": "Health",
    "transport": "Transport",
}
"""First part of an event -> CAP's category; any other is Other."""

SEVERITIES: Mapping[Level, str] = {
    "informational": "Unknown",
    "low": "Minor",
    "medium": "Moderate",
    "high": "Severe",
    "critical": "Extreme",
}

CERTAINTIES: Mapping[Status, str] = {
    "unconfirmed": "Unknown",
    "reported": "Possible",
    "corroborated": "Likely",
    "official": "Observed",
    "disputed": "Unknown",
    "retracted": "Unlikely",
}
"""CAP asks for a probability (Possible: 50 % or less, Likely: more), the ladder for who says so."""


def message_type(alert: Alert, earlier: Sequence[Alert]) -> str:
    """Alert, Update or Cancel."""
    if not earlier:
        return "Alert"
    ended = alert.kind == "closed" or alert.incident.status == "retracted"
    return "Cancel" if ended else "Update"


def message(alert: Alert, earlier: Sequence[Alert], sender: str, name: NameOf) -> bytes:
    """One CAP message.

    Args:
        alert: what it tells.
        earlier: the same incident's alerts before it, in order.
        sender: who we are; without blanks, commas, < and &.
        name: a source's id as people call it.
    """
    root = ET.Element("alert", xmlns=NAMESPACE)
    _add(root, "identifier", alert.id)
    _add(root, "sender", sender)
    _add(root, "sent", _sent(alert))
    _add(root, "status", "Exercise" if alert.exercise else "Actual")
    _add(root, "msgType", message_type(alert, earlier))
    _add(root, "source", "monitor, from public posts")
    _add(root, "scope", "Restricted")
    _add(root, "restriction", RESTRICTION)
    _add(root, "note", alert.reason or "no reason given")
    if earlier:
        references = (f"{sender},{one.id},{_sent(one)}" for one in earlier[-MOST_REFERENCES:])
        _add(root, "references", " ".join(references))
    _add(root, "incidents", alert.incident.id)
    _info(ET.SubElement(root, "info"), alert, name)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _info(info: ET.Element, alert: Alert, name: NameOf) -> None:
    what = alert.incident
    _add(info, "language", "en")
    _add(info, "category", CATEGORIES.get(what.event.partition("/")[0], "Other"))
    _add(info, "event", what.event or what.title)
    _add(info, "urgency", "Past" if alert.kind == "closed" else "Unknown")
    _add(info, "severity", SEVERITIES[what.level])
    _add(info, "certainty", CERTAINTIES[what.status])
    _add(info, "senderName", "monitor (unofficial)")
    _add(info, "headline", headline(alert))
    _add(info, "description", body(alert, name))
    link = next((post.url for post in alert.posts if post.url), None)
    if link:
        _add(info, "web", link)
    facts = {
        "status": what.status, "level": what.level, "rule": what.rule,
        "publishers": str(what.families), "posts": str(what.posts),
        "sides": ", ".join(what.affiliations),
    }  # fmt: skip
    for key, value in facts.items():
        parameter = ET.SubElement(info, "parameter")
        _add(parameter, "valueName", key)
        _add(parameter, "value", value)
    _area(ET.SubElement(info, "area"), alert)


def _area(area: ET.Element, alert: Alert) -> None:
    place = alert.incident.place
    _add(area, "areaDesc", place.name if place else WITHOUT_PLACE)
    if place is None:
        return
    if place.lat is not None and place.lon is not None:
        _add(area, "circle", f"{place.lat:.5f},{place.lon:.5f} {place.precision_km or 0:.1f}")
    if place.admin1:
        code = ET.SubElement(area, "geocode")
        _add(code, "valueName", "ISO3166-2")
        _add(code, "value", place.admin1)


def _add(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = for_xml(text)


def _sent(alert: Alert) -> str:
    """CAP writes UTC as -00:00."""
    return stamp(alert.sent_at or alert.incident.updated_at).replace("+00:00", "-00:00")
