"""Incidents as GeoJSON (RFC 7946), for maps."""

from collections.abc import Iterable

import msgspec

from monitor.incident import Incident

PRECISE = 6
"""Decimals of a coordinate, 0.1 m: what RFC 7946 recommends."""


def collection(incidents: Iterable[Incident]) -> bytes:
    """A FeatureCollection; an incident without a place has a null geometry."""
    features = [_feature(one) for one in incidents]
    return msgspec.json.encode({"type": "FeatureCollection", "features": features})


def _feature(one: Incident) -> dict[str, object]:
    place = one.place
    point = place.point if place else None
    geometry = (
        {"type": "Point", "coordinates": [round(point[1], PRECISE), round(point[0], PRECISE)]}
        if point
        else None
    )
    return {
        "type": "Feature",
        "id": one.id,
        "geometry": geometry,
        "properties": {
            "title": one.title,
            "rule": one.rule,
            "event": one.event,
            "level": one.level,
            "status": one.status,
            "exercise": one.exercise,
            "open": one.open,
            "opened_at": one.opened_at,
            "updated_at": one.updated_at,
            "place": place.name if place else None,
            "place_id": place.id if place else None,
            "country": place.country if place else None,
            "admin1": place.admin1 if place else None,
            "precision_km": place.precision_km if place else None,
            "families": one.families,
            "affiliations": one.affiliations,
            "denied_by": sorted({voice.affiliation for voice in one.denials if voice.posts}),
            "posts": one.posts,
            "echoes": one.echoes,
        },
    }
