"""What adopting looks at: a Deployment, a Rollout, and who owns the ReplicaSets, at one instant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reconciler.kube.api import Object
from reconciler.kube.objects import DEPLOYMENTS, ROLLOUTS
from reconciler.workloads.replica_set import ReplicaSet


@dataclass(frozen=True, slots=True)
class Found:
    """`of_deployment`, `of_rollout`: the ReplicaSets that each controls, oldest first. `scalers`: HPAs beside them.

    `services`: those that carry the Rollout's mark.
    """

    name: str
    deployment: Object | None = None
    rollout: Object | None = None
    of_deployment: tuple[ReplicaSet, ...] = ()
    of_rollout: tuple[ReplicaSet, ...] = ()
    scalers: tuple[Object, ...] = ()
    services: tuple[Object, ...] = ()
    namespace: str = ""

    def scaling(self, kind: str) -> list[Object]:
        """The HPAs that scale the Deployment, or the Rollout; but for those that another object keeps as they are."""
        group = {DEPLOYMENTS.kind: DEPLOYMENTS.group, ROLLOUTS.kind: ROLLOUTS.group}[kind]
        return [each for each in self.scalers if _targets(each, group, kind, self.name) and not keeper(each)]


def keeper(scaler: Object) -> str:
    """`ScaledObject/shop`, where such an object keeps the HPA; else nothing."""
    owners = scaler["metadata"].get("ownerReferences") or ()
    return next((f"{each['kind']}/{each['name']}" for each in owners if each.get("controller")), "")


def target(scaler: Object) -> Object:
    found: Object = (scaler.get("spec") or {}).get("scaleTargetRef") or {}
    return found


def annotation(found: Object | None, key: str) -> str:
    annotations = ((found or {}).get("metadata") or {}).get("annotations") or {}
    return str(annotations.get(key, ""))


def spec(found: Object | None) -> dict[str, Any]:
    return (found or {}).get("spec") or {}


def status(found: Object | None) -> dict[str, Any]:
    return (found or {}).get("status") or {}


def observed(found: Object | None) -> bool:
    """Whether its controller has seen the newest spec. Rollouts write the number as text."""
    seen = str(status(found).get("observedGeneration", 0))
    return seen.isdecimal() and int(seen) >= (found or {})["metadata"].get("generation", 0)


def _targets(scaler: Object, group: str, kind: str, name: str) -> bool:
    wanted = target(scaler)
    same_group = str(wanted.get("apiVersion", "")).partition("/")[0] == group
    return same_group and (wanted.get("kind"), wanted.get("name")) == (kind, name)
