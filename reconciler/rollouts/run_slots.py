"""Where the status keeps the AnalysisRun in use of each kind (spec rollouts §1.7, §7.4).

A canary forgets a run when nothing waits for it any more; a blue-green Rollout keeps showing what its last runs said.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from reconciler.analysis.model import RolloutRunKind
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
_BLUE_GREEN: dict[RunKind, Slot] = {
    "PrePromotion": Slot("blue_green", "pre_promotion_analysis_run_status", "Blue/green pre-promotion analysis"),
    "PostPromotion": Slot("blue_green", "post_promotion_analysis_run_status", "Blue/green post-promotion analysis"),
}
SLOTS = _CANARY | _BLUE_GREEN


def kinds(world: World) -> Iterable[RunKind]:
    """Those that the Rollout's strategy has."""
    return _BLUE_GREEN if world.is_blue_green else _CANARY


def recorded(world: World, kind: RunKind) -> RunReference | None:
    slot = SLOTS[kind]
    status = world.blue_green_status if slot.part == "blue_green" else world.canary_status
    reference: RunReference | None = getattr(status, slot.field)
    return reference


def put(world: World, kind: RunKind, reference: RunReference | None) -> World:
    slot = SLOTS[kind]
    change = world.with_blue_green if slot.part == "blue_green" else world.with_canary
    return change(**{slot.field: reference})


def cleared(world: World) -> World:
    """Without any run or Experiment, and without the check point that one may have led to: an update begins anew."""
    if world.is_blue_green:
        return world.with_status(blue_green=BlueGreenStatus())
    for kind in _CANARY:
        world = put(world, kind, None)
    return world.with_canary(current_experiment="")
