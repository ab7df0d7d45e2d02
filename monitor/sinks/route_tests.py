"""Route tests: does each alert of monitor.yaml's `route_tests` go where it must?"""

from collections.abc import Sequence
from datetime import datetime

from monitor.alert import Alert, AlertIncident, AlertPlace, AlertPost
from monitor.document import Node
from monitor.form import find
from monitor.mistake import Mistake
from monitor.routes import RouteTest, SuchAn
from monitor.settings import Settings
from monitor.sinks.dispatch import Dispatch, takes_exercises
from monitor.sinks.routing import routing

HINT = "mend the routes, or what is expected; monitor route ALERT explains a real one"


def failed(settings: Settings, node: Node) -> list[list[Mistake]]:
    """For each test the expectations that are not met, where they stand in the file."""
    routes = routing(settings)
    dispatch = Dispatch(routes, takes_exercises(settings))
    found: list[list[Mistake]] = []
    for number, test in enumerate(settings.route_tests):
        at = ("route_tests", number)
        mistakes: list[Mistake] = []
        alert, now = such_an(test.alert, test), datetime.fromisoformat(test.at)
        told = [one for one in routes.receivers if not dispatch.why_not(one, alert, now)]
        quiet = [one for one in told if dispatch.why_quiet(one, alert, now)]
        later = [name for step in dispatch.escalations(alert, now) for name in step.receiver]
        for key, wanted, got in (
            ("receivers", test.receivers, told),
            ("silently", test.silently, quiet),
            ("escalates", test.escalates, later),
        ):
            if wanted is not None and set(wanted) != set(got):
                message = (
                    f"route test `{test.name}`: {key} are {_list(got)}, not {_list(wanted)}"
                    f" ({'; '.join(map(str, dispatch.ways(alert, now)))})"
                )
                mistakes.append(Mistake(find(node, (*at, key)).mark, message, HINT))
        found.append(mistakes)
    return found


def _list(names: Sequence[str]) -> str:
    return f"[{', '.join(sorted(set(names)))}]"


def such_an(one: SuchAn, test: RouteTest) -> Alert:
    """The alert that a test describes."""
    now = datetime.fromisoformat(test.at)
    place = None
    if one.place or one.admin1 or one.country:
        place = AlertPlace(
            id=one.place, name=one.place, country=one.country or None, admin1=one.admin1 or None,
            lat=None, lon=None, precision_km=None,
        )  # fmt: skip
    post = AlertPost(
        source=one.source, id="test", url=None, published_at=now, text="", spans=(),
        role=one.role, affiliation=one.affiliation, family=one.family, late=one.late, echo_of=None,
    )  # fmt: skip
    incident = AlertIncident(
        id="test", title=one.title or one.rule, rule=one.rule, event=one.event, level=one.level,
        status=one.status, opened_at=now, updated_at=now, place=place, families=1,
        affiliations=(), posts=1,
    )  # fmt: skip
    return Alert(
        id="test", kind=one.kind, reason="", exercise=one.exercise, incident=incident, posts=(post,)
    )
