"""The desk that answers one bot's chats: who may, what they want, done once, written down, said."""

import asyncio
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
import structlog

from monitor.action import Action, ActionKind
from monitor.chat.commands import COMMANDS, OWN_ACTS, Asked, silence
from monitor.chat.office import Office, Seat, Voice, voice
from monitor.chat.replies import Replies, Reply
from monitor.chat.update import Place, Press, Saying, Update, User
from monitor.chat.why import Known, look_up, told
from monitor.incident import Incident
from monitor.sinks.buttons import Pressed
from monitor.sinks.chat_message import message_of
from monitor.sinks.deliver import RejectedError, RetryError
from monitor.sinks.speech import language_of, say
from monitor.sinks.styled import Line, cut, inert, span, utf16, visible
from monitor.sinks.telegram_api import LONGEST_TOAST, BotApi, LostAnswerError, Outgoing
from monitor.sinks.wording import one_line
from monitor.store.actions import act
from monitor.store.incidents import incident

log = structlog.get_logger(__name__)

_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]{1,32}))?(?:\s+(.*))?", re.DOTALL)
HOUR = "1h"
LATE = timedelta(minutes=15)
"""A command that changes something and is older than this is refused: it meant another moment."""
REFUSE_EVERY = timedelta(minutes=10)
"""So often is one stranger told that they may not."""


class Desk:
    """Answers everything that comes to one bot. `name` is the bot's own, as commands address it."""

    def __init__(
        self, api: BotApi, seats: Sequence[Seat], office: Office, replies: Replies
    ) -> None:
        self._api = api
        self._seats = seats
        self._office = office
        self._replies = replies
        self._refused: dict[int, datetime] = {}
        self._hushed_until = float("-inf")
        self.name: str | None = None

    def menu(self, language: str) -> dict[str, str]:
        """The commands as a client lists them, in a language or in English."""
        chosen = language_of(language)
        return {name: say(f"help_{name}", chosen) for name in COMMANDS}

    async def answer(self, update: Update) -> None:
        """Deal with one update; handing the same one in again changes nothing more."""
        if isinstance(update, Press):
            await self._press(update)
        else:
            await self._said(update)

    # --- buttons

    async def _press(self, press: Press) -> None:
        seats = [one for one in self._seats if one.room.is_at(press.place.chat, press.place.name)]
        for seat in seats:
            buttons = seat.look.buttons
            pressed = buttons.read(press.data, seat.receiver) if buttons else None
            if pressed is not None:
                await self._toast(press, await self._do(press, seat, pressed))
                return
        await self._toast(press, say("stale", language_of(press.user.language)))

    async def _do(self, press: Press, seat: Seat, pressed: Pressed) -> str:
        """Do what a button asks for; what to say to who pressed it."""
        by = voice(self._office, seat, press.user.id, press.user.language)
        key = f"press/{press.id}"
        if by is None:
            if self._may_refuse(press.user):
                await self._note_refused(press.user, seat, key, pressed.does)
            return _not_allowed(press.user, seat)
        one = await self._office.outbox.ask(incident, pressed.incident)
        if one is None:
            return by.say("stale")
        if pressed.does in {"acknowledge", "false_alarm"}:
            return await self._judge(by, one, pressed, key)
        if pressed.does in {"mute_rule", "mute_place"}:
            what = {"rule": one.rule} if pressed.does == "mute_rule" else _place_of(one)
            if not what:
                return by.say("no_place")
            return await silence(by, {**what, "for": HOUR, "incident": one.id}, key)
        return await self._show(by, one, pressed.does, press, key)

    async def _judge(self, by: Voice, one: Incident, pressed: Pressed, key: str) -> str:
        handling = by.seat.look.handling
        before = handling.of(one.id)
        if before is not None and before.did == pressed.does and before.key != key:
            return by.say("already", who=before.who)
        did: ActionKind = "acknowledge" if pressed.does == "acknowledge" else "false_alarm"
        action = self._action(by, did, key, one)
        if await self._office.writer.do(act, action):
            handling.took(action)
            log.info("incident_judged", incident=one.id, did=did, who=by.name)
        return by.say("acknowledged" if did == "acknowledge" else "false_alarm")

    async def _show(self, by: Voice, one: Incident, does: str, press: Press, key: str) -> str:
        """Answer in the chat, under the message whose button was pressed."""
        known = await self._office.outbox.ask(look_up, one.id)
        if does == "why":
            self._reply(by.seat, press.place, told(known, by) if known else [])
        elif not await self._show_place(by, known, does, press):
            return by.say("no_place")
        did: ActionKind = "why" if does == "why" else "map" if does == "map" else "venue"
        await self._office.writer.do(act, self._action(by, did, key, one))
        return by.say("see_chat")

    async def _show_place(self, by: Voice, known: Known | None, does: str, press: Press) -> bool:
        """A pin or a picture; whether there is a place to show."""
        newest = known.newest if known else None
        place = newest.incident.place if newest else None
        if newest is None or place is None or place.lat is None or place.lon is None:
            return False
        look, room = by.seat.look, by.seat.room
        under = Outgoing(
            look.caption(newest), silent=True, reply_to=press.place.message,
            topic=press.place.topic,
        )  # fmt: skip
        if does == "map" and look.draw is not None:
            png = await asyncio.to_thread(look.draw, place, newest.incident.level)
            self._replies.put(Reply(room, press.place.chat, under, png=png))
        else:
            name = inert(visible(one_line(place.name)))
            pin = under._replace(text=f"{name}\n{place.admin1 or place.country or name}")
            self._replies.put(Reply(room, press.place.chat, pin, (place.lat, place.lon)))
        return True

    async def _toast(self, press: Press, text: str) -> None:
        if self._office.clock.monotonic() < self._hushed_until:
            return  # the API asked for a pause: what was pressed is done, and shown in the message
        try:
            await self._api.toast(press.id, cut(text, LONGEST_TOAST, utf16))
        except (RejectedError, LostAnswerError) as error:
            log.info("press_unanswered", why=str(error))  # too old to be answered: done it is
        except RetryError as error:
            self._hushed_until = self._office.clock.monotonic() + (error.after or 0.0)
            log.warning("press_unanswered", why=str(error), hint=error.hint)

    # --- commands

    async def _said(self, saying: Saying) -> None:
        found = _COMMAND.fullmatch(saying.text.strip())
        if found is None or (found[2] and found[2].lower() != (self.name or "").lower()):
            return
        seat = self._seat_of(saying)
        if seat is None:
            log.info("command_from_elsewhere", chat=saying.place.chat, user=saying.user.id)
            return
        word, key = found[1].lower(), f"said/{saying.place.chat}/{saying.place.message}"
        by = voice(self._office, seat, saying.user.id, saying.user.language)
        if by is None:
            if self._may_refuse(saying.user):
                await self._note_refused(saying.user, seat, key, word)
                self._reply(seat, saying.place, [_line(_not_allowed(saying.user, seat))])
            return
        self._reply(seat, saying.place, await self._command(by, word, found[3] or "", saying, key))

    async def _command(
        self, by: Voice, word: str, text: str, saying: Saying, key: str
    ) -> Sequence[Line]:
        command = COMMANDS.get(word)
        if command is None:
            return [_line(by.say("unknown_command", command=f"{word[:32]}"))]
        late = self._office.clock.now() - saying.at > LATE
        if word in OWN_ACTS and late:
            action = self._action(by, "refused", key)
            detail = f"/{word} {text}, too late"[:200]
            await self._office.writer.do(act, _with(action, detail))
            return [_line(by.say("too_late"))]
        asked = Asked(by, tuple(text.split()[:50]), text, saying.answers, key)
        lines = await command(asked)
        if word not in OWN_ACTS:
            action = _with(self._action(by, "ask", key), f"/{word} {text}"[:200].strip())
            await self._office.writer.do(act, action)
        return lines

    def _seat_of(self, saying: Saying) -> Seat | None:
        """The seat in that chat; in a private one, the first at which that person may sit."""
        chat, name = saying.place.chat, saying.place.name
        here = [one for one in self._seats if one.room.is_at(chat, name)]
        if not here and chat == str(saying.user.id):
            here = [one for one in self._seats if saying.user.id in one.people]
        in_topic = [one for one in here if one.room.topic == saying.place.topic]
        return next(iter([*in_topic, *here]), None)

    # --- both

    def _reply(self, seat: Seat, place: Place, lines: Sequence[Line]) -> None:
        message = message_of(lines)
        outgoing = Outgoing(
            message.text, [one.as_json() for one in message.entities], silent=True,
            reply_to=place.message, topic=place.topic,
        )  # fmt: skip
        self._replies.put(Reply(seat.room, place.chat, outgoing))

    def _action(self, by: Voice, did: ActionKind, key: str, one: Incident | None = None) -> Action:
        return Action(
            key=key, at=self._office.clock.now(), did=did, who=by.name, via=by.seat.receiver,
            incident=one.id if one else None, rule=one.rule if one else None,
        )  # fmt: skip

    def _may_refuse(self, user: User) -> bool:
        """Whether it is time to tell a stranger again; a flood of them costs no room."""
        now = self._office.clock.now()
        self._refused = {
            who: at for who, at in self._refused.items() if now - at < REFUSE_EVERY
        }  # fmt: skip
        if user.id in self._refused:
            return False
        self._refused[user.id] = now
        return True

    async def _note_refused(self, user: User, seat: Seat, key: str, wanted: str) -> None:
        log.warning(
            "not_allowed", receiver=seat.receiver, user=user.id, wanted=wanted,
            hint=f"to allow it: people: [{{id: {user.id}, name: ...}}] at the receiver",
        )  # fmt: skip
        action = Action(
            key=key, at=self._office.clock.now(), did="refused", who=f"user {user.id}",
            via=seat.receiver, detail=f"{wanted}: not among the people",
        )  # fmt: skip
        await self._office.writer.do(act, action)


def _not_allowed(user: User, seat: Seat) -> str:
    return say("not_allowed", language_of(user.language, seat.look.language))


def _line(text: str) -> Line:
    return Line("fact", (span(one_line(text)),))


def _with(action: Action, detail: str) -> Action:
    return msgspec.structs.replace(action, detail=detail)


def _place_of(one: Incident) -> dict[str, object]:
    return {"place": one.place.id} if one.place else {}
