"""A Rollout in figures: the phase and the numbers of pods that dashboards of the family show (spec rollouts §11.1)."""

from __future__ import annotations

from typing import NamedTuple

from reconciler.rollouts import defaults
from reconciler.rollouts.conditions import ABORTED, INVALID, TIMED_OUT
from reconciler.rollouts.model import Rollout

_ROUTERS = {
    "istio": "Istio",
    "nginx": "Nginx",
    "alb": "ALB",
    "smi": "SMI",
    "ambassador": "Ambassador",
    "traefik": "Traefik",
    "app_mesh": "AppMesh",
    "apisix": "Apisix",
}
_BY_REASON = {TIMED_OUT: "Timeout", ABORTED: "Abort"}
_BY_PHASE = {"Healthy": "Completed", "Paused": "Paused", "Degraded": "Error"}


class Pods(NamedTuple):
    """How many pods; the fields are the ends of the metrics' names."""

    available: int
    unavailable: int
    desired: int
    updated: int


def phase(rollout: Rollout) -> str:
    """Completed, Progressing, Paused, Timeout, Error, Abort or InvalidSpec."""
    if rollout.status.condition(INVALID):
        return "InvalidSpec"
    progressing = rollout.status.condition("Progressing")
    reason = progressing.reason if progressing else ""
    return _BY_REASON.get(reason) or _BY_PHASE.get(rollout.status.phase, "Progressing")


def strategy(rollout: Rollout) -> str:
    return "canary" if rollout.spec.strategy.canary else "blueGreen" if rollout.spec.strategy.blue_green else ""


def traffic_router(rollout: Rollout) -> str:
    """The first router that is configured, as dashboards call it; a plugin by its own name; "" without any."""
    routing = rollout.spec.strategy.canary.traffic_routing if rollout.spec.strategy.canary else None
    if routing is None:
        return ""
    named = (name for field, name in _ROUTERS.items() if getattr(routing, field) is not None)
    return next(named, "") or next(iter(routing.plugins or {}), "")


def pods(rollout: Rollout) -> Pods:
    status = rollout.status
    missing = max(0, status.replicas - status.available_replicas)
    return Pods(status.available_replicas, missing, defaults.replicas(rollout.spec), status.updated_replicas)
