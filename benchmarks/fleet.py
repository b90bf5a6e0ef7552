"""Many workloads of one kind that all change at once: Rollouts, and plain Deployments as the floor beside them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from reconciler.kube.api import Cluster, Object, Resource

REPLICAS = 2
PAUSE_SECONDS = 2
STEPS: list[Object] = [{"setWeight": 50}, {"pause": {"duration": f"{PAUSE_SECONDS}s"}}, {"setWeight": 100}]

_CLIENTS = 16
_POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Fleet:
    """`size` workloads of one kind in a namespace of their own; `healthy` reads one of them."""

    cluster: Cluster
    resource: Resource
    namespace: str
    size: int
    strategy: Object
    healthy: Callable[[Any], bool]

    def create(self) -> None:
        self._each(lambda name: self.cluster.create(self.resource, self.namespace, self._body(name)))

    def change(self, image: str) -> None:
        """Gives every workload another image, as fast as the server takes it."""
        patch = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": image}]
        self._each(lambda name: self.cluster.patch(self.resource, self.namespace, name, patch, kind="json"))

    def wait_healthy(self, seconds: float = 900.0) -> None:
        """Returns once all are healthy as of their newest spec. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while (left := self.size - sum(map(self.healthy, self._all()))) > 0:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{left} of {self.size} {self.resource.plural} are not healthy after {seconds:g} s")
            time.sleep(_POLL_SECONDS)

    def seconds_to(self, image: str) -> float:
        """How long it takes from the first changed image until all are healthy."""
        started = time.monotonic()
        self.change(image)
        self.wait_healthy()
        return time.monotonic() - started

    @property
    def names(self) -> list[str]:
        return [f"app-{number:04}" for number in range(self.size)]

    def _all(self) -> Iterable[Object]:
        return self.cluster.list(self.resource, self.namespace)

    def _each(self, act: Callable[[str], object]) -> None:
        with ThreadPoolExecutor(_CLIENTS) as pool:
            list(pool.map(act, self.names))

    def _body(self, name: str) -> Object:
        labels = {"app": name}
        return {
            "apiVersion": self.resource.api_version,
            "kind": self.resource.kind,
            "metadata": {"name": name, "namespace": self.namespace},
            "spec": {
                "replicas": REPLICAS,
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {"containers": [{"name": "web", "image": "registry.example/web:0"}]},
                },
                "strategy": self.strategy,
            },
        }


def deployment_is_healthy(found: Object) -> bool:
    status = found.get("status") or {}
    counts = {status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")}
    return status.get("observedGeneration") == found["metadata"]["generation"] and counts == {REPLICAS}


def rollout_is_healthy(found: Object) -> bool:
    status = found.get("status") or {}
    current = status.get("observedGeneration") == str(found["metadata"]["generation"])
    return current and status.get("phase") == "Healthy"
