"""Place conditions: read from `place:`, and whether a place fits one."""

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Annotated, get_args

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, model_validator

from monitor.document import Node, named
from monitor.form import Form, OneOrMany, did_you_mean, fill, find, wrong
from monitor.gazetteer.areas import box_around, boxes, containers, distance_km, in_area
from monitor.gazetteer.lookup import Gazetteer
from monitor.mistake import Mistake
from monitor.place import Place, PlaceKind
from monitor.rule import Condition, Where
from monitor.rulebook.conditions import every
from monitor.rulebook.forms import Id

_CODE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_KILOMETRES = re.compile(r"([0-9]{1,5}(?:\.[0-9]{1,3})?) ?km")
_KINDS: dict[str, PlaceKind] = {**{kind: kind for kind in get_args(PlaceKind)}, "oblast": "region"}


def _kilometres(given: object) -> float:
    found = _KILOMETRES.fullmatch(given) if isinstance(given, str) else None
    distance = float(found[1]) if found else 0.0
    if not 0 < distance <= 20_000:  # noqa: PLR2004 - half around the globe
        raise wrong("not a distance", "write a number and km: 30 km")
    return distance


def _kind(text: str) -> str:
    if text not in _KINDS:
        raise wrong(f"{named(text)} is not a kind of place", did_you_mean(text, _KINDS))
    return _KINDS[text]


def _inside(text: str) -> str:
    if _CODE.fullmatch(text) or re.fullmatch("[a-z0-9]([a-z0-9-]*[a-z0-9])?", text):
        return text
    raise wrong(f"{named(text)} is not usable here", "write RU-BEL, RU, or a place's id")


Inside = Annotated[str, AfterValidator(_inside)]
Kind = Annotated[
    str, AfterValidator(_kind), Field(json_schema_extra={"enum": sorted(_KINDS)})
]  # fmt: skip
Distance = Annotated[
    float,
    BeforeValidator(_kilometres, json_schema_input_type=str),
    Field(json_schema_extra={"examples": ["30 km"]}),
]


class WhereForm(Form):
    """A place that the post names, resolved. Values of one key are joined by OR, keys by AND."""

    inside: Annotated[tuple[Inside, ...], OneOrMany()] = Field(
        (), alias="in", description="ISO 3166 codes (RU-BEL, UA), or ids of places containing it."
    )
    area: Annotated[tuple[Id, ...], OneOrMany()] = Field((), description="Areas, by id.")
    within: Distance | None = Field(None, description="At most so far from `of`: 30 km.")
    of: Id | tuple[float, float] | None = Field(
        None, description="A place's id, or [latitude, longitude]."
    )
    kind: Annotated[tuple[Kind, ...], OneOrMany()] = Field(
        (), description="settlement, district, oblast (or region), country."
    )
    home: StrictBool = Field(
        False,
        description="true: a post that names no place it is sure of speaks of its source's home.",
    )
    unresolved: StrictBool = Field(
        False, description="true: a name that could be several places, or none."
    )

    @model_validator(mode="after")
    def _agreeing(self) -> "WhereForm":
        asked = bool(self.inside or self.area or self.kind or self.within)
        if (self.within is None) != (self.of is None):
            raise wrong("`within` and `of` need each other", "write within: 30 km, of: kozinka")
        if self.unresolved == asked:
            hint = "write in, area, within and of, or kind; or unresolved: true alone"
            raise wrong("`place` asks for nothing" if not asked else "unresolved, and somewhere",
                        hint)  # fmt: skip
        if self.home and self.unresolved:
            raise wrong("`home` and `unresolved` exclude each other", "leave one of them out")
        return self


def read_where(
    node: Node, places: Mapping[str, Place], areas: Container[str], mistakes: list[Mistake],
    *, whole: bool,
) -> Where | None:  # fmt: skip
    """A `place:` condition; what is wrong goes to `mistakes`. `whole`: all places were readable."""
    form, found = fill(WhereForm, node)
    mistakes += found
    if form is None:
        return None
    asked: list[tuple[str, list[int | str], Container[str], str]] = []
    for at, one in enumerate(form.inside):
        if not _CODE.fullmatch(one):
            asked.append((one, ["in", at], places, "place"))
    for at, one in enumerate(form.area):
        asked.append((one, ["area", at], areas, "area"))
    if isinstance(form.of, str):
        asked.append((form.of, ["of"], places, "place"))
    for one, path, known, what in asked:
        if whole and one not in known:
            hint = "list it in a file of places, and that file under `places` in the configuration"
            mistakes.append(Mistake(find(node, path).mark, f"there is no {what} `{one}`", hint))
    point = None if isinstance(form.of, str) else form.of
    if isinstance(form.of, str) and form.of in places:
        point = places[form.of].point
        if point is None:
            mark = find(node, ["of"]).mark
            mistakes.append(Mistake(mark, f"`{form.of}` has no point", "add its lat and lon"))
    return Where(
        inside=form.inside,
        areas=form.area,
        within_km=form.within,
        of=form.of if isinstance(form.of, str) else None,
        point=point,
        kinds=form.kind,
        home=form.home,
        unresolved=form.unresolved,
    )


def wheres_in(condition: Condition) -> Iterator[Where]:
    """Every place condition of a condition, those under `not` too."""
    return every(condition, Where)


def fits(place: Place, where: Where, gazetteer: Gazetteer) -> bool:
    """Whether a resolved place is what a condition asks for.

    A distance is asked of settlements and districts: an oblast's middle is no place.
    """
    if where.unresolved or (where.kinds and place.kind not in where.kinds):
        return False
    known = gazetteer.places
    held = {place.id, *containers(place, known)}
    if where.inside and held.isdisjoint(gazetteer.meant(where.inside)):
        return False
    areas = [gazetteer.areas[one] for one in where.areas if one in gazetteer.areas]
    if where.areas and not any(
        in_area(place, area, known) or not held.isdisjoint(gazetteer.meant(area.places))
        for area in areas
    ):
        return False
    if where.within_km is None:
        return True
    if place.point is None or where.point is None or place.kind in {"region", "country"}:
        return False
    return distance_km(place.point, where.point) <= where.within_km


def likely(where: Where, gazetteer: Gazetteer) -> Iterator[Place]:
    """Places among which are all that fit a condition; some twice."""
    if where.inside:
        yield from _held_by(gazetteer.meant(where.inside), gazetteer)
    elif where.within_km is not None and where.point is not None:
        yield from gazetteer.around(box_around(where.point, where.within_km))
    elif where.areas:
        for area in (gazetteer.areas[one] for one in where.areas if one in gazetteer.areas):
            yield from _held_by((*area.admin1, *gazetteer.meant(area.places)), gazetteer)
            for box in boxes(area):
                yield from gazetteer.around(box)
    else:
        yield from gazetteer


def _held_by(codes: Iterable[str], gazetteer: Gazetteer) -> Iterator[Place]:
    for code in sorted(codes):
        yield from gazetteer.within(code)
        place = gazetteer.get(code)
        if place is not None:
            yield place
