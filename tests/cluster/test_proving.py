"""The analyses beyond the established format, by a daemon that is killed while they run, on the real API server.

A new version is the stable one only after its bake, and the first of all after its judgement; a run that has begun is
neither forgotten nor begun again when the daemon dies with kill -9.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reconciler.kube.objects import ANALYSIS_RUNS, TRAEFIK_SERVICES
from tests.cluster.rollouts_engine import Shop, until
from tests.cluster.sharing import Replica, allow
from tests.e2e.invariants import Guard
from tests.testbed import traefik
from tests.testbed.access import Access
from tests.testbed.daemon import Daemon
from tests.testbed.prometheus import Prometheus

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(180)]
BAKE = {"reconciler.dev/bake-analysis": "{duration: 6s, templates: [{templateName: bake}]}"}
FIRST = {"reconciler.dev/first-deploy-analysis": "templates: [{templateName: smoke}]"}
CANARY = {
    "stableService": "live",
    "canaryService": "next",
    "trafficRouting": {"traefik": {"weightedTraefikServiceName": "shop"}},
    "scaleDownDelaySeconds": 1,
    "abortScaleDownDelaySeconds": 1,
    "steps": [{"setWeight": 50}],
}


@dataclass(frozen=True)
class Bench:
    cluster: Access
    shop: Shop
    daemon: Daemon

    def outage(self) -> None:
        """kill -9, and a new start; nobody waits for the dead one's lease."""
        self.daemon.kill()
        self.cluster.kubectl("-n", self.shop.namespace, "delete", "lease", "--all")
        self.daemon.start()

    def status(self) -> dict[str, Any]:
        status: dict[str, Any] = self.shop.stored()["status"]
        return status

    def runs(self, kind: str) -> list[str]:
        """Phases of the runs of one kind, oldest first."""
        found = self.shop.cluster.list(ANALYSIS_RUNS, self.shop.namespace, label_selector=f"rollout-type={kind}")
        found.sort(key=lambda run: str(run["metadata"]["creationTimestamp"]))
        return [(run.get("status") or {}).get("phase", "") for run in found]

    def says(self, text: str) -> None:
        until(lambda: text in self.status()["message"], lambda: str(self.status()["message"]))

    def judges(self, kind: str) -> None:
        """Wait until a run of that kind measures."""
        until(lambda: self.runs(kind)[-1:] == ["Running"], lambda: f"{self.runs(kind)}: {self.status()}")


@pytest.fixture
def bench(rollout_crds: Access, namespace: str, prometheus: Prometheus, tmp_path: Path) -> Iterator[Bench]:
    traefik.define(rollout_crds)
    allow(rollout_crds, namespace)
    shop = Shop(rollout_crds.kubeconfig, namespace)
    for name in ("live", "next"):
        rollout_crds.kubectl("-n", namespace, "create", "service", "clusterip", name, "--tcp=80")
        rollout_crds.kubectl("-n", namespace, "set", "selector", "service", name, "app=shop")
    weighted = {"services": [{"name": "live", "port": 80}, {"name": "next", "port": 80}]}
    body = {"apiVersion": TRAEFIK_SERVICES.api_version, "kind": TRAEFIK_SERVICES.kind, "metadata": {"name": "shop"}}
    shop.cluster.create(TRAEFIK_SERVICES, namespace, {**body, "spec": {"weighted": weighted}})
    flags = {"--prometheus": prometheus.url}
    replica = Replica(rollout_crds, tmp_path / "daemon", namespace, "engine", flags)
    replica.daemon.start()
    yield Bench(rollout_crds, shop, replica.daemon)
    replica.daemon.stop()


def test_the_first_version_is_stable_once_its_judgement_was_good(guard: Guard, bench: Bench) -> None:
    shop = bench.shop
    shop.measures("smoke", 0.25, initialDelay="3s")
    shop.create([], annotations=FIRST, canary=CANARY)
    bench.judges("FirstDeploy")
    bench.says("the first version is judged by")
    bench.outage()
    shop.reaches("Degraded", available=4)
    assert "first-deploy" in bench.status()["message"].lower()
    assert "stableRS" not in bench.status()
    bench.outage()
    assert bench.runs("FirstDeploy") == ["Failed"]
    shop.measures("smoke", 0, initialDelay="3s")
    shop.says("retry", "shop")
    bench.judges("FirstDeploy")
    bench.outage()
    shop.reaches("Healthy", available=4)
    assert bench.runs("FirstDeploy") == ["Failed", "Successful"]
    assert bench.status()["stableRS"] == bench.status()["currentPodHash"]
    assert guard.check() >= 3


def test_a_version_is_stable_after_its_bake_and_a_bad_one_never(guard: Guard, bench: Bench) -> None:
    shop = bench.shop
    shop.measures("bake", 0, interval="1s")
    shop.create([], annotations=BAKE, canary=CANARY)
    shop.reaches("Healthy", available=4)
    first = bench.status()["stableRS"]
    shop.says("set", "image", "shop", "web=shop:2")
    bench.judges("Bake")
    bench.says("baking since")
    since = bench.status()["message"]
    bench.outage()
    assert bench.status()["stableRS"] == first
    assert bench.status()["message"] == since, "a restart does not begin it again"
    shop.reaches("Healthy")
    second = bench.status()["stableRS"]
    assert (bench.runs("Bake"), second) == (["Successful"], bench.status()["currentPodHash"])

    shop.measures("bake", 0.25, interval="1s", initialDelay="3s")
    shop.says("set", "image", "shop", "web=shop:3")
    bench.judges("Bake")
    bench.outage()
    shop.reaches("Degraded", revision="3", available=4)
    assert bench.runs("Bake") == ["Successful", "Failed"]
    assert bench.status()["stableRS"] == second
    bench.outage()
    until(lambda: shop.shown()["current"] == 4, lambda: shop.says("get", "shop"))
    assert guard.check() >= 20
