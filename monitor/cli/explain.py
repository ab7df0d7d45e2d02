"""`monitor explain POST|ALERT|INCIDENT`: the chain of reasons, from the words to every delivery.

A post is SOURCE/ID or SOURCE/ID@VERSION. For a post that did not match, the rules that came near
say which of their checks failed, as they stand today.
"""

import argparse
import io
import sys
from collections.abc import Mapping

import msgspec

from monitor.alert import Alert
from monitor.cli.config import add_config, looked_at
from monitor.cli.incident_story import IncidentStory, story_lines, story_of
from monitor.cli.screen import safe
from monitor.cli.try_ import show
from monitor.incident import Incident, Support
from monitor.matching.evaluate import Matcher
from monitor.matching.verdict import Verdict, explain
from monitor.rule import Rule
from monitor.rulebook.load import load
from monitor.store.archive import Stored, find, versions
from monitor.store.database import Database
from monitor.store.deliveries import Delivery, deliveries_of
from monitor.store.incidents import incident, recall
from monitor.store.outbox import alert, alerts_of
from monitor.workshop import matcher_of


class SentAlert(msgspec.Struct, frozen=True):
    """An alert and what every sink did with it."""

    alert: Alert
    deliveries: tuple[tuple[str, Delivery], ...]


class Backed(msgspec.Struct, frozen=True):
    """An incident that a post supports, how, and the incident's alerts that show the post."""

    incident: Incident
    support: Support
    alerts: tuple[SentAlert, ...]


class PostChain(msgspec.Struct, frozen=True):
    """All that is known of a post: its versions, what it led to, what the rules say today."""

    asked: str
    versions: tuple[Stored, ...]
    incidents: tuple[Backed, ...]
    rules_today: tuple[Verdict, ...]


class AlertChain(msgspec.Struct, frozen=True):
    """All that is known of an alert."""

    sent: SentAlert
    incident: Incident | None


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_config(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("what", metavar="POST|ALERT|INCIDENT", help="SOURCE/ID[@VERSION], or an id")


def run(options: argparse.Namespace) -> int:
    """Print the chain; exit code 1 if nothing is known by that name."""
    chosen = looked_at(options.config)
    rulebook = load(chosen.rules, chosen.sources, place_paths=chosen.places)
    matcher = matcher_of(rulebook, chosen.state)
    db = Database.open(chosen.state, readonly=True)
    try:
        chain = (
            _alert_chain(db, options.what)
            or story_of(db, options.what)
            or _post_chain(db, matcher, options.what)
        )
    finally:
        db.close()
    if chain is None:
        hint = (
            "write SOURCE/ID[@VERSION], such as telegram:name/123, or an id of an alert or incident"
        )
        print(f"nothing is known of {safe(options.what)} - {hint}", file=sys.stderr)
        return 1
    if options.json:
        print(msgspec.json.encode(chain).decode())
    else:
        if isinstance(chain, AlertChain):
            lines = _alert_lines(chain)
        elif isinstance(chain, IncidentStory):
            lines = story_lines(chain)
        else:
            rules = {rule.id: rule for rule in rulebook.rules}
            lines = [*_post_lines(chain), *_today_lines(chain, rules)]
        print("\n".join(lines))
    return 0


def _sent(db: Database, one: Alert) -> SentAlert:
    return SentAlert(one, deliveries_of(db, one.id))


def _alert_chain(db: Database, what: str) -> AlertChain | None:
    one = alert(db, what)
    return AlertChain(_sent(db, one), incident(db, one.incident.id)) if one else None


def _post_chain(db: Database, matcher: Matcher, what: str) -> PostChain | None:
    found = find(db, what)
    if found is None:
        return None
    name = found.name
    every = versions(db, name.source, name.id, exercise=name.exercise)
    backed = tuple(
        Backed(
            one,
            support,
            tuple(
                _sent(db, sent)
                for sent in alerts_of(db, one.id)
                if any((post.source, post.id) == (name.source, name.id) for post in sent.posts)
            ),
        )
        for support, one in recall(db, name.source, name.id, name.exercise)
    )
    today: tuple[Verdict, ...] = ()
    if found.post is not None and found.kind != "delete":
        today = explain(matcher, found.post)
    shown = every if "@" not in what or what.endswith(name.id) else (found,)
    return PostChain(what, shown, backed, today)


def _post_lines(chain: PostChain) -> list[str]:
    lines: list[str] = []
    for one in chain.versions:
        lines.append(f"{one.name}  {one.kind}, seen {one.observed_at:%Y-%m-%d %H:%M:%S} UTC")
        if one.post is None:
            lines.append("  text: expired")
        elif one.post.text:
            lines.append(f"  text: {safe(one.post.text)[:300]}")
        lines.append(f"  outcome: {one.outcome} - {safe(one.reason)}")
        for hit in one.hits:
            words = ", ".join(
                dict.fromkeys(
                    f"{safe(one.text)} [{one.start}:{one.end}]"
                    if one.end > one.start
                    else f"{one.place} (the source's home)"
                    for one in hit.found
                )
            )
            lines.append(f"  rule {hit.rule} held: {words}")
    for backed in chain.incidents:
        lines.append(f"incident {backed.incident.id}  {backed.incident.title}")
        lines.append(f"  {_backing(backed.support)}; now {_state(backed.incident)}")
        for sent in backed.alerts:
            lines += _sent_lines(sent, "  ")
    return lines


def _today_lines(chain: PostChain, rules: Mapping[str, Rule]) -> list[str]:
    shown = next((one.post for one in reversed(chain.versions) if one.post), None)
    if shown is None or not shown.text:
        return []
    told = io.StringIO()
    show(told, shown, chain.rules_today, rules, colour=sys.stdout.isatty())
    return ["", "the rules as they are today:", told.getvalue().rstrip()]


def _alert_lines(chain: AlertChain) -> list[str]:
    lines = _sent_lines(chain.sent, "")
    one = chain.sent.alert
    lines += [f"  post {post.source}/{post.id}: {safe(post.text)[:200]}" for post in one.posts]
    if chain.incident:
        lines.append(f"incident {chain.incident.id}  {chain.incident.title}")
        lines.append(f"  now {_state(chain.incident)}")
    return lines


def _sent_lines(sent: SentAlert, indent: str) -> list[str]:
    one = sent.alert
    mark = " EXERCISE" if one.exercise else ""
    lines = [
        f"{indent}alert {one.id}{mark}  {one.kind}: {safe(one.reason)} (cursor {one.sequence})"
    ]
    for sink, delivery in sent.deliveries:
        tried = f", {delivery.attempts} attempts" if delivery.attempts > 1 else ""
        detail = f" - {safe(delivery.detail)}" if delivery.detail else ""
        when = f"{delivery.at:%Y-%m-%d %H:%M:%S} UTC"
        lines.append(f"{indent}  {sink}: {delivery.state} at {when}{tried}{detail}")
    if not sent.deliveries:
        lines.append(f"{indent}  no sink has recorded it yet")
    return lines


def _backing(support: Support) -> str:
    if support.withdrawn:
        return "no longer supports it: deleted, or edited so that it does not match"
    if support.echo_of:
        return f"an echo of {support.echo_of}: counted for nobody"
    if support.late:
        return "late: recorded, counted for nobody"
    return f"counts for {support.family} ({support.role}, {support.affiliation})"


def _state(one: Incident) -> str:
    ends = "open" if one.open else "closed"
    return f"{one.status}, {one.level}, {one.posts} posts by {one.families} publishers, {ends}"
