"""The nodes that trees of objects are made of: ReplicaSets, pods, AnalysisRuns. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from reconciler.analysis.model import AnalysisRun
from reconciler.kube.objects import Meta
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


_TONES = {
    "good": ("Healthy", "Running", "Successful", "Completed"),
    "busy": ("", "Progressing", "Pending", "ContainerCreating", "Terminating"),
    "held": ("Paused", "Inconclusive"),
    "unknown": ("ScaledDown", "Unknown"),
}
_TONE_OF = {status: tone for tone, statuses in _TONES.items() for status in statuses}


def tone(status: str) -> str:
    """good, busy, held, unknown, or else bad: pods say why they do not run in words that nobody can list."""
    return _TONE_OF.get(status, "bad")


decode_shown_pod = msgspec.json.Decoder(ShownPod).decode


def owner(meta: Meta) -> str:
    """The uid of the controller; empty without one."""
    return meta.controller.uid if meta.controller else ""


def by_owner(pods: Iterable[ShownPod]) -> dict[str, list[Node]]:
    """The nodes of pods, by the uid of their ReplicaSet, each list from the oldest on."""
    found: dict[str, list[Node]] = {}
    for each in sorted(pods, key=lambda each: (str(each.metadata.creation_timestamp), each.metadata.name)):
        found.setdefault(owner(each.metadata), []).append(pod(each))
    return found


def replica_set(rs: ReplicaSet, info: Iterable[str], pods: tuple[Node, ...], now: datetime) -> Node:
    """With `delay`, where a scale-down deadline is set."""
    said = list(info)
    if rs.deadline is not None:
        left = int((rs.deadline - now).total_seconds())
        said.append(f"delay:{left}s" if left >= 0 else "delay:passed")
    return Node("ReplicaSet", rs.name, _size(rs), rs.metadata.creation_timestamp, tuple(said), pods)


def pod(pod: ShownPod) -> Node:
    status, meta = pod.status, pod.metadata
    ready = sum(container.ready for container in status.container_statuses)
    info = [f"ready:{ready}/{len(status.container_statuses)}"] if status.container_statuses else []
    if restarts := sum(container.restart_count for container in status.container_statuses):
        info.append(f"restarts:{restarts}")
    return Node("Pod", meta.name, _pod_status(pod), meta.creation_timestamp, tuple(info))


def run(run: AnalysisRun) -> Node:
    counted = run.status.run_summary
    marks = (("✔", "successful"), ("✖", "failed"), ("?", "inconclusive"), ("⚠", "error"))
    totals = [(mark, sum(getattr(result, field) for result in run.status.metric_results)) for mark, field in marks]
    info = [f"{mark} {number}" for mark, number in totals if number]
    if not info and counted is not None and counted.count:
        info = [f"{counted.count} metrics"]
    if run.status.message and run.status.phase not in ("Successful", "Running"):
        info.append(run.status.message)
    return Node("AnalysisRun", run.metadata.name, str(run.status.phase), run.metadata.creation_timestamp, tuple(info))


def _size(rs: ReplicaSet) -> str:
    if any(condition.type == "ReplicaFailure" and condition.status == "True" for condition in rs.status.conditions):
        return "Degraded"
    if rs.size == 0 and rs.status.replicas == 0:
        return "ScaledDown"
    return "Healthy" if rs.size == rs.status.replicas == rs.available else "Progressing"


def _pod_status(pod: ShownPod) -> str:
    """As `kubectl get pods` says it: the reason of a container that waits or ended comes before the phase."""
    if pod.metadata.deletion_timestamp is not None:
        return "Terminating"
    for container in pod.status.container_statuses:
        for state in ("waiting", "terminated"):
            if reason := (container.state.get(state) or {}).get("reason"):
                return str(reason)
    return pod.status.reason or pod.status.phase or "Pending"
