"""Knowing when to stop: another controller that puts its value back after each heal (spec gitops §3.7)."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from reconciler.apps.record import Key

HEALS = 5
WINDOW = timedelta(minutes=10)
PAUSE = timedelta(minutes=10)
LONGEST_PAUSE = timedelta(hours=6)


class Fights:
    """Heals of the last ten minutes by object. More than five, and healing that object pauses, twice as long each time.

    In memory on purpose: after a restart a fight is found again within a few heals.
    """

    def __init__(self) -> None:
        self._heals: dict[Key, deque[datetime]] = {}
        self._paused: dict[Key, tuple[datetime, timedelta]] = {}

    def may_heal(self, key: Key, now: datetime) -> bool:
        until, _ = self._paused.get(key, (now, PAUSE))
        return now >= until

    def paused_until(self, key: Key) -> datetime | None:
        found = self._paused.get(key)
        return found[0] if found else None

    def healed(self, key: Key, now: datetime) -> None:
        """Notes one heal, and starts a pause when it was one too many."""
        heals = self._heals.setdefault(key, deque(maxlen=HEALS + 1))
        heals.append(now)
        if len(heals) <= HEALS or now - heals[0] > WINDOW:
            return
        _, last = self._paused.get(key, (now, PAUSE / 2))
        pause = min(last * 2, LONGEST_PAUSE)
        self._paused[key] = (now + pause, pause)
        heals.clear()
