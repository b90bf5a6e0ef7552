"""How fast one forge may be written to: 40 statuses a minute and 400 an hour, and silence when it asks for it.

Well below GitHub's limits on content creation (80 a minute, 500 an hour, spec gitops §6.1), because others use the same
identity. Stages leave a quarter of the allowance to verdicts, so that a storm of progress never delays one.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import deque

MINUTE, HOUR = 60.0, 3600.0
PER_MINUTE, PER_HOUR = 40, 400
STAGES_SHARE = 0.75


class Pace:
    """The allowance of one repository, shared by its applications. Times are monotonic seconds; safe for threads."""

    def __init__(self) -> None:
        self._sent: deque[float] = deque(maxlen=PER_HOUR)
        self._silent_until = 0.0
        self._lock = threading.Lock()

    def take(self, now: float, *, terminal: bool) -> float:
        """Takes one allowance and returns 0, or takes none and returns the seconds to wait."""
        with self._lock:
            wait = max(self._silent_until - now, *(self._wait(now, *window, terminal) for window in _WINDOWS))
            if wait <= 0:
                self._sent.append(now)
            return max(0.0, wait)

    def silence(self, now: float, seconds: float) -> None:
        """The forge asked for a pause: nothing at all is sent until it is over."""
        with self._lock:
            self._silent_until = max(self._silent_until, now + seconds)

    def _wait(self, now: float, window: float, limit: int, terminal: bool) -> float:
        allowed = limit if terminal else int(limit * STAGES_SHARE)
        recent = len(self._sent) - bisect_right(self._sent, now - window)
        if recent < allowed:
            return 0.0
        return self._sent[-allowed] + window - now


_WINDOWS = ((MINUTE, PER_MINUTE), (HOUR, PER_HOUR))


class Paces:
    """One `Pace` for each repository at each forge."""

    def __init__(self) -> None:
        self._paces: dict[tuple[str, str], Pace] = {}
        self._lock = threading.Lock()

    def of(self, api_url: str, repo: str) -> Pace:
        with self._lock:
            return self._paces.setdefault((api_url, repo), Pace())
