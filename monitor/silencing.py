"""Silences at work: made and ended through the control socket, announced before their end.

Who made one, who ended it and how much it held back is logged, stored and told as an alert about
the monitor itself (event `monitor/silence`), which goes the way of every alert.
"""

import asyncio
import contextlib
import hashlib
import secrets
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

import msgspec
import structlog
from pydantic_core import PydanticCustomError

from monitor.action import Action, ActionKind
from monitor.alert import Alert, AlertKind
from monitor.clock import Clock
from monitor.control import Answer
from monitor.form import did_you_mean, duration
from monitor.notices import about_itself
from monitor.rule import LEVELS
from monitor.silence import LONGEST, Silence
from monitor.sinks.dispatch import Dispatch
from monitor.store.actions import act
from monitor.store.silences import at_work, muted_by, tell
from monitor.store.writer import Writer

log = structlog.get_logger(__name__)

LOOK_EVERY = 30.0
"""Seconds; the wall clock may be set while we wait."""

LONGEST_TEXT = 200
_NAMES = ("rule", "place", "source", "level")
COMMAND_LINE = "command line"


class Silencing:
    """The silences of a running daemon.

    `rules` gives the names that exist now; `committed` is told the sequence of what
    was put into the outbox.
    """

    def __init__(
        self,
        writer: Writer,
        dispatch: Dispatch,
        clock: Clock,
        *,
        committed: Callable[[int], None],
        rules: Callable[[], Collection[str]],
    ) -> None:
        self._writer = writer
        self._dispatch = dispatch
        self._clock = clock
        self._committed = committed
        self._rules = rules
        self._changed = asyncio.Event()
        self._turn = asyncio.Lock()
        dispatch.silences = at_work(writer.database)

    async def mute(self, question: Answer) -> Answer:
        """`mute`: make a silence; answers with its id and end, or with error and hint.

        `key` names the deed: the same once more makes no second silence. `via` says where it was
        asked for.
        """
        now = self._clock.now()
        question = {"key": secrets.token_hex(8), "via": COMMAND_LINE, **question}
        try:
            silence = asked(question, now, self._rules())
        except PydanticCustomError as error:
            return _refused(error)
        did: ActionKind = "quiet" if silence.quietly else "mute"
        action = Action(
            key=str(question["key"]), at=now, did=did, who=silence.by, via=str(question["via"]),
            rule=silence.rule, incident=_text(question, "incident"),
            detail=f"{silence.id}: {silence.what} until {silence.ends_at:%Y-%m-%d %H:%M} UTC",
        )  # fmt: skip
        async with self._turn:
            if await self._writer.do(act, action, [silence]):
                self._dispatch.silences = (*self._dispatch.silences, silence)
        self._changed.set()
        log.info("silence_made", **_said(silence))
        return {"silence": msgspec.to_builtins(silence)}

    async def unmute(self, question: Answer) -> Answer:
        """`unmute`: end a silence before its time."""
        now = self._clock.now()
        question = {"key": secrets.token_hex(8), "via": COMMAND_LINE, **question}
        wanted, by = str(question.get("id", "")), str(question.get("by", "")).strip()
        if not by:
            return {"error": "nobody says who ends it", "hint": "add --by NAME"}
        async with self._turn:
            known = {one.id: one for one in self._dispatch.silences if now < one.over_at}
            if wanted not in known:
                hint = did_you_mean(wanted, known) if known else "no silence holds now"
                return {"error": f"no silence {wanted} holds", "hint": hint}
            ended = msgspec.structs.replace(known[wanted], ended_at=now, ended_by=by[:LONGEST_TEXT])
            action = Action(
                key=str(question["key"]), at=now, did="unmute", who=ended.ended_by or by,
                via=str(question["via"]), rule=ended.rule, detail=f"{ended.id}: {ended.what}",
            )  # fmt: skip
            if await self._writer.do(act, action, [ended]):
                self._replace(ended)
        self._changed.set()
        log.info("silence_ended_early", silence=ended.id, by=ended.ended_by)
        return {"silence": msgspec.to_builtins(ended)}

    def holding(self) -> tuple[Silence, ...]:
        """The silences that hold now, oldest first."""
        now = self._clock.now()
        return tuple(one for one in self._dispatch.silences if now < one.over_at)

    async def run(self) -> None:
        """Announce ends and tell what was held back, until cancelled."""
        while True:
            self._changed.clear()
            now = self._clock.now()
            for silence in self._dispatch.silences:
                if now >= silence.over_at:
                    await self._end(silence, now)
                elif now >= silence.remind_at and not silence.reminded:
                    await self._remind(silence, now)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pause()):
                    await self._changed.wait()

    def _pause(self) -> float:
        """Seconds until something is due."""
        now = self._clock.now()
        due = [
            one.over_at if one.reminded or one.ended_at else one.remind_at
            for one in self._dispatch.silences
        ]
        wait = min(due, default=now + timedelta(days=1)) - now
        return min(LOOK_EVERY, max(0.01, wait.total_seconds()))

    async def _remind(self, silence: Silence, now: datetime) -> None:
        minutes = max(1, round((silence.ends_at - now).total_seconds() / 60))
        reason = f"silence of {silence.by} ({silence.what}) ends in {minutes} min"
        await self._tell(msgspec.structs.replace(silence, reminded=True), "opened", reason, now)
        log.info("silence_ends_soon", **_said(silence))

    async def _end(self, silence: Silence, now: datetime) -> None:
        count = await self._writer.do(muted_by, silence)
        alerts = "1 alert was" if count == 1 else f"{count} alerts were"
        told = "the sound was off" if silence.quietly else f"{alerts} muted"
        ended = f", ended by {silence.ended_by}" if silence.ended_by else ""
        reason = f"{told} by {silence.by} ({silence.what}){ended}"
        after = msgspec.structs.replace(silence, reminded=True, told=True)
        await self._tell(after, "closed", reason, now)
        log.info("silence_over", muted=count, ended_by=silence.ended_by, **_said(silence))

    async def _tell(self, after: Silence, kind: AlertKind, reason: str, now: datetime) -> None:
        async with self._turn:
            newest = next(one for one in self._dispatch.silences if one.id == after.id)
            after = msgspec.structs.replace(
                after, ended_at=newest.ended_at, ended_by=newest.ended_by
            )
            stored = await self._writer.do(tell, after, about(after, kind, reason, now))
            self._replace(after)
        if stored:
            self._committed(stored[-1].sequence)

    def _replace(self, silence: Silence) -> None:
        others = (one for one in self._dispatch.silences if one.id != silence.id)
        self._dispatch.silences = (*others,) if silence.told else (*others, silence)


def asked(question: Answer, now: datetime, rules: Collection[str]) -> Silence:
    """The silence that a question asks for.

    Raises:
        PydanticCustomError: it names nothing, nobody, no end, or what does not exist.
    """
    named = {key: str(question[key])[:LONGEST_TEXT] for key in _NAMES if question.get(key)}
    if not named:
        raise PydanticCustomError(
            "mute", "it would hold back everything",
            {"hint": "name at least one of --rule, --place, --source, --level"},
        )  # fmt: skip
    if "rule" in named and named["rule"] not in rules:
        hint = did_you_mean(named["rule"], rules) if rules else "there are no rules"
        raise PydanticCustomError("mute", f"no rule is called {named['rule']}", {"hint": hint})
    if "level" in named and named["level"] not in LEVELS:
        hint = did_you_mean(named["level"], LEVELS)
        raise PydanticCustomError("mute", f"no level is called {named['level']}", {"hint": hint})
    length = duration(question.get("for"))
    if length > LONGEST:
        hint = "write at most 30d; a rule that nobody wants is better taken out"
        raise PydanticCustomError("mute", "too long for a silence", {"hint": hint})
    by = str(question.get("by") or "").strip()[:LONGEST_TEXT]
    if not by:
        raise PydanticCustomError("mute", "nobody answers for it", {"hint": "add --by NAME"})
    silence = Silence(
        id=hashlib.sha256(str(question["key"]).encode()).hexdigest()[:8],
        made_at=now, ends_at=now + length, by=by,
        why=str(question.get("why") or "")[:LONGEST_TEXT],
        receiver=_text(question, "receiver"), quietly=bool(question.get("quietly")),
    )  # fmt: skip
    return msgspec.structs.replace(silence, **named)


def _text(question: Answer, key: str) -> str | None:
    return str(question[key]) if question.get(key) else None


def about(silence: Silence, kind: AlertKind, reason: str, now: datetime) -> Alert:
    """An alert about the monitor itself; its id depends only on the silence and the kind."""
    return about_itself(
        f"silence-{silence.id}", "Alerts are muted", "monitor/silence", kind, reason,
        silence.made_at, now, level="informational", ordinal=1 if kind == "opened" else 2,
    )  # fmt: skip


def _said(silence: Silence) -> dict[str, str]:
    return {
        "silence": silence.id,
        "what": silence.what,
        "by": silence.by,
        "until": silence.ends_at.isoformat(),
        "why": silence.why,
    }


def _refused(error: PydanticCustomError) -> Answer:
    context = error.context or {}
    return {"error": str(context.get("message") or error.message()), "hint": context.get("hint")}
