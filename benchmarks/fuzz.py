"""Look for a post and rules that the engine judges otherwise than the reference, led by coverage.

    pip install atheris
    python benchmarks/fuzz.py [-max_total_time=900] [CORPUS_FOLDER]

Options are libFuzzer's. Half of the inputs draw rules and posts from the strategies of
`tests/test_evaluate.py`, the other half are raw text under fixed rules: fold, scan and evaluate
against `tests/naive.py`. The first difference ends the run and prints itself. Texts with stretched
or spread letters are passed over: the reference does not read them again (tests/test_disguise.py).
"""

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

with atheris.instrument_imports(include=["monitor.text", "monitor.matching", "monitor.rulebook"]):
    from monitor.lexicon.surfaces import as_written
    from monitor.matching.evaluate import Matcher
    from monitor.rule import Term
    from monitor.source import SourceInfo
    from monitor.text.disguise import readings
    from monitor.text.fold import fold
    from tests import naive, random_rules, test_evaluate, test_evaluate_reference

RULES = tuple(
    test_evaluate.rule(f"r{number:03}", Term(term))
    for number, term in enumerate(test_evaluate_reference.TERMS)
)
WHO = SourceInfo(id="telegram:x")
MATCHER = Matcher(test_evaluate.Book(RULES, {WHO.id: WHO}), inflect=as_written)
DRAWN = test_evaluate_reference.test_hits_equal_the_reference.hypothesis.fuzz_one_input
MOST = 200
"""Characters of a raw text: the reference takes its time."""


def judge(data: bytes) -> None:
    """One input."""
    if data[:1] < b"\x80":
        DRAWN(data[1:])
        return
    text = data[1:].decode("utf-8", "surrogatepass" if data[:1] > b"\xf0" else "ignore")[:MOST]
    if next(readings(text), None) is not None:
        return
    folded = fold(text)
    if not folded.startswith(b" ") or not folded.endswith(b" "):
        raise AssertionError(f"not between spaces: {text!r}")
    post = test_evaluate.post(text)
    told, meant = (
        random_rules.answers(MATCHER, post),
        naive.evaluate(RULES, text, WHO, post),
    )
    if told != meant:
        raise AssertionError(f"{text!r}: {told} is not {meant}")


def one(data: bytes) -> None:
    """One input; what is no text is passed over."""
    try:
        judge(data)
    except UnicodeDecodeError:
        return


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
