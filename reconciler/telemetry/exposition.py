"""All metrics in Prometheus' text format, piece by piece.

With ten thousand Rollouts the text is tens of megabytes, and the samples that it is made of ten times that: so neither
is ever there as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Metric, generate_latest
from prometheus_client.samples import Sample

from reconciler.telemetry.metrics import REGISTRY

CONTENT_TYPE = CONTENT_TYPE_LATEST
SAMPLES_AT_ONCE = 500


def pieces(registry: CollectorRegistry = REGISTRY) -> Iterator[bytes]:
    """What belongs together, in order. None is empty; each takes about a millisecond to make."""
    for family in registry.collect():
        samples = iter(family.samples)
        yield generate_latest(_Piece(family, list(islice(samples, SAMPLES_AT_ONCE))))
        while more := list(islice(samples, SAMPLES_AT_ONCE)):
            yield _without_head(generate_latest(_Piece(family, more)))


def _without_head(text: bytes) -> bytes:
    """Help and type of a family are told once."""
    return text.split(b"\n", 2)[2]


class _Piece:
    """A registry, as far as it has to be one, of some samples of one family."""

    def __init__(self, family: Metric, samples: list[Sample]) -> None:
        self._part = Metric(family.name, family.documentation, family.type)
        self._part.samples = samples

    def collect(self) -> tuple[Metric]:
        return (self._part,)
