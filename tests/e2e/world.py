"""Everything real around the daemon, started once for a test module, and questions that a test asks of it."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.ground import NAMESPACE, ground
from tests.e2e.repository import Clone
from tests.e2e.users import Users
from tests.testbed.access import DAEMON
from tests.testbed.controlplane import ControlPlane
from tests.testbed.daemon import Daemon
from tests.testbed.gitea import OWNER, Gitea
from tests.testbed.network import Namespace
from tests.testbed.prometheus import Prometheus
from tests.testbed.traefik import Traefik

REPOSITORY = "shop"
FORGE_REPOSITORY = f"{OWNER}/{REPOSITORY}"
WEBHOOK_SECRET = secrets.token_hex(16)
FINAL = ("success", "failure", "error")


@dataclass(frozen=True)
class World:
    """All components, running."""

    directory: Path
    network: Namespace
    cluster: ControlPlane
    gitea: Gitea
    traefik: Traefik
    prometheus: Prometheus
    users: Users
    clone: Clone
    repo_url: str

    def hook_up(self, daemon: Daemon) -> None:
        """From now on the forge tells the daemon about pushes."""
        self.gitea.add_webhook(REPOSITORY, daemon.hook, WEBHOOK_SECRET)

    def object(self, path: str) -> dict[str, Any]:
        """An object or list of the shop's namespace, e.g. `apps/v1/replicasets`."""
        group = "api" if path.startswith("v1/") else "apis"
        version, _, rest = path.partition("/") if group == "api" else _split(path)
        return self.cluster.get(f"/{group}/{version}/namespaces/{NAMESPACE}/{rest}")

    def rollout(self) -> dict[str, Any]:
        return self.object("argoproj.io/v1alpha1/rollouts/shop")

    def weight(self) -> int:
        """The canary's weight in the proxy's own object."""
        return canary_weight(self.object("traefik.io/v1alpha1/traefikservices/shop"))

    def statuses(self, sha: str) -> list[dict[str, Any]]:
        """Commit statuses as the forge tells them, newest first."""
        return self.gitea.statuses(REPOSITORY, sha)

    def verdict(self, sha: str, seconds: float = 90) -> dict[str, Any]:
        """The commit's final status, once the forge has one."""

        def final() -> dict[str, Any] | None:
            newest = next(iter(self.statuses(sha)), None)
            return newest if newest and newest["status"] in FINAL else None

        found: dict[str, Any] = wait_for(
            final, seconds, lambda: f"no verdict on {sha[:8]}: {json.dumps(self.statuses(sha)[:3])}"
        )
        return found

    def daemon(self) -> Daemon:
        """The product between all of this, with no more rights in the cluster than `manifests/install` gives."""
        flags = {
            "--repo": self.repo_url,
            "--path": "deploy",
            "--namespace": NAMESPACE,
            "--kubeconfig": str(self.cluster.kubeconfig_of(DAEMON)),
            "--prometheus": self.prometheus.url,
            "--forge-api": self.gitea.api,
            "--forge-repo": FORGE_REPOSITORY,
            "--poll": "30s",
        }
        env = {"GITHUB_TOKEN": self.gitea.token, "RECONCILER_WEBHOOK_SECRET": WEBHOOK_SECRET}
        return Daemon(self.directory, flags, env, self.network)


def canary_weight(traefik_service: dict[str, Any]) -> int:
    services = traefik_service["spec"]["weighted"]["services"]
    return int(next(item.get("weight", 0) for item in services if item["name"] == "shop-canary"))


def wait_for(found: Callable[[], Any], seconds: float, otherwise: Callable[[], str]) -> Any:
    """Ask until the answer is true; returns it. AssertionError with `otherwise()` when time is up."""
    deadline = time.monotonic() + seconds
    while not (answer := found()):
        if time.monotonic() > deadline:
            raise AssertionError(otherwise())
        time.sleep(0.1)
    return answer


@contextmanager
def world(rate: float) -> Iterator[World]:
    """Start every component, with users sending `rate` requests a second, and end all of it."""
    with ground(rate) as found, ExitStack() as stack:
        directory, network = found.directory, found.network
        scraped = {"traefik": found.traefik.metrics}
        prometheus = stack.enter_context(Prometheus(directory / "prometheus", network, scraped))
        gitea = stack.enter_context(Gitea(directory / "gitea", network))
        repo_url = gitea.create_repository(REPOSITORY)
        clone = Clone(directory / "clone", gitea.push_url(REPOSITORY), network)
        yield World(directory, network, found.cluster, gitea, found.traefik, prometheus, found.users, clone, repo_url)


def _split(path: str) -> tuple[str, str, str]:
    group, version, rest = path.split("/", 2)
    return f"{group}/{version}", "/", rest
