"""A router that somebody else brings: what it is told, what it may answer, and how little harm it can do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.kube.api import Resource
from reconciler.kube.objects import CONFIG_MAPS
from reconciler.rollouts import intents as i
from reconciler.rollouts import wiring
from reconciler.rollouts.traffic.routers import plugin
from reconciler.rollouts.traffic.routers.contract import RouterError
from tests.packages import installed
from tests.properties.rollout_world import BETA, COPY, Cluster, Json, template
from tests.unit.rollouts.test_requests_of_users import an_update, ask, push
from tests.unit.rollouts.test_traffic_safety import hash_of, replica_set

PAUSE: Json = {"pause": {}}
WEIGHT_50 = [{"setWeight": 50}, PAUSE]


@pytest.fixture(autouse=True, scope="module")
def _package() -> Iterator[None]:
    with installed("configmap-router"):
        yield


def told(cluster: Cluster) -> Json:
    data = cluster.objects["ConfigMap", "traffic"]["data"]
    return {key: json.loads(data[key]) for key in ("weights", "routes")}


def weights(cluster: Cluster) -> dict[str, int]:
    return {each["service"]: each["weight"] for each in told(cluster)["weights"]}


def routes(cluster: Cluster) -> list[str]:
    return [f"{each['kind']} {each['name']}" for each in told(cluster)["routes"]]


def acknowledge(cluster: Cluster, digest: str | None = None) -> None:
    found = cluster.objects["ConfigMap", "traffic"]
    said = {"traffic.example/carries": digest or found["data"]["digest"]}
    cluster.patch("ConfigMap", "traffic", {"metadata": {"annotations": said}})
    cluster.converge()


def test_its_object_is_made_owned_by_the_rollout_and_follows_the_weight() -> None:
    cluster = an_update(WEIGHT_50, proxy={})
    made = cluster.objects["ConfigMap", "traffic"]
    assert made["metadata"]["ownerReferences"][0]["uid"] == cluster.rollout["metadata"]["uid"]
    assert weights(cluster) == {"ca": 50, "st": 50}
    assert cluster.decide().intents == ()


def test_what_others_keep_in_its_object_stays() -> None:
    cluster = an_update(WEIGHT_50, proxy={})
    cluster.patch("ConfigMap", "traffic", {"data": {"timeout": "3s"}})
    ask(cluster, pauseConditions=None)
    assert cluster.objects["ConfigMap", "traffic"]["data"]["timeout"] == "3s"


def test_routes_of_steps_are_in_force_in_the_order_of_managed_routes_until_the_promotion() -> None:
    cluster = an_update([{"setCanaryScale": {"replicas": 1}}, COPY, PAUSE, BETA, PAUSE], proxy={})
    assert routes(cluster) == ["mirror copy"]
    ask(cluster, pauseConditions=None)
    assert routes(cluster) == ["header beta", "mirror copy"]
    assert told(cluster)["routes"][1]["percentage"] == 35
    ask(cluster, pauseConditions=None)
    assert (cluster.status["phase"], routes(cluster)) == ("Healthy", [])


@pytest.mark.parametrize("ending", ["abort", "promoteFull"])
def test_an_update_that_is_decided_has_no_routes_left(ending: str) -> None:
    cluster = an_update([{"setWeight": 50}, BETA, PAUSE], proxy={})
    assert routes(cluster) == ["header beta"]
    ask(cluster, **{ending: True})
    assert routes(cluster) == []


def test_a_step_without_match_takes_its_route_away() -> None:
    steps = [{"setWeight": 50}, BETA, PAUSE, {"setHeaderRoute": {"name": "beta"}}, PAUSE]
    cluster = an_update(steps, proxy={})
    ask(cluster, pauseConditions=None)
    assert (cluster.status["currentStepIndex"], routes(cluster)) == (4, [])


def test_a_route_that_was_lost_comes_back() -> None:
    cluster = an_update([{"setWeight": 50}, BETA, PAUSE], proxy={})
    cluster.patch("ConfigMap", "traffic", {"data": {"routes": "[]"}})
    cluster.converge()
    assert routes(cluster) == ["header beta"]


def test_a_version_without_pods_gets_no_routes() -> None:
    cluster = an_update([{"setWeight": 50}, BETA, PAUSE], proxy={})
    rs = replica_set(cluster, "img:2")
    cluster.put("ReplicaSet", {**rs, "status": rs["status"] | {"availableReplicas": 0, "readyReplicas": 0}})
    cluster.reconcile()
    assert (routes(cluster), weights(cluster)["ca"]) == ([], 0)


def test_a_weight_counts_only_once_the_router_has_confirmed_it() -> None:
    cluster = an_update(WEIGHT_50, proxy={"acknowledged": True})
    acknowledge(cluster, "something else")
    assert (cluster.status["currentStepIndex"], verified(cluster)) == (0, False)
    assert cluster.status["message"] == "waiting for the router to confirm weight 50"
    wake_at = cluster.decide().wake_at
    assert wake_at and (wake_at - cluster.now).total_seconds() == 10
    acknowledge(cluster)
    assert (cluster.status["phase"], verified(cluster)) == ("Paused", True)


def verified(cluster: Cluster) -> bool | None:
    return cluster.status["canary"]["weights"].get("verified")


def test_nothing_is_promoted_or_drained_before_the_router_has_confirmed() -> None:
    cluster = an_update([{"setWeight": 50}], proxy={"acknowledged": True}, canary={"scaleDownDelaySeconds": 3})
    acknowledge(cluster)
    assert (weights(cluster)["ca"], cluster.status["stableRS"]) == (100, hash_of(cluster, "img:1"))
    acknowledge(cluster)
    cluster.wait(20)
    assert (cluster.status["phase"], cluster.status["stableRS"]) == ("Healthy", hash_of(cluster, "img:2"))
    assert replica_set(cluster, "img:1")["spec"]["replicas"] == 4
    acknowledge(cluster)
    cluster.wait(4)
    assert replica_set(cluster, "img:1")["spec"]["replicas"] == 0


def test_a_rollback_within_the_window_is_promoted_once_the_router_has_confirmed_it() -> None:
    cluster = an_update([{"setWeight": 50}], proxy={"acknowledged": True}, rollbackWindow={"revisions": 1})
    for _ in range(3):
        acknowledge(cluster)
    assert cluster.status["stableRS"] == hash_of(cluster, "img:2")
    push(cluster, 1)
    assert (weights(cluster)["ca"], cluster.status["stableRS"]) == (100, hash_of(cluster, "img:2"))
    acknowledge(cluster)
    assert cluster.status["stableRS"] == hash_of(cluster, "img:1")


def test_a_shrinking_stable_version_and_an_aborted_canary_wait_for_the_confirmation() -> None:
    canary = {"dynamicStableScale": True, "abortScaleDownDelaySeconds": 3}
    cluster = an_update(WEIGHT_50, proxy={"acknowledged": True}, canary=canary)
    assert replica_set(cluster, "img:1")["spec"]["replicas"] == 4
    acknowledge(cluster)
    assert replica_set(cluster, "img:1")["spec"]["replicas"] == 2
    ask(cluster, abort=True)
    cluster.wait(20)
    assert (weights(cluster)["ca"], replica_set(cluster, "img:2")["spec"]["replicas"]) == (0, 2)
    acknowledge(cluster)
    cluster.wait(2)
    assert replica_set(cluster, "img:2")["spec"]["replicas"] == 2
    cluster.wait(2)
    assert replica_set(cluster, "img:2")["spec"]["replicas"] == 0


def test_until_a_router_confirms_both_versions_shrink_as_the_number_of_replicas_does_and_no_more() -> None:
    cluster = an_update(WEIGHT_50, proxy={"acknowledged": True}, replicas=8, canary={"dynamicStableScale": True})
    assert [replica_set(cluster, f"img:{version}")["spec"]["replicas"] for version in (1, 2)] == [8, 4]
    cluster.user("scale", {"spec": {"replicas": 4}})
    cluster.converge()
    assert [replica_set(cluster, f"img:{version}")["spec"]["replicas"] for version in (1, 2)] == [4, 2]


def test_scaled_to_zero_nothing_is_left_of_a_fixed_canary_though_no_router_confirms() -> None:
    fixed = [{"setCanaryScale": {"replicas": 1}}, PAUSE]
    cluster = an_update(fixed, proxy={"acknowledged": True})
    cluster.user("scale", {"spec": {"replicas": 0}})
    cluster.converge()
    assert replica_set(cluster, "img:1")["spec"]["replicas"] == 0
    cluster.user("promote", {"status": {"promoteFull": True}})
    cluster.converge()
    assert replica_set(cluster, "img:2")["spec"]["replicas"] == 0


def test_services_that_take_turns_are_both_set_at_first_use_and_no_route_moves_at_promotion() -> None:
    pair = {"pingService": "ping", "pongService": "pong"}
    cluster = an_update([*WEIGHT_50, {"setWeight": 100}, PAUSE], proxy={}, canary={"pingPong": pair})
    assert cluster.status["canary"]["stablePingPong"] == "ping"
    assert selected(cluster) == {"ping": hash_of(cluster, "img:1"), "pong": hash_of(cluster, "img:2")}
    ask(cluster, pauseConditions=None)
    before = weights(cluster)
    ask(cluster, pauseConditions=None)
    assert cluster.status["canary"]["stablePingPong"] == "pong"
    assert weights(cluster) == before == {"ping": 0, "pong": 100}
    assert selected(cluster) == {"ping": hash_of(cluster, "img:1"), "pong": hash_of(cluster, "img:2")}
    cluster.wait(60)
    assert replica_set(cluster, "img:1")["spec"]["replicas"] == 0
    push(cluster, 3)
    assert selected(cluster) == {"ping": hash_of(cluster, "img:3"), "pong": hash_of(cluster, "img:2")}


def test_a_rollout_that_begins_to_take_turns_pins_the_stable_service_too() -> None:
    cluster = an_update([{"setWeight": 100}], proxy={})
    pair = {"pingService": "ping", "pongService": "pong"}
    for name in pair.values():
        cluster.put("Service", {"metadata": {"name": name}, "spec": {"selector": {"app": "shop"}}})
    strategy = {"pingPong": pair, "canaryService": None, "stableService": None}
    cluster.user("turns", {"spec": {"strategy": {"canary": strategy}}})
    cluster.converge()
    assert selected(cluster) == {"ping": hash_of(cluster, "img:2"), "pong": hash_of(cluster, "img:2")}
    assert weights(cluster) == {"ping": 0, "pong": 100}


def test_a_return_to_a_stable_version_that_shrank_leaves_the_other_service_alone_until_its_traffic_is_gone() -> None:
    canary = {"pingPong": {"pingService": "ping", "pongService": "pong"}, "dynamicStableScale": True}
    cluster = an_update(WEIGHT_50, proxy={}, canary=canary)
    second, seen = hash_of(cluster, "img:2"), []
    cluster.user("undo", {"spec": {"template": template("img:1")}})
    for _ in range(10):
        cluster.reconcile()
        cluster.run_pods(most=1)
        seen.append(weights(cluster)["pong"])
        assert seen[-1] == 0 or selected(cluster)["pong"] == second
    assert (seen[0], seen[-1]) == (50, 0)
    assert seen == sorted(seen, reverse=True)


def test_a_superseded_version_keeps_its_pods_while_the_service_whose_turn_it_is_sends_it_traffic() -> None:
    canary = {"pingPong": {"pingService": "ping", "pongService": "pong"}, "dynamicStableScale": True}
    cluster = an_update(WEIGHT_50, proxy={}, canary=canary)
    second = hash_of(cluster, "img:2")
    cluster.user("image 3", {"spec": {"template": template("img:3")}})
    cluster.broken.add(cluster.world().template_hash)
    cluster.converge()
    cluster.wait(60)
    [service] = [name for name, weight in weights(cluster).items() if selected(cluster)[name] == second and weight]
    assert (weights(cluster)[service], replica_set(cluster, "img:2")["spec"]["replicas"]) == (50, 2)


def selected(cluster: Cluster) -> dict[str, str]:
    found = {name: body["spec"]["selector"] for (kind, name), body in cluster.objects.items() if kind == "Service"}
    return {name: found[name]["rollouts-pod-template-hash"] for name in ("ping", "pong")}


@pytest.mark.parametrize(
    ("part", "reason"),
    [("edit", "TrafficRoutingError"), ("objects", "TrafficRoutingError"), ("verify", "WeightVerifyError")],
)
def test_a_router_that_breaks_is_an_error_of_the_rollout_that_uses_it(part: str, reason: str, monkeypatch: Any) -> None:
    cluster = an_update(WEIGHT_50, proxy={})

    def crash(*given: Any) -> Any:
        raise KeyError("nothing" * 1000)

    monkeypatch.setattr(f"configmap_router.{part}", crash)
    cluster.user("image 3", {"spec": {"template": template("img:3")}})
    decision = [cluster.reconcile() for _ in range(3)][-1]
    told = [*decision.troubles, *(each.message for each in decision.intents if isinstance(each, i.RecordEvent))]
    assert any(text.startswith("plugins.example/configmap: KeyError") and len(text) < 600 for text in told)
    assert ("Warning", reason) in [entry[1:3] for entry in cluster.log if entry[0] == "event"]


def test_one_router_that_cannot_be_edited_does_not_hide_another() -> None:
    cluster = an_update(WEIGHT_50, proxy={})
    routing = {"nginx": {"stableIngress": "web"}, "traefik": {"weightedTraefikServiceName": "gone"}}
    rules = [{"http": {"paths": [{"backend": {"service": {"name": "st"}}}]}}]
    cluster.put("Ingress", {"metadata": {"name": "web"}, "spec": {"rules": rules}})
    cluster.put("Ingress", {"metadata": {"name": "shop-web-canary"}, "spec": {}})
    cluster.user("more", {"spec": {"strategy": {"canary": {"trafficRouting": routing}}}})
    push(cluster, 3)
    troubles = cluster.decide().troubles
    assert [text.partition(":")[0] for text in troubles] == ["nginx", "traefik"]
    assert weights(cluster)["ca"] == 50


def test_its_kinds_are_watched_once_a_rollout_uses_them() -> None:
    watched = {item.resource: item.optional for item in wiring.watched()}
    assert watched[CONFIG_MAPS]
    cluster = an_update(WEIGHT_50, proxy={})
    assert CONFIG_MAPS.kind in wiring.on_demand(cluster.world().rollout)


def test_a_package_that_is_not_there_is_named() -> None:
    with pytest.raises(RouterError, match="no installed package"):
        plugin.find("example/other")


@pytest.mark.parametrize("kind", ["Service", "Experiment"])
def test_a_package_that_wants_what_the_engine_keeps_in_parts_is_refused(kind: str, monkeypatch: Any) -> None:
    import configmap_router  # type: ignore[import-not-found]

    monkeypatch.setattr(configmap_router, "RESOURCES", (Resource("", "v1", kind, "things"),))
    plugin.load.cache_clear()
    with pytest.raises(RouterError, match=f"name {kind}, which the engine keeps"):
        plugin.find("example/configmap")
    plugin.load.cache_clear()
