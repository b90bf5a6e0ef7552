"""Which images git declares and which ones run: the first table of `reconciler diff`. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.apps.record import Key
from reconciler.kube.api import Object

WORKLOADS = ("CronJob", "DaemonSet", "Deployment", "Job", "Pod", "ReplicaSet", "Rollout", "StatefulSet")


@dataclass(frozen=True, slots=True)
class Running:
    """One image of one container, and on how many pods it is."""

    image: str
    pods: int


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One container of one declared workload."""

    application: str
    workload: Key
    container: str
    declared: str
    running: tuple[Running, ...]

    @property
    def same(self) -> bool:
        """Whether every pod runs what is declared (no pod at all is no difference)."""
        return all(running.image == self.declared for running in self.running)


def pod_spec(obj: Object) -> Mapping[str, Any]:
    """The pod spec inside any workload; empty for kinds that have none and for a Rollout with `workloadRef`."""
    spec = obj.get("spec") or {}
    if obj.get("kind") == "Pod":
        return dict(spec)
    if obj.get("kind") == "CronJob":
        spec = (spec.get("jobTemplate") or {}).get("spec") or {}
    return dict((spec.get("template") or {}).get("spec") or {})


def containers(obj: Object) -> Iterator[tuple[str, str]]:
    """Name and image of each container, init containers last."""
    spec = pod_spec(obj)
    for field in ("containers", "initContainers"):
        for item in spec.get(field) or []:
            yield str(item.get("name") or ""), str(item.get("image") or "")


def images_of(obj: Object) -> tuple[str, ...]:
    """The images of a workload's template, without repetition."""
    if obj.get("kind") not in WORKLOADS:
        return ()
    return tuple(dict.fromkeys(image for _, image in containers(obj) if image))


def image_rows(
    application: str, workloads: Sequence[tuple[Key, Object]], pods: Sequence[Object], owners: Sequence[Object]
) -> list[ImageRow]:
    """`owners` are the ReplicaSets and Jobs between pods and workloads, by which a pod is followed to its workload."""
    parents = {str(owner["metadata"].get("uid")): owner for owner in owners}
    by_workload: dict[tuple[str, str, str], list[Object]] = {}
    for pod in pods:
        if pod["metadata"].get("deletionTimestamp") is None:
            by_workload.setdefault(top_of(pod, parents), []).append(pod)
    return [
        ImageRow(
            application, key, name, image, _running(by_workload.get((key.kind, key.namespace, key.name), ()), name)
        )
        for key, obj in workloads
        if key.kind in WORKLOADS
        for name, image in containers(obj)
    ]


def top_of(obj: Object, parents: Mapping[str, Object]) -> tuple[str, str, str]:
    """Kind, namespace and name of the workload that a pod belongs to; the pod's own when nobody owns it."""
    for _ in range(4):
        owner = next((o for o in obj["metadata"].get("ownerReferences") or [] if o.get("controller")), None)
        if owner is None:
            break
        parent = parents.get(str(owner.get("uid")))
        if parent is None:
            return str(owner.get("kind")), str(obj["metadata"].get("namespace", "")), str(owner.get("name"))
        obj = {**parent, "kind": owner.get("kind")}
    metadata = obj["metadata"]
    return str(obj.get("kind") or "Pod"), str(metadata.get("namespace", "")), str(metadata.get("name"))


def _running(pods: Iterable[Object], container: str) -> tuple[Running, ...]:
    counted = Counter(image for pod in pods for name, image in containers({**pod, "kind": "Pod"}) if name == container)
    return tuple(
        Running(image, number) for image, number in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
    )
