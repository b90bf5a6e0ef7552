"""Objects that a Rollout names and that are not there, or do not fit: all told, and looked at again until they are."""

from __future__ import annotations

from typing import Any

import pytest

from tests.properties.rollout_world import START, Cluster, Json, a_cluster

NGINX = "spec.strategy.canary.trafficRouting.nginx"


def ingress(*services: str) -> Json:
    paths = [{"path": f"/{name}", "backend": {"service": {"name": name}}} for name in services]
    return {"metadata": {"name": "web"}, "spec": {"rules": [{"host": "shop"}, {"http": {"paths": paths}}]}}


def a_routed_rollout(found: Json | None, **nginx: Any) -> Cluster:
    strategy = {"canaryService": "ca", "stableService": "st", "trafficRouting": {"nginx": nginx}}
    cluster = a_cluster(canary=strategy)
    for name in ("ca", "st"):
        cluster.put("Service", {"metadata": {"name": name}, "spec": {"selector": {"app": "shop"}}})
    if found:
        cluster.put("Ingress", found)
    return cluster


@pytest.mark.parametrize(
    ("found", "nginx", "told"),
    [
        (
            None,
            {"stableIngress": "web"},
            [
                f'{NGINX}.stableIngress: Invalid value: "web": ingress "web" not found'
                " (create it, or mend stableIngress)"
            ],
        ),
        (
            ingress("st"),
            {"stableIngresses": ["web", "other"]},
            [
                f'{NGINX}.stableIngresses[1]: Invalid value: "other": ingress "other" not found'
                " (create it, or mend stableIngresses[1])"
            ],
        ),
        (
            ingress("api"),
            {"stableIngress": "web"},
            [f'{NGINX}.stableIngress: Invalid value: "web": ingress "web" has no rule using service st as backend'],
        ),
        (ingress("api", "st"), {"stableIngress": "web"}, []),
    ],
    ids=["missing", "one of several missing", "no rule for the stable service", "one rule among others"],
)
def test_an_ingress_has_to_serve_the_stable_service(found: Json | None, nginx: Json, told: list[str]) -> None:
    cluster = a_routed_rollout(found, **nginx)
    cluster.reconcile()
    message = cluster.status.get("message", "")
    assert [text for text in told if text in message] == told
    assert ("InvalidSpec" in message) == bool(told)


def everything_missing() -> Cluster:
    steps = [{"analysis": {"templates": [{"templateName": "missing"}]}}]
    strategy = {"canaryService": "ca", "stableService": "st", "analysis": {"templates": [{"templateName": "missing"}]}}
    return a_cluster(steps=steps, canary=strategy)


def test_all_that_is_missing_is_told_in_the_order_of_the_fields() -> None:
    cluster = everything_missing()
    cluster.reconcile()
    told = cluster.status["message"].partition(" is invalid: ")[2]
    assert [text.partition(": ")[0] for text in told.replace("; and: ", "; ").split("; ")] == [
        "spec.strategy.canary.canaryService",
        "spec.strategy.canary.stableService",
        "spec.strategy.canary.analysis",
        "spec.strategy.steps[0].analysis",
    ]


def test_nothing_is_made_while_something_is_missing_and_it_is_looked_at_again_soon() -> None:
    cluster = everything_missing()
    wake_at = cluster.reconcile().wake_at
    assert wake_at is not None
    assert (wake_at - START).total_seconds() <= 20
    assert [kind for kind, _ in cluster.objects] == ["Rollout"]


def test_what_serves_goes_on_serving_and_recovers_by_itself() -> None:
    cluster = a_cluster(steps=[{"setWeight": 20}], traefik=True)
    cluster.converge()
    service = cluster.objects.pop(("Service", "st"))
    cluster.reconcile()
    sizes = [body["spec"]["replicas"] for (kind, _), body in cluster.objects.items() if kind == "ReplicaSet"]
    assert (cluster.status["phase"], sizes) == ("Degraded", [4])
    cluster.put("Service", service)
    cluster.converge()
    assert (cluster.status["phase"], cluster.status.get("message", "")) == (
        "Healthy",
        "",
    )
