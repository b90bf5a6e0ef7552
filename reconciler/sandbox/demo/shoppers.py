"""The users of the sample shop: they ask through the route that the cluster declares, and are counted as by Traefik.

The weights, Services and ready pods are watched through the Kubernetes API like a real proxy does, so traffic moves
exactly when the engine moves it.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from typing import Any

import msgspec

from reconciler.kube.api import Cluster
from reconciler.kube.informer import Informer
from reconciler.kube.objects import PODS, SERVICES, TRAEFIK_SERVICES, Meta
from reconciler.runtime.clock import Clock
from reconciler.sandbox.demo.series import SeriesStore
from reconciler.sandbox.demo.traffic import Backend, Counters, answers

TICK_SECONDS = 0.25
SCRAPE_TICKS = 4


class _Open(msgspec.Struct, frozen=True):
    """Any object of which only parts are read."""

    metadata: Meta
    spec: dict[str, Any] = {}
    status: dict[str, Any] = {}


_decode = msgspec.json.Decoder(_Open).decode


class Shoppers:
    """`requests_per_second` users' requests through the TraefikService `route` in `namespace`."""

    def __init__(
        self,
        cluster: Cluster,
        samples: SeriesStore,
        clock: Clock,
        *,
        namespace: str,
        route: str,
        requests_per_second: float = 80.0,
    ) -> None:
        self.counters = Counters()
        self._samples = samples
        self._clock = clock
        self._namespace, self._route = namespace, route
        self._per_tick = round(requests_per_second * TICK_SECONDS)
        watched = (TRAEFIK_SERVICES, SERVICES, PODS)
        self._informers = [Informer(cluster, what, _decode, namespace=namespace, clock=clock) for what in watched]
        self._open = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="shoppers", daemon=True)

    def start(self) -> None:
        for informer in self._informers:
            informer.start()
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()
        for informer in self._informers:
            informer.stop()

    def backends(self) -> list[Backend]:
        """Where the next request may go; empty while there is no route."""
        routes, services, pods = (informer.store for informer in self._informers)
        route = routes.get(self._namespace, self._route)
        weighted = route.spec.get("weighted", {}).get("services", []) if route else []
        return [
            Backend(
                service=f"{self._namespace}-{item['name']}-{item.get('port', 80)}@kubernetescrd",
                weight=int(item.get("weight", 1)),
                role=item["name"].removeprefix(f"{self._route}-"),
                images=list(_images(services.get(self._namespace, item["name"]), pods.list(self._namespace))),
            )
            for item in weighted
        ]

    def weights(self) -> tuple[tuple[str, int], ...]:
        """Percent of traffic by the role of each Service: ("stable", 80), ("canary", 20)."""
        backends = self.backends()
        whole = sum(backend.weight for backend in backends) or 1
        return tuple((backend.role, 100 * backend.weight // whole) for backend in backends)

    def _run(self) -> None:
        chance = random.Random(20)
        tick = 0
        while not self._stopping.wait(TICK_SECONDS):
            backends = self.backends()
            self._open = self._open or any(backend.images for backend in backends)
            if self._open:  # nobody comes before the shop was ever there
                self.counters.add(*answers(self._per_tick, backends, chance))
            tick += 1
            if tick % SCRAPE_TICKS == 0:
                self._samples.append(self._clock.now().timestamp(), self.counters.scrape())


def _images(service: _Open | None, pods: list[_Open]) -> Iterator[str]:
    selector = service.spec.get("selector", {}) if service else {}
    for pod in pods:
        if selector and selector.items() <= pod.metadata.labels.items() and _ready(pod):
            yield pod.spec["containers"][0]["image"]


def _ready(pod: _Open) -> bool:
    if pod.metadata.deletion_timestamp:
        return False
    conditions = pod.status.get("conditions", [])
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)
