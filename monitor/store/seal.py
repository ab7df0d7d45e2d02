"""Checksums of rows, so that a flipped bit is an error and never an action."""

import zlib

from monitor.store.trouble import DamagedError

Field = str | bytes | int | None


def seal(*fields: Field) -> int:
    """CRC-32 over the fields, with their borders: what stands in a row's `seal` column."""
    crc = 0
    for field in fields:
        data = field if isinstance(field, bytes) else str(field).encode()
        crc = zlib.crc32(data, zlib.crc32(b"%d:" % len(data), crc))
    return crc


def check(found: int, what: str, *fields: Field) -> None:
    """Compare a stored seal with the fields that came with it.

    Raises:
        DamagedError: they do not belong together; `what` names the row for the reader.
    """
    if found != seal(*fields):
        raise DamagedError(f"{what} does not match its checksum")
