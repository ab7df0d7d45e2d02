"""English toponyms: how many of the labelled ones are resolved within 161 km.

    python benchmarks/quality/places_english.py DATA STATE

Coverage is the share of the labelled toponyms that the gazetteer lists at all. Baseline: the most
populous candidate of every listed name, whatever stands around it. Both are over all toponyms.
"""

import gzip
import sys
from pathlib import Path

from lxml import etree

from monitor.gazetteer.areas import distance_km
from monitor.gazetteer.build import open_world
from monitor.gazetteer.lookup import Gazetteer
from monitor.gazetteer.names import BEFORE_TYPE, key
from monitor.gazetteer.resolve import resolve
from monitor.place import Point

NEAR_KM = 161.0
"""A hundred miles, as the papers measure."""


def main() -> None:
    """Print the figures of both sets."""
    gazetteer = Gazetteer(world=open_world(Path(sys.argv[2])))
    for name in ("TR-News", "GeoVirus"):
        path = Path(sys.argv[1]) / "labelled" / "english-toponyms" / f"{name}.xml.gz"
        _measure(name, etree.fromstring(gzip.decompress(path.read_bytes())), gazetteer)


def _measure(name: str, articles: "etree._Element", gazetteer: Gazetteer) -> None:
    total = listed = largest = resolved = right = 0
    for article in articles.iter("article"):
        text = article.findtext("text") or ""
        results = resolve(text, gazetteer)
        for one in article.iter("toponym", "location"):
            gold = _gold(one)
            if gold is None:
                continue
            start, end, point = gold
            total += 1
            known = [
                candidate.place
                for candidate in gazetteer.candidates(key(text[start:end]))
                if not candidate.flags & BEFORE_TYPE and candidate.place.point is not None
            ]
            listed += bool(known)
            if known:
                best = max(known, key=lambda place: place.population)
                largest += _near(best.point, point)
            told = next((r for r in results if r.start < end and start < r.end), None)
            if told is not None and told.place is not None:
                resolved += 1
                right += _near(told.place.point, point)
    print(
        f"{name}: {total} toponyms, listed {listed / total:.3f}; most populous: right "
        f"{largest / total:.3f} of all, {largest / max(1, listed):.3f} of those given; "
        f"ours: right {right / total:.3f} of all, {right / max(1, resolved):.3f} of those given"
    )


def _gold(one: "etree._Element") -> tuple[int, int, Point] | None:
    """(start, end, point); GeoVirus counts from 1, and TR-News has some without a point."""
    cells = {child.tag: child.text or "" for child in one.iter()}
    lat, lon = cells.get("lat"), cells.get("lon") or cells.get("long")
    if not lat or not lon:
        return None
    start, end = int(cells["start"]), int(cells["end"])
    shift = 1 if one.tag == "location" else 0
    return start - shift, end - shift, (float(lat), float(lon))


def _near(one: Point | None, other: Point) -> bool:
    return one is not None and distance_km(one, other) <= NEAR_KM


if __name__ == "__main__":
    main()
