"""Asking an account about channels: through the running daemon, else on a connection of our own."""

import asyncio
from typing import TypeVar

import msgspec

from monitor.clock import SystemClock
from monitor.control import ask
from monitor.settings import Settings
from monitor.sources.introduction import NoIntroductionError
from monitor.store.commit import Work, commit
from monitor.store.database import Database
from monitor.store.incidents import cursors

Answer = TypeVar("Answer")


def look(chosen: Settings, question: dict[str, str], kind: type[Answer]) -> Answer:
    """What an account says to `{"channel": name}`, `{"folder": title}` or `{"link": slug}`.

    Raises:
        NoIntroductionError: no account can say it; the hint says what to do.
    """
    if not chosen.telegram.accounts:
        raise NoIntroductionError("no account is configured", "add one under telegram.accounts")
    try:
        answer = ask(chosen.state, "look", **question) if chosen.state.is_dir() else None
    except TimeoutError as error:
        hint = "its account may have to wait for its turn; try again in a minute"
        raise NoIntroductionError("the daemon has not answered in time", hint) from error
    if answer is None:
        return asyncio.run(_by_ourselves(chosen, question, kind))
    if "error" in answer:
        raise NoIntroductionError(str(answer["error"]), str(answer.get("hint", "")))
    return msgspec.convert(answer["found"], kind)


async def _by_ourselves(chosen: Settings, question: dict[str, str], kind: type[Answer]) -> Answer:
    """The daemon does not run: its first account is ours."""
    # the client library takes half a second to load: other verbs do without
    from monitor.sources.telegram import looking  # noqa: PLC0415 - see above
    from monitor.sources.telegram.sharing import account_settings  # noqa: PLC0415 - see above

    account = chosen.telegram.accounts[0]
    clock = SystemClock()
    db = Database.open(chosen.state)
    try:
        budget = f"telegram-budget/{account.name}"

        async def persist(text: str) -> None:
            commit(db, Work(cursors={budget: text}), clock.now())

        settings = account_settings(chosen, account)
        async with looking.visiting(settings, clock, cursors(db).get(budget), persist) as calls:
            found, kept = await looking.answered(calls, account.name, question)
        commit(db, Work(cursors=kept), clock.now())
    finally:
        db.close()
    return msgspec.convert(msgspec.to_builtins(found), kind)
