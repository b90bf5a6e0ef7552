"""How many pods the new version of a blue-green Rollout shall have, and whether it has them (spec rollouts §6)."""

from __future__ import annotations

from reconciler.rollouts import rollback
from reconciler.rollouts.snapshot import World


def wanted(world: World) -> int:
    """All, but for a preview that is to be looked at first with fewer pods. A fast rollback needs all at once."""
    preview = world.blue_green.preview_replica_count
    beside_another = world.active is not None and world.active is not world.new
    skipped = world.status.promote_full or rollback.fast(world)
    if preview is None or not beside_another or skipped or world.blue_green_status.scale_up_preview_check_point:
        return world.replicas
    return preview


def ready(world: World) -> bool:
    """Whether the new version has the pods that it shall have now, and can be looked at."""
    new = world.new
    return new is not None and new.size == new.available == wanted(world)


def saturated(world: World) -> bool:
    """Whether the new version has all the pods that production traffic needs."""
    new, n = world.new, world.replicas
    return new is not None and new.size == new.sized_for == new.available == n
