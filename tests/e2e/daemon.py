"""The product itself, as a user starts it: a subprocess of the command line, to be killed and started again at will."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

from tests.testbed.access import Access
from tests.testbed.processes import Process, free_ports
from tests.testbed.web import answers

_START_SECONDS = 30


class Daemon:
    """`reconciler run` with everything on one line. `hook` is where the forge posts pushes to."""

    def __init__(
        self,
        cluster: Access,
        directory: Path,
        *,
        repo: str,
        namespace: str,
        prometheus: str,
        forge: str,
        forge_repo: str,
    ) -> None:
        self._cluster = cluster
        self._log = directory / "daemon.log"
        self._cache = directory / "cache"
        [self._port] = free_ports(1)
        self.webhook_secret = secrets.token_hex(16)
        self._flags = {
            "--repo": repo,
            "--path": "deploy",
            "--namespace": namespace,
            "--kubeconfig": str(cluster.kubeconfig),
            "--prometheus": prometheus,
            "--forge-api": forge,
            "--forge-repo": forge_repo,
            "--poll": "30s",
            "--listen": f"127.0.0.1:{self._port}",
        }
        self._process: Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def hook(self) -> str:
        return f"{self.url}/hooks/github"

    def start(self, token: str) -> None:
        """Start and wait until it says that it is ready. The forge's token reaches it by the environment alone."""
        flags = [part for pair in self._flags.items() for part in pair]
        argv = [*self._cluster.network.prefix, sys.executable, "-m", "reconciler", "run", *flags]
        env = {
            "GITHUB_TOKEN": token,
            "RECONCILER_WEBHOOK_SECRET": self.webhook_secret,
            "XDG_CACHE_HOME": str(self._cache),
        }
        self._process = Process("reconciler", argv, self._log, env=env)
        self._process.wait_until(lambda: answers(self._cluster.network, f"{self.url}/readyz"), _START_SECONDS)

    def kill(self) -> None:
        """kill -9: it gets no chance to finish anything."""
        if self._process:
            self._process.kill()

    def stop(self) -> None:
        if self._process:
            self._process.stop(10)

    def log(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""
