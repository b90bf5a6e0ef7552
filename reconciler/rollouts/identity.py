"""Which ReplicaSet stands for the template that is wanted now (spec rollouts §2.2, §2.4).

The hash label is only the first guess. What decides in the end is whether the templates mean the same, so that a
cluster that was run by another controller, or by another version of this one, is taken over without a restart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import orjson

from reconciler.kube.objects import REPLICA_SETS
from reconciler.rollouts import anti_affinity
from reconciler.rollouts.model import Rollout
from reconciler.workloads import keys, selectors
from reconciler.workloads.parts import Json
from reconciler.workloads.replica_set import ReplicaSet
from reconciler.workloads.template_hash import equal_templates, hash_or_nothing


def find_new(rollout: Rollout, template_hash: str, owned: Sequence[ReplicaSet]) -> ReplicaSet | None:
    """The owned ReplicaSet of the current template: by hash label, else by structural equality; the oldest wins.

    Rule 2 of the spec (a label computed by the Deployment controller's algorithm) needs no case of its own: the
    templates of such a ReplicaSet are equal, and that is what is compared. A template without a hash (it makes no
    sense) is nobody's.
    """
    if not template_hash:
        return None
    labelled = [rs for rs in owned if rs.hash]
    by_hash = next((rs for rs in labelled if rs.hash == template_hash), None)
    if by_hash or rollout.spec.template is None:
        return by_hash
    wanted = rollout.spec.template
    return next((rs for rs in labelled if stands_for(rs, wanted)), None)


def stands_for(replica_set: ReplicaSet, wanted: Json) -> bool:
    """Also if `wanted` is a copy of its template with the metadata of a role in it, as clients write to undo."""
    if equal_templates(wanted, plain_template(replica_set)):
        return True
    return bool(ephemeral_record(replica_set)) and equal_templates(wanted, _without(replica_set, {}))


def plain_template(replica_set: ReplicaSet) -> Json:
    """A ReplicaSet's template without what this engine put into it: hash labels, role metadata, anti-affinity."""
    return _without(replica_set, ephemeral_record(replica_set))


def _without(replica_set: ReplicaSet, injected: dict[str, dict[str, str]]) -> Json:
    """Its template without hash labels and anti-affinity, and without `{labels, annotations}` that were injected."""
    template = replica_set.spec.template
    anti_affinity.remove(template)
    metadata = template.setdefault("metadata", None) or {}
    template["metadata"] = metadata
    for kind in ("labels", "annotations"):
        entries = metadata.get(kind) or {}
        for key in (*injected.get(kind, {}), *(_OUR_LABELS if kind == "labels" else ())):
            entries.pop(key, None)
        if entries:
            metadata[kind] = entries
        else:
            metadata.pop(kind, None)
    return template


_OUR_LABELS = (keys.HASH, keys.DEPLOYMENT_HASH)


def ephemeral_record(replica_set: ReplicaSet) -> dict[str, dict[str, str]]:
    """`{labels, annotations}` that were injected for the role of this ReplicaSet; empty when none or unreadable."""
    try:
        record = orjson.loads(replica_set.metadata.annotations.get(keys.EPHEMERAL) or "{}")
    except orjson.JSONDecodeError:
        return {}
    if not isinstance(record, dict):
        return {}
    return {kind: dict(record[kind]) for kind in ("labels", "annotations") if isinstance(record.get(kind), dict)}


def owned_by(rollout: Rollout, candidates: Iterable[ReplicaSet]) -> tuple[ReplicaSet, ...]:
    """ReplicaSets whose controller is this very Rollout (by uid), oldest first."""
    uid = rollout.metadata.uid
    mine = [rs for rs in candidates if (owner := rs.metadata.controller) and owner.uid == uid]
    return tuple(sorted(mine, key=_age))


def to_release(rollout: Rollout, owned: Iterable[ReplicaSet]) -> list[ReplicaSet]:
    """Owned ReplicaSets that the selector does not match any more."""
    selector = rollout.spec.selector
    return [rs for rs in owned if selector and not selectors.matches(selector, rs.metadata.labels)]


def to_adopt(rollout: Rollout, orphans: Iterable[ReplicaSet]) -> list[ReplicaSet]:
    """Of the ReplicaSets without a controller in its namespace those that it selects and that are a version of it."""
    selector, reference = rollout.spec.selector, rollout.spec.workload_ref
    return [
        rs
        for rs in orphans
        if selector
        and rs.metadata.deletion_timestamp is None
        and selectors.matches(selector, rs.metadata.labels)
        and (rs.hash or _left_by_a_deployment(rs, rollout.spec.template))
        and not (reference and (reference.kind, reference.name) == (REPLICA_SETS.kind, rs.name))
    ]


def _left_by_a_deployment(replica_set: ReplicaSet, wanted: Json | None) -> bool:
    """Of these only what runs the wanted template, or nothing: other pods may be there for a reason of their own."""
    if not replica_set.metadata.labels.get(keys.DEPLOYMENT_HASH):
        return False
    empty = replica_set.size == 0 and replica_set.status.replicas == 0
    return empty or bool(wanted and hash_or_nothing(wanted) and stands_for(replica_set, wanted))


def name_of(rollout: Rollout, template_hash: str) -> str:
    return f"{rollout.metadata.name}-{template_hash}"


def _age(replica_set: ReplicaSet) -> tuple[str, str]:
    created = replica_set.metadata.creation_timestamp
    return (created.isoformat() if created else "", replica_set.name)
