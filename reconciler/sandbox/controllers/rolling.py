"""The arithmetic of a rolling update, as pure functions (Kubernetes documentation "Deployments", strategy)."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """A ReplicaSet in numbers: wanted pods, pods that are there, available pods."""

    wanted: int
    present: int
    available: int


def absolute(value: int | str, replicas: int, *, up: bool) -> int:
    """`25%` of the replicas, rounded up or down; a number is itself."""
    if isinstance(value, int):
        return value
    share = int(value.rstrip("%")) * replicas / 100
    return math.ceil(share) if up else math.floor(share)


def bounds(replicas: int, surge: int | str, unavailable: int | str) -> tuple[int, int]:
    """(most pods in all, fewest available ones); one of them always leaves room to move."""
    extra, missing = absolute(surge, replicas, up=True), absolute(unavailable, replicas, up=False)
    if extra == 0 and missing == 0:
        missing = 1
    return replicas + extra, replicas - min(missing, replicas)


def new_size(replicas: int, most: int, new: Size, old: list[Size]) -> int:
    """How many pods the new ReplicaSet may have now."""
    if new.wanted >= replicas:
        return replicas
    total = new.wanted + sum(size.wanted for size in old)
    return min(replicas, new.wanted + max(0, most - total))


def old_sizes(fewest: int, new: Size, old: list[Size]) -> list[int]:
    """How many pods each old ReplicaSet keeps: unavailable ones go first, and never too many."""
    total = new.wanted + sum(size.wanted for size in old)
    room = total - fewest - (new.wanted - new.available)
    sizes = [size.wanted for size in old]
    for index, size in enumerate(old):
        dead = min(max(0, room), max(0, size.wanted - size.available))
        sizes[index] -= dead
        room -= dead
    available = new.available + sum(size.available for size in old)
    spare = min(max(0, room), max(0, available - fewest))
    for index in range(len(old)):
        cut = min(spare, sizes[index])
        sizes[index] -= cut
        spare -= cut
    return sizes
