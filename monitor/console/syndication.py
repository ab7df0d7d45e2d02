"""Alerts as feeds for feed readers: Atom (RFC 4287) and JSON Feed 1.1.

An entry is an incident in its latest state, so that a reader shows each once and marks it as new
when it changes.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from xml.etree import ElementTree as ET

import msgspec

from monitor.alert import Alert
from monitor.console.plain import NameOf, body, for_xml, headline, stamp

ATOM = "http://www.w3.org/2005/Atom"


class About(NamedTuple):
    """The feed itself: whose it is, its own address, the moment it was made."""

    instance: str
    address: str
    now: datetime

    @property
    def id(self) -> str:
        """A name that stays."""
        return f"urn:monitor:{self.instance}"


def latest(alerts: Sequence[Alert]) -> list[Alert]:
    """The last alert of every incident, newest first."""
    last = {one.incident.id: one for one in alerts}
    return sorted(last.values(), key=lambda one: one.sequence, reverse=True)


def atom(alerts: Sequence[Alert], about: About, name: NameOf, *, cap: bool = False) -> bytes:
    """An Atom feed: of incidents, or (`cap`) of messages, each with the link to its CAP."""
    root = ET.Element("feed", xmlns=ATOM)
    _add(root, "id", about.id)
    _add(root, "title", f"monitor {about.instance}")
    _add(root, "updated", stamp(alerts[0].incident.updated_at if alerts else about.now))
    ET.SubElement(root, "link", rel="self", href=about.address)
    for one in alerts:
        entry = ET.SubElement(root, "entry")
        _add(entry, "id", f"urn:monitor:{'alert' if cap else 'incident'}:{_key(one, cap=cap)}")
        _add(entry, "title", headline(one))
        _add(entry, "updated", stamp(one.sent_at or one.incident.updated_at))
        _add(entry, "published", stamp(one.incident.opened_at))
        author = ET.SubElement(entry, "author")
        _add(author, "name", "monitor (unofficial)")
        ET.SubElement(entry, "category", term=one.incident.level)
        if cap:
            ET.SubElement(entry, "link", type="application/cap+xml", href=f"cap/{one.id}.xml")
        elif link := _link(one):
            ET.SubElement(entry, "link", rel="related", href=for_xml(link))
        _add(entry, "content", body(one, name)).set("type", "text")
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def json_feed(alerts: Sequence[Alert], about: About, name: NameOf) -> bytes:
    """A JSON Feed of incidents."""
    items = [
        {
            "id": f"urn:monitor:incident:{one.incident.id}",
            "title": headline(one),
            "content_text": body(one, name),
            "date_published": stamp(one.incident.opened_at),
            "date_modified": stamp(one.sent_at or one.incident.updated_at),
            "tags": [one.incident.level, one.incident.status],
            **({"external_url": link} if (link := _link(one)) else {}),
        }
        for one in alerts
    ]
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": f"monitor {about.instance}",
        "feed_url": about.address,
        "items": items,
    }
    return msgspec.json.encode(feed)


def _key(alert: Alert, *, cap: bool) -> str:
    return alert.id if cap else alert.incident.id


def _link(alert: Alert) -> str | None:
    """The first post's address, if it is a web address."""
    found = (post.url for post in alert.posts if post.url)
    return next((url for url in found if url.startswith(("https://", "http://"))), None)


def _add(parent: ET.Element, tag: str, text: str) -> ET.Element:
    element = ET.SubElement(parent, tag)
    element.text = for_xml(text)
    return element
