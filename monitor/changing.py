"""The process that makes rules ready for a daemon that runs: what changed, over what is in force.

It stays warm: what was read is kept (monitor/rulebook/kept.py), the dictionaries are loaded. Of a
change only the rules that differ are compiled, and their examples run; the daemon lays them over
the rules that it has. All rules together are made ready afterwards, for the next start, by a copy
of this process that nobody waits for.
"""

import gc
import os
import pickle
from collections.abc import Sequence
from contextlib import suppress
from io import BytesIO
from select import select
from typing import Any, BinaryIO, NamedTuple

from msgspec import structs

from monitor import readymade
from monitor.gazetteer.build import open_world, silent
from monitor.gazetteer.compiled import Layers, Progress
from monitor.gazetteer.lookup import Gazetteer
from monitor.hands import Copy, die_with_parent
from monitor.matching.evaluate import Matcher
from monitor.matching.layered import Change
from monitor.matching.rehearse import rehearse
from monitor.mistake import Mistake, MistakesError
from monitor.rule import Rule
from monitor.rulebook.book import Rulebook
from monitor.rulebook.kept import Kept
from monitor.rulebook.load import load
from monitor.rulebook.packed import Shelf
from monitor.rulebook.where import wheres_in
from monitor.timeline import run_timeline
from monitor.workshop import (
    SIZE,
    Material,
    Order,
    imported,
    is_kept,
    keys,
    made_of,
    name_of_rules,
    prepare,
)

MOST = 500
"""More changed rules than this are not laid over the others: all are made anew."""
QUIET = 3.0
"""Seconds without another order until all rules are made ready: the copy that does it would take
the processor, and its pages, from the next one (measured: 40 to 150 ms)."""
WARMED = 3
"""So many rules are compiled to be warm."""
LATER = 19
"""How nice the copy is that makes all rules ready for the next start."""


class Base(NamedTuple):
    """The rules that the daemon has as a whole: what they say, and the world behind them."""

    rulebook: Rulebook
    imported: list[str]
    gazetteer: Gazetteer
    world: Layers | None


class Bench:
    """One maker of rules: what it has read, and what the daemon has of it."""

    def __init__(self) -> None:
        self._kept = Kept()
        self._base: Base | None = None
        self._later: Copy | None = None
        self._warm = False

    def made(self, order: Order, progress: Progress) -> Matcher | Change | Sequence[Mistake]:
        """What an order asks for, or what is wrong with its files."""
        self.stop()
        material = order.material
        try:
            if not order.running:
                return prepare(material, progress)
            book = load(
                material.rules, material.sources, place_paths=material.places, kept=self._kept
            )
            change = self._change(book, order)
            if change is not None:
                return change
            matcher = prepare(material, progress, book)
        except MistakesError as error:
            return error.mistakes
        self._know(book, material)
        return matcher

    def _know(self, book: Rulebook, material: Material) -> Base:
        """These are the rules that the daemon has."""
        asks, state = any(map(_asks, book.rules)), material.state
        world = open_world(state) if asks and state is not None else None
        gazetteer = Gazetteer(book.places, book.areas, world)
        self._base = Base(book, imported(state), gazetteer, world)
        return self._base

    def _change(self, book: Rulebook, order: Order) -> Change | None:
        """The rules that differ from those in force; None if all must be made anew.

        Raises:
            MistakesError: examples or tests over time that fail.
        """
        base = self._base
        if base is None or base.rulebook.hash != order.running:
            running = book if book.hash == order.running else _recalled(order, book)
            if running is None:
                return None
            base = self._know(running, order.material)
        if base.imported != imported(order.material.state):
            return None
        moved = (book.places, book.areas) != (base.rulebook.places, base.rulebook.areas)
        changed, hidden = differing(base.rulebook, book, places=moved)
        asks = any(map(_asks, changed))
        if len(changed) > MOST or (asks and base.world is None):
            return None
        gazetteer = base.gazetteer
        if moved:
            gazetteer = Gazetteer(book.places, book.areas, base.world)
        own = structs.replace(book, rules=Shelf(changed))
        change = Change(hidden, Matcher(own, gazetteer=gazetteer))
        mistakes = [*rehearse(own, change.above)]
        if book.timelines:
            below = _kept(order)
            if below is None:
                return None
            matcher = change.over(below)
            for timeline in book.timelines:
                mistakes += run_timeline(matcher, timeline)
        if mistakes:
            raise MistakesError(mistakes)
        judging = structs.replace(own, examples={}, timelines=())
        return change._replace(above=change.above.speaking_for(judging))

    def warm(self) -> None:
        """Compile some rules as if they had changed, once: what that loads is there when one does.

        The first save of a day is live as soon as the others (0.28 s here, then 0.13).
        """
        if self._base is None or self._warm:
            return
        self._warm = True
        some = self._base.rulebook.rules[:WARMED]
        own = structs.replace(self._base.rulebook, rules=Shelf(some), timelines=())
        rehearse(own, Matcher(own, gazetteer=self._base.gazetteer))

    def packed(self, answer: object) -> bytes:
        """An answer as bytes; the places that the daemon has are named, not sent."""
        into = BytesIO()
        _Pickler(into, self._base if isinstance(answer, Change) else None).dump(answer)
        return into.getvalue()

    def make_all(self, order: Order) -> None:
        """Let a copy of this process make all rules ready, for the next start."""
        state = order.material.state
        if state is not None and state.is_dir():
            with suppress(OSError):  # no room for one more process: the next start makes them
                self._later = Copy(lambda: self._keep_all(order))

    def _keep_all(self, order: Order) -> None:
        """What the copy does; the rules in force stay too: the next child compares with them."""
        material = order.material
        with suppress(OSError):  # a sandbox may forbid it
            os.nice(LATER)
        book = load(material.rules, material.sources, place_paths=material.places, kept=self._kept)
        names = keys(book, material)
        readymade.used(material.state, name_of_rules(order.running, material.state))
        if readymade.fetch(material.state, names[0]) is None:
            readymade.keep(material.state, names, made_of(book, material.state, silent))

    def stop(self) -> None:
        """End the copy, if it is still at work."""
        later, self._later = self._later, None
        if later is not None:
            later.end()


class _Pickler(pickle.Pickler):
    """Names what the reader has."""

    def __init__(self, into: BytesIO, base: Base | None) -> None:
        super().__init__(into, pickle.HIGHEST_PROTOCOL)
        self._base = base

    def persistent_id(self, found: Any) -> str | None:  # noqa: ANN401 - whatever is pickled
        """`gazetteer`: the one of the rules in force; `world`: what lies under its places."""
        if self._base is None:
            return None
        if found is self._base.gazetteer:
            return "gazetteer"
        return "world" if found is self._base.world is not None else None


def _kept(order: Order) -> Matcher | None:
    """The rules in force, if they are kept."""
    state = order.material.state
    return readymade.fetch(state, name_of_rules(order.running, state))


def _recalled(order: Order, book: Rulebook) -> Rulebook | None:
    """What the rules in force say, which are others than those of the files, if they are kept.

    A child that was begun after a change had been saved knows only so what is in force. Rules that
    `book` has too are its own objects: to compare them again takes no time.
    """
    kept = _kept(order)
    if kept is None or not isinstance(kept.rulebook, Rulebook):
        return None
    now = {rule.id: rule for rule in book.rules}
    rules = (
        now[rule.id] if _same(now.get(rule.id), rule) else rule for rule in kept.rulebook.rules
    )
    return structs.replace(kept.rulebook, rules=Shelf(rules))


def differing(old: Rulebook, new: Rulebook, *, places: bool) -> tuple[list[Rule], frozenset[str]]:
    """The rules of `new` that say something else, or are new; the ids that `old` has otherwise.

    `places`: with other places every rule that asks for one is another.
    """
    before = {rule.id: rule for rule in old.rules}
    changed = [
        rule
        for rule in new.rules
        if (places and _asks(rule))
        or ((known := before.get(rule.id)) is not rule and not _same(known, rule))
    ]
    gone = before.keys() - {rule.id for rule in new.rules}
    return changed, frozenset(gone | {rule.id for rule in changed if rule.id in before})


def _same(old: Rule | None, new: Rule) -> bool:
    """Whether two rules say the same, wherever they are written."""
    return old is not None and structs.replace(old, file=new.file, line=new.line) == new


def _asks(rule: Rule) -> bool:
    return any(True for _ in wheres_in(rule.when))


def serve(progress: Progress = silent) -> None:
    """The child of a daemon that runs: answers orders until its standard input ends."""
    die_with_parent()
    orders, answers = _pipes()
    bench = Bench()
    while content := _received(orders):
        order: Order = pickle.loads(content)  # noqa: S301 - from our parent
        made = bench.made(order, progress)
        _answer(answers, bench.packed(made))
        _tidy(made)
        bench.warm()
        if isinstance(made, Change) and not _comes(orders):
            bench.make_all(order)
    bench.stop()


def _tidy(made: object) -> None:
    """Collect what an answer has left over; what lives is set aside.

    To look through all rules takes 0.7 s, and a save that came meanwhile waited for it.
    """
    if isinstance(made, Matcher):
        gc.unfreeze()  # other rules stand in the place of those set aside
    gc.collect()
    gc.freeze()


def once(material: Material, progress: Progress = silent) -> tuple[bytes, object]:
    """What the child of a start makes, a copy of it: the answer to its one order; all behind it.

    The answer is nothing if the rules were kept: where the next start finds them, this one does.
    """
    gc.disable()  # as in `_pipes`
    bench = Bench()
    made = bench.made(Order(material), progress)
    kept = isinstance(made, Matcher) and is_kept(material)
    return bench.packed(None if kept else made), (bench, made)


def _pipes() -> tuple[BinaryIO, BinaryIO]:
    """Where orders come from, and answers go to."""
    orders, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not be taken for an answer
    gc.disable()  # it would look through all that grows, again and again: a third of the time
    return orders, answers


def _answer(answers: BinaryIO, answer: bytes) -> None:
    answers.write(SIZE.pack(len(answer)) + answer)
    answers.flush()


def _comes(orders: BinaryIO) -> bool:
    """Whether another order comes soon, or their end."""
    return bool(select([orders], [], [], QUIET)[0])


def _received(orders: BinaryIO) -> bytes:
    head = orders.read(SIZE.size)
    return orders.read(*SIZE.unpack(head)) if len(head) == SIZE.size else b""
