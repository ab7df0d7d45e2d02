"""Numbers in an incident: what each publisher says last, and the range of each side."""

from collections.abc import Collection, Iterable

import msgspec

from monitor.alert import AlertNumber
from monitor.correlation.told import Members
from monitor.incident import Claim, Incident, Said, Support
from monitor.lexicon.casualties import STEMS, casualties
from monitor.source import UNKNOWN

MOST = 100
"""So many publishers' numbers are kept in one incident."""


def said(text: str) -> tuple[Said, ...]:
    """What a text counts."""
    return tuple(Said(*tally) for tally in casualties(text))


def _claims(support: Support) -> Iterable[Claim]:
    if support.counts and support.part != "evidence":
        at = support.said_at or support.published_at
        for one in support.said:
            yield Claim(
                one.what, one.low, one.high, support.family, support.affiliation,
                f"{support.source}/{support.id}", at,
            )  # fmt: skip


def claimed(incident: Incident, support: Support) -> Incident:
    """The incident with what a post says: a publisher's latest word is its word."""
    if not support.said:
        return incident
    claims = {(one.what, one.family, one.affiliation): one for one in incident.claims}
    for claim in _claims(support):
        key = (claim.what, claim.family, claim.affiliation)
        before = claims.get(key)
        if before is None or (before.at, before.post) <= (claim.at, claim.post):
            claims[key] = claim
    latest = sorted(claims.values(), key=lambda one: (one.what, one.affiliation, one.family))
    return msgspec.structs.replace(incident, claims=tuple(latest[:MOST]))


def reclaimed(incident: Incident, supports: Iterable[Support]) -> Incident:
    """The incident with what all its posts say: when one has been changed or taken away."""
    incident = msgspec.structs.replace(incident, claims=())
    for support in supports:
        incident = claimed(incident, support)
    return incident


def revised(
    incident: Incident,
    members: Members,
    changed: Iterable[Support],
) -> Incident:
    """The incident with posts that now say something else (or nothing).

    Of an incident that is over only the numbers themselves are known, not what others said before.
    """
    newest = {(one.source, one.id): one for one in changed}
    if not incident.claims and not any(one.said for one in newest.values()):
        return incident
    if members:
        others = (one for key, one in members.items() if key not in newest)
        return reclaimed(incident, [*others, *newest.values()])
    names = {f"{source}/{post}" for source, post in newest}
    left = tuple(one for one in incident.claims if one.post not in names)
    incident = msgspec.structs.replace(incident, claims=left)
    for support in newest.values():
        incident = claimed(incident, support)
    return incident


def ranges(claims: Collection[Claim]) -> tuple[AlertNumber, ...]:
    """What each side says, from the least to the most; who has no known side speaks alone."""
    if not claims:
        return ()
    sides: dict[tuple[str, str], list[Claim]] = {}
    for claim in claims:
        side = claim.family if claim.affiliation == UNKNOWN else claim.affiliation
        sides.setdefault((claim.what, side), []).append(claim)
    order = list(STEMS)
    return tuple(
        AlertNumber(
            what=what,
            side=side,
            families=tuple(sorted({one.family for one in of})),
            low=min(one.low for one in of),
            high=_most(of),
        )
        for (what, side), of in sorted(
            sides.items(), key=lambda one: (order.index(one[0][0]), one[0][1])
        )
    )


def _most(claims: Iterable[Claim]) -> int | None:
    """The largest number said, None if somebody said `or more`."""
    highest = 0
    for claim in claims:
        if claim.high is None:
            return None
        highest = max(highest, claim.high)
    return highest


def changed_numbers(before: Incident, after: Incident) -> str:
    """What the sides say now that they did not say before, in words; empty if nothing."""
    if before.claims == after.claims:
        return ""
    known = {(one.what, one.side): one for one in ranges(before.claims)}
    now = {(one.what, one.side): one for one in ranges(after.claims)}
    parts = []
    for key, one in now.items():
        earlier = known.get(key)
        if earlier is None:
            parts.append(f"{one.side}: {one.text}")
        elif (earlier.low, earlier.high) != (one.low, one.high):
            parts.append(f"{one.side}: {earlier.figures} -> {one.figures} {one.what}")
    parts += [
        f"{one.side} no longer says {one.text}" for key, one in known.items() if key not in now
    ]
    return ", ".join(parts)
