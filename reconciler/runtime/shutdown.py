"""Ending on request: the first SIGTERM or SIGINT asks, the second does not ask again."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType


def on_signals(stop: threading.Event, *, hang_up: bool = False) -> None:
    """Sets `stop` at the first SIGTERM/SIGINT; at a second one exits at once with 128+signal. Main thread only.

    With `hang_up` a closed terminal (SIGHUP) counts as well; a daemon outlives its terminal.
    """

    def handle(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT, *([signal.SIGHUP] if hang_up else [])):
        signal.signal(number, handle)
