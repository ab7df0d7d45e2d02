"""Settlements of OpenStreetMap: what Overpass answers (JSON), and .osm files (XML).

Elements with a `place` tag of a settlement and a name count; ways and relations need a centre
(`out center`).
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from lxml import etree

from monitor.place import Place

SETTLEMENTS = frozenset({"city", "town", "village", "hamlet", "isolated_dwelling", "suburb"})
_NAMES = (
    "name", "name:uk", "name:ru", "name:en", "name:be", "int_name", "official_name", "old_name",
    "old_name:ru", "old_name:uk", "alt_name", "alt_name:ru", "alt_name:uk", "loc_name",
)  # fmt: skip
_REGION = ("ISO3166-2", "is_in:iso_3166_2", "is_in:region", "addr:region", "addr:state")


def is_answer(document: Any) -> bool:  # noqa: ANN401 - a stranger's JSON
    """Whether a JSON document is an answer of Overpass."""
    return isinstance(document, dict) and isinstance(document.get("elements"), list)


def answered(document: Mapping[str, Any]) -> Iterator[tuple[int, Place | str]]:
    """Each element's number with its place, or with why there is none; others are passed over."""
    for number, one in enumerate(document["elements"], start=1):
        tags = one.get("tags") if isinstance(one, dict) else None
        if isinstance(tags, dict) and tags.get("place") in SETTLEMENTS:
            at = one if "lat" in one else one.get("center")
            point = (at.get("lat"), at.get("lon")) if isinstance(at, dict) else (None, None)
            identity = f"osm:{one.get('type')}/{one.get('id')}"
            yield number, _place(identity, {str(key): str(tags[key]) for key in tags}, point)


def in_file(path: Path) -> Iterator[tuple[int, Place | str]]:
    """The same of an .osm file, whose ways and relations have no centre: nodes only.

    Raises:
        ValueError: it is no XML.
    """
    try:
        nodes: Iterable[Any] = etree.iterparse(str(path), tag="node", resolve_entities=False)
        for number, (_, node) in enumerate(nodes, start=1):
            tags = {tag.get("k"): tag.get("v") for tag in node.iter("tag")}
            if tags.get("place") in SETTLEMENTS:
                yield (
                    number,
                    _place(f"osm:node/{node.get('id')}", tags, (node.get("lat"), node.get("lon"))),
                )
            node.clear()
            while node.getprevious() is not None:
                del node.getparent()[0]
    except etree.XMLSyntaxError as error:
        raise ValueError("no OSM XML") from error


def _place(identity: str, tags: Mapping[str, str], point: tuple[Any, Any]) -> Place | str:
    listed = [name.strip() for key in _NAMES for name in tags.get(key, "").split(";")]
    names = [name for name in dict.fromkeys(listed) if name]
    if not names:
        return "no name"
    try:
        lat, lon = float(point[0]), float(point[1])
    except (TypeError, ValueError):
        return f"{names[0]} has no point: ask Overpass for `out center`"
    if not (abs(lat) <= 90 and abs(lon) <= 180):  # noqa: PLR2004 - degrees
        return f"{names[0]}: no point on the globe"
    population = tags.get("population", "").replace(" ", "")
    country = tags.get("is_in:country_code") or tags.get("addr:country") or ""
    region = next((tags[key] for key in _REGION if key in tags), None)
    return Place(
        id=identity,
        name=names[0],
        country=country.upper() if len(country) == 2 else None,  # noqa: PLR2004 - ISO 3166-1
        admin1=region,
        lat=lat,
        lon=lon,
        names=tuple(names[1:]),
        population=int(population) if population.isdecimal() else 0,
    )
