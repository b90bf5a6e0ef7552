"""The users of the sample shop: a steady, bounded stream of requests, and what came back."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass

import aiohttp

from tests.testbed.network import Network

_TIMEOUT_SECONDS = 3.0
_AT_MOST_SECONDS = 900


@dataclass(frozen=True)
class Answer:
    """One request: when it was sent (monotonic), what came (0: no answer at all), from which image, after how long."""

    at: float
    status: int
    image: str
    seconds: float

    @property
    def failed(self) -> bool:
        return not 200 <= self.status < 400


class Users:
    """Sends `rate` requests a second, each on its own connection's turn, whatever the answers are (open loop)."""

    def __init__(self, network: Network, url: str, rate: float) -> None:
        self._network = network
        self._url = url
        self._rate = rate
        self._answers: list[Answer] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Users:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(_TIMEOUT_SECONDS + 2)

    def answers(self, since: float = 0.0, until: float = float("inf")) -> list[Answer]:
        """Answers to requests sent in a span of monotonic time."""
        return [answer for answer in list(self._answers) if since <= answer.at < until]

    def _run(self) -> None:
        with self._network.entered():
            asyncio.run(self._send())

    async def _send(self) -> None:
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS)
        connector = aiohttp.TCPConnector(limit=200)
        async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
            start, pending, sent = time.monotonic(), set[asyncio.Task[None]](), 0
            while not self._stopping.is_set() and time.monotonic() - start < _AT_MOST_SECONDS:
                task = asyncio.create_task(self._request(session))
                pending.add(task)
                task.add_done_callback(pending.discard)
                sent += 1
                await asyncio.sleep(max(0.0, start + sent / self._rate - time.monotonic()))
            await asyncio.gather(*pending, return_exceptions=True)

    async def _request(self, session: aiohttp.ClientSession) -> None:
        at = time.monotonic()
        try:
            async with session.get(self._url) as response:
                await response.read()
                status, image = response.status, response.headers.get("X-Image", "")
        except (aiohttp.ClientError, TimeoutError):
            status, image = 0, ""
        self._answers.append(Answer(at, status, image, time.monotonic() - at))
