"""Requests that never leave the process: users of the sample shop, split by weight over the pods that are ready.

How a version answers depends on its image tag: `-failing` fails one request in three, `-slow` answers in most of a
second, anything else is healthy. The counters are named as Traefik names them, so the sample's AnalysisTemplates work
unchanged behind a real Traefik.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock

EDGES = (0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2, 2.5, 5.0, math.inf)
"""Upper bounds of the histogram of response times, in seconds."""

SLOW_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Share of failed requests, and the median response time in seconds."""

    error_share: float
    median_seconds: float


@dataclass(frozen=True, slots=True)
class Backend:
    """One Service behind the route: its weight, the images of the ready pods that it selects, and what it is for."""

    service: str
    weight: int
    images: Sequence[str]
    role: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    service: str
    code: int
    seconds: float


def behaviour(image: str) -> Behaviour:
    """How the sample app's image answers."""
    tag = image.rpartition(":")[2]
    if tag.endswith("-failing"):
        return Behaviour(error_share=0.34, median_seconds=0.06)
    if tag.endswith("-slow"):
        return Behaviour(error_share=0.002, median_seconds=0.7)
    return Behaviour(error_share=0.002, median_seconds=0.06)


def answers(count: int, backends: Sequence[Backend], chance: random.Random) -> Iterator[Answer]:
    """`count` requests through the route; a Service without ready pods answers 503, as a proxy would."""
    weights = [backend.weight for backend in backends]
    if not sum(weights):
        return
    for backend in chance.choices(backends, weights, k=count):
        yield _answer(backend, chance)


def _answer(backend: Backend, chance: random.Random) -> Answer:
    if not backend.images:
        return Answer(backend.service, 503, 0.001)
    how = behaviour(chance.choice(backend.images))
    seconds = chance.lognormvariate(math.log(how.median_seconds), 0.35)
    return Answer(backend.service, 500 if chance.random() < how.error_share else 200, seconds)


@dataclass(frozen=True, slots=True)
class Seen:
    """What users saw so far: all requests, those that failed, and those that took longer than `SLOW_SECONDS`."""

    requests: int = 0
    failed: int = 0
    slow: int = 0


@dataclass(slots=True)
class Counters:
    """Traefik's counters per Service, and in plain numbers what users saw. Safe to read while it counts."""

    requests: Counter[tuple[str, int]] = field(default_factory=Counter)
    buckets: Counter[tuple[str, float]] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock)

    def add(self, *given: Answer) -> None:
        with self._lock:
            for answer in given:
                self.requests[(answer.service, answer.code)] += 1
                for edge in EDGES[bisect_left(EDGES, answer.seconds) :]:
                    self.buckets[(answer.service, edge)] += 1

    def scrape(self) -> list[tuple[str, Mapping[str, str], float]]:
        """Samples as Traefik exposes them, all of one instant."""
        with self._lock:
            return [*self._request_samples(), *self._bucket_samples()]

    def seen(self) -> Seen:
        with self._lock:
            requests = sum(self.requests.values())
            failed = sum(count for (_, code), count in self.requests.items() if code >= 500)
            quick = sum(count for (_, edge), count in self.buckets.items() if edge == SLOW_SECONDS)
        return Seen(requests, failed, requests - quick)

    def _request_samples(self) -> Iterator[tuple[str, Mapping[str, str], float]]:
        for (service, code), count in self.requests.items():
            labels = {"service": service, "code": str(code), "method": "GET", "protocol": "http"}
            yield "traefik_service_requests_total", labels, float(count)

    def _bucket_samples(self) -> Iterator[tuple[str, Mapping[str, str], float]]:
        for service in {service for service, _ in self.requests}:
            for edge in EDGES:
                labels = {"service": service, "le": "+Inf" if math.isinf(edge) else f"{edge:g}"}
                yield "traefik_service_request_duration_seconds_bucket", labels, float(self.buckets[(service, edge)])
