"""The one thread that writes: the event loop hands it functions and never waits for the disk."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

from monitor.store.database import Database

P = ParamSpec("P")
T = TypeVar("T")


class Writer:
    """Owns an open Database from now on: everything that uses it goes through `do`, in order."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._checkpoints = database.checkpoints()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store-writer")
        self._closed = False

    async def do(
        self, function: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `function(database, *args)` in the writer's thread; its errors come back as they are.

        A caller that is cancelled while the function runs does not stop it: what was begun is
        committed or rolled back by itself.
        """
        if self._closed:
            raise RuntimeError("the store is closed")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._thread, self._done, partial(function, self.database, *args, **kwargs)
        )

    def _done(self, work: Callable[[], T]) -> T:
        try:
            return work()
        finally:
            self._checkpoints.wrote()

    async def aclose(self) -> None:
        """Finish what was handed over, then close the database. Again is harmless."""
        if self._closed:
            return
        self._closed = True
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)

    def _close(self) -> None:
        self._checkpoints.close()
        self.database.close()
