"""Deleting what left git (spec gitops §3.6): each object is read once more, and only that very object is deleted."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.apps.record import Entry
from reconciler.errors import Conflict, NotFound, Refused, UserError
from reconciler.kube.api import Cluster
from reconciler.sync import prune, tracking


def delete_left(cluster: Cluster, app: str, entries: Iterable[Entry]) -> tuple[list[Entry], list[str]]:
    """Returns the entries to forget (gone, or no longer ours), and what to tell about those that stay."""
    forgotten, told = [], []
    for entry in entries:
        reason = _delete(cluster, app, entry)
        if not reason.startswith((prune.KEPT, prune.MOVING, prune.REFUSED)):
            forgotten.append(entry)
        if reason:
            told.append(f"{entry.key} left git and stays: {reason}")
    return forgotten, told


def _delete(cluster: Cluster, app: str, entry: Entry) -> str:
    """ "" when the object is gone or going, else why it stays."""
    try:
        resource = cluster.find(entry.api_version, entry.kind)
        live = cluster.get(resource, entry.namespace, entry.name)
        metadata = live["metadata"]
        if metadata.get("deletionTimestamp"):
            return ""
        if reason := prune.refusal(live, entry, tracking.owner_of(live, entry.key), app):
            return reason
        at = metadata["resourceVersion"]
        cluster.delete(resource, entry.namespace, entry.name, uid=metadata["uid"], resource_version=at)
    except NotFound:
        return ""
    except Conflict:
        return prune.MOVING
    except (Refused, UserError) as error:
        return f"{prune.REFUSED}: {error}"
    return ""
