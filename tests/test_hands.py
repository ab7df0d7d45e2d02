"""Copies of a process that share its work: the same comes of it, whatever becomes of them."""

import os
import signal
import threading
from pathlib import Path

import pytest

from monitor import hands, readymade
from monitor.hands import BATCH, FEW, Copy, Hands, spare_cores
from monitor.lexicon.inflect import plain_forms
from monitor.rulebook.compile import formed, texts_of
from monitor.rulebook.load import load
from monitor.workshop import Material, prepare
from tests.test_readymade import FOUND, judged, kept, material

__all__ = ["material"]

STEMS = ("обстрел", "удар по городу", "=как есть", "@Гладков", "прорв* границ*", "взрыв ~3 город")
TERMS = [*STEMS, *(f"дом {number} на улице" for number in range(FEW + 3 * BATCH))]


@pytest.fixture
def _two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more hand, whatever the machine has."""
    monkeypatch.setattr(hands, "spare_cores", lambda: 1)
    monkeypatch.setattr(readymade, "spare_cores", lambda: 1)


@pytest.mark.usefixtures("_two_cores")
def test_copies_make_the_same_forms() -> None:
    """What copies bring is what one process makes; each term once, and those never given too."""
    with Hands() as made:
        for term in TERMS[:-5]:
            made.give(term)
        assert len(made._copies) == 1
        found = made.forms(TERMS)
    assert found == {term: formed(term, plain_forms) for term in TERMS}


@pytest.mark.usefixtures("_two_cores")
def test_a_copy_that_dies_is_not_missed() -> None:
    """The forms that a copy had begun with are made here, if it is killed."""
    with Hands() as made:
        for term in TERMS:
            made.give(term)
        os.kill(made._copies[0][0]._process, signal.SIGKILL)
        assert made.forms(TERMS).keys() == set(TERMS)


@pytest.mark.usefixtures("_two_cores")
def test_no_copy_is_left_when_rules_are_wrong() -> None:
    """If the forms are not asked for after all, the copies end at once."""
    with Hands() as made:
        for term in TERMS:
            made.give(term)
        process = made._copies[0][0]._process
    with pytest.raises(ChildProcessError):
        os.waitpid(process, 0)


def test_a_process_with_threads_is_not_copied() -> None:
    """Where another thread runs, a copy could hang in what that thread held: there is none."""
    done = threading.Event()
    other = threading.Thread(target=done.wait)
    other.start()
    assert spare_cores() == 0
    done.set()
    other.join()


def test_a_copy_tells_whether_it_did_its_work() -> None:
    """A copy that fails says so, and never goes on as the process that it was copied from."""
    assert Copy(lambda: None).done()

    def fail() -> None:
        os.close(2)  # its traceback is nobody's
        raise OSError

    assert not Copy(fail).done()


@pytest.mark.usefixtures("_two_cores")
def test_rules_are_kept_while_they_are_rehearsed(
    material: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a copy has written is what the next start takes."""
    monkeypatch.setattr(readymade, "MANY", 0)
    prepare(material)
    assert len(kept(material)) == 2
    monkeypatch.setattr("monitor.rulebook.load.load", None)  # reading the rules would fail now
    assert judged(prepare(material)) == FOUND


@pytest.mark.usefixtures("_two_cores")
def test_wrong_rules_are_not_kept(
    material: Material, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Of rules whose examples fail, nothing stays behind, although a copy has begun to write."""
    monkeypatch.setattr(readymade, "MANY", 0)
    matcher = prepare(material)
    (tmp_path / "other").mkdir()
    keeping = readymade.keeping(tmp_path / "other", ("name",), matcher)
    with pytest.raises(ValueError, match="wrong"), keeping:
        raise ValueError("wrong")
    assert not [*(tmp_path / "other").rglob("*name*")]


def test_every_term_is_heard_of(tmp_path: Path) -> None:
    """Whoever listens while rules are read hears of every term: in lists, in groups, alone."""
    (tmp_path / "rules.yaml").write_text(
        "terms: {hits: [обстрел, -солнечный удар]}\n"
        "rules:\n"
        "  - {id: one, title: One, when: {any: [$hits, взрыв], not: [{all: [учения, полигон]}]}}\n"
        "  - {id: two, title: Two, when: дрон}\n",
        "utf-8",
    )
    heard: list[str] = []
    rulebook = load([tmp_path / "rules.yaml"], [], heard=heard.append)
    terms = {text for rule in rulebook.rules for text in texts_of(rule)}
    assert len(terms) == 6
    assert terms <= set(heard)
