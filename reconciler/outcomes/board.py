"""The latest `Delivery` of every Application: engines publish here, statuses, page and metrics read and listen."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from reconciler.apps.delivery import Delivery

Listener = Callable[[str], None]
"""Called with an Application's name in the publisher's thread: it must be quick, and should only enqueue."""

log = logging.getLogger(__name__)


class Board:
    """Safe to use from many threads. Publishing what is already there is silent."""

    def __init__(self) -> None:
        self._deliveries: dict[str, Delivery] = {}
        self._listeners: list[Listener] = []
        self._lock = threading.Lock()

    def publish(self, delivery: Delivery) -> None:
        with self._lock:
            if self._deliveries.get(delivery.app) == delivery:
                return
            self._deliveries[delivery.app] = delivery
        self._tell(delivery.app)

    def get(self, app: str) -> Delivery | None:
        with self._lock:
            return self._deliveries.get(app)

    def all(self) -> tuple[Delivery, ...]:
        """By name."""
        with self._lock:
            return tuple(sorted(self._deliveries.values(), key=lambda delivery: delivery.app))

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Calls `listener` after every change, until the returned function is called."""
        with self._lock:
            self._listeners.append(listener)

        def unsubscribe() -> None:
            with self._lock:
                self._listeners.remove(listener)

        return unsubscribe

    def touch(self, app: str) -> None:
        """Tells listeners to look again: something beside the delivery has changed, such as a status that went out."""
        self._tell(app)

    def _tell(self, app: str) -> None:
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            try:
                listener(app)
            except Exception:
                log.exception("a listener failed", extra={"fields": {"app": app}})  # the others still hear of it
