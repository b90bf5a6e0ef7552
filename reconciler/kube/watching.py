"""One watch: a stream of JSON lines, ended by the server, by silence or by us.

Bookmarks come about once a minute even when nothing happens, so a stream without a whole event for `SILENCE_SECONDS`
is broken, however many bytes trickle in. A stream that is cut is a normal end: the informer resumes from the last
version that it saw.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Literal, cast

import msgspec
import urllib3
from urllib3.exceptions import HTTPError, ReadTimeoutError

from reconciler.errors import Transient
from reconciler.kube import nesting
from reconciler.kube.answers import error_for, parse_status
from reconciler.kube.api import WatchEvent

SILENCE_SECONDS = 150.0
LONGEST_EVENT_BYTES = 16 << 20
CHUNK_BYTES = 64 << 10

_EVENT_TYPES = ("ADDED", "MODIFIED", "DELETED", "BOOKMARK")


class _Line(msgspec.Struct):
    type: str
    object: msgspec.Raw


class _Version(msgspec.Struct, rename="camel"):
    resource_version: str = ""


class _Versioned(msgspec.Struct):
    metadata: _Version


_decode_line = msgspec.json.Decoder(_Line).decode
_decode_version = msgspec.json.Decoder(_Versioned).decode


class Watch(Iterator[WatchEvent]):
    """Iterates over events. `stop` may be called from any thread and ends the iteration normally."""

    def __init__(self, act: str, response: urllib3.BaseHTTPResponse, silence: float = SILENCE_SECONDS) -> None:
        self._act = act
        self._response = response
        self._silence = silence
        self._stopped = threading.Event()
        self._sock = getattr(response.connection, "sock", None)
        if isinstance(self._sock, socket.socket):
            self._sock.settimeout(silence)
        self._events = self._run()

    def __next__(self) -> WatchEvent:
        return next(self._events)

    def stop(self) -> None:
        self._stopped.set()
        if isinstance(self._sock, socket.socket):
            with suppress(OSError):  # the plain socket's own method: a TLS layer must not change under its reader
                socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def _run(self) -> Iterator[WatchEvent]:
        try:
            for line in self._lines():
                yield parse_event(line, self._act)
        finally:
            self._response.close()

    def _lines(self) -> Iterator[bytes]:
        rest, deadline = bytearray(), time.monotonic() + self._silence
        while not self._stopped.is_set():
            chunk = self._read()
            if not chunk:
                return
            rest += chunk
            *lines, tail = rest.split(b"\n") if b"\n" in chunk else (rest,)
            for line in filter(None, lines):
                yield bytes(line)
            rest = tail
            deadline = time.monotonic() + self._silence if lines else deadline
            self._check(len(rest), deadline)

    def _read(self) -> bytes:
        try:
            return self._response.read1(CHUNK_BYTES)
        except ReadTimeoutError:
            raise Transient(f"{self._act}: silent for {self._silence:g} s") from None
        except (HTTPError, OSError, ValueError):
            return b""

    def _check(self, pending: int, deadline: float) -> None:
        if pending > LONGEST_EVENT_BYTES:
            raise Transient(f"{self._act}: an event is larger than {LONGEST_EVENT_BYTES} bytes")
        if time.monotonic() > deadline:
            raise Transient(f"{self._act}: no whole event for {self._silence:g} s")


def _read(line: bytes) -> _Line:
    try:
        return _decode_line(line)
    except RecursionError:
        found = nesting.fields(line)
        kind, raw = found.get("type", b'""'), nesting.bearable(found.get("object", b"{}"))
        return _decode_line(b'{"type":%s,"object":%s}' % (kind, raw))


def parse_event(line: bytes, act: str) -> WatchEvent:
    """One line of a watch. Raises what an ERROR event means (`Gone` for 410), `Transient` if it is no event."""
    try:
        event = _read(line)
        raw = bytes(event.object)
        if event.type == "ERROR":
            status = parse_status(raw)
            raise error_for(status.code or 500, status, act)
        version = nesting.decoded(_decode_version, raw).metadata.resource_version
    except msgspec.DecodeError as error:
        raise Transient(f"{act}: not a watch event: {error}") from None
    if event.type not in _EVENT_TYPES:
        raise Transient(f"{act}: unknown event type {event.type!r}")
    kind = cast(Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK"], event.type)
    return WatchEvent(kind, b"" if kind == "BOOKMARK" else raw, version)
