"""The conservation oracle: what must be delivered against what was, by alert id."""

from collections.abc import Iterable, Mapping

import msgspec
import orjson

Payload = dict[str, object]


class Verdict(msgspec.Struct, frozen=True):
    """What is wrong with a delivery; all but the wire duplicates must be empty."""

    lost: frozenset[str]
    invented: frozenset[str]
    altered: frozenset[str]
    duplicates: int
    """Messages on the wire beyond the first of each id: the fault has bitten."""

    @property
    def sound(self) -> bool:
        """Whether everything arrived, nothing was invented, nothing differs."""
        return not (self.lost or self.invented or self.altered)


def comparable(alert: Mapping[str, object]) -> bytes:
    """An alert without what may differ between two runs, as canonical JSON."""
    kept = {key: value for key, value in alert.items() if key not in {"sequence", "sent_at"}}
    return orjson.dumps(kept, option=orjson.OPT_SORT_KEYS)


def judge(expected: Iterable[Payload], delivered: Iterable[Payload]) -> Verdict:
    """Compare an uninterrupted run with what a subscriber saw."""
    wanted = {str(alert["id"]): comparable(alert) for alert in expected}
    seen: dict[str, bytes] = {}
    altered: set[str] = set()
    messages = 0
    for alert in delivered:
        messages += 1
        key, content = str(alert["id"]), comparable(alert)
        if seen.setdefault(key, content) != content or wanted.get(key, content) != content:
            altered.add(key)
    return Verdict(
        lost=frozenset(wanted.keys() - seen.keys()),
        invented=frozenset(seen.keys() - wanted.keys()),
        altered=frozenset(altered),
        duplicates=messages - len(seen),
    )
