"""The hash chain over the log of posts: no row can be changed, moved or taken out unnoticed."""

import hashlib
from collections.abc import Sequence
from typing import Any

from monitor.store.trouble import DamagedError

LINK_COLUMNS = "seq, channel, message, version, kind, event_at, observed_at, content, payload_hash"
"""What a link is made of, as `link` wants it, behind the link before."""


def link(before: bytes, row: Sequence[Any]) -> bytes:
    """The link of a row (LINK_COLUMNS), made with the link of the row before it.

    SHA-256 over the link before, the hashes of the content and of what was received, and the key.
    Texts and payloads may expire: their hashes hold their place.
    """
    seq, channel, message, version, kind, event_at, observed_at, content, payload_hash = row
    name = f"{seq}\x1f{channel}\x1f{message}\x1f{version}\x1f{kind}\x1f{event_at}\x1f{observed_at}"
    return hashlib.sha256(b"%b%b%b%b" % (before, content, payload_hash, name.encode())).digest()


def check_link(before: bytes | None, row: Sequence[Any], chain: bytes) -> None:
    """Compare a row with its link.

    Raises:
        DamagedError: the row is not what was written, or the one before is missing.
    """
    if before is None or link(before, row) != chain:
        raise DamagedError(f"post number {row[0]} does not match the chain of hashes")
