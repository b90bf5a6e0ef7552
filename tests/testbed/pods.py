"""The processes in the fake pods: one HTTP server that every pod address leads to.

The accepted connection's local address tells which pod was asked; the API server tells which image that pod runs; the
image tells how to answer. A connection to an address that no pod has any more is closed without an answer, unless pods
linger: then they serve a little longer, as those that pause before they stop so that proxies can forget them.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
import time
from collections.abc import Callable
from http.client import HTTPException

from aiohttp import web

from tests.testbed import behaviour
from tests.testbed.network import Network

PORT = 8080
_REFRESH_SECONDS = 0.25


class Pods:
    """Serves from `start()` to `stop()`. `list_pods(path)` reads the API server, e.g. `Access.get`."""

    def __init__(
        self, network: Network, list_pods: Callable[[str], dict[str, object]], linger_seconds: float = 0
    ) -> None:
        self._network = network
        self._linger_seconds = linger_seconds
        self._gone: dict[str, tuple[float, str]] = {}
        self._list_pods = list_pods
        self._images: dict[str, str] = {}
        self._random = random.Random(1)
        self._stopping = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._threads: list[threading.Thread] = []

    def start(self) -> Pods:
        self._images = self._read_images()
        started = threading.Event()
        for target in (lambda: self._serve(started), self._refresh):
            thread = threading.Thread(target=target, daemon=True)
            thread.start()
            self._threads.append(thread)
        if not started.wait(10):
            raise RuntimeError("the pods' server did not start")
        return self

    def stop(self) -> None:
        self._stopping.set()
        self._loop.call_soon_threadsafe(self._loop.stop)
        for thread in self._threads:
            thread.join(5)

    def __enter__(self) -> Pods:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _serve(self, started: threading.Event) -> None:
        with self._network.entered():
            asyncio.set_event_loop(self._loop)
            runner = self._loop.run_until_complete(self._open())
            started.set()
            self._loop.run_forever()
            self._loop.run_until_complete(runner.cleanup())

    async def _open(self) -> web.ServerRunner:
        runner = web.ServerRunner(web.Server(self._answer), shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "0.0.0.0", PORT).start()
        return runner

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        transport = request.transport
        address = transport.get_extra_info("sockname")[0] if transport else ""
        image = self._images.get(address) or self._lingering(address) or await self._learn(address)
        if image is None:
            if transport:
                transport.abort()
            return web.Response(status=503)
        ways = behaviour.of(image)
        await asyncio.sleep(ways.delay_seconds)
        status = 500 if self._random.random() < ways.error_share else 200
        return web.Response(status=status, text=f"{image}\n", headers={"X-Image": image})

    def _take(self, images: dict[str, str]) -> None:
        until = time.monotonic() + self._linger_seconds
        self._gone |= {each: (until, image) for each, image in self._images.items() if each not in images}
        self._images = images

    def _lingering(self, address: str) -> str | None:
        until, image = self._gone.get(address, (0.0, ""))
        return image if time.monotonic() < until else None

    async def _learn(self, address: str) -> str | None:
        """Asks the API server about an address: a pod may be sent requests before our list has been renewed."""
        with contextlib.suppress(OSError, HTTPException):
            self._take(await self._loop.run_in_executor(None, self._read_images, ""))
        return self._images.get(address)

    def _refresh(self) -> None:
        while not self._stopping.is_set():
            # While the control plane is busy or going down, the last known pods stay.
            with contextlib.suppress(OSError, HTTPException):
                self._take(self._read_images())
            self._stopping.wait(_REFRESH_SECONDS)

    def _read_images(self, how: str = "?resourceVersion=0") -> dict[str, str]:
        """Of the server's cache, which is cheap; `how` "" asks for what is stored now."""
        pods = self._list_pods(f"/api/v1/pods{how}")["items"]
        assert isinstance(pods, list)
        return {
            pod["status"]["podIP"]: pod["spec"]["containers"][0]["image"]
            for pod in pods
            if pod["status"].get("podIP") and pod["status"].get("phase") == "Running"
        }
