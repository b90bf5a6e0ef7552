"""One file per router: a pure transform of the router's objects.

Each module has `objects(routing, rollout) -> list[(kind, name)]`, the objects that it must see, and
`shift(world, split) -> list[Intent]`, the writes that make them carry `split`; none when they carry it already.
`shift` raises `RouterError` when an object does not allow it. Adding a router: its file, and its line in `ROUTERS`.
"""

from __future__ import annotations

from types import ModuleType

from reconciler.rollouts.model import TrafficRouting
from reconciler.rollouts.traffic.routers import nginx, traefik

ROUTERS: dict[str, ModuleType] = {"nginx": nginx, "traefik": traefik}
"""By field of `trafficRouting`, in the order in which they are told."""

NOT_YET = {
    "istio": "istio",
    "alb": "alb",
    "smi": "smi",
    "ambassador": "ambassador",
    "app_mesh": "appMesh",
    "apisix": "apisix",
    "plugins": "plugins",
}
"""Routers of the format that this engine cannot drive: field of the struct → as users write it."""


def used(routing: TrafficRouting) -> list[tuple[str, ModuleType]]:
    """The routers that are configured, in order."""
    return [(name, module) for name, module in ROUTERS.items() if getattr(routing, name) is not None]


def objects(routing: TrafficRouting | None, rollout: str) -> list[tuple[str, str]]:
    """`(kind, name)` of every object that the configured routers read for the Rollout of that name."""
    return [key for _, module in used(routing) for key in module.objects(routing, rollout)] if routing else []
