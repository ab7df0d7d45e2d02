"""Files of lines are read in threads and always closed."""

import asyncio
import threading
from io import BufferedReader
from pathlib import Path

import pytest

from monitor.sources import line_reader
from tests.patience import PATIENCE


async def test_given_up_while_it_is_opened_a_file_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stop that comes while a thread opens the file leaves no file open."""
    path = tmp_path / "posts.jsonl"
    path.write_bytes(b"{}\n")
    opening, go_on = threading.Event(), threading.Event()
    opened: list[BufferedReader] = []

    def slowly(path: Path) -> BufferedReader:
        opening.set()
        go_on.wait(10)
        opened.append(path.open("rb"))
        return opened[0]

    monkeypatch.setattr(line_reader, "_open", slowly)
    stream = line_reader.blocks(path)
    reading = asyncio.ensure_future(anext(stream))
    await asyncio.to_thread(opening.wait, 10)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await stream.aclose()
    go_on.set()
    async with asyncio.timeout(PATIENCE):
        while not (opened and opened[0].closed):  # noqa: ASYNC110 - a thread does it
            await asyncio.sleep(0.01)
