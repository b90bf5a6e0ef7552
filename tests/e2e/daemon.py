"""The product itself, as a user starts it: a subprocess of the command line, to be killed and started again at will."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

from tests.e2e.world import FORGE_REPOSITORY, NAMESPACE, World
from tests.testbed.access import DAEMON
from tests.testbed.processes import Process, free_ports
from tests.testbed.web import answers

_START_SECONDS = 30
_COMMAND = str(Path(sys.executable).with_name("reconciler"))


class Daemon:
    """`reconciler run` with everything on one line, and no more rights in the cluster than `manifests/install` gives.

    `hook` is where the forge posts pushes to.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._log = world.directory / "daemon.log"
        [self._port] = free_ports(1)
        self.webhook_secret = secrets.token_hex(16)
        self._flags = {
            "--repo": world.repo_url,
            "--path": "deploy",
            "--namespace": NAMESPACE,
            "--kubeconfig": str(world.cluster.kubeconfig_of(DAEMON)),
            "--prometheus": world.prometheus.url,
            "--forge-api": world.gitea.api,
            "--forge-repo": FORGE_REPOSITORY,
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

    def start(self) -> None:
        """Start and wait until it says that it is ready. The forge's token reaches it by the environment alone."""
        flags = [part for pair in self._flags.items() for part in pair]
        argv = [*self._world.network.prefix, _COMMAND, "run", *flags]
        env = {
            "GITHUB_TOKEN": self._world.gitea.token,
            "RECONCILER_WEBHOOK_SECRET": self.webhook_secret,
            "XDG_CACHE_HOME": str(self._world.directory / "cache"),
        }
        self._process = Process("reconciler", argv, self._log, env=env)
        self._process.wait_until(lambda: answers(self._world.network, f"{self.url}/readyz"), _START_SECONDS)

    def kill(self) -> None:
        """kill -9: it gets no chance to finish anything."""
        if self._process:
            self._process.kill()

    def stop(self) -> None:
        if self._process:
            self._process.stop(10)

    def log(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""
