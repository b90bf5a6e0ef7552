"""A Rollout as its clients show it: where it stands, how much traffic, which images, how many pods (spec §11.4). Pure.

Rollouts of either strategy can be shown, whoever drives them: all is read from their status and ReplicaSets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from reconciler.apps.delivery import Health
from reconciler.experiments.model import Experiment
from reconciler.rollouts import defaults, steps
from reconciler.rollouts.model import Rollout
from reconciler.rollouts.progress import workload_progress
from reconciler.rollouts.status import BlueGreenStatus
from reconciler.rollouts.step_model import Step
from reconciler.rollouts.strategy_model import Canary
from reconciler.rollouts.views.waiting import Waiting, waiting
from reconciler.workloads import keys
from reconciler.workloads.replica_set import ReplicaSet

_PHASES = {Health.SUSPENDED: "Paused"}


@dataclass(frozen=True, slots=True)
class Image:
    """`roles`: what its pods are at the moment, e.g. `stable` or `canary`."""

    name: str
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Overview:
    """`step` is the number of completed steps. Weights are in hundredths of `max_weight`, None for blue-green.

    `waits`: what an update that is under way waits for.
    """

    namespace: str
    name: str
    strategy: str
    phase: str
    message: str
    step: int | None
    steps: int | None
    step_text: str
    set_weight: int | None
    actual_weight: int | None
    images: tuple[Image, ...]
    desired: int
    current: int
    updated: int
    ready: int
    available: int
    revision: str
    created: datetime | None
    paused: bool
    aborted: bool
    waits: Waiting | None

    @property
    def ended(self) -> bool:
        """Whether nothing more happens by itself: delivered, or given up."""
        return self.phase in ("Healthy", "Degraded")

    @property
    def progress(self) -> str:
        """`1/4`; empty without steps."""
        return f"{self.step or 0}/{self.steps}" if self.steps else ""


def overview(
    rollout: Rollout, replica_sets: Sequence[ReplicaSet] = (), experiments: Iterable[Experiment] = ()
) -> Overview:
    """`replica_sets` and `experiments` are those that it owns.

    Without them images, a basic canary's actual weight and the time until an experiment ends are less exact.
    """
    status, meta, told = rollout.status, rollout.metadata, workload_progress(rollout, ())
    typed = _steps(rollout)
    index = min(status.current_step_index or 0, len(typed))
    return Overview(
        namespace=meta.namespace,
        name=meta.name,
        strategy=strategy(rollout),
        phase=_PHASES.get(told.health, str(told.health)),
        message=told.message,
        step=index if typed else None,
        steps=len(typed) or None,
        step_text=steps.text(typed[index]) if index < len(typed) and not told.promoted else "",
        set_weight=_set_weight(rollout, typed),
        actual_weight=_actual_weight(rollout, typed, replica_sets),
        images=_images(rollout, replica_sets),
        desired=told.desired,
        current=status.replicas,
        updated=status.updated_replicas,
        ready=status.ready_replicas,
        available=status.available_replicas,
        revision=meta.annotations.get(keys.REVISION, ""),
        created=meta.creation_timestamp,
        paused=told.paused,
        aborted=told.aborted,
        waits=waiting(rollout, typed[index] if index < len(typed) else None, experiments),
    )


def strategy(rollout: Rollout) -> str:
    if rollout.spec.strategy.blue_green is not None:
        return "BlueGreen"
    return "Canary" if rollout.spec.strategy.canary is not None else ""


def roles(rollout: Rollout, replica_set: ReplicaSet) -> tuple[str, ...]:
    """What it is to its Rollout: stable, canary, active, preview, `Σ:a` of an experiment; nothing for an older one."""
    if template := replica_set.metadata.annotations.get(keys.EXPERIMENT_TEMPLATE):
        return (f"Σ:{template}",)
    status, pod_hash = rollout.status, replica_set.hash
    if not pod_hash:
        return ()
    if rollout.spec.strategy.blue_green is None:
        if pod_hash == status.stable_rs:
            return ("stable",)
        return ("canary",) if pod_hash == status.current_pod_hash else ()
    selected = status.blue_green or BlueGreenStatus()
    named = {"stable": status.stable_rs, "active": selected.active_selector}
    named |= {"preview": selected.preview_selector} if pod_hash != selected.active_selector else {}
    return tuple(role for role, chosen in named.items() if chosen == pod_hash)


def _steps(rollout: Rollout) -> tuple[Step, ...]:
    try:
        return (rollout.spec.strategy.canary or Canary()).typed_steps()
    except msgspec.ValidationError:
        return ()


def _set_weight(rollout: Rollout, typed: tuple[Step, ...]) -> int | None:
    """What the steps ask for: the last `setWeight` up to the current step; all when done, nothing after an abort."""
    canary, status = rollout.spec.strategy.canary, rollout.status
    if canary is None:
        return None
    if status.abort and status.stable_rs != status.current_pod_hash:
        return 0
    index = status.current_step_index or 0
    if index >= len(typed):
        return defaults.max_weight(canary)
    weights = [step.set_weight for step in typed[: index + 1] if step.set_weight is not None]
    return weights[-1] if weights else 0


def _actual_weight(rollout: Rollout, typed: tuple[Step, ...], replica_sets: Iterable[ReplicaSet]) -> int | None:
    """What the newest version gets: as routers were told, else its share of the available pods."""
    canary, status = rollout.spec.strategy.canary, rollout.status
    if canary is None:
        return None
    most = defaults.max_weight(canary)
    if (status.current_step_index or 0) >= len(typed):
        return most
    if canary.traffic_routing is not None:
        recorded = status.canary.weights if status.canary else None
        return recorded.canary.weight if recorded else _set_weight(rollout, typed)
    new = next((rs.available for rs in replica_sets if rs.hash == status.current_pod_hash), status.updated_replicas)
    return new * most // status.available_replicas if status.available_replicas else 0


def _images(rollout: Rollout, replica_sets: Sequence[ReplicaSet]) -> tuple[Image, ...]:
    """Those that have pods, with the roles of all versions that run them; else those that are wanted."""
    if not replica_sets:
        return tuple(Image(image) for image in _images_in(rollout.spec.template or {}))
    found: dict[str, tuple[str, ...]] = {}
    for rs in sorted(replica_sets, key=lambda rs: -rs.revision):
        role = roles(rollout, rs)
        if rs.size or rs.status.replicas:
            for image in images_of(rs):
                found[image] = tuple(dict.fromkeys((*found.get(image, ()), *role)))
    return tuple(Image(name, role) for name, role in found.items())


def images_of(replica_set: ReplicaSet) -> tuple[str, ...]:
    return _images_in(replica_set.spec.template)


def _images_in(template: Mapping[str, Any]) -> tuple[str, ...]:
    containers = (template.get("spec") or {}).get("containers") or ()
    return tuple(str(container.get("image", "")) for container in containers)
