"""A scripted API server: answers are bytes on the wire, so that silence, cuts and dribbles can be played."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest


@dataclass
class Peer:
    """One request: its head and body, and the means to answer."""

    sock: socket.socket
    method: str
    target: str
    head: str
    body: bytes

    def say(self, *parts: bytes) -> None:
        self.sock.sendall(b"".join(parts))

    def answer(self, code: int, body: Any, *headers: str) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = [f"HTTP/1.1 {code} X", f"Content-Length: {len(raw)}", "Content-Type: application/json", *headers]
        self.say("\r\n".join(lines).encode(), b"\r\n\r\n", raw)

    def refuse(self, code: int, reason: str, message: str, *headers: str, **details: Any) -> None:
        status = {"kind": "Status", "code": code, "reason": reason, "message": message, "details": details}
        self.answer(code, status, *headers)

    def stream(self, *events: Any) -> None:
        """Starts a chunked answer with these events; the connection stays open."""
        self.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for event in events:
            self.chunk(json.dumps(event).encode() + b"\n")

    def chunk(self, raw: bytes) -> None:
        self.say(f"{len(raw):x}\r\n".encode(), raw, b"\r\n")

    def end(self) -> None:
        self.say(b"0\r\n\r\n")

    def wait_for_close(self, every: Callable[[], None] | None = None) -> None:
        """Returns when the client is gone; calls `every` meanwhile, about each 20 ms."""
        self.sock.settimeout(0.02)
        give_up = time.monotonic() + 10
        while time.monotonic() < give_up:
            try:
                if not self.sock.recv(1):
                    return
            except TimeoutError:
                if every is not None:
                    every()


@dataclass
class Scripted:
    """Hands each request to the next script (the last one stays); remembers `METHOD target` and the peers."""

    scripts: list[Callable[[Peer], None]] = field(default_factory=list)
    seen: list[Peer] = field(default_factory=list)
    url: str = ""

    def then(self, *scripts: Callable[[Peer], None]) -> Scripted:
        self.scripts.extend(scripts)
        return self

    def targets(self) -> list[str]:
        return [f"{peer.method} {peer.target}" for peer in self.seen]


@pytest.fixture
def server() -> Iterator[Scripted]:
    scripted = Scripted()
    listener = socket.create_server(("127.0.0.1", 0))
    scripted.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    lock = threading.Lock()

    def serve(sock: socket.socket) -> None:
        with sock:
            try:
                while peer := read_request(sock):
                    with lock:
                        scripted.seen.append(peer)
                        script = scripted.scripts[0] if len(scripted.scripts) == 1 else scripted.scripts.pop(0)
                    script(peer)
            except OSError:
                return

    def accept() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(sock,), daemon=True).start()

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    yield scripted
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    acceptor.join(10)


def read_request(sock: socket.socket) -> Peer | None:
    data = b""
    while b"\r\n\r\n" not in data:
        more = sock.recv(65536)
        if not more:
            return None
        data += more
    head, body = data.split(b"\r\n\r\n", 1)
    lines = head.decode().split("\r\n")
    length = next((int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length:")), 0)
    while len(body) < length:
        body += sock.recv(65536)
    method, target, _ = lines[0].split(" ")
    return Peer(sock, method, target, head.decode(), body)
