"""What pages show of Rollouts and Experiments: from memory, but for pods and events, which are asked for when needed.

However many people look, each object's pods are listed once in a few seconds: a page must not cost what an update does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from reconciler.analysis.model import REVISION_ANNOTATION, AnalysisRun
from reconciler.apps.delivery import WorkloadProgress
from reconciler.daemon.lately import Lately
from reconciler.errors import ReconcilerError
from reconciler.experiments.model import Experiment
from reconciler.kube.api import Cluster
from reconciler.kube.objects import EVENTS, PODS, Meta
from reconciler.rollouts.progress import workload_progress
from reconciler.rollouts.stores import Stores
from reconciler.rollouts.views.family import ExperimentFamily, Family
from reconciler.rollouts.views.happened import Event, decode_event, newest
from reconciler.rollouts.views.nodes import ShownPod, decode_shown_pod, owner
from reconciler.runtime.clock import Clock
from reconciler.web.ports import Looked
from reconciler.workloads import keys, selectors
from reconciler.workloads.replica_set import ReplicaSet

PODS_SECONDS, EVENTS_SECONDS = 2.0, 10.0
"""How old what a page shows may be; events are the dearer ones: the API server reads all of a namespace for them."""


class Shown:
    """`belongs`: whether an object is this engine's to show. Safe to use from several threads."""

    def __init__(self, cluster: Cluster, stores: Stores, clock: Clock, belongs: Callable[[Meta], bool]) -> None:
        self._cluster, self._stores, self._belongs = cluster, stores, belongs
        self._pods: Lately[list[ShownPod]] = Lately(PODS_SECONDS, clock)
        self._events: Lately[tuple[Event, ...]] = Lately(EVENTS_SECONDS, clock)

    def progress(self, namespace: str, name: str) -> WorkloadProgress | None:
        """How far a Rollout is; None while it is not known."""
        rollout = self._stores.rollouts.get(namespace, name)
        if rollout is None:
            return None
        uid = rollout.metadata.uid
        return workload_progress(rollout, self._stores.runs.owned_by(uid), self._stores.replica_sets.owned_by(uid))

    def all_progress(self) -> list[WorkloadProgress]:
        """How far every Rollout of this engine is."""
        ours = (each.metadata for each in self._stores.rollouts.list() if self._belongs(each.metadata))
        found = (self.progress(meta.namespace, meta.name) for meta in ours)
        return [progress for progress in found if progress]

    def experiments(self) -> list[Experiment]:
        return [each for each in self._stores.experiments.list() if self._belongs(each.metadata)]

    def runs_of(self, namespace: str, name: str) -> tuple[AnalysisRun, ...]:
        """The AnalysisRuns of a Rollout and of its Experiments."""
        rollout = self._stores.rollouts.get(namespace, name)
        if rollout is None:
            return ()
        owned, uid = self._stores.runs.owned_by, rollout.metadata.uid
        aside = self._stores.experiments.owned_by(uid)
        return (*owned(uid), *(_revised(run, each.metadata) for each in aside for run in owned(each.metadata.uid)))

    def run(self, namespace: str, name: str) -> AnalysisRun | None:
        return self._stores.runs.get(namespace, name)

    def rollout(self, namespace: str, name: str) -> Looked[Family] | None:
        """A Rollout with all that it owns; None for one that is not known, or another engine's."""
        rollout = self._stores.rollouts.get(namespace, name)
        if rollout is None or not self._belongs(rollout.metadata):
            return None
        uid = rollout.metadata.uid
        experiments = tuple(self._stores.experiments.owned_by(uid))
        sets = tuple(self._stores.replica_sets.owned_by(uid))
        side = tuple(rs for each in experiments for rs in self._stores.replica_sets.owned_by(each.metadata.uid))
        selector = selectors.text(rollout.spec.selector) or _of(sets)  # a `workloadRef` may have the selector, too
        pods, trouble = self._pods_of(rollout.metadata, selector, (*sets, *side))
        family = Family(rollout, sets, pods, self.runs_of(namespace, name), experiments, side)
        return Looked(family, *self._told(rollout.metadata, trouble))

    def experiment(self, namespace: str, name: str) -> Looked[ExperimentFamily] | None:
        """An Experiment with all that it owns; None as for a Rollout."""
        found = self._stores.experiments.get(namespace, name)
        if found is None or not self._belongs(found.metadata):
            return None
        sets = tuple(self._stores.replica_sets.owned_by(found.metadata.uid))
        pods, trouble = self._pods_of(found.metadata, _of(sets), sets)
        family = ExperimentFamily(found, sets, pods, tuple(self._stores.runs.owned_by(found.metadata.uid)))
        return Looked(family, *self._told(found.metadata, trouble))

    def _pods_of(self, meta: Meta, selector: str, sets: Iterable[ReplicaSet]) -> tuple[tuple[ShownPod, ...], str]:
        """Its pods, or why they cannot be shown."""

        def listed() -> list[ShownPod]:
            found = self._cluster.list_raw(PODS, meta.namespace, label_selector=selector).items
            return [decode_shown_pod(raw) for raw in found]

        owners = {rs.metadata.uid for rs in sets}
        if not (selector and owners):
            return (), ""
        try:
            return tuple(pod for pod in self._pods.get(meta.uid, listed) if owner(pod.metadata) in owners), ""
        except ReconcilerError as error:
            return (), f"pods cannot be listed: {error}"

    def _told(self, meta: Meta, trouble: str) -> tuple[tuple[Event, ...], str]:
        def listed() -> tuple[Event, ...]:
            selector = f"involvedObject.uid={meta.uid}"
            return newest(
                map(decode_event, self._cluster.list_raw(EVENTS, meta.namespace, field_selector=selector).items)
            )

        try:
            return self._events.get(meta.uid, listed), trouble
        except ReconcilerError as error:
            return (), "; ".join(filter(None, (trouble, f"events cannot be listed: {error}")))


def _of(sets: Iterable[ReplicaSet]) -> str:
    """A selector of their pods; empty where there are none."""
    hashes = ",".join(sorted(rs.hash for rs in sets if rs.hash))
    return f"{keys.HASH} in ({hashes})" if hashes else ""


def _revised(run: AnalysisRun, experiment: Meta) -> AnalysisRun:
    """A run of an Experiment with the revision that the Experiment is about, which it does not carry itself."""
    revision = {REVISION_ANNOTATION: experiment.annotations.get(REVISION_ANNOTATION, "")}
    meta = replace(run.metadata, annotations={**run.metadata.annotations, **revision})
    return replace(run, metadata=meta)
