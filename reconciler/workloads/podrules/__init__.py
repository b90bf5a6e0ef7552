"""What Kubernetes demands of the pod template of a ReplicaSet, beyond the types of its fields (spec rollouts §1.9).

The API server says the same when the ReplicaSet is created, but only then and about the ReplicaSet; said beforehand, it
stands in the Rollout's own status, all at once. Rules err on the side of silence: what a cluster may allow by a feature
of its own is left to its API server. A test holds every rule against a real one. Source: Kubernetes API, core/v1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.workloads.parts import Json
from reconciler.workloads.podrules import metadata, pod
from reconciler.workloads.template_defaults import with_defaults

__all__ = ["problems"]


def problems(template: Json, path: str) -> Iterator[str]:
    """All that is wrong with a template whose fields have the right types; `path` is where it stands."""
    whole = with_defaults(_without_nulls(template))
    yield from metadata.problems(whole.get("metadata") or {}, f"{path}.metadata")
    yield from pod.problems(whole["spec"], f"{path}.spec")


def _without_nulls(value: Any) -> Any:
    """As typed decoding has it: a field that is null is not there, an item that is null is a text without letters."""
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list | tuple):
        return ["" if inner is None else _without_nulls(inner) for inner in value]
    return value
