"""One file per router: a pure transform of the router's objects, as `contract.py` says.

Adding one: its file, and its line in `ROUTERS`. Third parties bring theirs as plugins (`plugin.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from reconciler.rollouts.strategy_model import TrafficRouting
from reconciler.rollouts.traffic.routers import nginx, plugin, traefik
from reconciler.rollouts.traffic.routers.contract import Router, RouterError

ROUTERS: dict[str, Router] = {"nginx": cast(Router, nginx), "traefik": cast(Router, traefik)}
"""By field of `trafficRouting`, in the order in which they are told."""

NOT_YET = {
    "istio": "istio",
    "alb": "alb",
    "smi": "smi",
    "ambassador": "ambassador",
    "app_mesh": "appMesh",
    "apisix": "apisix",
}
"""Routers of the format that this engine cannot drive: field of the struct → as users write it."""


def used(routing: TrafficRouting) -> list[tuple[str, Router]]:
    """The routers that are configured, in order; plugins last. Those that are not installed are left out."""
    return [*_ours(routing), *_plugins(routing)]


def objects(routing: TrafficRouting | None, rollout: str) -> list[tuple[str, str]]:
    """`(kind, name)` of every object that the configured routers read for the Rollout of that name."""
    return [key for _, router in used(routing) for key in router.objects(routing, rollout)] if routing else []


def able(routing: TrafficRouting, ability: str) -> bool:
    """Whether one of the configured routers can do that. Of a router that is refused anyhow nothing more is said."""
    refused = any(getattr(routing, field) is not None for field in NOT_YET)
    missing = len(list(_plugins(routing))) < len(routing.plugins or {})
    return refused or missing or any(ability in router.ABILITIES for _, router in used(routing))


def _ours(routing: TrafficRouting) -> Iterator[tuple[str, Router]]:
    for name, router in ROUTERS.items():
        if getattr(routing, name) is not None:
            yield name, router


def _plugins(routing: TrafficRouting) -> Iterator[tuple[str, Router]]:
    for name in routing.plugins or {}:
        try:
            yield f"plugins.{name}", plugin.find(name)
        except RouterError:
            continue
