"""An alert as a letter: one thread an incident, plain text, nothing in it that a stranger made act.

Pure: the alert in, the letter out, the same bytes for the same alert.
"""

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import NamedTuple

from monitor.alert import Alert, alert_id
from monitor.sinks.styled import inert, visible
from monitor.sinks.wording import Manner, compose

LONGEST_SUBJECT = 150


class Stationery(NamedTuple):
    """What letters have besides the alert: who writes to whom, in whose time."""

    sender: str
    to: tuple[str, ...]
    instance: str = "monitor"
    zone: tzinfo = UTC
    name_of: Callable[[str], str] = str


def letter(alert: Alert, on: Stationery) -> EmailMessage:
    """The letter. Its Message-ID is the alert's; it answers the incident's first."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = on.sender
    mail["To"] = ", ".join(on.to)
    first = alert_id(alert.incident.id, 1)
    mail["Subject"] = ("" if alert.id == first else "Re: ") + subject(alert)
    mail["Date"] = format_datetime(alert.sent_at or alert.incident.updated_at)
    mail["Message-ID"] = _name(alert.id, on)
    if alert.id != first:
        mail["In-Reply-To"] = mail["References"] = _name(first, on)
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Monitor-Alert"] = alert.id
    if alert.rings and alert.incident.level == "critical":
        mail["X-Priority"] = "1"
    mail.set_content(body(alert, on), cte="base64")
    return mail


def subject(alert: Alert) -> str:
    """The same for all letters of an incident, as long as it is the same thing: threads hang on it.

    Level and status, which change, stand in the text.
    """
    what = alert.incident
    exercise = "EXERCISE " if alert.exercise else ""
    where = f" - {what.place.name}" if what.place else ""
    return inert(visible(" ".join(f"[monitor] {exercise}{what.title}{where}".split())))[
        :LONGEST_SUBJECT
    ]


def body(alert: Alert, on: Stationery) -> str:
    """The text. Addresses in it that we did not make are made inert: mail programs link them."""

    def when(moment: datetime) -> str:
        return moment.astimezone(on.zone).strftime("%-d %b %Y, %H:%M %Z")

    lines = []
    for line in compose(alert, Manner(on.name_of, when, posts=10, quote=4000)):
        text = "".join(one.text for one in line.spans)
        text = text if line.role == "link" else inert(text)
        lines.append(f"> {text}" if line.role == "quote" else text)
        if line.role in {"head", "link"}:
            lines.append("")
    return "\n".join(lines) + "\n"


def _name(alert: str, on: Stationery) -> str:
    return f"<{alert}@{on.instance}.monitor.invalid>"
