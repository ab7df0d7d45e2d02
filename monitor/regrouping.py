"""`monitor incidents merge` and `split`: asked over the control socket, done between two batches.

Who did it, when and why is written down with what it changed, in one transaction.
"""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime

import structlog
from pydantic_core import PydanticCustomError

from monitor.action import Action
from monitor.clock import Clock
from monitor.control import Answer
from monitor.correlation.regrouping import About, Wish, merge, split
from monitor.correlation.told import PostKey
from monitor.form import wrong
from monitor.pipeline import Pipeline
from monitor.store.archive import versions
from monitor.store.commit import StoredHit
from monitor.store.database import Database
from monitor.store.writer import Writer

log = structlog.get_logger(__name__)

LONGEST_TEXT = 200


class Regrouping:
    """Puts incidents together and takes them apart, in the thread that judges posts."""

    def __init__(
        self,
        writer: Writer,
        pipeline: Pipeline,
        clock: Clock,
        *,
        committed: Callable[[int], None],
    ) -> None:
        self._writer = writer
        self._pipeline = pipeline
        self._clock = clock
        self._committed = committed

    async def merge(self, question: Answer) -> Answer:
        """`merge`: everything of `other` into `incident`; answers with it, or error and hint."""
        return await self._do("merge", question, merge_of)

    async def split(self, question: Answer) -> Answer:
        """`split`: `posts` of `incident` into one of their own."""
        return await self._do("split", question, split_of)

    async def _do(
        self, did: str, question: Answer, work: Callable[[Pipeline, Database, Answer, Wish], int]
    ) -> Answer:
        try:
            wish = _wish(question, self._clock.now())
            sequence = await self._writer.do(lambda db: work(self._pipeline, db, question, wish))
        except PydanticCustomError as error:
            context = error.context or {}
            return {"error": str(context.get("message")), "hint": context.get("hint")}
        self._committed(sequence)
        log.info(
            "incidents_regrouped",
            did=did,
            by=wish.by,
            why=wish.why,
            incident=question.get("incident"),
        )
        return {"done": did, "incident": str(question.get("incident"))}


def _wish(question: Answer, now: datetime) -> Wish:
    by = str(question.get("by") or "").strip()[:LONGEST_TEXT]
    if not by:
        raise wrong("nobody answers for it", "add --by NAME")
    return Wish(by, str(question.get("why") or "").strip()[:LONGEST_TEXT], now)


def merge_of(pipeline: Pipeline, db: Database, question: Answer, wish: Wish) -> int:
    """Merge, in the writer's thread; the sequence of the last alert.

    Raises:
        PydanticCustomError: that cannot be, with a hint.
        StateError: nothing was stored.
    """
    into, other = str(question.get("incident")), str(question.get("other"))
    book = pipeline.matcher.rulebook
    exercise = _realm(pipeline, into)
    alerts = pipeline.change(
        db,
        wish.at,
        lambda state: merge(state, book, into, other, wish),
        _action("merge", into, wish, f"with {other}"),
        exercise=exercise,
    )
    return alerts[-1].sequence


def split_of(pipeline: Pipeline, db: Database, question: Answer, wish: Wish) -> int:
    """Split, in the writer's thread; the sequence of the last alert.

    Raises:
        PydanticCustomError: that cannot be, with a hint.
        StateError: nothing was stored.
    """
    name, book = str(question.get("incident")), pipeline.matcher.rulebook
    asked = question.get("posts")
    named = [str(one) for one in asked] if isinstance(asked, list) else []
    exercise = _realm(pipeline, name)
    posts = _posts(pipeline, db, name, named, exercise=exercise)
    alerts = pipeline.change(
        db,
        wish.at,
        lambda state: split(state, book, name, posts, wish),
        _action("split", name, wish, ", ".join(named)),
        exercise=exercise,
    )
    return alerts[-1].sequence


def _realm(pipeline: Pipeline, incident: str) -> bool:
    return incident in pipeline.memory.exercise.incidents


def _action(did: str, incident: str, wish: Wish, detail: str) -> Action:
    why = f"{detail}: {wish.why}" if wish.why else detail
    return Action(
        key=f"{did}-{secrets.token_hex(8)}",
        at=wish.at,
        did="merge" if did == "merge" else "split",
        who=wish.by,
        via="command line",
        incident=incident,
        detail=why,
    )


def _posts(
    pipeline: Pipeline, db: Database, incident: str, named: list[str], *, exercise: bool
) -> Mapping[PostKey, About]:
    """The named posts (SOURCE/ID) of an incident, and what their hits there are about."""
    state = pipeline.memory.of(exercise=exercise)
    backing = state.members.get(incident)
    members = {} if backing is None else {f"{one[0]}/{one[1]}": one for one in backing}
    found: dict[PostKey, About] = {}
    for name in named:
        key = members.get(name)
        if key is None:
            hint = f"monitor explain {incident} lists its posts, as SOURCE/ID"
            raise wrong(f"{name} is not in that incident", hint)
        support = state.members[incident][key]
        hits = [
            hit
            for one in versions(db, *key, exercise=exercise)
            for hit in one.hits
            if hit.rule == support.rule
        ]
        named_place = [
            hit for hit in hits if (hit.place.id if hit.place else None) == support.place
        ]
        if not hits:
            raise wrong(f"{name} has expired", "split incidents of the last days")
        found[key] = _about((named_place or hits)[-1])
    return found


def _about(hit: StoredHit) -> About:
    return About(hit.rule, hit.title, hit.level, hit.event, hit.topic, hit.place)
