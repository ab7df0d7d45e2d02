"""Other people's gazetteers: each format, its odd lines, and what is listed twice."""

import zipfile
from pathlib import Path

import pytest

from monitor.cli import main
from monitor.gazetteer import build, world
from monitor.gazetteer.imports import read_gazetteer
from monitor.gazetteer.lookup import Gazetteer
from monitor.gazetteer.merging import conflicts
from monitor.gazetteer.resolve import resolve


def geonames(identity: str, name: str, code: str = "P", lat: str = "50.42") -> str:
    """A line of a GeoNames country dump."""
    division = {"P": "PPL", "A": "ADM2", "H": "STM"}[code]
    cells = [identity, name, name, "Kozinka,Козинка,козы", lat, "35.52", code, division, "RU", "",
             "09", "", "", "", "700", "", "180", "Europe/Moscow", "2020-01-01"]  # fmt: skip
    return "\t".join(cells) + "\n"


def test_a_geonames_dump(tmp_path: Path) -> None:
    """Settlements and districts with region codes in ISO 3166-2; rivers are left; zip or plain."""
    text = geonames("1", "Kozinka") + geonames("2", "Raion", "A") + geonames("3", "Psel", "H")
    text += geonames("4", "Nowhere", lat="900") + "short\tline\n"
    file = tmp_path / "RU.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("readme.txt", "x" * 9000)
        archive.writestr("RU.txt", text)
    read = read_gazetteer(file)
    assert [(one.id, one.kind, one.admin1) for one in read.places] == [
        ("geonames:1", "settlement", "RU-BEL"), ("geonames:2", "district", "RU-BEL"),
    ]  # fmt: skip
    assert "Козинка" in read.places[0].names
    assert [problem.line for problem in read.problems] == [4, 5]


def test_alternate_names_add_to_places(tmp_path: Path) -> None:
    """GeoNames' alternate names are read by language, for the places that bear their ids."""
    file = tmp_path / "alternateNamesV2.txt"
    lines = ["7\t1\tru\tКозинка\t\t\t\t\t\t", "8\t1\tlink\thttps://x\t\t\t\t\t\t"]
    file.write_text("\n".join(lines), encoding="utf-8")
    assert read_gazetteer(file).names == {"geonames:1": ("Козинка",)}


def test_a_table_with_a_header(tmp_path: Path) -> None:
    """A CSV's columns are known by usual names; regions by name; doubles are kept once."""
    file = tmp_path / "osm.csv"
    file.write_text(
        "\ufeffname_uk,name_en,place,oblast,lat,lon,osm_id\n"
        "Велика Писарівка,Velyka Pysarivka,town,Сумська,50.42,35.48,11\n"
        "Велика Писарівка,Velyka Pysarivka,town,Сумська,50.421,35.481,12\n"
        ",Nameless,town,Сумська,50,35,13\n"
        "Деінде,,town,Невідома,,,14\n"
        "Хибне,,town,Сумська,north,35,15\n",
        encoding="utf-8",
    )
    read = read_gazetteer(file)
    assert [(one.name, one.admin1, one.point) for one in read.places] == [
        ("Велика Писарівка", "UA-59", (50.42, 35.48)), ("Деінде", None, None),
    ]  # fmt: skip
    assert read.places[0].names == ("Velyka Pysarivka",)
    assert (read.merged, [problem.line for problem in read.problems]) == (1, [4, 6])
    odd = conflicts(read.places)
    assert sum(count for kind, count in odd.items() if kind.startswith("without a point")) == 1


def test_geojson_points(tmp_path: Path) -> None:
    """Points with properties are read like a table's rows; other shapes are told."""
    file = tmp_path / "places.geojson"
    file.write_text(
        '{"type": "FeatureCollection", "features": ['
        '{"geometry": {"coordinates": [35.52, 50.42]}, "properties": {"name": "Козинка",'
        ' "admin1": "RU-BEL"}}, {"geometry": null, "properties": {}}]}',
        encoding="utf-8",
    )
    read = read_gazetteer(file)
    assert [(one.name, one.admin1, one.country) for one in read.places] == [
        ("Козинка", "RU-BEL", "RU")
    ]
    assert [problem.line for problem in read.problems] == [2]


def test_what_is_no_gazetteer_is_refused(tmp_path: Path) -> None:
    """A file without names, and JSON without features, are errors in words."""
    for name, text in (("a.csv", "x,y\n1,2\n"), ("b.json", "[1]"), ("c.json", "{")):
        (tmp_path / name).write_text(text, encoding="utf-8")
        with pytest.raises(ValueError, match=r"\w"):
            read_gazetteer(tmp_path / name)


def test_imported_places_are_known_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`monitor places import` compiles; the next look finds the place, and its namesake too."""
    monkeypatch.setattr(world, "world_places", lambda: iter(()))
    monkeypatch.setattr(build, "installed", lambda: tmp_path / "installed")
    (tmp_path / "monitor.yaml").write_text("state: state\n", encoding="utf-8")
    config = ("--config", str(tmp_path / "monitor.yaml"))
    dump = tmp_path / "RU.txt"
    dump.write_text(geonames("1", "Козинка") + geonames("2", "Козинка", lat="52.9"))
    assert main(["places", *config, "import", str(dump)]) == 0
    out = capsys.readouterr().out
    assert "2 places, 0 listed twice" in out
    assert "1 names borne by several places of one region" in out
    gazetteer = Gazetteer(world=build.open_world(tmp_path / "state"))
    (one,) = resolve("в Козинке", gazetteer)
    assert one.place is None
    assert len(one.candidates) == 2
    assert main(["places", *config, "import", str(tmp_path / "missing.txt")]) == 1
    assert "missing.txt:1:1: No such file" in capsys.readouterr().err
