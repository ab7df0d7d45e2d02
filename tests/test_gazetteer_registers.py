"""Registers and maps of others: KATOTTG, OpenStreetMap, and the outlines of regions."""

import json
import zipfile
from pathlib import Path

import pytest

from monitor.gazetteer.imports import read_gazetteer
from monitor.gazetteer.merging import located
from monitor.gazetteer.outlines import known_regions, outline, region_at
from monitor.place import Place
from tests.data import data_file

OBLAST, DISTRICT = "UA63000000000041885", "UA63140000000096278"
HROMADA, TOWN = "UA63140010000049419", "UA63140010010048236"
ROWS = [
    (OBLAST, "", "", "", "", "O", "Харківська"),
    (OBLAST, DISTRICT, "", "", "", "P", "Чугуївський"),
    (OBLAST, DISTRICT, HROMADA, "", "", "H", "Вовчанська"),
    (OBLAST, DISTRICT, HROMADA, TOWN, "", "М", "Вовчанськ"),
    ("UA01000000000013043", "UA01020000000022387", "", "", "", "P", "Бахчисарайський"),
    (OBLAST, DISTRICT, HROMADA, "UA63140010020000000", "", "?", "Дивне"),
]
EXPECTED = [
    (f"katottg:{DISTRICT}", "Чугуївський район", "district", "UA-63"),
    (f"katottg:{HROMADA}", "Вовчанська громада", "district", "UA-63"),
    (f"katottg:{TOWN}", "Вовчанськ", "settlement", "UA-63"),
    ("katottg:UA01020000000022387", "Бахчисарайський район", "district", "UA-43"),
]
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def as_csv(folder: Path) -> Path:
    """The rows as CSV, under a heading."""
    lines = ["level1;level2;level3;level4;level5;category;name", *map(";".join, ROWS)]
    path = folder / "katottg.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def as_json(folder: Path) -> Path:
    """The rows as JSON; empty codes are null."""
    keys = ("level1", "level2", "level3", "level4", "level5", "category", "name")
    items = [{key: cell or None for key, cell in zip(keys, row, strict=True)} for row in ROWS]
    path = folder / "katottg.json"
    path.write_text(json.dumps({"items": items}), encoding="utf-8")
    return path


def as_sheet(folder: Path) -> Path:
    """The rows as a workbook: texts are shared, empty cells are missing, a title comes first."""
    shared: list[str] = []
    lines = ['<row r="1"><c r="A1" t="inlineStr"><is><t>Кодифікатор</t></is></c></row>']
    for number, row in enumerate(ROWS, start=2):
        cells = ""
        for column, cell in zip("ABCDEFG", row, strict=True):
            if cell:
                cells += f'<c r="{column}{number}" t="s"><v>{len(shared)}</v></c>'
                shared.append(f"<si><t>{cell}</t></si>")
        lines.append(f'<row r="{number}">{cells}</row>')
    path = folder / "katottg.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        body = f"<worksheet {MAIN}><sheetData>{''.join(lines)}</sheetData></worksheet>"
        archive.writestr("xl/worksheets/sheet1.xml", body)
        archive.writestr("xl/sharedStrings.xml", f"<sst {MAIN}>{''.join(shared)}</sst>")
    return path


@pytest.mark.parametrize("written", [as_csv, as_json, as_sheet])
def test_each_edition_of_the_codifier(tmp_path: Path, written: object) -> None:
    """Districts, hromadas and settlements with their oblast in ISO 3166-2 and what holds them."""
    assert callable(written)
    read = read_gazetteer(written(tmp_path))
    assert [(one.id, one.name, one.kind, one.admin1) for one in read.places] == EXPECTED
    assert read.places[2].within[:2] == (f"katottg:{HROMADA}", f"katottg:{DISTRICT}")
    assert ["Дивне" in problem.why for problem in read.problems] == [True]


def test_the_real_codifier_is_read_whole() -> None:
    """All its settlements, districts and hromadas are places, and no row is a problem."""
    read = read_gazetteer(data_file("gazetteers/ua-katottg.xlsx"))
    kinds = [one.kind for one in read.places]
    assert (kinds.count("settlement"), kinds.count("district")) > (29_000, 1_800)
    assert (read.problems, read.merged) == ([], 0)
    assert len({one.admin1 for one in read.places}) == 27


def test_a_workbook_that_is_none_is_told(tmp_path: Path) -> None:
    """An archive without a sheet is refused in words; entities of a sheet are not followed."""
    path = tmp_path / "bad.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x", "y")
    with pytest.raises(ValueError, match="no workbook"):
        read_gazetteer(path)
    secret = tmp_path / "secret"
    secret.write_text("UA63000000000041885", encoding="utf-8")
    with zipfile.ZipFile(path, "w") as archive:
        doctype = f'<!DOCTYPE x [<!ENTITY a SYSTEM "{secret.as_uri()}">]>'
        row = '<row><c r="A1"><v>&a;</v></c></row>'
        archive.writestr(
            "xl/worksheets/sheet1.xml", f"{doctype}<worksheet {MAIN}>{row}</worksheet>"
        )
    assert read_gazetteer(path).places == []


def test_an_answer_of_overpass(tmp_path: Path) -> None:
    """Settlements by node or centre with all their names, in the region of their point."""
    tags = {"place": "village", "name": "Козинка", "name:uk": "Козінка", "old_name": "А;Б",
            "population": "1 234"}  # fmt: skip
    elements = [
        {"type": "node", "id": 1, "lat": 50.6, "lon": 36.6, "tags": tags},
        {"type": "way", "id": 2, "center": {"lat": 49.99, "lon": 36.23}, "tags": tags},
        {"type": "relation", "id": 3, "tags": tags},
        {"type": "node", "id": 4, "lat": 50.4, "lon": 36.9, "tags": {"natural": "spring"}},
    ]
    path = tmp_path / "answer.json"
    path.write_text(json.dumps({"elements": elements}), encoding="utf-8")
    read = read_gazetteer(path)
    assert [(one.id, one.admin1, one.country) for one in read.places] == [
        ("osm:node/1", "RU-BEL", "RU"), ("osm:way/2", "UA-63", "UA"),
    ]  # fmt: skip
    assert read.places[0].names == ("Козінка", "А", "Б")
    assert read.places[0].population == 1234
    assert [problem.line for problem in read.problems] == [3]


def test_an_osm_file(tmp_path: Path) -> None:
    """Its nodes that are settlements; the binary format is refused with what to do."""
    path = tmp_path / "extract.osm"
    path.write_text(
        '<osm><node id="5" lat="50.42" lon="36.91"><tag k="place" v="town"/>'
        '<tag k="name" v="Шебекино"/></node><node id="6" lat="1" lon="1"/></osm>',
        encoding="utf-8",
    )
    (one,) = read_gazetteer(path).places
    assert (one.id, one.name, one.admin1) == ("osm:node/5", "Шебекино", "RU-BEL")
    path.write_text("<osm", encoding="utf-8")
    with pytest.raises(ValueError, match="no OSM"):
        read_gazetteer(path)
    with pytest.raises(ValueError, match="Overpass"):
        read_gazetteer(tmp_path / "extract.osm.pbf")


def test_a_register_takes_its_points_from_a_map() -> None:
    """Only where the name means one place on both sides; other names come along."""

    def place(identity: str, name: str, lat: float | None = None, *names: str) -> Place:
        return Place(id=identity, name=name, admin1="UA-63", lat=lat, lon=lat and 36.0, names=names)

    register = [place("k1", "Вовчанськ"), place("k2", "Бугаївка"), place("k3", "Бугаївка"),
                place("k4", "Старе")]  # fmt: skip
    on_the_map = [place("o1", "Вовчанськ", 50.29, "Волчанск"), place("o2", "Бугаївка", 49.0),
                  place("o4", "Старе", 49.0), place("o5", "Старе", 50.0)]  # fmt: skip
    found = located(register, on_the_map)
    assert [one.lat for one in found] == [50.29, None, None, None]
    assert found[0].names == ("Волчанск",)


@pytest.mark.parametrize(
    ("point", "region"),
    [((50.6, 36.6), "RU-BEL"), ((49.99, 36.23), "UA-63"), ((53.25, 34.37), "RU-BRY"),
     ((44.95, 34.1), "UA-43"), ((52.52, 13.4), "DE-BE"), ((42.65, -73.75), "US-NY"),
     ((-33.87, 151.2), "AU-NSW"), ((0.0, -30.0), None)],
)  # fmt: skip
def test_a_point_lies_in_a_region(point: tuple[float, float], region: str | None) -> None:
    """ISO 3166-2 by Natural Earth's outlines, all over the globe; none at sea."""
    assert region_at(point) == region
    assert region_at(point, "XX") is None


def test_outlines_are_drawn() -> None:
    """Each region has rings of (lat, lon) inside its box; a country is its regions."""
    for iso, region in list(known_regions().items())[::37]:
        south, west, north, east = region.box
        for ring in outline(iso):
            assert len(ring) >= 3
            assert all(south - 0.02 <= lat <= north + 0.02 for lat, _ in ring)
            assert all(west - 0.02 <= lon <= east + 0.02 for _, lon in ring)
    assert set(outline("BY-HO")) < set(outline("BY"))
    assert outline("XX-YY") == ()
