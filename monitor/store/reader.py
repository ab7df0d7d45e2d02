"""One thread that reads: for what may take long and must not hold up the sinks."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from monitor.store.database import Database

P = ParamSpec("P")
T = TypeVar("T")


class Reader:
    """A read-only connection with a thread of its own, opened when first needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._database: Database | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store-reader")

    async def do(
        self, function: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `function(database, *args)` in the reader's thread; its errors come back."""

        def work() -> T:
            if self._database is None:
                self._database = Database.open(self._folder, readonly=True)
            return function(self._database, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def aclose(self) -> None:
        """Close the connection and end the thread."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)

    def _close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None
