from __future__ import annotations

import signal
import subprocess
import sys

import pytest

SCRIPT = """
import threading, time
from reconciler.runtime.shutdown import on_signals
stop = threading.Event()
on_signals(stop)
print("ready", flush=True)
stop.wait(30)
print("asked", flush=True)
time.sleep(30)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_asks_and_the_second_exits_at_once(number: signal.Signals) -> None:
    child = subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    try:
        assert child.stdout.readline() == "ready\n"
        child.send_signal(number)
        assert child.stdout.readline() == "asked\n"
        child.send_signal(number)
        assert child.wait(10) == 128 + number
    finally:
        child.kill()
        child.stdout.close()
