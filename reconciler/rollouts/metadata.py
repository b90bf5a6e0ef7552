"""Ephemeral metadata: labels and annotations that pods carry only in a role (spec rollouts §2.6).

What was put on is recorded in an annotation of the ReplicaSet, and only that is ever taken off again. Selectors are
never touched.
"""

from __future__ import annotations

from typing import NamedTuple

import orjson

from reconciler.rollouts import identity
from reconciler.rollouts.intents import Intent, PatchPods, PatchReplicaSet
from reconciler.rollouts.snapshot import World
from reconciler.rollouts.strategy_model import PodMetadata
from reconciler.workloads import keys
from reconciler.workloads.parts import Json
from reconciler.workloads.replica_set import ReplicaSet

_NONE = PodMetadata()


class _Roles(NamedTuple):
    """What a version carries while it is tried, and once it is the stable one."""

    new: PodMetadata | None
    stable: PodMetadata | None


def _roles(world: World) -> _Roles:
    if world.is_blue_green:
        return _Roles(world.blue_green.preview_metadata, world.blue_green.active_metadata)
    return _Roles(world.canary.canary_metadata, world.canary.stable_metadata)


def wanted_for_new(world: World) -> PodMetadata:
    first = not world.status.stable_rs or world.promoted
    return (_roles(world).stable if first else _roles(world).new) or _NONE


def reconcile(world: World) -> list[Intent]:
    """Gives every ReplicaSet that has pods the metadata of its role, and takes that of earlier roles away."""
    if _roles(world) == (None, None):
        return []
    intents: list[Intent] = []
    for rs in world.replica_sets:
        if rs.size > 0 or rs is world.new:
            intents += _change(rs, _wanted(world, rs))
    return intents


def inject(template: Json, extra: PodMetadata) -> None:
    """Writes `extra` into a template that the caller owns."""
    metadata = template.get("metadata") or {}
    for kind, entries in (("labels", extra.labels), ("annotations", extra.annotations)):
        if entries:
            metadata[kind] = {**(metadata.get(kind) or {}), **entries}
    template["metadata"] = metadata


def record(extra: PodMetadata) -> dict[str, str]:
    """The annotation that remembers what was injected; empty when nothing was."""
    content = {kind: entries for kind, entries in _kinds(extra).items() if entries}
    return {keys.EPHEMERAL: orjson.dumps(content, option=orjson.OPT_SORT_KEYS).decode()} if content else {}


def _wanted(world: World, rs: ReplicaSet) -> PodMetadata:
    if rs is world.new:
        return wanted_for_new(world)
    return (_roles(world).stable or _NONE) if rs is world.stable else _NONE


def _change(rs: ReplicaSet, wanted: PodMetadata) -> list[Intent]:
    before = identity.ephemeral_record(rs)
    if {kind: entries for kind, entries in _kinds(wanted).items() if entries} == before:
        return []
    metadata = {kind: _merge(before.get(kind, {}), entries) for kind, entries in _kinds(wanted).items()}
    annotation = {keys.EPHEMERAL: record(wanted).get(keys.EPHEMERAL)}
    version = rs.metadata.resource_version
    # A pod that is made from now on is made right; the record comes last, so that a crash before it repeats it all.
    return [
        PatchReplicaSet(rs.name, {"spec": {"template": {"metadata": metadata}}}, version),
        PatchPods(rs.hash, rs.metadata.uid, metadata),
        PatchReplicaSet(rs.name, {"metadata": {"annotations": annotation}}, version),
    ]


def _merge(before: dict[str, str], wanted: dict[str, str]) -> dict[str, str | None]:
    return {**{key: None for key in before if key not in wanted}, **wanted}


def _kinds(extra: PodMetadata) -> dict[str, dict[str, str]]:
    return {"labels": extra.labels, "annotations": extra.annotations}
