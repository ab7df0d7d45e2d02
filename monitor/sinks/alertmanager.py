"""An alert in the form of Alertmanager's webhook (version 4), for tools that already read that.

An incident is an alert there: firing while it goes on, resolved when it has closed or nothing
supports it any more. Labels name what stays, annotations what changes.
"""

from datetime import datetime
from hashlib import sha256

from monitor.alert import Alert

NEVER = "0001-01-01T00:00:00Z"
MOST_TEXT = 1000


def body(alert: Alert, receiver: str) -> dict[str, object]:
    """The webhook's JSON object, with one alert."""
    over = alert.kind == "closed" or alert.incident.status == "retracted"
    status = "resolved" if over else "firing"
    labels, annotations = _labels(alert), _annotations(alert)
    return {
        "version": "4",
        "groupKey": f'{{}}:{{incident="{alert.incident.id}"}}',
        "truncatedAlerts": 0,
        "status": status,
        "receiver": receiver,
        "groupLabels": {"incident": alert.incident.id},
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": "",
        "alerts": [
            {
                "status": status,
                "labels": labels,
                "annotations": annotations,
                "startsAt": _time(alert.incident.opened_at),
                "endsAt": _time(alert.incident.updated_at) if over else NEVER,
                "generatorURL": next((post.url for post in alert.posts if post.url), ""),
                "fingerprint": sha256(alert.incident.id.encode()).hexdigest()[:16],
            }
        ],
    }


def _labels(alert: Alert) -> dict[str, str]:
    what, place = alert.incident, alert.incident.place
    labels = {
        "alertname": what.rule,
        "incident": what.id,
        "severity": what.level,
        "event": what.event,
        "exercise": "true" if alert.exercise else "false",
    }
    if place:
        labels["place"] = place.id
        labels |= {"admin1": place.admin1} if place.admin1 else {}
        labels |= {"country": place.country} if place.country else {}
    return labels


def _annotations(alert: Alert) -> dict[str, str]:
    what, place = alert.incident, alert.incident.place
    exercise = "EXERCISE: " if alert.exercise else ""
    where = f" - {place.name}" if place else ""
    return {
        "summary": f"{exercise}{what.title}{where}",
        "description": alert.posts[0].text[:MOST_TEXT] if alert.posts else alert.reason,
        "status": what.status,
        "kind": alert.kind,
        "reason": alert.reason,
        "alert_id": alert.id,
    }


def _time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
