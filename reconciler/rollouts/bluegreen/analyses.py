"""The analyses before and after the cutover of a blue-green Rollout: when each runs, and whether it is passed (§6)."""

from __future__ import annotations

from typing import Any

from reconciler.analysis.model import Phase
from reconciler.rollouts.analyses import run_slots
from reconciler.rollouts.analyses.run_slots import RunKind
from reconciler.rollouts.bluegreen import cutover, sizes
from reconciler.rollouts.snapshot import World


def wanted(world: World, kind: RunKind) -> dict[str, Any] | None:
    """The analysis whose run shall go on now, though a pod is lost since; one that was successful is not done again."""
    analysis = _configured(world, kind)
    if analysis is None or passed(world, kind):
        return None
    begun = run_slots.recorded(world, kind) is not None
    serves = cutover.complete(world)
    if kind == "PrePromotion":
        needed = not serves and not cutover.fast_tracked(world)
        return analysis if needed and (begun or sizes.ready(world)) else None
    return analysis if begun or (serves and sizes.saturated(world)) else None


def passed(world: World, kind: RunKind) -> bool:
    """Whether its run was successful, or there is none to be made."""
    run = run_slots.recorded(world, kind)
    return _configured(world, kind) is None or (run is not None and run.status == Phase.SUCCESSFUL)


def _configured(world: World, kind: RunKind) -> dict[str, Any] | None:
    config = world.blue_green
    return config.pre_promotion_analysis if kind == "PrePromotion" else config.post_promotion_analysis
