"""Durations and lists in words, for the reasons that alerts give."""

from collections.abc import Sequence
from datetime import timedelta


def span_text(span: timedelta) -> str:
    """A duration in words: "45 min", "6 h", "2 d"."""
    minutes = int(span.total_seconds() // 60)
    if minutes < 120:  # noqa: PLR2004 - two hours and more are told in hours
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h" if hours < 48 else f"{hours // 24} d"  # noqa: PLR2004 - the same for days


def listed(names: Sequence[str], most: int = 3) -> str:
    """Names one after the other, the last ones only counted."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
