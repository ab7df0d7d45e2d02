"""Starting and reloading: 10,000 rules in 100 files, over a gazetteer of 200,000 places.

    python benchmarks/starting.py [--rules 10000] [--places 200000] [--rounds 5] [--json FILE]

The rules are those of `drawn.py`, each with an example; one in twenty also asks for a region. The
places: the world that comes with the product, imported gazetteers, filled up with made names.
Every start is a process of its own, timed until it says `running`: `cached`, as usual; `uncached`,
with no rules made ready. Memory is read some seconds after the start, and once more after reloads.
A reload saves one file with one rule changed while 200 posts a second come in; it is timed from the
save until it is in force, and the same process notes how long its event loop was held up and how
long a post waited until it was committed.
"""

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from drawn import DATA, SEED, book, posts
from watched import AT_REST, POSTS, SOURCE

from monitor.gazetteer.build import open_world, save_import
from monitor.gazetteer.imports import read_gazetteer
from monitor.place import Place
from monitor.rule import AllOf, AnyOf, NoneOf, Rule, Speaker, Term

HERE = Path(__file__)
WATCHED = HERE.with_name("watched.py")
FILES = 100
REAL = ("ua-settlements-osm.csv", "ua-katottg.xlsx")
REGIONS = ("RU-BEL", "RU-KRS", "UA-63")
AS_INSTALLED = """
import sys
sys.modules.update(dict.fromkeys(("rich", "twisted")))  # for developing: structlog loads them
from monitor.cli import main
sys.exit(main())
"""
SYLLABLES = ("бе", "ло", "ка", "мо", "ри", "ту", "ве", "но", "са", "ди", "гу", "хо", "пе", "ра")
ENDINGS = ("вка", "ново", "ское", "град", "чи", "ль")


def written(rule: Rule, number: int) -> Iterator[str]:
    """A drawn rule as YAML, with an example of its own words; one in twenty asks for a region."""
    yield f"  - id: {rule.id}"
    yield f"    title: {rule.title} {number}"
    yield "    when:"
    example: list[str] = []
    assert isinstance(rule.when, AllOf)  # noqa: S101 - all drawn rules are
    single = [one.text for one in rule.when.parts if isinstance(one, Term)]
    for part in rule.when.parts:
        if isinstance(part, AnyOf | NoneOf):
            words = [one.text for one in part.parts if isinstance(one, Term)]
            key = "any" if isinstance(part, AnyOf) else "not"
            yield f"      {key}: [{', '.join(map(_term, words))}]"
            example += words[:1] if key == "any" else []
        elif isinstance(part, Speaker):
            yield "      from: {role: [official, militia]}"
    if single:
        yield f"      all: [{', '.join(map(_term, single))}]"
    if number % 20 == 0:
        yield f"      place: {{in: {REGIONS[number // 20 % 3]}}}"
    elif not _excluded(rule, [*single, *example]):
        yield f"    examples: {{match: [{_term(' и '.join([*single, *example]))}]}}"


def _term(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _excluded(rule: Rule, words: list[str]) -> bool:
    """Whether an example of these words would hold a word that the rule excludes."""
    assert isinstance(rule.when, AllOf)  # noqa: S101 - all drawn rules are
    none = [
        one.text[:3]
        for part in rule.when.parts
        if isinstance(part, NoneOf)
        for one in part.parts
        if isinstance(one, Term)
    ]
    said = [word for text in words for word in text.split()]
    return any(word.startswith(tuple(none)) for word in said) if none else False


def write_rules(folder: Path, count: int) -> None:
    """The rules in files of equal size, the sources, and the configuration."""
    rules = book(count).rules
    (folder / "rules").mkdir(parents=True)
    size = max(count // FILES, 1)
    for start in range(0, count, size):
        lines = [
            line
            for number in range(start, min(start + size, count))
            for line in written(rules[number], number)
        ]
        path = folder / "rules" / f"file-{start // size:03}.yaml"
        path.write_text("rules:\n" + "\n".join(lines) + "\n", "utf-8")
    (folder / "sources.yaml").write_text(f"- {{id: {SOURCE}, role: official}}\n", "utf-8")
    (folder / POSTS).write_bytes(msgspec.json.Encoder().encode_lines(posts(3_000)))
    (folder / "monitor.yaml").write_text(
        "state: state\nrules: [rules]\nsources: [sources.yaml]\nreceivers: []\n", "utf-8"
    )


def write_places(state: Path, count: int) -> dict[str, float]:
    """Import places until there are so many; what that took."""
    state.mkdir(mode=0o700, parents=True)
    there = len(open_world(state))
    started = time.perf_counter()
    for name in REAL:
        places = read_gazetteer(DATA / "gazetteers" / name, lambda _: None).places
        places = places[: max(count - there, 0)]
        save_import(state, name, places)
        there += len(places)
    real = there
    if there < count:
        save_import(state, "made", list(_made(count - there)))
    compiled = len(open_world(state))
    return {
        "places": compiled,
        "of them real": real,
        "imported and compiled, s": time.perf_counter() - started,
    }


def _made(count: int) -> Iterator[Place]:
    draw = random.Random(SEED)  # noqa: S311 - the same names every time
    for number in range(count):
        stem = "".join(draw.choices(SYLLABLES, k=draw.randint(2, 4)))
        yield Place(
            id=f"made:{number}",
            name=(stem + draw.choice(ENDINGS)).capitalize(),
            country="RU",
            admin1="RU-BEL",
            lat=round(draw.uniform(50, 52), 4),
            lon=round(draw.uniform(35, 39), 4),
            within=("region:RU-BEL", "country:RU"),
        )


def started(folder: Path) -> dict[str, float]:
    """A daemon of its own until it says `running`: seconds, of the processor too; its memory."""
    begun = time.perf_counter()
    with _daemon(folder) as process:
        _until(process, "running")
        seconds = time.perf_counter() - begun
        times = Path(f"/proc/{process.pid}/stat").read_text("utf-8").rsplit(") ")[-1].split()
        used = sum(map(int, times[11:15])) / os.sysconf("SC_CLK_TCK")  # its children's too
        time.sleep(AT_REST)
        found = {"s": seconds, "of the processor, s": used, **memory(process.pid)}
        process.terminate()
        process.communicate()
    return found


def _daemon(folder: Path, *words: str) -> "subprocess.Popen[str]":
    words = words or ("-c", AS_INSTALLED, "run", "--config", str(folder / "monitor.yaml"))
    surroundings = {**os.environ, "PYTHONPATH": str(HERE.parents[1])}
    surroundings.pop("PYTHONDONTWRITEBYTECODE", None)  # as installed: compiled modules are kept
    return subprocess.Popen(
        [sys.executable, *words], stderr=subprocess.PIPE, env=surroundings, text=True
    )


def _until(process: "subprocess.Popen[str]", event: str) -> dict[str, object]:
    """The next log line of that event."""
    assert process.stderr is not None  # noqa: S101 - a pipe, as asked for above
    while line := process.stderr.readline():
        told: dict[str, object] = json.loads(line) if line.startswith("{") else {}
        if told.get("event") == event:
            return told
        if told.get("event") == "rules_refused":
            raise SystemExit(str(told)[:500])
    raise SystemExit(f"the daemon ended before it was {event}")


def memory(pid: int) -> dict[str, float]:
    """Resident, private and proportional memory of a process, in MB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8").splitlines()[1:]
    kilobytes = {
        name: int(rest.split()[0]) for name, _, rest in (one.partition(":") for one in lines)
    }
    private = kilobytes["Private_Clean"] + kilobytes["Private_Dirty"]
    return {
        "resident, MB": kilobytes["Rss"] / 1024,
        "private, MB": private / 1024,
        "proportional, MB": kilobytes["Pss"] / 1024,
    }


def reloaded(folder: Path, rounds: int) -> dict[str, object]:
    """Saves of one file of a daemon under a flow of posts, one after the other."""
    path = folder / "rules" / "file-050.yaml"
    before = path.read_text("utf-8")
    live: list[float] = []
    with _daemon(folder, str(WATCHED), str(folder)) as process:
        _until(process, "running")
        _until(process, "warm")
        time.sleep(AT_REST)
        for number in range(rounds):
            fresh = path.with_suffix(".new")
            fresh.write_text(before.replace('any: ["', f'any: ["новинка {number}", "', 1), "utf-8")
            saved = time.perf_counter()
            fresh.replace(path)
            _until(process, "rules_loaded")
            live.append(time.perf_counter() - saved)
            time.sleep(1.0)
        kept = memory(process.pid)
        process.terminate()
        told = _until(process, "watched")
        process.communicate()
    path.write_text(before, "utf-8")
    return {
        "save to live, median, s": statistics.median(live),
        "save to live, longest, s": max(live),
        **{key: value for key, value in told.items() if "," in key},
        **{f"{key} after reloads": value for key, value in kept.items()},
    }


def measure(rules: int, places: int, rounds: int) -> dict[str, object]:
    """Every figure, in a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="monitor-starting-") as name:
        folder = Path(name)
        write_rules(folder, rules)
        gazetteer = write_places(folder / "state", places)
        uncached = [_uncached(folder) for _ in range(max(rounds // 2, 1))]
        cached = [started(folder) for _ in range(rounds)]
        return {
            "rules": rules,
            **gazetteer,
            **{f"start, rules cached: {key}": value for key, value in _middle(cached).items()},
            **{
                f"start, uncached: {key}": value
                for key, value in _middle(uncached).items()
                if key.endswith(" s") or key == "s"
            },
            **{f"reload: {key}": value for key, value in reloaded(folder, 2 * rounds).items()},
        }


def _uncached(folder: Path) -> dict[str, float]:
    shutil.rmtree(folder / "state" / "rules", ignore_errors=True)
    return started(folder)


def _middle(found: list[dict[str, float]]) -> dict[str, float]:
    return {key: statistics.median(one[key] for one in found) for key in found[0]}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rules", type=int, default=10_000)
    parser.add_argument("--places", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found = measure(options.rules, options.places, options.rounds)
    for key, value in found.items():
        print(f"{key}: {value:,.3f}" if isinstance(value, float) else f"{key}: {value:,}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
