"""What a Rollout says of the route that carries its traffic, in an annotation: for the day on which its spec does not.

A router goes on carrying what it was told last, so which one that is has to be known for longer than the spec names it.
"""

from __future__ import annotations

from collections.abc import Hashable

import msgspec

from reconciler.rollouts.model import Rollout
from reconciler.rollouts.strategy_model import Canary
from reconciler.rollouts.traffic import routers
from reconciler.rollouts.traffic.routers import plugin
from reconciler.workloads import keys

_decoder = msgspec.json.Decoder(Canary)


def written(canary: Canary) -> str:
    """The annotation: the part of the strategy that says who is told, and of which Services."""
    route = Canary(
        canary_service=canary.canary_service,
        stable_service=canary.stable_service,
        ping_pong=canary.ping_pong,
        dynamic_stable_scale=canary.dynamic_stable_scale,
        traffic_routing=canary.traffic_routing,
    )
    return msgspec.json.encode(route).decode()


def left(rollout: Rollout) -> Canary | None:
    """The route that was told and that the spec does not name any more; None when there is none."""
    text = rollout.metadata.annotations.get(keys.ROUTED_BY, "")
    return rollout.spec.once(("left", text), lambda: _left(rollout, text)) if text else None


def unable(route: Canary) -> list[tuple[str, str]]:
    """Its routers that cannot be told anything, with why: a package that was there once may not be now."""
    named = route.traffic_routing.plugins if route.traffic_routing else None
    found = ((name, plugin.load(name)) for name in named or {})
    return [(name, why) for name, why in found if isinstance(why, str)]


def services(rollout: Rollout) -> list[str]:
    """Names of the Services that it names, or that such a route leads to."""
    before = left(rollout)
    named = [*rollout.spec.strategy.chosen.services.values(), *(before.services.values() if before else ())]
    return [name for name in dict.fromkeys(named) if name]


def objects(rollout: Rollout) -> list[tuple[str, str]]:
    """`(kind, name)` of what its routers read, and those of such a route."""
    routes = [rollout.spec.strategy.canary, left(rollout)]
    found = (routers.objects(each.traffic_routing, rollout.metadata.name) for each in routes if each)
    return list(dict.fromkeys(key for keys_ in found for key in keys_))


def _left(rollout: Rollout, text: str) -> Canary | None:
    try:
        before = _decoder.decode(text)
    except (msgspec.DecodeError, ValueError):
        return None
    name, now = rollout.metadata.name, rollout.spec.strategy.canary
    if before.traffic_routing is None or (now and _identity(now, name) == _identity(before, name)):
        return None
    return before


def _identity(canary: Canary, rollout: str) -> Hashable:
    """What makes it the same route: settings of a router may change without another one being meant."""
    routing = canary.traffic_routing
    if routing is None:
        return None
    used = tuple(name for name, _ in routers.used(routing))
    return used, tuple(routers.objects(routing, rollout)), tuple(canary.services.items())
