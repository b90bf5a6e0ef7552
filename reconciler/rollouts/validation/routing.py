"""What is wrong with the Services and traffic routers of a canary (spec rollouts §1.9)."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.rollouts.strategy_model import Canary, TrafficRouting
from reconciler.rollouts.traffic import routers
from reconciler.rollouts.traffic.routers import NOT_YET, plugin
from reconciler.rollouts.traffic.routers.contract import MAX_WEIGHT, PING_PONG, RouterError
from reconciler.workloads.field_errors import invalid, required

_STRATEGY = "spec.strategy.canary"
_PATH = f"{_STRATEGY}.trafficRouting"


def routing_problems(canary: Canary) -> Iterator[str]:
    yield from _services(canary)
    yield from _ping_pong(canary)
    routing = canary.traffic_routing
    if routing is not None:
        yield from _routers(routing)
        yield from _plugins(routing)
        yield from _managed(routing)
        yield from _most(routing)


def _services(canary: Canary) -> Iterator[str]:
    if canary.canary_service and canary.canary_service == canary.stable_service:
        yield invalid(f"{_STRATEGY}.stableService", canary.stable_service, "must differ from canaryService")
    routing = canary.traffic_routing
    if routing is None or (routing.nginx is None and routing.traefik is None):
        return
    for field, value in (("canaryService", canary.canary_service), ("stableService", canary.stable_service)):
        if not value:
            yield required(f"{_STRATEGY}.{field}", "this traffic router needs it")


def _ping_pong(canary: Canary) -> Iterator[str]:
    pair, path = canary.ping_pong, f"{_STRATEGY}.pingPong"
    if pair is None:
        return
    for field, value in (("pingService", pair.ping_service), ("pongService", pair.pong_service)):
        if not value:
            yield required(f"{path}.{field}", "name both Services")
    if pair.ping_service and pair.ping_service == pair.pong_service:
        yield invalid(f"{path}.pongService", pair.pong_service, "must differ from pingService")
    if canary.traffic_routing and not routers.able(canary.traffic_routing, PING_PONG):
        yield invalid(
            path, "pingPong", "only alb, istio and router plugins can use it: use canaryService, stableService"
        )


def _routers(routing: TrafficRouting) -> Iterator[str]:
    unsupported = [name for field, name in NOT_YET.items() if getattr(routing, field) is not None]
    for name in unsupported:
        yield invalid(f"{_PATH}.{name}", name, "not supported yet: traefik, nginx and plugins are")
    if routing.nginx is None and routing.traefik is None and not routing.plugins and not unsupported:
        yield required(_PATH, "choose a traffic router")
    if routing.traefik is not None and not routing.traefik.weighted_traefik_service_name:
        yield required(f"{_PATH}.traefik.weightedTraefikServiceName", "name the weighted TraefikService")
    if routing.nginx and bool(routing.nginx.stable_ingress) == bool(routing.nginx.stable_ingresses):
        yield invalid(f"{_PATH}.nginx", "nginx", "set either stableIngress or stableIngresses")


def _plugins(routing: TrafficRouting) -> Iterator[str]:
    for name in routing.plugins or {}:
        path = f"{_PATH}.plugins[{name}]"
        try:
            for problem in plugin.find(name).problems(routing):
                yield f"{path}: Invalid value: {problem}"
        except RouterError as error:
            yield invalid(path, name, str(error))


def _managed(routing: TrafficRouting) -> Iterator[str]:
    names = routing.managed_names
    if "" in names:
        yield required(f"{_PATH}.managedRoutes", "every route needs a name")
    for name in sorted({name for name in names if name and names.count(name) > 1}):
        yield invalid(f"{_PATH}.managedRoutes", name, "is named twice")


def _most(routing: TrafficRouting) -> Iterator[str]:
    most, path = routing.max_traffic_weight, f"{_PATH}.maxTrafficWeight"
    if most is None:
        return
    if not routers.able(routing, MAX_WEIGHT):
        yield invalid(path, most, "only nginx and router plugins can use it")
    if most <= 0:
        yield invalid(path, most, "must be greater than 0")
