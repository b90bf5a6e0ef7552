"""A Rollout, or an Experiment, with everything that it owns, read at one instant: what clients show of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.analysis.model import AnalysisRun
from reconciler.experiments.model import Experiment
from reconciler.rollouts.model import Rollout
from reconciler.rollouts.views import nodes
from reconciler.rollouts.views.experiment_tree import experiment_node
from reconciler.rollouts.views.nodes import Node, ShownPod
from reconciler.rollouts.views.overview import Overview, overview
from reconciler.rollouts.views.tree import tree
from reconciler.workloads.replica_set import ReplicaSet


@dataclass(frozen=True, slots=True)
class Family:
    """`side_sets` are the ReplicaSets of its Experiments; `runs` and `pods` include theirs."""

    rollout: Rollout
    replica_sets: tuple[ReplicaSet, ...] = ()
    pods: tuple[ShownPod, ...] = ()
    runs: tuple[AnalysisRun, ...] = ()
    experiments: tuple[Experiment, ...] = ()
    side_sets: tuple[ReplicaSet, ...] = ()

    @property
    def overview(self) -> Overview:
        return overview(self.rollout, (*self.replica_sets, *self.side_sets), self.experiments)

    def tree(self, now: datetime) -> tuple[Node, ...]:
        return tree(self.rollout, (*self.replica_sets, *self.side_sets), self.pods, self.runs, now, self.experiments)


@dataclass(frozen=True, slots=True)
class ExperimentFamily:
    experiment: Experiment
    replica_sets: tuple[ReplicaSet, ...] = ()
    pods: tuple[ShownPod, ...] = ()
    runs: tuple[AnalysisRun, ...] = ()

    def tree(self, now: datetime) -> Node:
        return experiment_node(self.experiment, self.replica_sets, nodes.by_owner(self.pods), self.runs, now)
