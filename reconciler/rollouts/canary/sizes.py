"""Sizes of a canary without traffic routing: the split of pods is the split of traffic (spec rollouts §3.1-§3.3).

`split` is where the pods shall end up; `step` is how far one reconcile may go without leaving the limits: at most
`replicas + surge` pods in all, at least `replicas - unavailable` of them available. Numbers in, numbers out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Sizes(NamedTuple):
    canary: int
    stable: int


@dataclass(frozen=True, slots=True)
class Limits:
    """`surge` and `unavailable` in pods."""

    replicas: int
    surge: int
    unavailable: int

    @property
    def most(self) -> int:
        return self.replicas + self.surge

    @property
    def least_available(self) -> int:
        return self.replicas - self.unavailable


@dataclass(frozen=True, slots=True)
class Group:
    """One ReplicaSet in numbers."""

    size: int = 0
    available: int = 0


def split(replicas: int, weight: int, max_weight: int, surge: int) -> Sizes:
    """The pair of sizes whose ratio is nearest to `weight`, never losing a side that has a share.

    With surge one pod more than `replicas` may be used. Where rounding leaves no pair (no surge, and the weight falls
    exactly between all pods and one less), the stable version keeps one pod.
    """
    if replicas == 0:
        return Sizes(0, 0)
    options = _options(replicas, weight, max_weight, surge)
    if not options:
        return Sizes(replicas - 1, 1) if _ceil(replicas * weight, max_weight) == replicas else Sizes(0, replicas)
    common = replicas * (replicas + 1)  # of the totals: so misses compare as whole numbers
    best = min(options, key=lambda option: abs(option[0] * max_weight - weight * option[1]) * (common // option[1]))
    return Sizes(best[0], best[1] - best[0])


def _options(replicas: int, weight: int, max_weight: int, surge: int) -> list[tuple[int, int]]:
    """`(canary, total)` candidates in order of preference."""
    ceiling, floor = _ceil(replicas * weight, max_weight), replicas * weight // max_weight
    may_vanish = weight in (0, max_weight) or (replicas == 1 and surge == 0)
    options = []
    if ceiling < replicas or may_vanish:
        options.append((ceiling, replicas))
    if not _tie(replicas, weight, max_weight) and (floor != 0 or may_vanish):
        options.append((floor, replicas))
    if surge > 0:
        options.append((ceiling, replicas + 1))
        if not _tie(replicas + 1, weight, max_weight) and (floor != 0 or may_vanish):
            options.append((floor, replicas + 1))
    return options


def _tie(total: int, weight: int, max_weight: int) -> bool:
    return (2 * total * weight) % (2 * max_weight) == max_weight


def _ceil(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)


def step(limits: Limits, target: Sizes, new: Group, stable: Group | None, others_size: int) -> Sizes:
    """The sizes that this reconcile may ask for on the way to `target`. `stable` None: there is no separate stable.

    `others_size` counts pods of superseded versions; while they have any, nothing else shrinks.
    """
    grown = _grow(limits, target, new, stable or Group(), others_size)
    if others_size > 0:
        return grown
    return _shrink(limits, target, new, stable, grown)


def _grow(limits: Limits, target: Sizes, new: Group, stable: Group, others_size: int) -> Sizes:
    room = limits.most - (others_size + new.size + stable.size)
    stable_growth = max(0, min(room, target.stable - stable.size))
    room -= stable_growth
    canary_growth = max(0, min(room, target.canary - new.size))
    return Sizes(new.size + canary_growth, stable.size + stable_growth)


def _shrink(limits: Limits, target: Sizes, new: Group, stable: Group | None, grown: Sizes) -> Sizes:
    canary_grows = target.canary >= new.size
    standing = stable or Group()
    surely = _counted(new, ignore_availability=not canary_grows)
    surely += _counted(standing, ignore_availability=canary_grows)
    spare = surely - limits.least_available
    if spare <= 0:
        return grown
    if not canary_grows:
        canary = max(target.canary, new.size - spare)
        return Sizes(*_fit(limits, new, standing, canary, grown.stable))
    if stable is None:
        return grown
    wanted = max(target.stable, stable.size - spare) if stable.size > target.stable else grown.stable
    remaining, kept = _fit(limits, stable, new, wanted, grown.canary)
    return Sizes(kept, remaining)


def _counted(group: Group, *, ignore_availability: bool) -> int:
    return group.size if group.size < group.available or ignore_availability else group.available


def _fit(limits: Limits, drain: Group, keep: Group, drained: int, kept: int) -> tuple[int, int]:
    """Stays within the most pods allowed without dropping below the least that must be available."""
    over = max(0, kept + drained - limits.most)
    sure = min(drain.available, drained)
    kept -= over
    sure += min(keep.available, kept)
    extra = max(0, keep.available - kept)
    kept += min(extra, max(0, limits.least_available - sure))
    drained -= max(0, kept + drained - limits.most)
    return drained, kept
