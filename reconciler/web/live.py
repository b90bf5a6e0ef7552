"""`/events`: server-sent events that tell open pages which Application has changed; the page fetches what it shows.

An event says no more than a name, so a slow reader never has stale content queued up: names it has not read yet are
merged. Publishers live in other threads and never wait for a reader.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

import orjson
from aiohttp import web

from reconciler.web.ports import Deliveries

HEARTBEAT_SECONDS = 15.0
MAX_READERS = 200


class Reader:
    """One open page: the names that it has not been told yet."""

    def __init__(self) -> None:
        self.changed: dict[str, None] = {}
        self.wake = asyncio.Event()

    def mark(self, app: str) -> None:
        self.changed[app] = None
        self.wake.set()

    async def next(self) -> list[str]:
        """Waits for changes; an empty list when nothing happened for a while."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.wake.wait(), HEARTBEAT_SECONDS)
        names, self.changed = list(self.changed), {}
        self.wake.clear()
        return names


class Live:
    """All open pages. Belongs to one event loop; `start` and `stop` run in it."""

    def __init__(self, deliveries: Deliveries) -> None:
        self._deliveries = deliveries
        self._readers: set[Reader] = set()
        self._stopping = False

    async def start(self, app: web.Application) -> None:
        loop = asyncio.get_running_loop()

        def changed(name: str) -> None:
            if not self._readers:  # to wake a loop costs more than most changes
                return
            with suppress(RuntimeError):  # the loop has just been closed: nobody is left to tell
                loop.call_soon_threadsafe(self._mark, name)

        self._unsubscribe = self._deliveries.subscribe(changed)

    async def stop(self, app: web.Application) -> None:
        self._unsubscribe()
        self._stopping = True
        for reader in self._readers:
            reader.wake.set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if len(self._readers) >= MAX_READERS:
            return web.Response(status=503, text="too many open pages", headers={"Retry-After": "30"})
        reader = Reader()
        self._readers.add(reader)
        try:
            return await self._serve(request, reader)
        finally:
            self._readers.discard(reader)

    async def _serve(self, request: web.Request, reader: Reader) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
        await response.prepare(request)
        await response.write(b"retry: 2000\n\n")
        with suppress(ConnectionError):  # the page was closed
            while not self._stopping:
                names = await reader.next()
                await response.write(_event(names) if names else b": still here\n\n")
        return response

    def _mark(self, app: str) -> None:
        for reader in self._readers:
            reader.mark(app)


def _event(names: list[str]) -> bytes:
    return b"event: change\ndata: " + orjson.dumps({"applications": names}) + b"\n\n"
