"""A small time-series store: what a scrape would have collected, kept for some minutes.

Times are Unix seconds. Series are named as in Prometheus: a metric name and labels.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from threading import Lock

Labels = frozenset[tuple[str, str]]
Sample = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Series:
    """One series and its samples in a window, oldest first."""

    name: str
    labels: Labels
    samples: tuple[Sample, ...]


@dataclass(slots=True)
class SeriesStore:
    """Append-only samples by series; whatever is older than `keep_seconds` is forgotten."""

    keep_seconds: float = 900.0
    _samples: dict[tuple[str, Labels], list[Sample]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def append(self, at: float, values: Iterable[tuple[str, Mapping[str, str], float]]) -> None:
        """Adds one scrape taken at `at`."""
        with self._lock:
            for name, labels, value in values:
                samples = self._samples.setdefault((name, frozenset(labels.items())), [])
                samples.append((at, value))
                if samples[0][0] < at - 2 * self.keep_seconds:
                    del samples[: bisect_left(samples, (at - self.keep_seconds,))]

    def window(self, name: str, start: float, end: float) -> list[Series]:
        """Every series called `name` with its samples in (start, end]; those without samples are left out."""
        with self._lock:
            found = [(labels, samples) for (metric, labels), samples in self._samples.items() if metric == name]
            cut = [(labels, _between(samples, start, end)) for labels, samples in found]
        return [Series(name, labels, samples) for labels, samples in cut if samples]


def _between(samples: list[Sample], start: float, end: float) -> tuple[Sample, ...]:
    after = float("inf")
    return tuple(samples[bisect_right(samples, (start, after)) : bisect_right(samples, (end, after))])
