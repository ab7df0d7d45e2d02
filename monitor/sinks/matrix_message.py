"""An alert as a Matrix message: plain text, and HTML in which only what we mean acts."""

import html
from collections.abc import Sequence
from datetime import datetime

from monitor.alert import Alert
from monitor.sinks.look import Look
from monitor.sinks.matrix_api import Content
from monitor.sinks.styled import Line, Span, inert_spans, inert_text
from monitor.sinks.wording import Manner, compose, time_of_day

_TAGS = {"bold": "b", "level": "b", "alarm": "b", "word": "u", "faint": "i"}


def lines_of(alert: Alert, look: Look, now: datetime) -> tuple[Line, ...]:
    """What it says, in the reader's time zone, and what the desk has done about it."""
    manner = Manner(
        look.name_of,
        lambda moment: time_of_day(moment, now, look.zone, look.language),
        handled=look.handled(alert.incident.id, now),
        language=look.language,
    )
    return compose(alert, manner)


def message(lines: Sequence[Line], *, rings: bool) -> Content:
    """A message; one that does not ring is a notice, which clients show without a sound."""
    return {
        "msgtype": "m.text" if rings else "m.notice",
        "body": inert_text(lines),
        "format": "org.matrix.custom.html",
        "formatted_body": "<br>".join(_html(line) for line in lines),
        "m.mentions": {},
    }


def edited(root: str, content: Content) -> Content:
    """That message in place of the one before."""
    return {
        **content,
        "body": f"* {content['body']}",
        "m.new_content": content,
        "m.relates_to": {"rel_type": "m.replace", "event_id": root},
    }


def threaded(root: str, content: Content) -> Content:
    """That message in the thread of another."""
    relation = {
        "rel_type": "m.thread",
        "event_id": root,
        "is_falling_back": True,
        "m.in_reply_to": {"event_id": root},
    }
    return {**content, "m.relates_to": relation}


def _html(line: Line) -> str:
    spans = line.spans if line.role == "link" else inert_spans(line.spans)
    inside = "".join(_piece(one) for one in spans)
    return f"<blockquote>{inside}</blockquote>" if line.role == "quote" else inside


def _piece(one: Span) -> str:
    if one.link:
        return f'<a href="{html.escape(one.link, quote=True)}">{html.escape(one.text)}</a>'
    text = html.escape(one.text).replace("\n", "<br>")
    for style in sorted(one.styles):
        text = f"<{_TAGS[style]}>{text}</{_TAGS[style]}>"
    return text
