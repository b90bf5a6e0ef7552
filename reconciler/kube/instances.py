"""Several engines in one cluster: each works only on objects that carry its id (spec rollouts §11.6)."""

from __future__ import annotations

import hashlib
import re

from reconciler.kube.objects import Meta

LABEL = "argo-rollouts.argoproj.io/controller-instance-id"
_NAME_PART = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")


def belongs(meta: Meta, instance_id: str) -> bool:
    """Whether an object is for the engine with this id; one without an id takes what has no such label."""
    return meta.labels.get(LABEL) == (instance_id or None)


def lease_name(name: str, instance_id: str) -> str:
    """The Lease of an engine: its own for every id, so that engines side by side do not wait for each other."""
    if not instance_id:
        return name
    readable = _NAME_PART.fullmatch(instance_id)
    return f"{name}-{instance_id if readable else hashlib.sha256(instance_id.encode()).hexdigest()[:16]}"
