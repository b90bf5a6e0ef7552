"""Keeps a store like the cluster: list, then watch, for as long as it runs; one thread per watch.

A watch that ends is resumed from the last version seen (bookmarks keep that young); 410 lists again, and what the new
list lacks is reported as deleted. Failures are retried with back-off and jitter and told by `failing`: a kind that is
not served (no CRD yet) or that may not be read is asked for slowly. Other informers never notice.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

from reconciler.errors import Gone, NotFound, ReconcilerError, Transient
from reconciler.kube.api import Cluster, Decode, Resource, WatchEvent, WatchStream
from reconciler.kube.store import HasMeta, Store
from reconciler.runtime.clock import Clock
from reconciler.runtime.queue import back_off

log = logging.getLogger(__name__)

T = TypeVar("T", bound=HasMeta)

FIRST_DELAY, LONGEST_DELAY, HOPELESS_DELAY = 0.5, 30.0, 15.0
"""Seconds between attempts: growing from the first to the longest; steady for kinds not served or not permitted."""

QUICK_END_SECONDS = 5.0
"""A watch that ends sooner than this without an event is not resumed at once."""


class Informer(Generic[T]):
    """`store` is filled after `start`; `failing` says why it may be behind, or is empty."""

    def __init__(
        self,
        cluster: Cluster,
        resource: Resource,
        decode: Decode[T],
        *,
        namespace: str | None = None,
        label_selector: str = "",
        field_selector: str = "",
        index_labels: Iterable[str] = (),
        clock: Clock,
    ) -> None:
        self.resource = resource
        self.store: Store[T] = Store(decode, index_labels)
        self.failing = ""
        self.absent = False
        """Whether the cluster said that it does not serve this kind."""
        self.relists = 0
        self._cluster, self._clock = cluster, clock
        self._namespace = namespace
        self._label_selector, self._field_selector = label_selector, field_selector
        self._version = ""
        self._failures = 0
        self._last_news = clock.monotonic()
        self._stream: WatchStream | None = None
        self._synced, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"watch-{resource.plural}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def synced(self) -> bool:
        """Whether the store has held a whole list at least once."""
        return self._synced.is_set()

    def wait_synced(self, timeout: float) -> bool:
        """Waits at most `timeout` seconds; False if the first list is not in by then."""
        return self._synced.wait(timeout)

    def seconds_since_news(self) -> float:
        """Age of the last list, event or bookmark; grows past two minutes only when the watch is in trouble."""
        return self._clock.monotonic() - self._last_news

    def stop(self, timeout: float = 10.0) -> None:
        """Ends the watch and waits for its thread."""
        self._stopping.set()
        stream = self._stream
        if stream is not None:
            stream.stop()
        if self._thread.ident is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._stopping.wait(self.step())

    def step(self) -> float:
        """One list (if needed) and one watch to its end. Returns the seconds to wait before the next."""
        try:
            if not self._version:
                self._list()
            lively = self._watch()
        except Gone:
            self._version = ""
            return self._delay()
        except ReconcilerError as error:
            return self._fail(error)
        except Exception as error:  # our bug: it must not end the thread
            log.exception("watching %s failed unexpectedly", self.resource.plural)
            return self._fail(error)
        return 0.0 if lively else self._delay()

    def _list(self) -> None:
        found = self._cluster.list_raw(
            self.resource, self._namespace, label_selector=self._label_selector, field_selector=self._field_selector
        )
        self.store.replace(_draining(found.items), found.resource_version)
        self._version = found.resource_version
        self.absent = False
        self.relists += self._synced.is_set()
        self._last_news = self._clock.monotonic()
        self._recover()
        self._synced.set()

    def _watch(self) -> bool:
        """Follows one watch to its end; whether it lived long enough to be resumed at once."""
        self._stream = stream = self._cluster.watch(
            self.resource,
            self._namespace,
            resource_version=self._version,
            label_selector=self._label_selector,
            field_selector=self._field_selector,
        )
        if self._stopping.is_set():
            stream.stop()
        self._recover()
        opened, events = self._clock.monotonic(), 0
        for event in stream:
            self._take(event)
            events += 1
        lively = events > 0 or self._clock.monotonic() - opened >= QUICK_END_SECONDS
        self._failures = 0 if lively else self._failures
        return lively

    def _take(self, event: WatchEvent) -> None:
        if event.type == "DELETED":
            self.store.drop(event.raw)
        elif event.type != "BOOKMARK":
            self.store.put(event.raw)
        self._version = event.resource_version or self._version
        self._last_news = self._clock.monotonic()
        self._failures = 0

    def _recover(self) -> None:
        if self.failing:
            log.info("watching %s again", self.resource.plural)
        self.failing = ""

    def _fail(self, error: Exception) -> float:
        message = str(error) if isinstance(error, ReconcilerError) else f"{type(error).__name__}: {error}"
        if message != self.failing:
            log.warning("%s", message)
        self.failing = message
        self.absent = isinstance(error, NotFound)
        if isinstance(error, Transient):
            return max(self._delay(), error.retry_after or 0.0)
        self._version = ""
        return HOPELESS_DELAY * (1 + random.random() / 4)

    def _delay(self) -> float:
        self._failures += 1
        return back_off(self._failures, FIRST_DELAY, LONGEST_DELAY, random.random())


def _draining(items: list[bytes]) -> Iterator[bytes]:
    """The items in order, none kept longer than needed: a list of many may be larger than what is made of it."""
    items.reverse()
    while items:
        yield items.pop()
