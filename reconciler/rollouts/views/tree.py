"""The objects of a Rollout as a tree: revisions, newest first, with all that belongs to them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from reconciler.analysis.model import HASH_LABEL, AnalysisRun
from reconciler.experiments.model import Experiment
from reconciler.kube.objects import Meta
from reconciler.rollouts.model import Rollout
from reconciler.rollouts.views import nodes
from reconciler.rollouts.views.experiment_tree import experiment_node
from reconciler.rollouts.views.nodes import Node, ShownPod
from reconciler.rollouts.views.overview import images_of, roles
from reconciler.workloads import keys
from reconciler.workloads.replica_set import ReplicaSet


@dataclass(frozen=True, slots=True)
class Revision:
    """One line of the history; `roles` as in `overview.roles`."""

    revision: int
    replica_set: str
    created: datetime | None
    roles: tuple[str, ...]
    images: tuple[str, ...]


def tree(
    rollout: Rollout,
    replica_sets: Sequence[ReplicaSet],
    pods: Iterable[ShownPod],
    runs: Iterable[AnalysisRun],
    now: datetime,
    experiments: Iterable[Experiment] = (),
) -> tuple[Node, ...]:
    """One node per revision. All objects are those that the Rollout, a ReplicaSet or an Experiment of it owns."""
    by_revision: dict[int, list[Node]] = {}
    shown, pods_of, known = list(experiments), nodes.by_owner(pods), {rs.hash: rs.revision for rs in replica_sets}
    theirs = {each.metadata.uid for each in shown}
    judged = sorted(runs, key=_created)
    for rs in replica_sets:
        if nodes.owner(rs.metadata) not in theirs:
            node = nodes.replica_set(rs, roles(rollout, rs), tuple(pods_of.get(rs.metadata.uid, ())), now)
            by_revision.setdefault(rs.revision, []).append(node)
    for each in sorted(shown, key=_created):
        node = experiment_node(each, replica_sets, pods_of, judged, now)
        by_revision.setdefault(_revision(each.metadata, known), []).append(node)
    for run in judged:
        if nodes.owner(run.metadata) not in theirs:
            by_revision.setdefault(_revision(run.metadata, known), []).append(nodes.run(run))
    return tuple(
        Node("Revision", f"revision:{number}", children=tuple(by_revision[number])) for number in _down(by_revision)
    )


def history(rollout: Rollout, replica_sets: Iterable[ReplicaSet]) -> tuple[Revision, ...]:
    """The revisions that are kept, newest first."""
    ordered = sorted(replica_sets, key=lambda rs: -rs.revision)
    return tuple(
        Revision(rs.revision, rs.name, rs.metadata.creation_timestamp, roles(rollout, rs), images_of(rs))
        for rs in ordered
    )


def _down(numbers: Iterable[int]) -> list[int]:
    return sorted(numbers, reverse=True)


def _created(found: AnalysisRun | Experiment) -> str:
    return str(found.metadata.creation_timestamp)


def _revision(meta: Meta, known: dict[str, int]) -> int:
    written = meta.annotations.get(keys.REVISION, "")
    return int(written) if written.isdecimal() else known.get(meta.labels.get(HASH_LABEL, ""), 0)
