"""Works only while the lease is held: tells when that begins, and when it ends by itself."""

from __future__ import annotations

import threading
from collections.abc import Callable

from reconciler.kube.leases import Lease
from reconciler.telemetry.log import logger

LOOK_SECONDS = 0.2

log = logger(__name__)


class Leadership:
    """A thread that watches a lease. `on_acquired` is called once; `on_lost` once after it, unless we stop first.

    An `on_acquired` that fails counts as lost.
    """

    def __init__(self, lease: Lease, *, on_acquired: Callable[[], None], on_lost: Callable[[], None]) -> None:
        self._lease = lease
        self._on_acquired, self._on_lost = on_acquired, on_lost
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="leadership", daemon=True)

    def start(self) -> None:
        self._lease.start()
        self._thread.start()

    def stop(self) -> None:
        """Gives the lease back. Call it when nothing writes any more."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._lease.stop()

    def _run(self) -> None:
        while not self._lease.held():
            if self._stopping.wait(LOOK_SECONDS):
                return
        try:
            self._on_acquired()
        except Exception:  # our bug: half a start must not look like a daemon that works
            log.exception("could not begin to work")
            self._on_lost()
            return
        while self._lease.held():
            if self._stopping.wait(LOOK_SECONDS):
                return
        self._on_lost()
