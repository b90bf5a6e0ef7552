"""An Experiment as a node of a tree: its ReplicaSets with their pods, and its AnalysisRuns. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from reconciler.analysis.model import AnalysisRun
from reconciler.experiments.model import Experiment, TemplateStatus
from reconciler.rollouts.views import nodes
from reconciler.rollouts.views.nodes import Node
from reconciler.workloads import keys
from reconciler.workloads.replica_set import ReplicaSet


def experiment_node(
    experiment: Experiment,
    replica_sets: Iterable[ReplicaSet],
    pods: Mapping[str, Sequence[Node]],
    runs: Iterable[AnalysisRun],
    now: datetime,
) -> Node:
    """`pods` by the uid of their ReplicaSet; of ReplicaSets and runs only those of the Experiment are shown."""
    uid, status = experiment.metadata.uid, experiment.status
    sets = [_replica_set(experiment, rs, pods, now) for rs in replica_sets if nodes.owner(rs.metadata) == uid]
    judged = [nodes.run(run) for run in runs if nodes.owner(run.metadata) == uid]
    info = (status.message,) if status.message else ()
    created = experiment.metadata.creation_timestamp
    return Node("Experiment", experiment.metadata.name, status.phase or "Pending", created, info, (*sets, *judged))


def _replica_set(experiment: Experiment, rs: ReplicaSet, pods: Mapping[str, Sequence[Node]], now: datetime) -> Node:
    """What clients of the family show: the template's name and status beside the ReplicaSet's own state."""
    template = rs.metadata.annotations.get(keys.EXPERIMENT_TEMPLATE, "")
    info = [f"template:{template}", *_service(experiment.status.template(template))]
    return nodes.replica_set(rs, info, tuple(pods.get(rs.metadata.uid, ())), now)


def _service(status: TemplateStatus) -> list[str]:
    return [f"service:{status.service_name}"] if status.service_name else []
