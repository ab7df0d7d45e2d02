"""`monitor places`: the contract's JSON, a line for each line."""

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.cli import main
from monitor.gazetteer import build, world
from monitor.place import Place

KEYS = (
    "id", "name", "text", "start", "end", "lat", "lon", "country", "admin1", "confidence",
    "candidates",
)  # fmt: skip


def few() -> Iterator[Place]:
    """A small world, compiled in no time."""
    yield Place(id="country:RU", name="Russia", kind="country", country="RU", names=("Россия",))
    yield Place(id="geonames:578072", name="Belgorod", country="RU", admin1="RU-BEL", lat=50.6,
                lon=36.58, names=("Белгород",), population=345_289)  # fmt: skip
    yield Place(id="geonames:498817", name="Saint Petersburg", country="RU", admin1="RU-SPE",
                lat=59.94, lon=30.31, names=("Санкт-Петербург",), population=5_351_935)  # fmt: skip


@pytest.fixture
def small_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an installation whose world is small, and not compiled yet."""
    monkeypatch.setattr(world, "world_places", few)
    monkeypatch.setattr(build, "installed", lambda: tmp_path / "installed" / "gazetteer")
    return tmp_path / "installed" / "gazetteer"


@pytest.fixture
def config(tmp_path: Path, small_world: Path) -> Path:
    """A configuration with a state folder of its own, over the small world."""
    assert not small_world.exists()
    (tmp_path / "places.yaml").write_text(
        "places: [{id: kozinka, name: Козинка, admin1: RU-BEL, lat: 50.42, lon: 35.52,"
        " namesakes: 8}]",
        encoding="utf-8",
    )
    file = tmp_path / "monitor.yaml"
    file.write_text("state: state\nplaces: [places.yaml]\n", encoding="utf-8")
    return file


def ask(lines: list[str], *arguments: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run the verb over these input lines."""
    given = io.TextIOWrapper(io.BytesIO("\n".join(lines).encode()))
    monkeypatch.setattr(sys, "stdin", given)
    return main(["places", *arguments])


def test_each_line_gets_its_places(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Resolved places with the contract's keys, a line for a line; ambiguous ones are left out."""
    texts = ["Взрыв в Козинке", "Пожар в Белгороде, гости из Санкт-Петербурга", "Ничего"]
    lines = [json.dumps({"text": text}) for text in texts]
    assert ask(lines, "--config", str(config), "--json", monkeypatch=monkeypatch) == 0
    told = [json.loads(line)["places"] for line in capsys.readouterr().out.splitlines()]
    assert [[one["name"] for one in line] for line in told] == [
        [], ["Belgorod", "Saint Petersburg"], [],
    ]  # fmt: skip
    (belgorod, _) = told[1]
    assert tuple(belgorod) == KEYS
    assert belgorod["text"] == texts[1][belgorod["start"] : belgorod["end"]] == "Белгороде"
    assert (belgorod["admin1"], belgorod["country"]) == ("RU-BEL", "RU")
    assert 0.7 <= belgorod["confidence"] <= 1


def test_the_home_of_who_speaks_decides_between_namesakes(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --home the village of that region is meant."""
    line = json.dumps({"text": "Взрыв в Козинке"})
    arguments = ("--config", str(config), "--json", "--home", "RU-BEL")
    assert ask([line], *arguments, monkeypatch=monkeypatch) == 0
    (place,) = json.loads(capsys.readouterr().out)["places"]
    assert (place["id"], place["candidates"]) == ("kozinka", 9)


def test_a_line_that_is_no_text_is_told_and_kept_in_step(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bad line gives an empty answer, a message with its number, and exit code 1."""
    lines = ["nonsense", json.dumps({"text": "в Белгороде"}), '{"text": 5}', "[]"]
    assert ask(lines, "--config", str(config), "--json", monkeypatch=monkeypatch) == 1
    out, err = capsys.readouterr()
    assert [len(json.loads(line)["places"]) for line in out.splitlines()] == [0, 1, 0, 0]
    assert [line.split(":")[1] for line in err.splitlines() if line.startswith("-:")] == [
        "1", "3", "4",
    ]  # fmt: skip


def test_what_a_gazetteer_that_must_be_compiled_costs_is_told(
    config: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    small_world: Path,
) -> None:
    """The first use says that it compiles the gazetteer; the next one finds it."""
    assert not small_world.exists()
    line = json.dumps({"text": "в Белгороде"})
    assert ask([line], "--config", str(config), "--json", monkeypatch=monkeypatch) == 0
    out, err = capsys.readouterr()
    assert len(json.loads(out)["places"]) == 1
    assert "compiling the gazetteer" in err
    assert ask([line], "--config", str(config), "--json", monkeypatch=monkeypatch) == 0
    assert "compiling" not in capsys.readouterr().err


def test_a_state_folder_that_is_a_file_is_told(
    config: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    small_world: Path,
) -> None:
    """Where the gazetteer cannot be written, a message says so, with what to do: no traceback."""
    small_world.parent.mkdir()
    small_world.write_text("in the way too", encoding="utf-8")
    (config.parent / "state").mkdir()
    (config.parent / "state" / "gazetteer").write_text("in the way", encoding="utf-8")
    assert ask(['{"text": "x"}'], "--config", str(config), monkeypatch=monkeypatch) == 1
    assert "the gazetteer cannot be written" in capsys.readouterr().err
