"""Border-village mentions: how many of those reported are right, and how many are found.

    python benchmarks/quality/places_border.py DATA STATE

DATA is the folder of real posts; STATE holds the compiled gazetteer (`monitor places import`
adds to it). The labels lie beside this file by channel, id and offsets: those that the weights were
set by, and those that were judged afterwards. The baseline reports every name.
"""

import csv
import gzip
import json
import sys
from collections import defaultdict
from pathlib import Path

from monitor.gazetteer.build import open_world
from monitor.gazetteer.lookup import Gazetteer
from monitor.gazetteer.resolve import resolve
from monitor.rulebook.load import load
from monitor.settings import shipped

FOLDER = Path(__file__).parent / "labels"
LABELS = {
    "tuned on": FOLDER / "border-villages.tsv",
    "held out": FOLDER / "border-villages-held-out.tsv",
}
SETS = ("ru-news", "ru-tass", "war-posts")
BORDER = {"RU-BEL", "RU-KRS", "RU-BRY"}
Label = tuple[int, int, bool]


def labels(path: Path) -> dict[tuple[str, str, str], list[Label]]:
    """(set, channel, id) -> labelled mentions."""
    found: dict[tuple[str, str, str], list[Label]] = defaultdict(list)
    with path.open(encoding="utf-8") as file:
        lines = (line for line in file if not line.startswith("#"))
        for row in csv.DictReader(lines, delimiter="\t"):
            place = (row["set"], row["channel"], row["id"])
            found[place].append((int(row["start"]), int(row["end"]), row["right"] == "1"))
    return found


def main() -> None:
    """Print the figures of both sets, and with -v every mention judged wrongly."""
    data, state = Path(sys.argv[1]), Path(sys.argv[2])
    book = load([], [], place_paths=[shipped("rules/places.yaml")])
    gazetteer = Gazetteer(book.places, book.areas, open_world(state))
    for title, path in LABELS.items():
        measure(title, labels(path), data, gazetteer)


def measure(
    title: str,
    wanted: dict[tuple[str, str, str], list[Label]],
    data: Path,
    gazetteer: Gazetteer,
) -> None:
    """Print the figures of a set of labels."""
    right = wrong = missed = 0
    for name in SETS:
        with gzip.open(data / "posts" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
            for number, line in enumerate(file):
                post = json.loads(line)
                identity = str(post.get("message_id", number))
                here = wanted.get((name, post.get("channel") or "-", identity), [])
                results = resolve(post["text"], gazetteer) if here else ()
                for start, end, is_right in here:
                    told = next((one for one in results if one.start <= start < one.end), None)
                    place = told.place if told else None
                    reported = place is not None and place.admin1 in BORDER
                    right += reported and is_right
                    wrong += reported and not is_right
                    missed += is_right and not reported
                    if "-v" in sys.argv and reported != is_right:
                        why = f"{told.confidence} {told.why}" if told else "read as no place"
                        print("  ", "missed" if is_right else "WRONG", name, identity,
                              repr(post["text"][max(0, start - 60) : end + 30]), why)  # fmt: skip
    total = sum(len(one) for one in wanted.values())
    true = right + missed
    print(f"{title}: {total} mentions, {true} right: every name: precision {true / total:.3f}")
    print(f"  reported {right + wrong}: precision {right / max(1, right + wrong):.3f}, "
          f"recall {right / true:.3f}")  # fmt: skip


if __name__ == "__main__":
    main()
