"""What AnalysisRuns measure, as gauges: read from the runs whenever metrics are asked for, gone when a run is complete.

The values are in whatever unit the metric's query has. Labels are names that people gave: a run is told by what it
judges and not by its own name, which is another with every version.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from prometheus_client.core import GaugeMetricFamily, Metric

from reconciler.telemetry.metrics import REGISTRY

_RUN = ("namespace", "name", "kind", "metric")
"""`name` is the Rollout's or Experiment's that the run belongs to, else its own; `kind`: Background, Step, …, or ""."""

FAMILIES = {
    "value": (
        "reconciler_analysis_value",
        "Latest value that a running analysis measured, in the unit of its query; several values have an index each.",
        (*_RUN, "index"),
    ),
    "threshold": (
        "reconciler_analysis_threshold",
        "Number that a condition of a running analysis compares with; index counts those of one condition.",
        (*_RUN, "condition", "index"),
    ),
    "left_out": (
        "reconciler_analysis_left_out",
        "Running analyses whose values are not shown because there are too many.",
        (),
    ),
}


class Sample(NamedTuple):
    """One value now. `family` is a key of `FAMILIES`, `labels` are in the order of its names."""

    family: str
    labels: tuple[str, ...]
    value: float


class Measured:
    """Asked by the registry; its source replaces the one before."""

    def __init__(self) -> None:
        self.source: Callable[[], Iterable[Sample]] = tuple

    def collect(self) -> Iterator[Metric]:
        families: Mapping[str, GaugeMetricFamily] = {
            key: GaugeMetricFamily(name, text, labels=labels) for key, (name, text, labels) in FAMILIES.items()
        }
        for sample in self.source():
            families[sample.family].add_metric(list(sample.labels), sample.value)
        yield from families.values()


_measured = Measured()
REGISTRY.register(_measured)


def show(source: Callable[[], Iterable[Sample]]) -> None:
    """Reads what is measured from `source` whenever metrics are asked for."""
    _measured.source = source
