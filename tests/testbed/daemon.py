"""The product itself, as a user starts it: a subprocess of the command line, to be killed and started again at will."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.testbed.network import HOST, Network
from tests.testbed.processes import Process, free_ports
from tests.testbed.web import answers

_START_SECONDS = 60
_COMMAND = str(Path(sys.executable).with_name("reconciler"))


class Daemon:
    """`reconciler run` with everything on one line; `flags` without `--listen`, which is a free port.

    `hook` is where a forge posts pushes to. Secrets reach it by `env` alone.
    """

    def __init__(
        self, directory: Path, flags: dict[str, str], env: dict[str, str] | None = None, network: Network = HOST
    ) -> None:
        self._directory = directory
        self._network = network
        [self._port] = free_ports(1)
        self._flags = {**flags, "--listen": f"127.0.0.1:{self._port}"}
        self._env = {"XDG_CACHE_HOME": str(directory / "cache"), **(env or {})}
        self._process: Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    @property
    def hook(self) -> str:
        return f"{self.url}/hooks/github"

    def start(self) -> None:
        """Start and wait until it says that it is ready. Raises ComponentFailed with the end of its log."""
        flags = [part for pair in self._flags.items() for part in pair]
        argv = [*self._network.prefix, _COMMAND, "run", *flags]
        self._process = Process("reconciler", argv, self._directory / "daemon.log", env=self._env)
        self._process.wait_until(lambda: answers(self._network, f"{self.url}/readyz"), _START_SECONDS)

    def kill(self) -> None:
        """kill -9: it gets no chance to finish anything."""
        if self._process:
            self._process.kill()

    def stop(self) -> None:
        if self._process:
            self._process.stop(10)

    def log(self) -> str:
        path = self._directory / "daemon.log"
        return path.read_text(errors="replace") if path.exists() else ""
