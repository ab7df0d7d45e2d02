"""Rules kept on disk: a start does not make them again, and nothing stale or damaged is used."""

import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from monitor import changing, readymade
from monitor.matching.evaluate import Matcher, evaluate
from monitor.mistake import MistakesError
from monitor.post import PostName
from monitor.workshop import Material, matcher_of, prepare, ready
from tests.test_evaluate import post

NAME = PostName("telegram:x", "1")
RULES = """\
rules:
  - id: shelling
    title: Shelling
    when: {any: [обстрел, удар по городу, взрыв ~3 город]}
    examples: {match: ["Обстрелами накрыло"], no_match: [тихо]}
"""


@pytest.fixture
def material(tmp_path: Path) -> Material:
    """One file of rules, an empty state folder."""
    (tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
    (tmp_path / "state").mkdir()
    return Material((tmp_path / "rules.yaml",), (), (), tmp_path / "state")


def kept(material: Material) -> list[Path]:
    """The files that are kept."""
    assert material.state is not None
    return sorted((material.state / readymade.FOLDER).iterdir())


def judged(matcher: Matcher) -> list[list[str]]:
    """What a few texts bring."""
    texts = ("После обстрелов", "Удар  по городу!", "взрывы в городе", "тихо")
    hits = [evaluate(matcher, post(text), NAME) for text in texts]
    return [[one.text for hit in each for one in hit.found] for each in hits]


FOUND = [["обстрелов"], ["Удар  по городу"], ["взрывы", "городе"], []]


def test_rules_are_made_once(material: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second start takes what the first one made, and judges the same."""
    assert judged(prepare(material)) == FOUND
    monkeypatch.setattr("monitor.rulebook.load.load", None)  # reading the rules would fail now
    assert judged(prepare(material)) == FOUND


def test_what_is_kept_lies_on_the_disk(material: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel has nothing left to write for it later, when posts would wait behind that."""
    synced: list[int] = []
    real = os.fdatasync

    def watched(descriptor: int) -> None:
        real(descriptor)
        synced.append(os.fstat(descriptor).st_size)

    monkeypatch.setattr(os, "fdatasync", watched)
    prepare(material)
    one, other = kept(material)
    assert synced == [one.stat().st_size]
    assert one.samefile(other)  # it has two names, and is written once


def test_a_file_system_without_links(material: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a file cannot have two names, there are two files."""

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    prepare(material)
    one, other = kept(material)
    assert not one.samefile(other)
    assert all(readymade.fetch(material.state, path.name) for path in (one, other))


def test_a_kept_file_is_known_by_its_names_only(material: Material) -> None:
    """Under another name than those it was made for, it is not used."""
    prepare(material)
    one, _ = kept(material)
    other = one.with_name("0" * 64)
    other.write_bytes(one.read_bytes())
    other.chmod(0o600)
    assert readymade.fetch(material.state, other.name) is None


@pytest.mark.parametrize("seed", range(8))
def test_a_flipped_bit_means_made_again(material: Material, seed: int) -> None:
    """Whatever bit of a kept file flips, it is not used, and the same rules are made again."""
    prepare(material)
    rng = random.Random(seed)
    for path in kept(material):
        content = bytearray(path.read_bytes())
        at = rng.randrange(len(content) * 8)
        content[at // 8] ^= 1 << at % 8
        path.write_bytes(content)
        assert readymade.fetch(material.state, path.name) is None
    assert judged(prepare(material)) == FOUND
    assert all(readymade.fetch(material.state, one.name) for one in kept(material))


@pytest.mark.parametrize("length", [0, 10, 200, -1])
def test_a_torn_file_means_made_again(material: Material, length: int) -> None:
    """A file that ends too soon is not used."""
    prepare(material)
    for path in kept(material):
        path.write_bytes(path.read_bytes()[:length])
        assert readymade.fetch(material.state, path.name) is None
    assert judged(prepare(material)) == FOUND


def test_other_code_means_made_again(material: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another version has made is not found."""
    prepare(material)
    before = readymade.key("files")
    readymade._code.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "version", "3.99")
        assert readymade.key("files") != before
    readymade._code.cache_clear()
    assert readymade.key("files") == before
    path = kept(material)[0]
    older = path.read_bytes().replace(readymade.FORMAT, b"monitor readymade 0", 1)
    path.write_bytes(older)
    assert readymade.fetch(material.state, path.name) is None


def test_a_file_others_can_write_is_not_used(material: Material) -> None:
    """A kept file is code: one that somebody else could have written is left aside."""
    prepare(material)
    for path in kept(material):
        path.chmod(0o666)
        assert readymade.fetch(material.state, path.name) is None


def test_a_changed_rule_is_made_anew(material: Material) -> None:
    """A change of one word is seen, however the file's times look."""
    prepare(material)
    path = material.rules[0]
    about = path.stat()
    path.write_text(RULES.replace("тихо", "мирно").replace("город]", "дома, тихо]"), "utf-8")
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert judged(prepare(material))[3] == ["тихо"]


def test_mistakes_are_never_kept(material: Material) -> None:
    """Rules whose examples fail are refused again at the next start."""
    path = material.rules[0]
    path.write_text(RULES.replace("тихо]", "обстрел]"), encoding="utf-8")
    for _ in range(2):
        with pytest.raises(MistakesError):
            prepare(material)


def test_only_so_many_are_kept(material: Material) -> None:
    """Old ones go."""
    for number in range(readymade.KEPT + 3):
        material.rules[0].write_text(RULES.replace("тихо", f"тихо {number}"), encoding="utf-8")
        prepare(material)
    assert len(kept(material)) == readymade.KEPT


def test_what_is_kept_serves_every_verb(material: Material) -> None:
    """A rulebook that says the same is not compiled again; it speaks of its own lines."""
    made = prepare(material)
    material.rules[0].write_text("\n\n" + RULES, encoding="utf-8")
    moved = prepare(material._replace(state=None)).rulebook
    assert moved.hash == made.rulebook.hash
    again = matcher_of(moved, material.state)  # type: ignore[arg-type]
    assert evaluate(again, post("обстрел"), NAME)[0].rule.line == 4
    assert made.rulebook.rules[0].line == 2


def test_the_daemon_never_loads_the_dictionaries(material: Material) -> None:
    """What has to be made at a start is made by a child that ends."""
    program = (
        "import sys, pickle; from monitor.workshop import ready;"
        "made = ready(pickle.loads(sys.stdin.buffer.read()));"
        "from monitor.lexicon.dictionary import analyser;"
        "print(analyser.cache_info().currsize, len(made.rulebook.rules))"
    )
    import pickle  # noqa: PLC0415 - only here

    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", program],
            input=pickle.dumps(material),
            capture_output=True,
            check=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        assert done.stdout.split() == [b"0", b"1"], done.stderr


def test_beside_other_threads_rules_are_made_here(
    material: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process in which other threads run is not copied: it makes the same rules itself."""
    monkeypatch.setattr("monitor.hands.Copy.answering", None)
    done = threading.Event()
    other = threading.Thread(target=done.wait)
    other.start()
    try:
        assert judged(ready(material)) == FOUND
    finally:
        done.set()
        other.join()


def test_a_child_killed_at_a_start(material: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the child that makes the rules of a start dies, the same rules are made here."""
    monkeypatch.setattr(changing, "once", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    assert judged(ready(material)) == FOUND


def test_a_child_tells_the_mistakes(material: Material) -> None:
    """Mistakes that a child finds are the same as ever."""
    material.rules[0].write_text(RULES.replace("title", "titel"), encoding="utf-8")
    with pytest.raises(MistakesError) as caught:
        ready(material)
    assert any("unknown key `titel`" in str(one) for one in caught.value.mistakes)


def test_rules_that_cannot_be_kept_are_handed_over(material: Material) -> None:
    """Where nothing can be written into the state folder, a start has its rules all the same."""
    assert material.state is not None
    (material.state / readymade.FOLDER).write_text("in the way", "utf-8")
    assert judged(ready(material)) == FOUND
