"""Where the status keeps the AnalysisRun in use of each kind (spec rollouts §1.7, §7.4).

A canary forgets a run when nothing waits for it any more; a blue-green Rollout keeps showing what its last runs said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from reconciler.analysis.model import TYPE_LABEL, RolloutRunKind
from reconciler.rollouts.snapshot import World
from reconciler.rollouts.status import BlueGreenStatus, RunReference

RunKind = RolloutRunKind


@dataclass(frozen=True, slots=True)
class Slot:
    """`cause`: how a failure of such a run is told as the reason of an abort."""

    part: Literal["canary", "blue_green"]
    field: str
    cause: str

    @property
    def kept(self) -> bool:
        return self.part == "blue_green"


_CANARY: dict[RunKind, Slot] = {
    "Step": Slot("canary", "current_step_analysis_run_status", "Step-based analysis"),
    "Background": Slot("canary", "current_background_analysis_run_status", "Background analysis"),
}
_FIRST = "First-deploy analysis"
_BLUE_GREEN: dict[RunKind, Slot] = {
    "PrePromotion": Slot("blue_green", "pre_promotion_analysis_run_status", "Blue/green pre-promotion analysis"),
    "PostPromotion": Slot("blue_green", "post_promotion_analysis_run_status", "Blue/green post-promotion analysis"),
}
_BAKING: dict[RunKind, Slot] = {
    "Bake": replace(_CANARY["Step"], cause="Bake analysis"),
    "Background": _CANARY["Background"],
}
_FIRST_CANARY: dict[RunKind, Slot] = {"FirstDeploy": replace(_CANARY["Step"], cause=_FIRST)}
_FIRST_BLUE_GREEN: dict[RunKind, Slot] = {"FirstDeploy": replace(_BLUE_GREEN["PrePromotion"], cause=_FIRST)}


def slots(world: World) -> Mapping[RunKind, Slot]:
    """Those that the Rollout's strategy has, at this moment of an update.

    A first version is judged where no step is, and no promotion; a bake is one more step after the last.
    """
    first = not world.status.stable_rs
    if world.is_blue_green:
        return _FIRST_BLUE_GREEN if first else _BLUE_GREEN
    if first:
        return _FIRST_CANARY
    return _BAKING if world.steps_done else _CANARY


def slot(world: World, kind: RunKind) -> Slot | None:
    """None: there is no run of this kind now."""
    return slots(world).get(kind)


def kinds(world: World) -> Iterable[RunKind]:
    return slots(world)


def recorded(world: World, kind: RunKind) -> RunReference | None:
    found = slot(world, kind)
    if found is None:
        return None
    status = world.blue_green_status if found.part == "blue_green" else world.canary_status
    reference: RunReference | None = getattr(status, found.field)
    return None if kind == "Bake" and _is_of_a_step(world, reference) else reference


def _is_of_a_step(world: World, reference: RunReference | None) -> bool:
    """Somebody skipped the last step while it was judged: its run says nothing about the bake."""
    run = world.run(reference.name) if reference else None
    return run is not None and run.metadata.labels.get(TYPE_LABEL) == "Step"


def put(world: World, kind: RunKind, reference: RunReference | None) -> World:
    found = slots(world)[kind]
    change = world.with_blue_green if found.part == "blue_green" else world.with_canary
    return change(**{found.field: reference})


def cleared(world: World) -> World:
    """Without any run or Experiment, and without the check point that one may have led to: an update begins anew."""
    if world.is_blue_green:
        return world.with_status(blue_green=BlueGreenStatus())
    return world.with_canary(current_experiment="", **{each.field: None for each in _CANARY.values()})
