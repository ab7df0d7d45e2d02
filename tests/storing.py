"""Posts, incidents and alerts for the store's tests, made in few words."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from monitor.alert import Alert, AlertIncident, alert_id
from monitor.hit import Found, Hit
from monitor.incident import Incident, Outcome, Support
from monitor.place import Place
from monitor.post import Post, PostKind, Received
from monitor.rule import Rule, Term
from monitor.store.commit import Judged, Work, commit
from monitor.store.database import Database
from monitor.store.deliveries import Delivery
from monitor.store.incidents import cursors, facts, open_incidents, recall
from monitor.store.outbox import alerts_after, position, record
from monitor.store.posts import Admitted, admit

START = datetime(2023, 5, 22, 9, 0, tzinfo=UTC)
RULE = Rule(id="border-incursion", title="Armed incursion", when=Term("ДРГ"))
GRAIVORON = Place(id="graivoron", name="Грайворон", country="RU", admin1="RU-BEL")


def at(minutes: float) -> datetime:
    """A moment of the day of the raid."""
    return START + timedelta(minutes=minutes)


def received(  # noqa: PLR0913 - every one has its default
    id_: str,
    text: str = "ДРГ зашла на территорию Грайворонского округа",
    *,
    published: float = 0,
    edited: float | None = None,
    observed: float | None = None,
    kind: str = "new",
    source: str = "telegram:vvgladkov",
    **envelope: Any,
) -> Received:
    """A post as a source hands it over; times in minutes of the day of the raid."""
    return Received(
        post=Post(
            source=source,
            id=id_,
            kind=cast("PostKind", kind),
            published_at=at(published),
            edited_at=None if edited is None else at(edited),
            observed_at=None if observed is None else at(observed),
            text=text,
        ),
        **envelope,
    )


def hit(admitted: Admitted) -> Hit:
    """The incursion rule holding for this version."""
    return Hit(
        rule=RULE,
        post=admitted.name,
        proof=lambda: (Found(text="ДРГ", start=0, end=3, term="ДРГ"),),
        place=GRAIVORON,
        role="official",
        affiliation="ru-state",
        family="governor",
        rulebook="book-1",
    )


def judged(admitted: Admitted, outcome: str = "unmatched") -> Judged:
    """A version with its outcome, and a hit unless it is unmatched or quarantined."""
    hits = () if outcome in {"unmatched", "quarantined"} else (hit(admitted),)
    return Judged(admitted, cast("Outcome", outcome), f"because {outcome}", hits)


def store(
    db: Database, *posts: Received, outcome: str = "unmatched", now: datetime = START, **work: Any
) -> list[Admitted]:
    """Admit and commit; what was admitted."""
    admitted = admit(db, posts, now)
    commit(db, Work(judged=[judged(one, outcome) for one in admitted], rulebook="b", **work), now)
    return admitted


def incident(id_: str = "i1", **changes: Any) -> Incident:
    """An open incident of the incursion rule."""
    values: dict[str, Any] = {
        "topic": "border-incursion",
        "rule": "border-incursion",
        "title": "Armed incursion",
        "event": "battles/armed-clash",
        "level": "critical",
        "status": "unconfirmed",
        "exercise": False,
        "opened_at": at(0),
        "updated_at": at(0),
        "deadline": at(360),
        "place": GRAIVORON,
    }
    return Incident(id=id_, **(values | changes))


def support(incident_id: str = "i1", id_: str = "1", **changes: Any) -> Support:
    """A post that supports an incident."""
    values: dict[str, Any] = {
        "source": "telegram:vvgladkov",
        "version": 1,
        "exercise": False,
        "rule": "border-incursion",
        "family": "governor",
        "affiliation": "ru-state",
        "role": "official",
        "published_at": at(0),
    }
    return Support(incident=incident_id, id=id_, **(values | changes))


def alert(ordinal: int = 1, incident_id: str = "i1", text: str = "first claim") -> Alert:
    """The n-th alert of an incident."""
    return Alert(
        id=alert_id(incident_id, ordinal),
        kind="opened" if ordinal == 1 else "updated",
        reason=text,
        exercise=False,
        incident=AlertIncident(
            id=incident_id,
            title="Armed incursion",
            rule="border-incursion",
            event="battles/armed-clash",
            level="critical",
            status="unconfirmed",
            opened_at=at(0),
            updated_at=at(ordinal),
            place=None,
            families=1,
            affiliations=("ru-state",),
            posts=ordinal,
        ),
        posts=(),
    )


class Keep:
    """How long, as the settings' defaults say it."""

    unmatched = timedelta(days=14)
    matched = timedelta(days=90)
    alerts = timedelta(days=7)


ROOT = Path(__file__).resolve().parents[1]


def child(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run tests/store_child.py to its end."""
    return subprocess.run(
        [sys.executable, "-m", "tests.store_child", *map(str, arguments)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=150, **options,
    )  # fmt: skip


def filled(folder: Path, posts: int = 30) -> Database:
    """A store with something in every table."""
    db = Database.open(folder, ballast=0)
    many = [
        received(str(n), f"ДРГ, сообщение {n}", raw=b'{"n": %d}' % n, channel_id=7)
        for n in range(posts)
    ]
    store(
        db, *many,
        outcome="alerted",
        cursors={"preview/telegram:vvgladkov": "41", "feed/x": "etag"},
        facts={"replay/start": "2023-05-22"},
        incidents=(incident(), incident("i2", open=False)),
        supports=(support(), support("i2", "2")),
        alerts=(alert(1), alert(2), alert(1, "i2")),
    )  # fmt: skip
    delivery = Delivery(1, "a", "i1", "delivered", 1, at(1), "77")
    record(db, "chat", 1, [delivery], {"epoch": 3})
    return db


def everything(db: Database) -> tuple[object, ...]:
    """All that the daemon acts upon, read as it reads it."""
    again = admit(db, PROBES, at(90))
    return (
        open_incidents(db), alerts_after(db, 0, 100), cursors(db), facts(db), position(db, "chat"),
        recall(db, "telegram:vvgladkov", "2", False), db.head.seq, db.head.sequence,
        [(one.name, one.event_at, one.previous, one.problem) for one in again],
    )  # fmt: skip


PROBES = [
    *(received(str(number), f"ДРГ, сообщение {number}", channel_id=7) for number in range(30)),
    received("3", "исправлено", observed=50, channel_id=7),
    received("4", "x", kind="delete", observed=51, channel_id=7),
    received("99", "новое", channel_id=7),
]
"""What a source hands over next: everything again, an edit, a deletion, something new."""
