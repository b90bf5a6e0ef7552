"""The pause before the cutover: when it begins, and when it is over (spec rollouts §6).

That it is over is kept in the status as the check point, so that nobody has to promote twice when a pod is lost just
then, or when the preview has to grow first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.rollouts import pauses
from reconciler.rollouts.bluegreen import analyses, cutover, sizes
from reconciler.rollouts.intents import RecordEvent
from reconciler.rollouts.snapshot import BLUE_GREEN_PAUSE, World


@dataclass(frozen=True, slots=True)
class Pausing:
    world: World
    events: tuple[RecordEvent, ...] = ()
    wake_at: datetime | None = None


def advance(world: World, now: datetime) -> Pausing:
    """Begins the pause when the preview can be looked at, and ends it when its time is over or somebody says so."""
    if world.aborted or cutover.halted(world):
        return Pausing(world)
    if cutover.fast_tracked(world):
        # the end of another pause is for others to see: after an inconclusive analysis it means to measure again
        return Pausing(pauses.end(world, BLUE_GREEN_PAUSE) if pauses.since(world, BLUE_GREEN_PAUSE) else world)
    if not analyses.passed(world, "PrePromotion"):
        return Pausing(world)
    if _over(world, now):
        return Pausing(pauses.end(world, BLUE_GREEN_PAUSE).with_blue_green(scale_up_preview_check_point=True))
    if pauses.since(world, BLUE_GREEN_PAUSE) or not sizes.ready(world):
        return Pausing(world, wake_at=_ends(world))
    begun, told = pauses.begin(world, BLUE_GREEN_PAUSE, now)
    return Pausing(begun, (told,), _ends(begun))


def _over(world: World, now: datetime) -> bool:
    ends = _ends(world)
    timed_out = ends is not None and ends <= now
    needless = _promotes_itself(world) and not _seconds(world) and sizes.ready(world)
    passed_before = world.blue_green_status.scale_up_preview_check_point
    return passed_before or timed_out or needless or pauses.resumed(world)


def _ends(world: World) -> datetime | None:
    """When it ends by itself; None: not, or it has not begun."""
    begun = pauses.since(world, BLUE_GREEN_PAUSE)
    return begun + timedelta(seconds=_seconds(world)) if begun and _promotes_itself(world) else None


def _promotes_itself(world: World) -> bool:
    return world.blue_green.auto_promotion_enabled is not False


def _seconds(world: World) -> int:
    return world.blue_green.auto_promotion_seconds or 0
