"""An in-memory Kubernetes API server on a port of the loopback interface, with the few controllers that make it live.

    with Sandbox() as sandbox:
        url = sandbox.url            # plain HTTP, no credentials
        sandbox.kubeconfig(path)     # for kubectl and the official client

It answers as the real API server does or says 501: see tests/sandbox, where each test is run on both.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from aiohttp import web

from reconciler.sandbox.api.core import Api
from reconciler.sandbox.controllers.runner import Runner
from reconciler.sandbox.controllers.settings import Timing
from reconciler.sandbox.seed import seed
from reconciler.sandbox.store import Store
from reconciler.sandbox.wire.handlers import Handlers

T = TypeVar("T")
STOP_SECONDS = 10.0


@dataclass
class Sandbox:
    """`window` is how many changes of each resource a watch can go back; `timing` how fast pods live."""

    port: int = 0
    window: int = 10_000
    bookmark_seconds: float = 60.0
    timing: Timing = field(default_factory=Timing)
    controllers: bool = True
    url: str = ""

    def start(self) -> str:
        """Serve until stop(); the URL is http://127.0.0.1:PORT. Raises OSError when the port is taken."""
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="sandbox", daemon=True)
        self.thread.start()
        self.url = asyncio.run_coroutine_threadsafe(self.serve(), self.loop).result(STOP_SECONDS)
        return self.url

    async def serve(self) -> str:
        self.api = Api(Store(self.window))
        self.running = Runner(self.api, self.timing, everything=self.controllers)
        self.running.start()
        seed(self.api)
        handlers = Handlers(self.api, self.bookmark_seconds)
        server = web.Server(handlers, handler_cancellation=True, access_log=None, keepalive_timeout=300)
        self.runner = web.ServerRunner(server, shutdown_timeout=0.1)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", self.port)
        await site.start()
        host, port = self.runner.addresses[0][:2]
        return f"http://{host}:{port}"

    def stop(self) -> None:
        """End all watches and give the port back."""
        asyncio.run_coroutine_threadsafe(self.close(), self.loop).result(STOP_SECONDS)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(STOP_SECONDS)
        self.loop.close()

    async def close(self) -> None:
        self.running.stop()
        await self.runner.cleanup()
        rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    def run(self, act: Callable[[Api], T]) -> T:
        """Act on the state from another thread, as one step between two requests."""

        async def step() -> T:
            return act(self.api)

        return asyncio.run_coroutine_threadsafe(step(), self.loop).result(STOP_SECONDS)

    def forget_history(self) -> None:
        """From now on, every earlier revision answers 410: what clients must survive."""
        self.run(lambda api: api.store.forget())

    def kubeconfig(self, path: str | Path) -> Path:
        """Write a kubeconfig that points here (JSON is YAML)."""
        target = Path(path)
        target.write_text(json.dumps(self.kubeconfig_object(), indent=2))
        return target

    def kubeconfig_object(self) -> dict[str, Any]:
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "sandbox", "cluster": {"server": self.url}}],
            "users": [{"name": "sandbox", "user": {}}],
            "contexts": [{"name": "sandbox", "context": {"cluster": "sandbox", "user": "sandbox"}}],
            "current-context": "sandbox",
        }

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
