"""A spec that names another router, other Services or another strategy within an update (spec §3, §6, §14)."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from reconciler.rollouts import intents as i
from reconciler.rollouts import wiring
from reconciler.rollouts.model import decode_rollout
from reconciler.rollouts.traffic.leaving import MESSAGE
from reconciler.workloads import keys
from tests.packages import installed
from tests.properties.rollout_world import Cluster
from tests.unit.rollouts.test_requests_of_users import an_update, push, sizes
from tests.unit.rollouts.test_traffic_safety import DYNAMIC, WEIGHT_60, hash_of, lose, replica_set, weights

Json = dict[str, Any]
BY_HAND = {"autoPromotionEnabled": False}
BLUE_GREEN = {"canary": None, "blueGreen": {"activeService": "act", **BY_HAND}}
PREVIEWED = {"canary": None, "blueGreen": {"activeService": "act", "previewService": "ca", **BY_HAND}}
SWAPPED = {"canary": None, "blueGreen": {"activeService": "ca", **BY_HAND}}
OTHER_ROUTER = {"canary": {"trafficRouting": {"traefik": {"weightedTraefikServiceName": "other"}}}}
OTHER_SERVICES = {"canary": {"canaryService": "act", "stableService": "prev"} | OTHER_ROUTER["canary"]}
NO_ROUTER = {
    "canary": {"trafficRouting": None, "dynamicStableScale": None, "canaryService": None, "stableService": None}
}
CHANGES = {
    "blue-green": BLUE_GREEN,
    "its Service as preview": PREVIEWED,
    "its Service as active": SWAPPED,
    "another router": OTHER_ROUTER,
    "other Services": OTHER_SERVICES,
    "no router": NO_ROUTER,
}


def an_update_at_60(canary: Json | None = None) -> Cluster:
    cluster = an_update(WEIGHT_60, traefik=True, replicas=5, canary=canary)
    for name in ("act", "prev"):
        cluster.put("Service", {"metadata": {"name": name}, "spec": {"selector": {"app": "shop"}}})
    services = [{"name": name, "port": 80, "weight": 0} for name in ("act", "prev", "st", "ca")]
    cluster.put("TraefikService", {"metadata": {"name": "other"}, "spec": {"weighted": {"services": services}}})
    return cluster


def change(cluster: Cluster, strategy: Json) -> None:
    cluster.user("change", {"spec": {"strategy": strategy}})


def selected(cluster: Cluster, service: str) -> str:
    return str(cluster.objects["Service", service]["spec"]["selector"].get(keys.HASH, ""))


def nobody_is_sent_to_nothing(cluster: Cluster) -> None:
    for service, weight in weights(cluster).items():
        sets = [body for (kind, _), body in cluster.objects.items() if kind == "ReplicaSet"]
        found = [rs for rs in sets if selected(cluster, service) in ("", rs["metadata"]["labels"][keys.HASH])]
        pods = sum(min(rs["spec"]["replicas"], rs["status"]["availableReplicas"]) for rs in found if "status" in rs)
        assert pods or not weight, f"{service} gets {weight} % and has no pods"


@pytest.mark.parametrize("canary", [{}, DYNAMIC], ids=["fixed", "dynamic"])
@pytest.mark.parametrize("strategy", CHANGES.values(), ids=CHANGES)
def test_all_traffic_goes_back_to_the_stable_version_and_finds_pods_all_the_way(strategy: Json, canary: Json) -> None:
    cluster = an_update_at_60(canary)
    assert weights(cluster) == {"st": 40, "ca": 60}
    change(cluster, strategy)
    for _ in range(60):
        cluster.reconcile()
        nobody_is_sent_to_nothing(cluster)
        cluster.run_pods(most=1)
        nobody_is_sent_to_nothing(cluster)
    assert weights(cluster) == {"st": 100, "ca": 0}
    assert selected(cluster, "st") in ("", hash_of(cluster, "img:1"))
    assert cluster.status["message"] != MESSAGE


def test_no_pod_goes_before_the_traffic_is_back() -> None:
    cluster = an_update_at_60(DYNAMIC)
    change(cluster, BLUE_GREEN)
    for _ in range(8):
        cluster.reconcile()
    assert [replica_set(cluster, f"img:{n}")["spec"]["replicas"] for n in (1, 2)] == [5, 3]
    assert (weights(cluster)["ca"], cluster.status["message"]) == (60, MESSAGE)


@pytest.mark.parametrize("strategy", [BLUE_GREEN, PREVIEWED, SWAPPED], ids=["apart", "as preview", "as active"])
def test_a_preview_of_the_same_version_is_judged_before_it_gets_any_traffic_of_the_old_route(strategy: Json) -> None:
    cluster = an_update_at_60()
    change(cluster, strategy)
    cluster.converge()
    assert cluster.status["message"] == "BlueGreenPause"
    sent = [selected(cluster, name) for name, weight in weights(cluster).items() if weight]
    assert sent == [hash_of(cluster, "img:1")]
    cluster.user("promote", {"status": {"pauseConditions": None}})
    cluster.converge()
    cluster.wait(31)
    assert cluster.status["phase"] == "Healthy"
    assert selected(cluster, "st") == ""


def test_dying_between_any_two_writes_does_not_lose_the_route() -> None:
    whole = an_update_at_60(DYNAMIC)
    change(whole, BLUE_GREEN)
    whole.converge()
    for stop_after in range(6):
        cluster = an_update_at_60(DYNAMIC)
        change(cluster, BLUE_GREEN)
        for _ in range(6):
            cluster.reconcile(stop_after=stop_after)
            cluster.run_pods()
        cluster.converge()
        assert weights(cluster) == weights(whole)
        assert cluster.status["message"] == whole.status["message"]


def test_a_route_that_is_gone_holds_nothing_up() -> None:
    cluster = an_update_at_60()
    del cluster.objects["TraefikService", "shop"]
    change(cluster, BLUE_GREEN)
    cluster.converge()
    assert cluster.status["message"] == "BlueGreenPause"
    assert selected(cluster, "ca") == selected(cluster, "st") == hash_of(cluster, "img:1")
    told = [entry[3] for entry in cluster.log if entry[:3] == ("event", "Warning", "TrafficRoutingError")]
    assert told == ["left behind: traefik: TraefikService 'shop' does not exist"]


def test_a_router_that_is_no_longer_installed_is_not_taken_for_one_that_was_told() -> None:
    with installed("configmap-router"):
        cluster = an_update(WEIGHT_60, proxy={"configMap": "traffic"}, replicas=5)
    assert cluster.status["canary"]["weights"]["canary"]["weight"] == 60
    change(cluster, NO_ROUTER)
    before = sizes(cluster)
    cluster.converge()
    assert "no installed package provides this router" in cluster.status["message"]
    assert (sizes(cluster), cluster.status["canary"]["weights"]["canary"]["weight"]) == (before, 60)
    with installed("configmap-router"):
        cluster.converge()
    told = orjson.loads(cluster.objects["ConfigMap", "traffic"]["data"]["weights"])
    assert told == [{"service": "ca", "weight": 0}, {"service": "st", "weight": 100}]
    assert cluster.status["phase"] != "Degraded"


def test_services_that_another_rollout_manages_are_left_to_it() -> None:
    """The annotation came with a copy of that one's manifest, say."""
    cluster = an_update_at_60()
    for name in ("st", "ca"):
        meta = {"annotations": {keys.MANAGED_BY: "another"}}
        selector = {"selector": {"app": "shop", keys.HASH: "theirs"}}
        cluster.put("Service", {"metadata": {"name": name, **meta}, "spec": selector})
    change(cluster, OTHER_SERVICES)
    cluster.converge()
    assert (selected(cluster, "st"), selected(cluster, "ca")) == ("theirs", "theirs")
    assert weights(cluster) == {"st": 40, "ca": 60}
    assert cluster.status["message"] != MESSAGE


def test_while_no_stable_pod_is_there_the_canary_keeps_its_traffic() -> None:
    cluster = an_update_at_60()
    lose(cluster, "img:1", 0)
    change(cluster, BLUE_GREEN)
    for _ in range(3):
        cluster.reconcile()
    assert (weights(cluster)["ca"], selected(cluster, "ca")) == (60, hash_of(cluster, "img:2"))
    assert (cluster.status["phase"], cluster.status["message"]) == ("Progressing", MESSAGE)
    cluster.broken.add(hash_of(cluster, "img:1"))
    cluster.user("promote in full", {"status": {"promoteFull": True}})
    cluster.converge()
    assert (cluster.status["phase"], selected(cluster, "act")) == ("Healthy", hash_of(cluster, "img:2"))


def test_without_replicas_nothing_is_waited_for() -> None:
    cluster = an_update_at_60()
    cluster.user("scale", {"spec": {"replicas": 0}})
    for _ in range(3):
        cluster.reconcile()
    change(cluster, BLUE_GREEN)
    cluster.converge()
    assert cluster.status.get("message") != MESSAGE


def test_of_a_split_that_another_engine_told_a_router_the_way_out_is_named_and_nothing_is_scaled() -> None:
    cluster = an_update_at_60()
    cluster.patch("Rollout", "shop", {"metadata": {"annotations": {keys.ROUTED_BY: None}}})
    change(cluster, BLUE_GREEN)
    decision = cluster.decide()
    assert not [each for each in decision.intents if isinstance(each, i.ScaleReplicaSet | i.SwitchService)]
    cluster.converge()
    assert 'sends 60 % of the traffic to service "ca": name it in trafficRouting again' in cluster.status["message"]


def test_a_router_that_was_left_is_watched_until_the_traffic_is_back() -> None:
    cluster = an_update_at_60()
    change(cluster, BLUE_GREEN)
    assert wiring.on_demand(decode_rollout(orjson.dumps(cluster.rollout))) == {"TraefikService"}
    cluster.converge()
    assert wiring.on_demand(decode_rollout(orjson.dumps(cluster.rollout))) == set()


def test_settings_of_a_router_may_change_within_an_update() -> None:
    cluster = an_update_at_60()
    change(cluster, {"canary": {"trafficRouting": {"managedRoutes": [{"name": "beta"}]}}})
    cluster.converge()
    assert weights(cluster)["ca"] == 60


def test_a_new_version_and_another_router_at_once_begin_with_the_old_version_on_both_routes() -> None:
    cluster = an_update(WEIGHT_60, traefik=True, replicas=5)
    cluster.user("promote", {"status": {"promoteFull": True}})
    cluster.wait(60)
    assert cluster.status["phase"] == "Healthy"
    change(cluster, NO_ROUTER)
    push(cluster, 3)
    assert weights(cluster) == {"st": 100, "ca": 0}
    assert selected(cluster, "st") == selected(cluster, "ca") == ""


def test_without_a_router_the_stable_service_does_not_stay_with_a_version_whose_pods_the_steps_took() -> None:
    cluster = an_update([{"setWeight": 100}, {"pause": {}}], traefik=True, replicas=4)
    push(cluster, 2)
    cluster.user("no router", {"spec": {"strategy": {"canary": {"trafficRouting": None}}}})
    cluster.converge()
    assert [replica_set(cluster, f"img:{n}")["spec"]["replicas"] for n in (1, 2)] == [0, 4]
    assert (cluster.status["phase"], selected(cluster, "st")) == ("Paused", hash_of(cluster, "img:2"))
    cluster.user("abort", {"status": {"abort": True}})
    cluster.converge()
    assert selected(cluster, "st") == hash_of(cluster, "img:1")


def test_a_service_that_was_found_narrowed_is_let_go_as_well() -> None:
    cluster = an_update(WEIGHT_60, traefik=True, replicas=5)
    cluster.patch("Service", "ca", {"metadata": {"annotations": {keys.MANAGED_BY: None}}})
    cluster.converge()
    change(cluster, NO_ROUTER)
    cluster.converge()
    assert selected(cluster, "ca") == ""


def test_a_smaller_whole_of_all_traffic_asks_for_no_more_pods_than_all() -> None:
    proxy = {"configMap": "traffic"}
    with installed("configmap-router"):
        cluster = an_update(WEIGHT_60, proxy=proxy, replicas=5, canary=DYNAMIC)
        cluster.user("of 1000", {"spec": {"strategy": {"canary": {"trafficRouting": {"maxTrafficWeight": 1000}}}}})
        cluster.converge()
        cluster.user("of 100", {"spec": {"strategy": {"canary": {"trafficRouting": {"maxTrafficWeight": None}}}}})
        for _ in range(10):
            cluster.reconcile()
            assert max(sizes(cluster)) <= 5
