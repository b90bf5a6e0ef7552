"""Runs an aiohttp application on a loopback port in a thread of its own."""

from __future__ import annotations

import asyncio
import threading

from aiohttp import web


class LocalServer:
    """`start()` returns the URL once the port accepts connections; `stop()` closes it and joins the thread."""

    def __init__(self, application: web.Application, *, port: int = 0, name: str = "local-server") -> None:
        self._application = application
        self._port = port
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.url = ""

    def start(self) -> str:
        """Raises OSError when the port is taken."""
        self._thread.start()
        self._ready.wait()
        if self._failed:
            raise self._failed
        return self.url

    def stop(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        runner = web.AppRunner(self._application, access_log=None, shutdown_timeout=0.5)
        try:
            self._loop.run_until_complete(self._listen(runner))
        except OSError as error:
            self._failed = error
            self._ready.set()
            return
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())

    async def _listen(self, runner: web.AppRunner) -> None:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self._port)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
