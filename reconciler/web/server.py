"""The web server in a thread of its own, with its own event loop; the rest of the daemon stays free of asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import threading

from aiohttp import web

from reconciler.errors import Problem, UserError
from reconciler.web.app import application
from reconciler.web.ports import Ports

START_SECONDS = 10.0


def parse_listen(listen: str) -> tuple[str, int]:
    """`127.0.0.1:8080`, `[::1]:8080` or `:8080` (all addresses). Raises `UserError`."""
    host, colon, port = listen.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise UserError(Problem(f'"{listen}" is no address to listen on', "write HOST:PORT, as in 127.0.0.1:8080"))
    return host.strip("[]"), int(port)


class WebServer:
    """Serves `ports` on one address. Port 0 picks a free one; `url` tells which."""

    def __init__(self, listen: str, ports: Ports) -> None:
        self._host, self._port = parse_listen(listen)
        self._listen, self._ports = listen, ports
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)
        self._started = threading.Event()
        self._failure: BaseException | None = None
        self._stop = asyncio.Event()
        self.url = ""

    def start(self) -> str:
        """Returns the URL once connections are accepted. Raises `UserError` when the address cannot be used."""
        self._thread.start()
        self._started.wait(START_SECONDS)
        if isinstance(self._failure, OSError):
            problem = Problem(f"cannot listen on {self._listen}: {self._failure.strerror}", "choose another --listen")
            raise UserError(problem) from self._failure
        if self._failure is not None:
            raise self._failure
        return self.url

    def stop(self, timeout: float = 5.0) -> None:
        """Ends live connections and waits for the thread, `timeout` seconds at most."""
        with contextlib.suppress(RuntimeError):  # it never started, or has ended already
            self._loop.call_soon_threadsafe(self._stop.set)
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as error:  # handed to the thread that waits in start()
            self._failure = error
        finally:
            self._started.set()
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    async def _serve(self) -> None:
        runner = web.AppRunner(
            application(self._ports), access_log=None, shutdown_timeout=1.0, handler_cancellation=True
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host or None, self._port).start()
            self.url = _url(self._host, runner.addresses[0][1])
            self._started.set()
            await self._stop.wait()
        finally:
            await runner.cleanup()


def _url(host: str, port: int) -> str:
    """An address that a browser on this machine can open."""
    shown = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - only compared
    return f"http://[{shown}]:{port}" if ":" in shown and not shown.startswith("[") else f"http://{shown}:{port}"
