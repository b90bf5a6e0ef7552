"""Connections whose whole answer has a deadline, not only each single read of it.

A socket's timeout starts anew with every byte that arrives, so a server that dribbles could hold a worker for hours.
Here an alarm is armed when the answer is awaited and the socket is shut down when it rings.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.response import HTTPResponse


class Alarm:
    """Shuts a socket down after `seconds` unless disarmed before."""

    def __init__(self, sock: Any, seconds: float) -> None:
        self.rang = False
        self._sock = sock
        self._timer = threading.Timer(seconds, self._ring)
        self._timer.daemon = True
        self._timer.start()

    def disarm(self) -> None:
        """Ends the guard. Raises `TimeoutError` when the alarm has already rung: what was read is not whole."""
        self._timer.cancel()
        if self.rang:
            raise TimeoutError

    def _ring(self) -> None:
        self.rang = True
        if isinstance(self._sock, socket.socket):
            with suppress(OSError):  # the plain socket's own method: a TLS layer must not change state under a reader
                socket.socket.shutdown(self._sock, socket.SHUT_RDWR)


class _Guarded(HTTPConnection):
    """`alarm` guards the exchange in progress; whoever reads the body disarms it."""

    alarm: Alarm | None = None

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3 itself declares it
        # urllib3 sets `timeout` here to what is left of the request's total.
        self.alarm = alarm = Alarm(self.sock, float(self.timeout or 0.0))
        try:
            return super().getresponse()
        except BaseException:
            alarm.disarm()
            raise


class _GuardedTLS(_Guarded, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Guarded


class _PoolTLS(HTTPSConnectionPool):
    ConnectionCls = _GuardedTLS


def guarded(manager: urllib3.PoolManager) -> urllib3.PoolManager:
    """Makes a pool manager open guarded connections only."""
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _PoolTLS}
    return manager
