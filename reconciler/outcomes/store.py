"""Where an outbox is kept: next to the Application's record, in the same ConfigMap, under a key of its own."""

from __future__ import annotations

import logging
from typing import Protocol

import msgspec

from reconciler.apps.compress import pack, unpack
from reconciler.apps.record import MANAGED_BY, RECORD_LABEL, record_name
from reconciler.errors import NotFound
from reconciler.kube.api import SYNC_MANAGER, Cluster
from reconciler.kube.objects import CONFIG_MAPS
from reconciler.outcomes import outbox as boxes
from reconciler.outcomes.outbox import Outbox

DATA_KEY = "outbox"
log = logging.getLogger(__name__)


class OutboxStore(Protocol):
    """Keeps outboxes across restarts."""

    def load(self, app: str) -> Outbox: ...

    def save(self, app: str, outbox: Outbox) -> None:
        """Durable when it returns."""
        ...


class ConfigMapOutboxes:
    """Outboxes in the daemon's namespace. Raises the taxonomy of `kube.api` when the API server cannot be used."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self._cluster = cluster
        self._namespace = namespace

    def load(self, app: str) -> Outbox:
        """An unreadable outbox is logged and given up: statuses are worth less than a daemon that runs."""
        try:
            found = self._cluster.get(CONFIG_MAPS, self._namespace, record_name(app))
        except NotFound:
            return Outbox()
        text = (found.get("data") or {}).get(DATA_KEY, "")
        try:
            return boxes.decode(unpack(text)) if text else Outbox()
        except (msgspec.MsgspecError, ValueError):
            log.exception("the stored outbox cannot be read, starting afresh", extra={"fields": {"app": app}})
            return Outbox()

    def save(self, app: str, outbox: Outbox) -> None:
        data = {DATA_KEY: pack(boxes.encode(outbox))}
        try:
            self._patch(app, data)
        except NotFound:
            self._create(app, data)

    def _patch(self, app: str, data: dict[str, str]) -> None:
        patch = {"data": data}
        self._cluster.patch(CONFIG_MAPS, self._namespace, record_name(app), patch, field_manager=SYNC_MANAGER)

    def _create(self, app: str, data: dict[str, str]) -> None:
        labels = {**MANAGED_BY, RECORD_LABEL: "application"}
        body = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": record_name(app), "labels": labels},
            "data": data,
        }
        self._cluster.create(CONFIG_MAPS, self._namespace, body, field_manager=SYNC_MANAGER)
