"""What all routers shall carry now: the split, and the routes that steps ask for beside it (spec rollouts §3.7, §8)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.rollouts.snapshot import World
from reconciler.rollouts.status import Weights
from reconciler.rollouts.step_model import HeaderMatch, RouteMatch, Step


@dataclass(frozen=True, slots=True)
class HeaderRoute:
    """Requests with one of these headers go to the canary, whatever its weight."""

    name: str
    match: tuple[HeaderMatch, ...]


@dataclass(frozen=True, slots=True)
class MirrorRoute:
    """`percentage` of the requests that match are sent to the canary as well; its answers are dropped."""

    name: str
    percentage: int
    match: tuple[RouteMatch, ...]


Route = HeaderRoute | MirrorRoute


@dataclass(frozen=True, slots=True)
class Wanted:
    """The whole answer at one instant, so that a router that is told it twice has nothing to do the second time.

    `routes` come in the order of `managedRoutes`, the first taking precedence. `managed` are all names that are ours:
    what a router has under one of them and `routes` does not is to go.
    """

    split: Weights
    max_weight: int = 100
    routes: tuple[Route, ...] = ()
    managed: tuple[str, ...] = ()


def wanted(world: World, split: Weights) -> Wanted:
    managed = world.canary.traffic_routing.managed_names if world.canary.traffic_routing else ()
    return Wanted(split, world.max_weight, _routes(world, managed), managed)


def _routes(world: World, managed: tuple[str, ...]) -> tuple[Route, ...]:
    """Those of the steps so far; none once the update is decided, or while nothing could answer them.

    Worked out from all steps and not only from the current one, so that a route is there again when it was lost.
    """
    ended = world.promoted or world.aborted or world.status.promote_full
    if ended or world.new is None or world.new.available == 0:
        return ()
    found: dict[str, Route | None] = {}
    for step in world.steps[: world.step_index + 1]:
        found |= dict(_set(step))
    return tuple(route for name in managed if (route := found.get(name)))


def _set(step: Step) -> Iterator[tuple[str, Route | None]]:
    """The route that a step sets; None: it takes the route of that name away."""
    if header := step.set_header_route:
        yield header.name, HeaderRoute(header.name, header.match) if header.match else None
    if mirror := step.set_mirror_route:
        percentage = 100 if mirror.percentage is None else mirror.percentage
        yield mirror.name, MirrorRoute(mirror.name, percentage, mirror.match) if mirror.match else None
