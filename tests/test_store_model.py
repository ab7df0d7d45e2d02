"""The store against a model of a few dictionaries, with crashes, failures and restarts between."""

import shutil
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from monitor.alert import Alert
from monitor.post import Received
from monitor.store.archive import outcomes, stored_after, verify_chain
from monitor.store.commit import STEPS, Work, commit
from monitor.store.database import Database
from monitor.store.deliveries import Delivery, deliveries_of
from monitor.store.incidents import cursors, open_incidents
from monitor.store.outbox import alerts_after, newest, position, record
from monitor.store.posts import admit
from tests.storing import alert, at, incident, judged, received


class Version(NamedTuple):
    """What the model keeps of a version."""

    kind: str
    text: str
    event: datetime
    observed: datetime


class Model:
    """What should be stored, said as plainly as possible."""

    def __init__(self) -> None:
        self.posts: dict[str, list[Version]] = {}
        self.log: list[tuple[str, int]] = []
        self.cursors: dict[str, str] = {}
        self.alerts: list[str] = []
        self.positions: dict[str, int] = {}
        self.deliveries: dict[str, set[str]] = {}

    def take(self, one: Received) -> bool:
        """The rules of identity and time for a post that says when it was observed."""
        post = one.post
        assert post.observed_at is not None
        known = self.posts.setdefault(post.id, [])
        last = known[-1] if known else None
        text = "" if post.kind == "delete" else post.text
        kind = post.kind if last is None or post.kind == "delete" else "edit"
        said = {"new": post.published_at, "edit": post.edited_at, "delete": None}[kind]
        limit = post.observed_at + timedelta(minutes=2)
        version = Version(kind, text, min(said or post.observed_at, limit), post.observed_at)
        if last is not None:
            if last.kind == "delete" or kind == "delete":
                if kind == last.kind == "delete" or version.observed < last.observed:
                    return False
            elif version.text == last.text or version.event < last.event:
                return False
        known.append(version)
        self.log.append((post.id, len(known)))
        return True


POSTS = st.lists(
    st.builds(
        received,
        st.sampled_from("123"),
        st.sampled_from("abc"),
        published=st.integers(0, 9),
        edited=st.none() | st.integers(0, 12),
        observed=st.integers(0, 12),
        kind=st.sampled_from(["new", "edit", "edit", "delete"]),
    ),
    max_size=6,
)


class StoreMachine(RuleBasedStateMachine):
    """Writes, reads, acknowledgements, failures and crashes in any order."""

    @initialize()
    def start(self) -> None:
        """A fresh store and an empty model."""
        self.folder = Path(tempfile.mkdtemp())
        self.db = Database.open(self.folder / "state", ballast=0)
        self.model = Model()
        self.ordinal = 0

    def work(self, posts: list[Received], cursor: int, alerts: int) -> tuple[Work, list[Alert]]:
        """One batch as the pipeline would hand it over."""
        admitted = admit(self.db, posts, at(0))
        made = [alert(self.ordinal + 1 + n) for n in range(alerts)]
        work = Work(
            judged=[judged(one, "alerted") for one in admitted],
            cursors={"preview/x": str(cursor)},
            incidents=(incident(ordinal=self.ordinal + alerts),) if alerts else (),
            alerts=tuple(made),
            rulebook="b",
        )
        return work, made

    @rule(posts=POSTS, cursor=st.integers(0, 99), alerts=st.integers(0, 3))
    def write(self, posts: list[Received], cursor: int, alerts: int) -> None:
        """A batch that is committed."""
        work, made = self.work(posts, cursor, alerts)
        stored = commit(self.db, work, at(0))
        fresh = [one for one in posts if self.model.take(one)]
        assert [one.admitted.name.id for one in work.judged] == [one.post.id for one in fresh]
        self.model.cursors["preview/x"] = str(cursor)
        self.model.alerts += [one.id for one in made]
        self.ordinal += alerts
        assert [one.sequence for one in stored] == list(
            range(len(self.model.alerts) - alerts + 1, len(self.model.alerts) + 1)
        )

    @rule(posts=POSTS, alerts=st.integers(0, 2), step=st.sampled_from(STEPS), crash=st.booleans())
    def fail(self, posts: list[Received], alerts: int, step: str, *, crash: bool) -> None:
        """A batch that breaks before one of its steps; the process lives on, or dies."""
        work, _ = self.work(posts, -1, alerts)

        def hook(name: str) -> None:
            if name == step:
                raise KeyboardInterrupt

        self.db.on_step = hook
        try:
            commit(self.db, work, at(0))
        except KeyboardInterrupt:
            self.db.on_step = None
        assert self.db.on_step is None
        if crash:
            self.crash()

    @rule(sink=st.sampled_from(["bus", "chat"]), share=st.integers(0, 100))
    def acknowledge(self, sink: str, share: int) -> None:
        """A sink passes some alerts."""
        done = len(self.model.alerts) * share // 100
        sent = [
            Delivery(one.sequence, one.id, one.incident.id, "delivered", 1, at(1))
            for one in alerts_after(self.db, max(done - 2, 0), 2)
            if one.sequence <= done
        ]
        record(self.db, sink, done, sent, {"share": share})
        self.model.positions[sink] = done
        for one in sent:
            self.model.deliveries.setdefault(one.alert, set()).add(sink)

    @rule()
    def crash(self) -> None:
        """The process is gone: nothing is tidied up, the next one starts."""
        self.db.connection.close()
        assert self.db._lock is not None
        self.db._lock.release(clean=False)
        self.db = Database.open(self.folder / "state", ballast=0)

    @rule()
    def restart(self) -> None:
        """A clean stop and start."""
        self.db.close()
        self.db = Database.open(self.folder / "state", ballast=0)

    @invariant()
    def same(self) -> None:
        """What is stored is what the model says."""
        model = self.model
        stored = stored_after(self.db, 0, 10_000)
        assert [(one.name.id, one.name.version) for one in stored] == model.log
        for one in stored:
            version = model.posts[one.name.id][one.name.version - 1]
            assert one.post is not None
            assert version == (one.kind, one.post.text, one.event_at, one.observed_at)
        assert cursors(self.db) == model.cursors
        assert [one.id for one in alerts_after(self.db, 0, 10_000)] == model.alerts
        assert newest(self.db) == len(model.alerts)
        for sink in ("bus", "chat"):
            place = position(self.db, sink)
            assert (place[0] if place else None) == model.positions.get(sink)
        assert all(
            {sink for sink, _ in deliveries_of(self.db, id_)} == sinks
            for id_, sinks in model.deliveries.items()
        )
        assert [one.ordinal for one in open_incidents(self.db)[0]] == (
            [len(model.alerts)] if model.alerts else []
        )
        assert sum(outcomes(self.db).values()) == len(model.log)
        assert verify_chain(self.db) is None

    def teardown(self) -> None:
        """Throw the store away."""
        if hasattr(self, "db"):
            self.db.close()
            shutil.rmtree(self.folder)


StoreMachine.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
test_store_follows_the_model = StoreMachine.TestCase
