"""Lets people outside a namespace reach a port inside it: the same loopback port on both sides."""

from __future__ import annotations

import asyncio
import socket
import threading

from tests.testbed.network import Network

_CHUNK = 64 * 1024


class Forward:
    """Copies bytes between 127.0.0.1:port here and 127.0.0.1:port in the network."""

    def __init__(self, network: Network, port: int) -> None:
        self._network = network
        self._port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Forward:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(asyncio.start_server(self._accepted, "127.0.0.1", self._port))
        self._loop.run_forever()

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with self._network.entered():
            inside = socket.socket()
        inside.setblocking(False)
        try:
            await self._loop.sock_connect(inside, ("127.0.0.1", self._port))
            far_reader, far_writer = await asyncio.open_connection(sock=inside)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer), return_exceptions=True)


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while chunk := await source.read(_CHUNK):
            target.write(chunk)
            await target.drain()
    finally:
        target.close()
