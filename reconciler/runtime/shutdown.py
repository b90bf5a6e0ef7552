"""Ending on request: the first SIGTERM or SIGINT asks, the second does not ask again."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType


def on_signals(stop: threading.Event) -> None:
    """Sets `stop` at the first SIGTERM/SIGINT; at a second one exits at once with 128+signal. Main thread only."""

    def handle(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)
