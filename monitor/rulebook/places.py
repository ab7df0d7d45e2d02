"""Own places and areas: read from YAML files, every mistake at its line."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import Field, StrictFloat, StrictInt, model_validator

from monitor.document import Node, named, read_file, shown
from monitor.form import Form, OneOrMany, did_you_mean, fill, find, wrong
from monitor.gazetteer.outlines import region_at
from monitor.mistake import Mark, Mistake, MistakesError
from monitor.place import Area, Place, PlaceKind, Point
from monitor.rulebook.forms import Country, Id, Region, Text

Latitude = Annotated[StrictFloat | StrictInt, Field(ge=-90, le=90)]
Longitude = Annotated[StrictFloat | StrictInt, Field(ge=-180, le=180)]
Kilometres = Annotated[StrictFloat | StrictInt, Field(gt=0, le=20_000)]
Name = Annotated[str, Field(min_length=2, max_length=100)]
KEYS = ("places", "areas")
BIGGEST_OUTLINE = 5_000_000
"""Bytes of a GeoJSON file."""


class PlaceForm(Form):
    """A place of your own; it stands for the same place in other gazetteers."""

    id: Id = Field(description="Its name in rules and alerts: a-z, 0-9 and -. Never reuse it.")
    name: Name = Field(description="Its name as its people write it.")
    names: Annotated[tuple[Name, ...], OneOrMany()] = Field(
        (), description="Other names, former names, names in other languages and scripts."
    )
    kind: PlaceKind = Field(
        "settlement", description="settlement, district, region (an oblast) or country."
    )
    country: Country | None = Field(None, description="ISO 3166-1 code; default: of admin1.")
    admin1: Region | None = Field(
        None, description="ISO 3166-2 code of its region: RU-BEL. Default: the one its point is in."
    )
    lat: Latitude | None = Field(None, description="Degrees north.")
    lon: Longitude | None = Field(None, description="Degrees east.")
    precision_km: Kilometres | None = Field(
        None, description="How far off the point may be for what the name covers."
    )
    within: Annotated[tuple[Id, ...], OneOrMany()] = Field(
        (), description="The places that contain it, nearest first."
    )
    population: StrictInt = Field(0, ge=0, description="People: large places are likelier meant.")
    namesakes: StrictInt = Field(
        0, ge=0, le=10_000, description="Other places of that name that nothing here lists."
    )

    @model_validator(mode="after")
    def _located(self) -> "PlaceForm":
        if (self.lat is None) != (self.lon is None):
            raise wrong("half a point", "write both `lat` and `lon`, or neither")
        if self.country and self.admin1 and not self.admin1.startswith(self.country + "-"):
            raise wrong(f"{self.admin1} is not in {self.country}", "correct one of them")
        return self


class AreaForm(Form):
    """A part of the map: around places, inside an outline, or a list of regions."""

    id: Id = Field(description="Its name in rules: a-z, 0-9 and -.")
    name: Annotated[str, Field(max_length=200)] = Field("", description="For people.")
    of: Annotated[tuple[Id, ...], OneOrMany()] = Field(
        (), description="Places; with `radius_km` the circles around them, else they themselves."
    )
    radius_km: Kilometres | None = Field(None, description="How far around each place of `of`.")
    geojson: Text | None = Field(
        None, description="A GeoJSON file with outlines, its path relative to this file."
    )
    admin1: Annotated[tuple[Region, ...], OneOrMany()] = Field(
        (), description="ISO 3166-2 codes of whole regions."
    )

    @model_validator(mode="after")
    def _somewhere(self) -> "AreaForm":
        if not (self.of or self.geojson or self.admin1):
            raise wrong("an area without extent", "add `of` and `radius_km`, `geojson` or `admin1`")
        if self.radius_km is not None and not self.of:
            raise wrong("a radius around nothing", "name the middle: `of: [place, ...]`")
        return self


AnyEntry = TypeVar("AnyEntry", PlaceForm, AreaForm)


class PlacesForm(Form):
    """A file of places and areas."""

    places: tuple[PlaceForm, ...] = Field((), description="The places.")
    areas: tuple[AreaForm, ...] = Field((), description="The areas.")


def is_places(node: Node) -> bool:
    """Whether a document lists places or areas."""
    return isinstance(node.value, dict) and bool(node.value) and set(node.value) <= set(KEYS)


class Places:
    """What was read so far; what is wrong goes to `mistakes`."""

    def __init__(self, mistakes: list[Mistake], files: list[str]) -> None:
        self.mistakes = mistakes
        self.files = files
        self.places: dict[str, Place] = {}
        self.areas: dict[str, Area] = {}
        self.whole = True
        self._marks: dict[str, Mark] = {}

    def take(self, paths: Sequence[Path]) -> None:
        """All files: first every place, then what refers to them."""
        placed: list[tuple[PlaceForm, Node]] = []
        drawn: list[tuple[AreaForm, Node, Path]] = []
        for path in paths:
            try:
                node = read_file(path)
            except MistakesError as error:
                self.mistakes += error.mistakes
                self.whole = False
                continue
            self.files.append(shown(path))
            places, areas = self._sections(node)
            placed += self._filled(PlaceForm, places)
            drawn += [(form, one, path) for form, one in self._filled(AreaForm, areas)]
        for place, _ in placed:
            self.places[place.id] = _place(place)
        for place, node in placed:
            self._known(place.within, node, "within")
        for area, node, path in drawn:
            self._known(area.of, node, "of")
            self.areas[area.id] = self._area(area, node, path)

    def _sections(self, node: Node) -> tuple[list[Node], list[Node]]:
        if not isinstance(node.value, dict):
            hint = "write `places:` and below it `- {id: ..., name: ..., lat: ..., lon: ...}`"
            self._mistake(node.mark, "not a file of places", hint)
            return [], []
        for key in node.value.keys() - set(KEYS):
            message = f"unknown key {named(key)}"
            self._mistake(node.key_marks[key], message, did_you_mean(key, KEYS))
        found: list[list[Node]] = []
        for key in KEYS:
            listed = node.value.get(key)
            if listed is not None and listed.value is not None and not isinstance(
                listed.value, list
            ):  # fmt: skip
                self._mistake(listed.mark, f"`{key}` should be a list", "begin each with `- id:`")
            found.append(
                listed.value if listed is not None and isinstance(listed.value, list) else []
            )
        return found[0], found[1]

    def _filled(self, kind: type[AnyEntry], nodes: Sequence[Node]) -> list[tuple[AnyEntry, Node]]:
        """The forms that are right, with their nodes; ids must differ."""
        found: list[tuple[AnyEntry, Node]] = []
        for node in nodes:
            form, mistakes = fill(kind, node)
            self.mistakes += mistakes
            if form is None:
                continue
            mark = find(node, ["id"]).mark
            first = self._marks.setdefault(f"{kind.__name__} {form.id}", mark)
            if first is not mark:
                message = f"`{form.id}` is listed twice, first at {first}"
                self._mistake(mark, message, "give one of them another id")
                continue
            found.append((form, node))
        return found

    def _known(self, ids: Sequence[str], node: Node, key: str) -> None:
        """Ids that are referred to must be places of the files."""
        for position, one in enumerate(ids):
            if one not in self.places and self.whole:
                mark = find(node, [key, position]).mark
                hint = did_you_mean(one, self.places, "name the id of a place in these files")
                self._mistake(mark, f"there is no place `{one}`", hint)

    def _area(self, form: AreaForm, node: Node, path: Path) -> Area:
        centres = [self.places[one] for one in form.of if one in self.places]
        if form.radius_km is not None:
            for position, place in enumerate(centres):
                if place.point is None:
                    mark = find(node, ["of", position]).mark
                    self._mistake(mark, f"`{place.id}` has no point", "add its `lat` and `lon`")
        rings: tuple[tuple[Point, ...], ...] = ()
        if form.geojson is not None:
            rings = self._outlines(path.parent / form.geojson, find(node, ["geojson"]).mark)
        around = form.radius_km is not None
        return Area(
            id=form.id,
            name=form.name or form.id,
            around=tuple(p.point for p in centres if p.point is not None) if around else (),
            radius_km=float(form.radius_km or 0),
            rings=rings,
            admin1=form.admin1,
            places=() if around else form.of,
        )

    def _outlines(self, path: Path, mark: Mark) -> tuple[tuple[Point, ...], ...]:
        """The outer rings of every polygon of a GeoJSON file."""
        try:
            if path.stat().st_size > BIGGEST_OUTLINE:
                self._mistake(mark, "the outline is too large", "simplify it below 5 MB")
                return ()
            rings = outlines(json.loads(path.read_bytes()))
        except OSError:
            self._mistake(mark, f"no such file: {path}", "paths are relative to this file")
            return ()
        except (ValueError, TypeError, KeyError, IndexError, RecursionError):
            rings = ()
        if not rings:
            self._mistake(mark, "no polygon in this file", "use GeoJSON with (Multi)Polygons")
        return rings

    def _mistake(self, mark: Mark, message: str, hint: str) -> None:
        self.mistakes.append(Mistake(mark, message, hint))


def outlines(document: object) -> tuple[tuple[Point, ...], ...]:
    """The outer rings of a GeoJSON document's polygons, as (lat, lon) points.

    Raises:
        ValueError, TypeError, KeyError, IndexError: it is not GeoJSON.
    """
    if not isinstance(document, dict):
        raise TypeError("GeoJSON is an object")
    kind = document.get("type")
    if kind == "FeatureCollection":
        return tuple(ring for one in document["features"] for ring in outlines(one))
    if kind == "Feature":
        return outlines(document["geometry"])
    if kind == "GeometryCollection":
        return tuple(ring for one in document["geometries"] for ring in outlines(one))
    if kind == "Polygon":
        return (_ring(document["coordinates"][0]),)
    if kind == "MultiPolygon":
        return tuple(_ring(polygon[0]) for polygon in document["coordinates"])
    return ()


def _ring(corners: Sequence[Sequence[float]]) -> tuple[Point, ...]:
    ring = tuple((float(corner[1]), float(corner[0])) for corner in corners)
    if len(ring) < 3 or not all(  # noqa: PLR2004 - a triangle is the least outline
        math.isfinite(lat) and abs(lat) <= 90 and abs(lon) <= 180  # noqa: PLR2004 - degrees
        for lat, lon in ring
    ):
        raise ValueError("no outline")
    return ring


def _place(form: PlaceForm) -> Place:
    flat = {name: getattr(form, name) for name in PlaceForm.model_fields}
    for key in ("lat", "lon", "precision_km"):
        flat[key] = None if flat[key] is None else float(flat[key])
    small = form.kind in {"settlement", "district"}
    if small and form.admin1 is None and form.lat is not None and form.lon is not None:
        flat["admin1"] = region_at((float(form.lat), float(form.lon)), form.country)
    flat["country"] = form.country or (flat["admin1"] and flat["admin1"].partition("-")[0])
    return Place(**flat)
