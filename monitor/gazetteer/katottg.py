"""Ukraine's codifier of administrative units and settlements (KATOTTG), as the ministry gives it.

A row has the codes of up to five levels (oblast, district, hromada, settlement, part of a city),
the category of the last one and its name: as .xlsx, JSON (`level1` ... `category`, `name`) or CSV.
It has no coordinates.
"""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lxml import etree

from monitor.place import Place, PlaceKind

CODE = re.compile(r"UA\d{17}")
_LEVELS = 5
_COLUMNS = _LEVELS + 2
_CATEGORY = str.maketrans("ОКРНМТХСВ", "OKPHMTXCB")
"""The letters of categories, which some editions write in Cyrillic, to Latin ones."""
_KINDS: Mapping[str, tuple[PlaceKind, str]] = {
    "P": ("district", " район"),
    "H": ("district", " громада"),
    "K": ("settlement", ""),
    "M": ("settlement", ""),
    "T": ("settlement", ""),
    "X": ("settlement", ""),
    "C": ("settlement", ""),
}
_LEFT_OUT = {"O", "B"}
"""Oblasts are known already; districts of cities are no places of their own."""
_ISO = {"01": "43", "44": "09", "73": "77", "80": "30", "85": "40"}
"""Where the codifier's number of an oblast is not that of ISO 3166-2."""
_KEYS = tuple(f"level{level}" for level in range(1, _LEVELS + 1))
_MOST = 500_000_000
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_REFERENCE = re.compile("[A-Z]+")


def places_of(rows: Iterable[Sequence[str]]) -> Iterator[tuple[int, Place | str]]:
    """Each row's number with its place, or with what is wrong; headings are passed over."""
    for number, cells in enumerate(rows, start=1):
        codes = [one for one in map(str.strip, cells[:_LEVELS]) if one]
        if not codes or CODE.fullmatch(codes[0]) is None or len(cells) < _COLUMNS:
            continue
        category = cells[_LEVELS].strip().upper().translate(_CATEGORY)
        name = " ".join(cells[_LEVELS + 1].split())
        if category in _LEFT_OUT:
            continue
        if category not in _KINDS or not name or not all(map(CODE.fullmatch, codes)):
            yield number, f"category {category or 'none'} of {name or 'a place without a name'}"
            continue
        yield number, _place(codes, category, name)


def _place(codes: Sequence[str], category: str, name: str) -> Place:
    kind, noun = _KINDS[category]
    oblast = codes[0][2:4]
    admin1 = f"UA-{_ISO.get(oblast, oblast)}"
    above = tuple(f"katottg:{code}" for code in reversed(codes[1:-1]))
    return Place(
        id=f"katottg:{codes[-1]}",
        name=name + noun,
        kind=kind,
        country="UA",
        admin1=admin1,
        within=(*above, f"region:{admin1}", "country:UA"),
    )


def json_rows(document: Any) -> Iterator[list[str]] | None:  # noqa: ANN401 - a stranger's JSON
    """The rows of a JSON edition; None if it is none."""
    items = document.get("items") if isinstance(document, dict) else document
    if not isinstance(items, list) or not items or not isinstance(items[0], dict):
        return None
    if not {"level1", "category", "name"} <= items[0].keys():
        return None
    return (
        [str(one.get(key) or "") for key in (*_KEYS, "category", "name")]
        for one in items
        if isinstance(one, dict)
    )


def sheet_rows(path: Path) -> Iterator[list[str]]:
    """The rows of the first sheet of an .xlsx file, cell by cell; empty ones are "".

    Raises:
        ValueError: it is no such file, or a far too large one.
    """
    with zipfile.ZipFile(path) as archive:
        if sum(one.file_size for one in archive.infolist()) > _MOST:
            raise ValueError("the workbook is too large")
        try:
            sheet = archive.read("xl/worksheets/sheet1.xml")
            names = archive.namelist()
            shared = (
                archive.read("xl/sharedStrings.xml") if "xl/sharedStrings.xml" in names else b""
            )
            strings = list(_strings(shared)) if shared else []
            for row in _elements(sheet, "row"):
                yield _cells(row, strings)
        except (KeyError, IndexError, etree.XMLSyntaxError) as error:
            raise ValueError("no workbook with a first sheet") from error


def _elements(xml: bytes, tag: str) -> Iterator[Any]:
    """Elements of a tag, one after another, each forgotten after use; entities are not followed."""
    found = etree.iterparse(io.BytesIO(xml), tag=_MAIN + tag, resolve_entities=False)
    for _, element in found:
        yield element
        element.clear()


def _strings(xml: bytes) -> Iterator[str]:
    for item in _elements(xml, "si"):
        yield "".join(text.text or "" for text in item.iter(_MAIN + "t"))


def _cells(row: Any, strings: Sequence[str]) -> list[str]:  # noqa: ANN401 - lxml has no types
    """The texts of a row's cells, in their columns."""
    found: list[str] = []
    for cell in row.iter(_MAIN + "c"):
        column = 0
        reference = _REFERENCE.match(cell.get("r") or "")
        for letter in reference.group() if reference else "":
            column = column * 26 + ord(letter) - 64
        if column > _COLUMNS:
            break
        found += [""] * (column - 1 - len(found))
        value = cell.findtext(_MAIN + "v") or "".join(cell.itertext())
        found.append(strings[int(value)] if cell.get("t") == "s" and value else value)
    return found + [""] * (_COLUMNS - len(found))
