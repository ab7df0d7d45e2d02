"""The compiled gazetteer: made once for an installation, never stale, never wrong."""

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.gazetteer import build, world
from monitor.gazetteer.areas import box_around, distance_km
from monitor.gazetteer.compiled import Compiled, Keys, keys_of, write
from monitor.gazetteer.lookup import Gazetteer
from monitor.mistake import MistakesError
from monitor.place import Area, Place
from monitor.rule import Where
from monitor.rulebook.where import fits, likely

BELGOROD = Place(id="geonames:1", name="Белгород", country="RU", admin1="RU-BEL", lat=50.6,
                 lon=36.6, within=("region:RU-BEL", "country:RU"), population=345_289)  # fmt: skip
PETERSBURG = Place(id="geonames:2", name="Санкт-Петербург", country="RU", admin1="RU-SPE")


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation with a world of two places."""
    monkeypatch.setattr(world, "world_places", lambda: iter((BELGOROD, PETERSBURG)))
    monkeypatch.setattr(build, "installed", lambda: tmp_path / "installed")
    return tmp_path / "installed"


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The id of each place whose names were made, in order."""
    made: list[str] = []

    def keys(place: Place) -> Keys:
        made.append(place.id)
        return keys_of(place)

    monkeypatch.setattr(build, "keys_of", keys)
    return made


def test_all_state_folders_of_an_installation_share_one_world(
    installed: Path, tmp_path: Path, counted: list[str]
) -> None:
    """It is compiled once, beside the libraries; a second state folder finds it ready."""
    folder = build.compile_installed()
    assert folder.parent == installed
    for state in ("one", "two"):
        places = build.open_world(tmp_path / state)
        assert [one.place for one in places.find("белгорода")] == [BELGOROD]
        assert not (tmp_path / state).exists()
    assert counted == ["geonames:1", "geonames:2"]


@pytest.mark.parametrize("name", ["names.marisa", "places.bin", "places.idx", "manifest.json"])
def test_a_changed_byte_is_noticed_and_all_is_compiled_again(
    installed: Path, tmp_path: Path, counted: list[str], name: str
) -> None:
    """Each file has a checksum: whatever byte of it changes, what is found stays right."""
    assert build.compile_installed().parent == installed
    file = build.compile_installed() / name
    whole = file.read_bytes()
    for at in range(0, len(whole), max(1, len(whole) // 7)):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 0x41]) + whole[at + 1 :])
        counted.clear()
        places = build.open_world(tmp_path)
        assert [one.place for one in places.find("белгороде")] == [BELGOROD]
        assert counted or name == "manifest.json"  # a space of the manifest means nothing


def test_other_code_or_other_data_compiles_a_world_of_its_own(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name of the folder tells what it was made from; the older ones go in the end."""
    folders = set()
    for version in range(build.KEPT + 2):
        monkeypatch.setattr(world, "version", lambda version=version: f"{version}")
        build._world_version.cache_clear()
        folders.add(build.compile_installed())
    build._world_version.cache_clear()
    assert len(folders) == build.KEPT + 2
    assert len(list(installed.glob("world-*"))) == build.KEPT


def test_without_rights_on_the_installation_the_state_folder_has_the_world(
    installed: Path, tmp_path: Path
) -> None:
    """Where the installation cannot be written, each state folder gets a world of its own."""
    installed.write_text("a file in the way", encoding="utf-8")
    places = build.open_world(tmp_path / "state")
    assert len(places) == 2
    assert list((tmp_path / "state" / "gazetteer").glob("world-*"))
    with pytest.raises(MistakesError, match="cannot be written"):
        build.compile_installed()


def test_imported_places_lie_over_the_world(
    installed: Path, tmp_path: Path, counted: list[str]
) -> None:
    """Only what was imported is compiled then; it hides the world's place of the same id."""
    assert build.compile_installed().parent == installed
    counted.clear()
    better = Place(id="geonames:1", name="Белгород", admin1="RU-BEL", lat=50.59, lon=36.58)
    other = Place(id="x", name="Козинка", admin1="RU-BEL", lat=50.42, lon=35.52)
    build.save_import(tmp_path, "more", [better, other])
    places = build.open_world(tmp_path)
    assert counted == ["geonames:1", "x"]
    for one in (places, pickle.loads(pickle.dumps(places))):  # noqa: S301 - our own
        assert [found.place for found in one.find("белгорода")] == [better]
        assert [found.place for found in one.find("козинки")] == [other]
        assert one.get("geonames:1") == better
        assert {place.id for place in one} == {"geonames:1", "geonames:2", "x"}
        assert {place.id for place in one.within("RU")} == {"geonames:2"}
        assert {place.id for place in one.within("RU-BEL")} == {"geonames:1", "x"}
    counted.clear()
    assert len(build.open_world(tmp_path)) == 4
    assert not counted


def scattered() -> Iterator[Place]:
    """Places all over the globe, at its edges too."""
    for number in range(400):
        lat, lon = -90 + number * 53 % 181, -180 + number * 97 % 361
        admin1 = ("RU-BEL", "UA-63", None)[number % 3]
        yield Place(id=f"p{number}", name=f"Место{number}", admin1=admin1,
                    kind="district" if number % 5 == 0 else "settlement",
                    country=admin1 and admin1[:2], lat=lat, lon=lon)  # fmt: skip


@pytest.fixture(scope="module")
def globe(tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    """The scattered places, compiled."""
    folder = tmp_path_factory.mktemp("globe") / "compiled"
    places = list(scattered())
    write(folder, places, "1", {}, map(keys_of, places))
    return Compiled(folder)


@settings(max_examples=60)
@given(
    lat=st.floats(-90, 90), lon=st.floats(-180, 180), km=st.floats(1, 9_000),
    inside=st.sampled_from([(), ("RU-BEL",), ("UA",), ("p5", "RU")]),
)  # fmt: skip
def test_what_a_condition_could_mean_is_found_without_looking_at_every_place(
    globe: Compiled, lat: float, lon: float, km: float, inside: tuple[str, ...]
) -> None:
    """The index gives every place that fits: by code, by id, by distance, in any area."""
    ring = ((lat / 2, lon / 2), (lat / 2 + 9, lon / 2), (lat / 2, lon / 2 + 9))
    area = Area(id="a", around=((lat, lon),), radius_km=km, rings=(ring,), admin1=("UA-63",))
    gazetteer = Gazetteer(areas=[area], world=globe)
    wheres = [
        Where(within_km=km, point=(lat, lon)),
        Where(areas=("a",)),
        Where(kinds=("district",)),
    ]
    for where in wheres + ([Where(inside=inside)] if inside else []):
        every = {place.id for place in globe if fits(place, where, gazetteer)}
        near = {place.id for place in likely(where, gazetteer) if fits(place, where, gazetteer)}
        assert near == every


@given(lat=st.floats(-90, 90), lon=st.floats(-180, 180), km=st.floats(1, 5_000),
       other_lat=st.floats(-90, 90), other_lon=st.floats(-180, 180))  # fmt: skip
def test_a_box_around_a_point_holds_all_that_is_near(
    lat: float, lon: float, km: float, other_lat: float, other_lon: float
) -> None:
    """Nothing within the distance lies outside the box, at the poles and at 180 degrees neither."""
    south, west, north, east = box_around((lat, lon), km)
    if distance_km((lat, lon), (other_lat, other_lon)) <= km:
        assert south <= other_lat <= north
        assert any(west <= other_lon + turn <= east for turn in (-360, 0, 360))


def test_what_another_gazetteer_puts_into_a_region_lies_in_the_own_one_too(tmp_path: Path) -> None:
    """`in: [own-oblast]` and `in: [own-district]` hold for imported villages of their names."""
    theirs = [
        Place(id="k:1", name="Охтирський район", kind="district", country="UA", admin1="UA-59"),
        Place(id="k:2", name="Хухра", country="UA", admin1="UA-59", within=("k:1",)),
        Place(id="k:3", name="Хухра", country="UA", admin1="UA-63"),
    ]
    write(tmp_path / "compiled", theirs, "1", {}, map(keys_of, theirs))
    own = [
        Place(id="sumy-oblast", name="Сумська область", kind="region", admin1="UA-59"),
        Place(id="okhtyrskyi", name="Охтирський район", kind="district", admin1="UA-59"),
    ]
    areas = [Area(id="there", places=("okhtyrskyi",))]
    gazetteer = Gazetteer(own, areas, Compiled(tmp_path / "compiled"))
    for where in (Where(inside=("sumy-oblast",)), Where(inside=("okhtyrskyi",)),
                  Where(areas=("there",))):  # fmt: skip
        near = {place.id for place in likely(where, gazetteer) if fits(place, where, gazetteer)}
        assert {"k:2"} <= near
        assert "k:3" not in near
