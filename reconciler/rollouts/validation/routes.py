"""What is wrong with the steps that set routes by header, and mirrors (spec rollouts §1.9)."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.rollouts.step_model import SetHeaderRoute, SetMirrorRoute, Step, StringMatch
from reconciler.rollouts.strategy_model import Canary
from reconciler.rollouts.traffic import routers
from reconciler.rollouts.traffic.routers.contract import HEADER_ROUTES, MIRROR_ROUTES
from reconciler.workloads.field_errors import invalid, required


def route_problems(canary: Canary, step: Step, path: str) -> Iterator[str]:
    """`path` is that of the step."""
    if header := step.set_header_route:
        path = f"{path}.setHeaderRoute"
        yield from _route(canary, header.name, HEADER_ROUTES, path)
        yield from _headers(header, path)
    if mirror := step.set_mirror_route:
        path = f"{path}.setMirrorRoute"
        yield from _route(canary, mirror.name, MIRROR_ROUTES, path)
        yield from _mirror(mirror, path)


def _route(canary: Canary, name: str, ability: str, path: str) -> Iterator[str]:
    routing = canary.traffic_routing
    if routing is None:
        yield invalid(path, name, "only possible with trafficRouting")
        return
    if not routers.able(routing, ability):
        used = ", ".join(name for name, _ in routers.used(routing)) or "none"
        yield invalid(path, name, f"no traffic router of this Rollout carries {ability} ({used})")
    if not name:
        yield required(f"{path}.name", "name one of trafficRouting.managedRoutes")
    elif name not in routing.managed_names:
        yield invalid(f"{path}.name", name, f"add {{name: {name}}} to trafficRouting.managedRoutes")


def _headers(step: SetHeaderRoute, path: str) -> Iterator[str]:
    for index, match in enumerate(step.match):
        at = f"{path}.match[{index}]"
        if not match.header_name:
            yield required(f"{at}.headerName", "name the header")
        yield from _value(match.header_value, f"{at}.headerValue")


def _mirror(step: SetMirrorRoute, path: str) -> Iterator[str]:
    if step.percentage is not None and not 0 <= step.percentage <= 100:
        yield invalid(f"{path}.percentage", step.percentage, "must be between 0 and 100")
    for index, match in enumerate(step.match):
        at = f"{path}.match[{index}]"
        for field, value in (("method", match.method), ("path", match.path)):
            if value is not None:
                yield from _value(value, f"{at}.{field}")
        for name, value in match.headers.items():
            yield from _value(value, f"{at}.headers[{name}]")


def _value(match: StringMatch, path: str) -> Iterator[str]:
    given = [each for each in (match.exact, match.prefix, match.regex) if each]
    if len(given) != 1:
        yield invalid(path, len(given), "set exactly one of exact, prefix and regex")
