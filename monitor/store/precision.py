"""How often each rule was right: its incidents, and what the desk said of them."""

from collections import Counter
from datetime import datetime

import msgspec

from monitor.store.actions import judgements
from monitor.store.database import Database
from monitor.store.incidents import incidents_after


class RuleReport(msgspec.Struct, frozen=True, kw_only=True):
    """One rule: incidents that it opened, and how the desk judged them.

    `precision` is the share of what was judged that was no false alarm; None if nothing was.
    """

    rule: str
    incidents: int
    acknowledged: int
    false_alarms: int

    @property
    def precision(self) -> float | None:
        """Of what was acknowledged or called false, how much was right."""
        judged = self.acknowledged + self.false_alarms
        return self.acknowledged / judged if judged else None


def precision(db: Database, since: datetime, *, exercise: bool = False) -> tuple[RuleReport, ...]:
    """Every rule with an incident that opened since then, those with most false alarms first.

    Raises:
        DamagedError: a row is not what was written.
    """
    opened = {
        one.id: one.rule
        for one in incidents_after(db)
        if one.opened_at >= since and one.exercise == exercise
    }
    said = Counter(
        (opened[action.incident], action.did)
        for action in judgements(db)
        if action.incident in opened
    )
    reports = [
        RuleReport(
            rule=rule,
            incidents=count,
            acknowledged=said[rule, "acknowledge"],
            false_alarms=said[rule, "false_alarm"],
        )
        for rule, count in Counter(opened.values()).items()
    ]
    return tuple(sorted(reports, key=lambda one: (-one.false_alarms, -one.incidents, one.rule)))
