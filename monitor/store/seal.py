"""Checksums of rows, so that a flipped bit is an error and never an action."""

import zlib
from functools import lru_cache

from monitor.store.trouble import DamagedError

Field = str | bytes | int | None


def seal(*fields: Field) -> int:
    """CRC-32 over the fields, with their borders: what stands in a row's `seal` column."""
    return zlib.crc32(framed(*fields))


def framed(*fields: Field) -> bytes:
    """The same fields as bytes, borders and all: `seal` is the CRC-32 of these."""
    data = [one if isinstance(one, bytes) else str(one).encode() for one in fields]
    return b"".join(b"%d:%b" % (len(one), one) for one in data)


def seal_of_post(
    body: bytes, length: int | None, hits: Field, outcome: str, reason: str, history: int
) -> int:
    """The seal of a post's row and of its text's: what both say, but for the key.

    Where there is no length (until version 4) it is not covered.
    """
    rest = _unhit(outcome, reason, history) if hits is None else (
        framed(hits, outcome, reason, history)
    )  # fmt: skip
    crc = zlib.crc32(rest, zlib.crc32(body, zlib.crc32(b"%d:" % len(body))))
    return crc if length is None else zlib.crc32(b"%d:%d" % (len(str(length)), length), crc)


@lru_cache(maxsize=256)
def _unhit(outcome: str, reason: str, history: int) -> bytes:
    """What is sealed of a post without hits, behind its body: nearly always the same."""
    return framed(None, outcome, reason, history)


def check(found: int, what: str, *fields: Field) -> None:
    """Compare a stored seal with the fields that came with it.

    Raises:
        DamagedError: they do not belong together; `what` names the row for the reader.
    """
    if found != seal(*fields):
        raise DamagedError(f"{what} does not match its checksum")
