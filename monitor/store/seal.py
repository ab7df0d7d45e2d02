"""Checksums of rows, so that a flipped bit is an error and never an action."""

import zlib

from monitor.store.trouble import DamagedError

Field = str | bytes | int | None


def seal(*fields: Field) -> int:
    """CRC-32 over the fields, with their borders: what stands in a row's `seal` column."""
    return zlib.crc32(framed(*fields))


def framed(*fields: Field) -> bytes:
    """The same fields as bytes, borders and all: `seal` is the CRC-32 of these.

    For rows whose last fields are mostly the same: `zlib.crc32(framed(last), seal(first))`.
    """
    data = [one if isinstance(one, bytes) else str(one).encode() for one in fields]
    return b"".join(b"%d:%b" % (len(one), one) for one in data)


def check(found: int, what: str, *fields: Field) -> None:
    """Compare a stored seal with the fields that came with it.

    Raises:
        DamagedError: they do not belong together; `what` names the row for the reader.
    """
    if found != seal(*fields):
        raise DamagedError(f"{what} does not match its checksum")
