"""Child processes that leave a log and never outlive the run."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_WAIT_STEP = 0.05


class ComponentFailed(RuntimeError):
    """A component did not start, or died. The message ends with the last lines of its log."""


class Process:
    """One started program: its own process group, output in `log`. Killed by the kernel if we die first."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        log: Path,
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.name = name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as out:
            self._child = subprocess.Popen(
                [*_dies_with_us(), *argv],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {})},
                cwd=cwd,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def exit_code(self) -> int | None:
        return self._child.poll()

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Return when `ready()` is true; raise ComponentFailed when the process ends or time is up."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self._child.poll() is not None:
                raise ComponentFailed(f"{self.name} ended with code {self._child.returncode}\n{self.tail()}")
            if time.monotonic() > deadline:
                raise ComponentFailed(f"{self.name} is not ready after {seconds:.0f} s\n{self.tail()}")
            time.sleep(_WAIT_STEP)

    def tail(self, lines: int = 15) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def kill(self) -> None:
        """SIGKILL to the whole group, at once."""
        self._signal(signal.SIGKILL)
        self._child.wait()

    def stop(self, grace: float = 3.0) -> None:
        """SIGTERM, and SIGKILL for what is left of the group after `grace` seconds."""
        self._signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(grace)
        self.kill()

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, number)


def _dies_with_us() -> list[str]:
    """Prefix that has the kernel end the child with its parent (Linux; elsewhere only `stop()` ends it)."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []


def free_ports(count: int) -> list[int]:
    """Distinct TCP ports that are free on loopback right now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
