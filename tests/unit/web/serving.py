"""A running web server over a board of deliveries, and a plain client for it."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from reconciler.outcomes.board import Board
from reconciler.web.ports import Ports
from reconciler.web.server import WebServer


class Page:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.text = response.read().decode()

    def json(self) -> Any:
        return json.loads(self.text)


class Site:
    def __init__(self, server: WebServer, board: Board) -> None:
        self.server, self.board = server, board

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(urlsplit(self.server.url).netloc, timeout=10)

    def send(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Page:
        connection = self.connect()
        try:
            connection.request(method, path, body, headers or {})
            return Page(connection.getresponse())
        finally:
            connection.close()

    def get(self, path: str) -> Page:
        return self.send("GET", path)


@contextmanager
def running(board: Board | None = None, **ports: Any) -> Iterator[Site]:
    board = board or Board()
    server = WebServer("127.0.0.1:0", Ports(deliveries=board, **ports))
    server.start()
    try:
        yield Site(server, board)
    finally:
        server.stop()
