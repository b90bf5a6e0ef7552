"""From deliveries to statuses at the forge: project, write down, send. The key is an Application's name."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from reconciler.apps.delivery import Delivery
from reconciler.forges.model import StatusTarget
from reconciler.http.client import redact
from reconciler.outcomes import outbox as boxes
from reconciler.outcomes.outbox import Entry, Outbox
from reconciler.outcomes.project import project
from reconciler.outcomes.sender import NO_FORGE, StatusSender
from reconciler.outcomes.store import OutboxStore
from reconciler.runtime.clock import Clock
from reconciler.telemetry import metrics


class Deliveries(Protocol):
    """Where the latest delivery of an Application is found."""

    def get(self, app: str) -> Delivery | None: ...


Targets = Callable[[str], StatusTarget | None]
"""Where statuses of a repository URL go, with a token that is valid now; None when no forge is configured.
May raise the taxonomy, e.g. when an App's token cannot be had."""


class OutcomeController:
    """One per daemon. `secrets` never appear in a status; `public_url` is where people reach the page."""

    def __init__(
        self,
        deliveries: Deliveries,
        store: OutboxStore,
        targets: Targets,
        sender: StatusSender,
        clock: Clock,
        *,
        public_url: str = "",
        secrets: tuple[str, ...] = (),
        on_change: Callable[[str], None] = lambda app: None,
    ) -> None:
        self._deliveries, self._store, self._targets = deliveries, store, targets
        self._sender, self._clock = sender, clock
        self._public_url, self._secrets, self._on_change = public_url, secrets, on_change
        self._outboxes: dict[str, Outbox] = {}
        self._unsaved: set[str] = set()
        self._lock = threading.Lock()

    def reconcile(self, app: str) -> datetime | None:
        """Writes down what should be said, then says what is due. Returns when to come again.

        What is wanted is durable before the first request, so a process killed anywhere after that sends it later.
        """
        before = self._open(app)
        delivery = self._deliveries.get(app)
        wanted = before if delivery is None else self._offer(before, delivery)
        self._keep(app, wanted)
        target = self._targets(delivery.repo_url) if delivery else None
        if delivery is None:
            return None
        sent, seconds = self._sender.send_due(wanted, target) if target else (_nowhere_to_send(wanted), None)
        self._keep(app, sent)
        metrics.status_outbox(app, sum(entry.is_open for entry in sent.entries))
        return None if seconds is None else self._clock.now() + timedelta(seconds=seconds)

    def statuses(self, app: str) -> tuple[Entry, ...]:
        """What stands, or is to stand, next to the commits of an Application; the latest change first."""
        with self._lock:
            outbox = self._outboxes.get(app, Outbox())
        return outbox.entries[::-1]

    def _open(self, app: str) -> Outbox:
        with self._lock:
            known = self._outboxes.get(app)
        if known is not None:
            return known
        loaded = self._store.load(app)
        with self._lock:
            return self._outboxes.setdefault(app, loaded)

    def _offer(self, before: Outbox, delivery: Delivery) -> Outbox:
        now = self._clock.now()
        open_shas = before.unsettled_shas()
        outcomes = project(delivery, now, public_url=self._public_url, open_shas=open_shas, mask=self._mask)
        offered = boxes.offer(before, outcomes, now)
        return boxes.forget(offered, {outcome.status.sha for outcome in outcomes})

    def _mask(self, text: str) -> str:
        return redact(text, self._secrets)

    def _keep(self, app: str, outbox: Outbox) -> None:
        """Remembers, then writes down. What could not be written is known all the same, so that it is not sent twice;
        it is written before anything else is sent."""
        with self._lock:
            changed = self._outboxes.get(app) is not outbox
            self._outboxes[app] = outbox
            if changed:
                self._unsaved.add(app)
            unsaved = app in self._unsaved
        if unsaved:
            self._store.save(app, outbox)
            with self._lock:
                self._unsaved.discard(app)
        if changed:
            self._on_change(app)


def _nowhere_to_send(outbox: Outbox) -> Outbox:
    for entry in outbox.entries:
        if entry.is_open:
            outbox = boxes.rejected(outbox, entry, NO_FORGE)
    return outbox
