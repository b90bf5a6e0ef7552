"""Two small memories that keep webhooks honest: which were already seen, and who sends bad ones. Both are bounded."""

from __future__ import annotations

from collections import OrderedDict


class Seen:
    """Remembers keys for a while. Times are monotonic seconds."""

    def __init__(self, seconds: float = 600.0, limit: int = 10_000) -> None:
        self._seconds, self._limit = seconds, limit
        self._times: OrderedDict[str, float] = OrderedDict()

    def is_new(self, keys: tuple[str, ...], now: float) -> bool:
        """Whether none of the keys was seen lately; all of them count as seen from now on."""
        while self._times and next(iter(self._times.values())) <= now - self._seconds:
            self._times.popitem(last=False)
        fresh = not any(key in self._times for key in keys if key)
        if fresh:
            self._times.update((key, now) for key in keys if key)
        while len(self._times) > self._limit:
            self._times.popitem(last=False)
        return fresh


class Misbehaviour:
    """Counts refused requests of each source: `burst` at once, and `per_minute` more every minute.

    Only refused ones count, and only they are held off: whoever knows the secret is never slowed down, since pushes are
    coalesced anyway.
    """

    def __init__(self, burst: float = 30.0, per_minute: float = 30.0, limit: int = 10_000) -> None:
        self._burst, self._rate, self._limit = burst, per_minute / 60.0, limit
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def blocked_for(self, source: str, now: float) -> float:
        """Seconds until this source is listened to again; 0 when it is now."""
        left = self._allowance(source, now)
        return 0.0 if left >= 1 else (1 - left) / self._rate

    def note(self, source: str, now: float) -> None:
        """One more refused request."""
        self._left[source] = (max(0.0, self._allowance(source, now) - 1), now)
        self._left.move_to_end(source)
        while len(self._left) > self._limit:
            self._left.popitem(last=False)

    def _allowance(self, source: str, now: float) -> float:
        left, since = self._left.get(source, (self._burst, now))
        return min(self._burst, left + (now - since) * self._rate)
