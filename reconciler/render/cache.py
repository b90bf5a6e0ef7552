"""What was computed from git objects, kept by content: bounded in bytes, least recently used goes first.

Keys hold object ids, so an entry is never stale; losing one costs only time.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from reconciler.render.manifests import Manifests

V = TypeVar("V")


class Lru(Generic[V]):
    """A thread-safe map of at most `limit` bytes, as told by `cost`."""

    def __init__(self, limit: int, cost: Callable[[V], int]) -> None:
        self._limit, self._cost = limit, cost
        self._entries: OrderedDict[Hashable, V] = OrderedDict()
        self._lock = threading.Lock()
        self._size = 0

    @property
    def size(self) -> int:
        """Bytes held."""
        return self._size

    def get(self, key: Hashable) -> V | None:
        with self._lock:
            value = self._entries.get(key)
            if value is not None:
                self._entries.move_to_end(key)
            return value

    def put(self, key: Hashable, value: V) -> None:
        """Keeps `value` unless it alone is over the limit."""
        cost = self._cost(value)
        if cost > self._limit:
            return
        with self._lock:
            self._drop(key)
            self._entries[key] = value
            self._size += cost
            while self._size > self._limit:
                self._drop(next(iter(self._entries)))

    def _drop(self, key: Hashable) -> None:
        value = self._entries.pop(key, None)
        if value is not None:
            self._size -= self._cost(value)


_BYTES_PER_FILE = 3000
_BYTES_PER_BYTE = 8
"""Memory of a parsed file with its text and targets: 6.3 KB for a Deployment of 450 bytes, 18 KB for one of 2 KB."""


def _memory(manifests: Manifests) -> int:
    return _BYTES_PER_FILE + manifests.size * _BYTES_PER_BYTE


class Cache:
    """One process's memory of files parsed and of kustomize's output."""

    def __init__(self, manifests_bytes: int = 256 * 1024 * 1024, output_bytes: int = 32 * 1024 * 1024) -> None:
        self.manifests: Lru[Manifests] = Lru(manifests_bytes, _memory)
        self.outputs: Lru[bytes] = Lru(output_bytes, len)


SHARED = Cache()
"""The process's own: content-addressed, so all Applications may share it."""
