"""`monitor export posts|incidents|alerts`: what is stored, as JSON lines (contract).

Posts are in the order of storing and can be replayed; of expired ones nothing is left to export.
"""

import argparse
import sys
from collections.abc import Callable, Iterator

import msgspec

from monitor.alert import to_json
from monitor.cli.config import add_config, looked_at
from monitor.store.archive import stored_after
from monitor.store.database import Database
from monitor.store.incidents import incidents_after
from monitor.store.outbox import alerts_after

PAGE = 500


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_config(parser)
    parser.add_argument("what", choices=sorted(EXPORTS), help="what to write")


def run(options: argparse.Namespace) -> int:
    """Write everything of one kind to standard output."""
    db = Database.open(looked_at(options.config).state, readonly=True)
    try:
        for line in EXPORTS[options.what](db):
            sys.stdout.buffer.write(line + b"\n")
        sys.stdout.buffer.flush()
    finally:
        db.close()
    return 0


def _posts(db: Database) -> Iterator[bytes]:
    seq = 0
    while page := stored_after(db, seq, PAGE):
        seq = page[-1].seq
        yield from (msgspec.json.encode(one.post) for one in page if one.post is not None)


def _incidents(db: Database) -> Iterator[bytes]:
    return (msgspec.json.encode(one) for one in incidents_after(db))


def _alerts(db: Database) -> Iterator[bytes]:
    sequence = 0
    while page := alerts_after(db, sequence, PAGE):
        sequence = page[-1].sequence
        yield from map(to_json, page)


EXPORTS: dict[str, Callable[[Database], Iterator[bytes]]] = {
    "posts": _posts,
    "incidents": _incidents,
    "alerts": _alerts,
}
