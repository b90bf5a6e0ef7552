"""What a canary asks of its traffic routers is refused where none of them can do it, with the field's path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.packages import installed
from tests.unit.rollouts.test_validation import NGINX, TRAEFIK, canary, problems_of

CONFIGMAP = {"plugins": {"example/configmap": {"configMap": "traffic"}}, "managedRoutes": [{"name": "beta"}]}
BETA: dict[str, Any] = {"name": "beta", "match": [{"headerName": "x", "headerValue": {"exact": "1"}}]}
SIDES = {"stableService": "a", "canaryService": "b"}
AT = "spec.strategy.canary"
STEP = "spec.strategy.steps[0]"


@pytest.fixture(autouse=True, scope="module")
def _package() -> Iterator[None]:
    with installed("configmap-router"):
        yield


def header(routing: dict[str, Any] | None = None, **step: Any) -> dict[str, Any]:
    return canary(**SIDES, trafficRouting=routing or CONFIGMAP, steps=[{"setHeaderRoute": BETA | step}])


def mirror(**step: Any) -> dict[str, Any]:
    return canary(trafficRouting=CONFIGMAP, steps=[{"setMirrorRoute": {"name": "beta", **step}}])


def pair(ping: str, pong: str, **more: Any) -> dict[str, Any]:
    return canary(pingPong={"pingService": ping, "pongService": pong}, **more)


@pytest.mark.parametrize(
    ("patch", "path"),
    [
        (canary(trafficRouting={"plugins": {"a/b": {}}}), f"{AT}.trafficRouting.plugins[a/b]"),
        (
            canary(trafficRouting={"plugins": {"example/configmap": {}}}),
            f"{AT}.trafficRouting.plugins[example/configmap]",
        ),
        (
            canary(trafficRouting=CONFIGMAP | {"managedRoutes": [{"name": "a"}] * 2}),
            f"{AT}.trafficRouting.managedRoutes",
        ),
        (canary(trafficRouting=TRAEFIK | {"maxTrafficWeight": 9}, **SIDES), f"{AT}.trafficRouting.maxTrafficWeight"),
        (pair("a", "a"), f"{AT}.pingPong.pongService"),
        (pair("a", ""), f"{AT}.pingPong.pongService"),
        (pair("a", "b", trafficRouting=NGINX, canaryService="c", stableService="d"), f"{AT}.pingPong"),
        (canary(steps=[{"setHeaderRoute": BETA}]), f"{STEP}.setHeaderRoute"),
        (header(TRAEFIK), f"{STEP}.setHeaderRoute"),
        (header(CONFIGMAP | {"managedRoutes": None}), f"{STEP}.setHeaderRoute.name"),
        (header(name="other"), f"{STEP}.setHeaderRoute.name"),
        (header(name=""), f"{STEP}.setHeaderRoute.name"),
        (header(match=[{"headerValue": {"exact": "1"}}]), f"{STEP}.setHeaderRoute.match[0].headerName"),
        (header(match=[{"headerName": "x"}]), f"{STEP}.setHeaderRoute.match[0].headerValue"),
        (
            header(match=[{"headerName": "x", "headerValue": {"exact": "1", "regex": "2"}}]),
            f"{STEP}.setHeaderRoute.match[0].headerValue",
        ),
        (mirror(percentage=101), f"{STEP}.setMirrorRoute.percentage"),
        (mirror(percentage=-1), f"{STEP}.setMirrorRoute.percentage"),
        (mirror(match=[{"method": {}}]), f"{STEP}.setMirrorRoute.match[0].method"),
        (mirror(match=[{"path": {"exact": "a", "prefix": "b"}}]), f"{STEP}.setMirrorRoute.match[0].path"),
        (mirror(match=[{"headers": {"x": {}}}]), f"{STEP}.setMirrorRoute.match[0].headers[x]"),
        (canary(trafficRouting=CONFIGMAP, steps=[{"setHeaderRoute": BETA, "setMirrorRoute": {"name": "beta"}}]), STEP),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_field_is_named_with_its_path(patch: dict[str, Any], path: str) -> None:
    assert [text.partition(": ")[0] for text in problems_of(patch)][:1] == [path]


@pytest.mark.parametrize(
    "patch",
    [
        canary(trafficRouting=CONFIGMAP | {"maxTrafficWeight": 1000}, steps=[{"setWeight": 1000}]),
        header(match=[]),
        mirror(match=[{"method": {"exact": "GET"}, "headers": {"x": {"regex": "a.*"}}}]),
        mirror(percentage=0),
        mirror(percentage=100),
        pair("a", "b", trafficRouting=CONFIGMAP),
        pair("a", "b"),
    ],
    ids=["a plugin's weights", "header", "mirror", "none of it", "all", "ping-pong", "ping-pong without a router"],
)
def test_what_a_router_plugin_can_carry_is_accepted(patch: dict[str, Any]) -> None:
    assert problems_of(patch) == []


def test_a_router_that_cannot_carry_a_route_is_named() -> None:
    assert "carries header routes (traefik)" in problems_of(header(TRAEFIK))[0]
    without = canary(**SIDES, trafficRouting={}, steps=[{"setHeaderRoute": BETA}])
    assert "carries header routes (none)" in problems_of(without)[1]


def test_a_managed_route_without_a_name_is_told_once() -> None:
    routes = {"managedRoutes": [{"name": ""}, {"name": ""}]}
    found = problems_of(canary(trafficRouting=CONFIGMAP | routes))
    assert [text.partition(": ")[0] for text in found] == [f"{AT}.trafficRouting.managedRoutes"]


def test_of_a_router_that_is_not_installed_nothing_more_is_said() -> None:
    found = problems_of(pair("a", "b", trafficRouting={"plugins": {"a/b": {}}}, steps=[{"setHeaderRoute": BETA}]))
    assert [text.partition(": ")[0] for text in found] == [
        f"{AT}.trafficRouting.plugins[a/b]",
        f"{STEP}.setHeaderRoute.name",
    ]
