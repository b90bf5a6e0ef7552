"""How Applications are doing, told from the cluster alone: their records and live objects. For `reconciler status`.

The same parts as in the daemon come to the same words; only what a daemon remembers (since when something is Degraded,
which differences it confirmed) is missing, so a suspected drift is shown as drift.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from reconciler.apps.delivery import Delivery
from reconciler.apps.record import Key, Stored
from reconciler.config.model import Application, Destination, Source
from reconciler.errors import NotFound
from reconciler.kube.api import Cluster, Object
from reconciler.sync.healing import drifted
from reconciler.sync.live import LiveObject, brief
from reconciler.sync.ports import Progress
from reconciler.sync.present import delivery
from reconciler.sync.state import AppState, Drift, assessed
from reconciler.sync.tracking import APP_LABEL, label_value


def inspect(cluster: Cluster, stored: Iterable[Stored], progress: Progress, now: datetime) -> list[Delivery]:
    """One delivery per record. Lists each kind of an Application once, selected by its label."""
    return [_inspect(cluster, found, progress, now) for found in stored]


def _inspect(cluster: Cluster, stored: Stored, progress: Progress, now: datetime) -> Delivery:
    record = stored.record
    app = Application(record.app, record.source or Source(""), Destination(record.namespace))
    kinds = sorted({(entry.api_version, entry.kind) for entry in record.inventory})
    live = {key: obj for kind in kinds for key, obj in live_objects(cluster, *kind, record.app)}
    state = AppState(app, stored, warnings=record.warnings)
    state.drift = {key: Drift(own, ()) for key, own in drifted(record, lambda entry: live.get(entry.key)).items()}
    sha = record.operation.sha if record.operation else ""
    return delivery(state, assessed(record.entries(), live, {}, now), progress, head=sha, repository_error="")


def live_objects(cluster: Cluster, api_version: str, kind: str, app: str) -> Sequence[tuple[Key, LiveObject]]:
    """Objects of one kind that carry the Application's label; none when the kind is no longer served."""
    try:
        resource = cluster.find(api_version, kind)
        found = cluster.list(resource, label_selector=f"{APP_LABEL}={label_value(app)}")
    except NotFound:
        return []
    return [(key_of(resource.group, item), brief(item)) for item in found]


def key_of(group: str, obj: Object) -> Key:
    metadata = obj["metadata"]
    return Key(group, str(obj["kind"]), str(metadata.get("namespace", "")), str(metadata["name"]))
