"""A pace that a burst may exceed for a while: as many at once as were saved up, then so many per second."""

from __future__ import annotations


class Pace:
    """A token bucket that lends: `take` never refuses, it says how long to wait. Times are a monotonic clock's."""

    def __init__(self, per_second: float, at_once: int) -> None:
        self._per_second, self._at_once = per_second, float(at_once)
        self._saved, self._as_of = float(at_once), float("-inf")

    def take(self, now: float) -> float:
        """Seconds to wait before the next act."""
        earned = self._at_once if self._as_of == float("-inf") else (now - self._as_of) * self._per_second
        self._saved = min(self._at_once, self._saved + earned) - 1.0
        self._as_of = now
        return max(0.0, -self._saved / self._per_second)
