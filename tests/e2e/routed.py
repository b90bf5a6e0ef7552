"""A Rollout behind the real proxy, driven by a daemon without any repository, and what is asked of it."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.ground import NAMESPACE, Ground, ground
from tests.e2e.users import Answer
from tests.e2e.world import wait_for
from tests.testbed.access import DAEMON
from tests.testbed.daemon import Daemon

Json = dict[str, Any]
_APP = Path(__file__).parent / "app"
_ROLLOUT = "argoproj.io/v1alpha1/rollouts/shop"
_OF_A_SERVICE = re.compile(rf'service="{NAMESPACE}-(.+)-\d+@kubernetescrd"')
_PATIENCE_SECONDS = 60
_SETTLE_SECONDS = 1.5
_PAUSE_BEFORE_STOP_SECONDS = 3


@dataclass(frozen=True)
class Routed:
    """The Rollout `shop`, its two Services and its TraefikService, in the namespace of the ground."""

    ground: Ground
    daemon: Daemon

    def create(self, **canary: Any) -> None:
        """Version 1, with all traffic."""
        labels = {"app": "shop"}
        routing = {"traefik": {"weightedTraefikServiceName": "shop"}}
        strategy = {"stableService": "shop-stable", "canaryService": "shop-canary", "trafficRouting": routing, **canary}
        spec = {
            "replicas": 4,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": _pod("shop:1")},
            "strategy": {"canary": strategy},
        }
        body = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "shop"}, "spec": spec}
        self.kubectl("create", "-f", "-", stdin=json.dumps(body))
        self.reaches("Healthy")
        wait_for(lambda: self._answered_by("shop:1"), _PATIENCE_SECONDS, lambda: str(self.ground.users.answers()[-3:]))

    def delete(self) -> None:
        self.kubectl("delete", "rollout", "shop", "--ignore-not-found", "--cascade=foreground", "--timeout=60s")

    def push(self, image: str) -> None:
        port = {"name": "http", "containerPort": 8080}
        self.patch(
            {"spec": {"template": {"spec": {"containers": [{"name": "shop", "image": image, "ports": [port]}]}}}}
        )

    def patch(self, patch: Json, *where: str) -> None:
        self.kubectl("patch", "rollout", "shop", "--type=merge", "-p", json.dumps(patch), *where)

    def ask(self, **status: Any) -> None:
        """As the verbs of the command line do."""
        self.patch({"status": status}, "--subresource=status")

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        return self.ground.cluster.kubectl("-n", NAMESPACE, *arguments, stdin=stdin)

    def read(self, path: str) -> Json:
        """An object or a list, e.g. `argoproj.io/v1alpha1/rollouts/shop`."""
        group, version, rest = path.split("/", 2)
        prefix = f"/apis/{group}/{version}" if group != "core" else f"/api/{version}"
        return self.ground.cluster.get(f"{prefix}/namespaces/{NAMESPACE}/{rest}")

    def status(self) -> Json:
        status: Json = self.read(_ROLLOUT).get("status") or {}
        return status

    def reaches(self, phase: str, **expected: Any) -> Json:
        """Wait for a phase and other values of the status."""
        wait_for(lambda: self._is(phase, expected), _PATIENCE_SECONDS, lambda: json.dumps(self.status(), indent=1))
        return self.status()

    def weights(self) -> dict[str, int]:
        services = self.read("traefik.io/v1alpha1/traefikservices/shop")["spec"]["weighted"]["services"]
        return {each["name"]: each.get("weight", 0) for each in services}

    def sizes(self) -> dict[str, int]:
        """Pods that are asked for, by ReplicaSet."""
        listed = self.read("apps/v1/replicasets")["items"]
        return {each["metadata"]["name"]: each["spec"]["replicas"] for each in listed}

    def shares(self, seconds: float) -> dict[str, float]:
        """What part of the requests of that time the proxy sent to each Service, by its own counters.

        First it gets the time to take what it was told last.
        """
        time.sleep(_SETTLE_SECONDS)
        before = self._sent()
        time.sleep(seconds)
        sent = self._sent() - before
        return {service: count / sent.total() for service, count in sent.items()}

    def failures(self, since: float) -> list[Answer]:
        """Requests from then on that users saw fail."""
        return [each for each in self.ground.users.answers(since) if each.failed]

    def _is(self, phase: str, expected: Json) -> bool:
        found = self.read(_ROLLOUT)
        status = found.get("status") or {}
        seen = status.get("observedGeneration") == str(found["metadata"]["generation"])
        return seen and {"phase": phase, **expected}.items() <= status.items()

    def _answered_by(self, image: str) -> bool:
        lately = self.ground.users.answers(time.monotonic() - 1.5, time.monotonic() - 0.5)
        return bool(lately) and all(not each.failed and each.image == image for each in lately)

    def _sent(self) -> Counter[str]:
        sent: Counter[str] = Counter()
        for line in self.ground.traefik.counters().splitlines():
            service = _OF_A_SERVICE.search(line)
            if line.startswith("traefik_service_requests_total") and service:
                sent[service[1]] += int(float(line.rpartition(" ")[2]))
        return sent


def _pod(image: str) -> Json:
    return {"containers": [{"name": "shop", "image": image, "ports": [{"name": "http", "containerPort": 8080}]}]}


@contextmanager
def routed(rate: float) -> Iterator[Routed]:
    """Everything but a Rollout. Its pods pause before they stop, as versions that shrink while they serve have to."""
    with ground(rate, _PAUSE_BEFORE_STOP_SECONDS) as found:
        for name in ("services.yaml", "route.yaml"):
            found.cluster.kubectl("-n", NAMESPACE, "create", "-f", str(_APP / name))
        config = str(found.cluster.kubeconfig_of(DAEMON))
        flags = {"--only": "rollouts", "--namespace": NAMESPACE, "--kubeconfig": config}
        daemon = Daemon(found.directory, flags, network=found.network)
        daemon.start()
        try:
            yield Routed(found, daemon)
        finally:
            daemon.stop()
