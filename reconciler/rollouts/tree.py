"""The objects of a Rollout as a tree: revisions, newest first, with their ReplicaSets, pods and AnalysisRuns. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from reconciler.analysis.model import HASH_LABEL, AnalysisRun
from reconciler.kube.objects import Meta
from reconciler.rollouts.model import Rollout
from reconciler.rollouts.overview import images_of, roles
from reconciler.workloads import keys
from reconciler.workloads.parts import Part
from reconciler.workloads.replica_set import ReplicaSet


class _ContainerStatus(Part, frozen=True):
    ready: bool = False
    restart_count: int = 0
    state: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)


class _PodStatus(Part, frozen=True):
    phase: str = ""
    reason: str = ""
    container_statuses: tuple[_ContainerStatus, ...] = ()


class ShownPod(Part, frozen=True):
    """A pod with what people look for: which container does not start, and why."""

    metadata: Meta = Meta()
    status: _PodStatus = _PodStatus()


@dataclass(frozen=True, slots=True)
class Node:
    """One object; `info` are short remarks such as `canary`, `ready:1/1`, `delay:25s`."""

    kind: str
    name: str
    status: str = ""
    created: datetime | None = None
    info: tuple[str, ...] = ()
    children: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Revision:
    """One line of the history; `roles` as in `overview.roles`."""

    revision: int
    replica_set: str
    created: datetime | None
    roles: tuple[str, ...]
    images: tuple[str, ...]


decode_shown_pod = msgspec.json.Decoder(ShownPod).decode


def tree(
    rollout: Rollout,
    replica_sets: Sequence[ReplicaSet],
    pods: Iterable[ShownPod],
    runs: Iterable[AnalysisRun],
    now: datetime,
) -> tuple[Node, ...]:
    """One node per revision. All objects are those that the Rollout, or a ReplicaSet of it, owns."""
    by_owner: dict[str, list[Node]] = {}
    for pod in sorted(pods, key=lambda pod: (str(pod.metadata.creation_timestamp), pod.metadata.name)):
        owner = pod.metadata.controller
        by_owner.setdefault(owner.uid if owner else "", []).append(_pod(pod))
    by_revision: dict[int, list[Node]] = {}
    known = {rs.hash: rs.revision for rs in replica_sets}
    for rs in replica_sets:
        node = _replica_set(rollout, rs, tuple(by_owner.get(rs.metadata.uid, ())), now)
        by_revision.setdefault(rs.revision, []).append(node)
    for run in sorted(runs, key=lambda run: str(run.metadata.creation_timestamp)):
        by_revision.setdefault(_revision(run, known), []).append(_run(run))
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


def _revision(run: AnalysisRun, known: dict[str, int]) -> int:
    written = run.metadata.annotations.get(keys.REVISION, "")
    return int(written) if written.isdecimal() else known.get(run.metadata.labels.get(HASH_LABEL, ""), 0)


def _replica_set(rollout: Rollout, rs: ReplicaSet, pods: tuple[Node, ...], now: datetime) -> Node:
    info = list(roles(rollout, rs))
    if rs.deadline is not None:
        left = int((rs.deadline - now).total_seconds())
        info.append(f"delay:{left}s" if left >= 0 else "delay:passed")
    return Node("ReplicaSet", rs.name, _size(rs), rs.metadata.creation_timestamp, tuple(info), pods)


def _size(rs: ReplicaSet) -> str:
    if any(condition.type == "ReplicaFailure" and condition.status == "True" for condition in rs.status.conditions):
        return "Degraded"
    if rs.size == 0 and rs.status.replicas == 0:
        return "ScaledDown"
    return "Healthy" if rs.size == rs.status.replicas == rs.available else "Progressing"


def _pod(pod: ShownPod) -> Node:
    status, meta = pod.status, pod.metadata
    ready = sum(container.ready for container in status.container_statuses)
    info = [f"ready:{ready}/{len(status.container_statuses)}"] if status.container_statuses else []
    if restarts := sum(container.restart_count for container in status.container_statuses):
        info.append(f"restarts:{restarts}")
    return Node("Pod", meta.name, _pod_status(pod), meta.creation_timestamp, tuple(info))


def _pod_status(pod: ShownPod) -> str:
    """As `kubectl get pods` says it: the reason of a container that waits or ended comes before the phase."""
    if pod.metadata.deletion_timestamp is not None:
        return "Terminating"
    for container in pod.status.container_statuses:
        for state in ("waiting", "terminated"):
            if reason := (container.state.get(state) or {}).get("reason"):
                return str(reason)
    return pod.status.reason or pod.status.phase or "Pending"


def _run(run: AnalysisRun) -> Node:
    counted = run.status.run_summary
    marks = (("✔", "successful"), ("✖", "failed"), ("?", "inconclusive"), ("⚠", "error"))
    totals = [(mark, sum(getattr(result, field) for result in run.status.metric_results)) for mark, field in marks]
    info = [f"{mark} {number}" for mark, number in totals if number]
    if not info and counted is not None and counted.count:
        info = [f"{counted.count} metrics"]
    if run.status.message and run.status.phase not in ("Successful", "Running"):
        info.append(run.status.message)
    return Node("AnalysisRun", run.metadata.name, str(run.status.phase), run.metadata.creation_timestamp, tuple(info))
