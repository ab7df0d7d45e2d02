"""Run a rule file's `tests:` in virtual time, through the pipeline and a throw-away store."""

import contextlib
import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from monitor.alert import Alert
from monitor.correlation.windows import Memory
from monitor.form import duration_text
from monitor.matching.evaluate import Matcher
from monitor.mistake import Mistake
from monitor.pipeline import Pipeline
from monitor.post import Origin, Post, Received
from monitor.rulebook.timelines import START, Expectation, Step, Timeline
from monitor.source import Arrival
from monitor.store.database import Database


class Came(NamedTuple):
    """An alert, and when it came, from the test's start."""

    at: timedelta
    alert: Alert


def run_timeline(matcher: Matcher, timeline: Timeline) -> tuple[Mistake, ...]:
    """A mistake for each expectation that is not met, at its own place."""
    left = play(matcher, timeline)
    mistakes = []
    for expected in timeline.expect:
        came = next((one for one in left if _meets(one, expected)), None)
        if came is not None:
            left.remove(came)
        else:
            mistakes.append(_missed(timeline, expected, left))
    mistakes += _unwanted(timeline, left)
    return tuple(mistakes)


def play(matcher: Matcher, timeline: Timeline) -> list[Came]:
    """Every alert that comes of the posts, in order.

    Time stands still at each post and each expected moment; what windows close in between counts
    to the later one.
    """
    moments = {one.at for one in timeline.posts} | {one.at for one in timeline.expect}
    found: list[Came] = []
    with (
        tempfile.TemporaryDirectory(prefix="monitor-test-") as folder,
        contextlib.closing(Database.open(Path(folder), lasting=False)) as db,
    ):
        # not `virtual`: time goes on by `now` alone, also where no post is seen
        pipeline = Pipeline(matcher, Memory())
        for at in sorted(moments):
            now = START + at
            posts = [_received(step, now) for step in timeline.posts if step.at == at]
            # one by one, as live posts come: each alert is its own post's
            arrivals = [Arrival(posts=(post,)) for post in posts]
            for batch in [[], *([arrival] for arrival in arrivals)]:
                found += [Came(at, alert) for alert in pipeline.process(db, batch, now)]
    return found


def _received(step: Step, now: datetime) -> Received:
    origin = Origin(step.forwarded_from, step.forwarded_id) if step.forwarded_from else None
    return Received(
        post=Post(
            source=step.source,
            id=step.id,
            kind=step.kind,
            published_at=now - step.age,
            edited_at=now - step.age if step.kind == "edit" else None,
            observed_at=now,
            text=step.text,
            forwarded_from=origin,
        )
    )


def _meets(came: Came, expected: Expectation) -> bool:
    incident = came.alert.incident
    place = incident.place.id if incident.place else None
    return (
        came.at == expected.at
        and incident.rule == expected.rule
        and expected.kind in {None, came.alert.kind}
        and expected.level in {None, incident.level}
        and expected.status in {None, incident.status}
        and expected.place in {None, place}
    )


def _missed(timeline: Timeline, expected: Expectation, left: Sequence[Came]) -> Mistake:
    asked = [expected.kind, expected.level, expected.status, expected.place]
    wanted = " ".join(one for one in asked if one)
    there = [_told(one) for one in left if one.at == expected.at] or [
        _told(one, when=True) for one in left if one.alert.incident.rule == expected.rule
    ]
    came = f"; there came {', '.join(there)}" if there else "; nothing came"
    return Mistake(
        expected.mark,
        f"test `{timeline.name}`: no {f'{wanted} ' if wanted else ''}alert of rule "
        f"`{expected.rule}` at {_offset_text(expected.at)}{came}",
        "mend the rule, or what is expected",
    )


def _unwanted(timeline: Timeline, left: Sequence[Came]) -> list[Mistake]:
    """What `expect_none` rules out; with `true`, everything that is not expected."""
    return [
        Mistake(
            timeline.none_mark,
            f"test `{timeline.name}`: {_told(one, when=True)}, which should not be",
            "mend the rule, or take it out of `expect_none`",
        )
        for one in left
        if timeline.none is None or one.alert.incident.rule in timeline.none
    ]


def _told(came: Came, *, when: bool = False) -> str:
    incident = came.alert.incident
    told = f"`{incident.rule}` {came.alert.kind} ({incident.level}, {incident.status})"
    return f"{told} at {_offset_text(came.at)}" if when else told


def _offset_text(at: timedelta) -> str:
    return duration_text(at) if at else "0s"
