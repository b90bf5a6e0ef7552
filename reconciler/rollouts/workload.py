"""A Rollout whose template stands in another object, its `workloadRef` (spec rollouts §2.9).

The template, and the selector where the Rollout has none, are filled in when a decision begins, and only in memory: the
rest of the engine sees a Rollout like any other, and what is stored stays as the user wrote it. The generation that was
seen is written down twice, as an annotation and in the status, because clients compare the two.

A Deployment that hands over its pods (`scaleDown`) is shrunk once. The write that takes the last pod leaves a mark;
whoever scales the Deployment up again after that has a reason, and is left alone. Any version may complete the
hand-over, not only the first, and no pod goes before one of the Rollout's is available for it.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from reconciler.kube.api import Object
from reconciler.kube.objects import DEPLOYMENTS, POD_TEMPLATES, REPLICA_SETS
from reconciler.rollouts.intents import Intent, ScaleWorkload
from reconciler.rollouts.model import Rollout, WorkloadRef
from reconciler.rollouts.owned import Workload
from reconciler.rollouts.snapshot import World
from reconciler.rollouts.status import RolloutStatus
from reconciler.workloads import keys
from reconciler.workloads.field_errors import invalid, required

KINDS = {resource.kind: resource for resource in (POD_TEMPLATES, DEPLOYMENTS, REPLICA_SETS)}
_PATH = "spec.workloadRef"
_NEVER, _WHEN_HEALTHY, _BIT_BY_BIT = "never", "onsuccess", "progressively"


def named(rollout: Rollout) -> WorkloadRef | None:
    """The reference, if it names an object that could hold a template."""
    reference = rollout.spec.workload_ref
    return reference if reference and not any(problems(reference)) else None


def problems(reference: WorkloadRef) -> Iterator[str]:
    """What is wrong with the reference by itself."""
    kind = KINDS.get(reference.kind)
    if kind is None:
        yield invalid(f"{_PATH}.kind", reference.kind, f"must be one of {', '.join(KINDS)}")
    elif reference.api_version != kind.api_version:
        yield invalid(f"{_PATH}.apiVersion", reference.api_version, f"{kind.kind} is in {kind.api_version}")
    if not reference.name:
        yield required(f"{_PATH}.name", "name the object that holds the template")
    if reference.scale_down not in ("", _NEVER, _WHEN_HEALTHY, _BIT_BY_BIT):
        yield invalid(f"{_PATH}.scaleDown", reference.scale_down, "must be never, onsuccess or progressively")


def missing(rollout: Rollout, workload: Workload | None) -> list[str]:
    """That the named object is not there; it may come."""
    reference = rollout.spec.workload_ref
    if reference is None or workload is not None:
        return []
    what = (
        f'{reference.kind} "{reference.name}" not found in namespace {rollout.metadata.namespace}'
        " (create it, or mend workloadRef)"
    )
    return [invalid(f"{_PATH}.name", reference.name, what)]


def filled_in(rollout: Rollout, workload: Workload | None) -> Rollout:
    """The Rollout with the workload's template; as it is when it has one of its own."""
    if workload is None or rollout.spec.template:
        return rollout
    selector = rollout.spec.selector or workload.spec.selector
    return msgspec.structs.replace(rollout, spec=rollout.spec.with_pods_of(workload.pod_template, selector))


def inlined(rollout: Object, holder: Object | None) -> Object:
    """The same for objects as they are written, with the reference gone: what to plan with."""
    spec = rollout.get("spec") or {}
    if not spec.get("workloadRef") or holder is None:
        return rollout
    held = holder if holder.get("kind") == POD_TEMPLATES.kind else holder.get("spec") or {}
    taken = {"template": held.get("template"), "selector": spec.get("selector") or held.get("selector")}
    return {**rollout, "spec": {**{key: spec[key] for key in spec if key != "workloadRef"}, **taken}}


def generation(world: World) -> str:
    """Of the workload, as the annotation and the status have it; empty without one."""
    return str(world.workload.metadata.generation) if world.workload else ""


def hand_over(world: World, status: RolloutStatus) -> tuple[Intent, ...]:
    """The next write that takes pods from the Deployment; `status` is about to be stored."""
    reference, workload = world.rollout.spec.workload_ref, world.workload
    if reference is None or workload is None or reference.kind != DEPLOYMENTS.kind:
        return ()
    if keys.HANDED_OVER in workload.metadata.annotations or not world.replicas:
        return ()
    size = 1 if workload.spec.replicas is None else workload.spec.replicas
    kept = _kept(world, reference.scale_down, status, size)
    if kept >= size:
        return ()
    meta = workload.metadata
    told = f"Scaled down Deployment {meta.name} from {size} to {kept}: this Rollout takes over"
    heir = world.rollout.metadata.name if not kept else ""
    return (ScaleWorkload(meta.name, kept, meta.resource_version, told, handed_over_to=heir),)


def _kept(world: World, mode: str, status: RolloutStatus, size: int) -> int:
    """Pods that the Deployment keeps for now."""
    if mode in (_WHEN_HEALTHY, _BIT_BY_BIT) and status.phase == "Healthy":
        return 0
    gradual = mode == _BIT_BY_BIT and world.rollout.spec.strategy.blue_green is None
    if not gradual or status.phase != "Progressing":
        return size
    # the last one goes when the Rollout is healthy, so that its mark says that all is done
    return max(1, world.replicas - status.available_replicas)
