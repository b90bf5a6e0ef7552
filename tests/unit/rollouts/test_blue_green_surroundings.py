"""A blue-green Rollout and what is around it: mistakes in fields and references, Services, restarts, workloads."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from reconciler.kube.store import Store
from reconciler.rollouts import restart, wiring
from reconciler.rollouts.intents import EvictPod
from reconciler.rollouts.model import decode_rollout
from reconciler.rollouts.validation import problems
from reconciler.workloads import keys
from tests.properties.rollout_world import Cluster, a_blue_green, a_cluster, merge, template
from tests.unit.rollouts.test_blue_green_judged import POST, lose_all_pods, verdict
from tests.unit.rollouts.test_blue_green_updates import BY_HAND, a_pushed, push, serves, sizes, stands
from tests.unit.rollouts.test_restart import ASKED, NOW, pod
from tests.unit.rollouts.test_traffic_safety import grow, hash_of, lose

ANALYSIS = {"templates": [{"templateName": "errors"}]}
PATH = "spec.strategy.blueGreen"


def wrong(**fields: Any) -> list[str]:
    """The field paths of all problems."""
    body = merge(a_blue_green().rollout, {"spec": {"strategy": {"blueGreen": fields}}})
    return [text.partition(":")[0] for text in problems(decode_rollout(orjson.dumps(body)), "hash")]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, []),
        ({"activeService": None}, ["activeService"]),
        ({"activeService": None, "previewService": None}, ["activeService"]),
        ({"previewService": "act"}, ["previewService"]),
        ({"scaleDownDelayRevisionLimit": 11}, ["scaleDownDelayRevisionLimit"]),
        ({"maxUnavailable": "x", "previewReplicaCount": -1}, ["previewReplicaCount", "maxUnavailable"]),
        ({"autoPromotionSeconds": -1, "scaleDownDelaySeconds": -1}, ["autoPromotionSeconds", "scaleDownDelaySeconds"]),
        ({"abortScaleDownDelaySeconds": -1}, ["abortScaleDownDelaySeconds"]),
        ({"prePromotionAnalysis": {}}, ["prePromotionAnalysis.templates"]),
        ({"antiAffinity": {}}, ["antiAffinity"]),
    ],
)
def test_every_mistake_in_its_fields_is_told_at_once(fields: dict[str, Any], expected: list[str]) -> None:
    assert wrong(**fields) == [f"{PATH}.{field}" for field in expected]


@pytest.mark.parametrize(
    ("blue_green", "expected"),
    [
        (
            {"activeService": "gone"},
            f'{PATH}.activeService: Invalid value: "gone": service "gone" not found (create it, or mend activeService)',
        ),
        ({"previewService": "gone"}, f'{PATH}.previewService: Invalid value: "gone"'),
        ({"postPromotionAnalysis": {"templates": [{"templateName": "missing"}]}}, f"{PATH}.postPromotionAnalysis"),
    ],
)
def test_what_it_refers_to_has_to_be_there(blue_green: dict[str, Any], expected: str) -> None:
    cluster = a_blue_green(blue_green=blue_green, preview=False)
    cluster.converge()
    assert (cluster.status["phase"], expected in cluster.status["message"]) == ("Degraded", True)


@pytest.mark.parametrize("service", ["act", "prev"])
def test_a_change_of_one_of_its_services_wakes_it(service: str) -> None:
    cluster, woken = a_blue_green(), list[str]()
    stores: dict[str, Store[Any]] = {each.resource.kind: Store(each.decode) for each in wiring.watched()}
    wiring.subscribe(wiring.stores_of(stores.__getitem__), woken.append)
    stores["Rollout"].put(orjson.dumps(cluster.rollout))
    woken.clear()
    stores["Service"].put(orjson.dumps(cluster.objects["Service", service]))
    assert woken == ["ns/shop"]


def test_a_service_that_it_does_not_name_any_more_selects_all_pods_again() -> None:
    cluster = a_pushed()
    cluster.user("no preview", {"spec": {"strategy": {"blueGreen": {"previewService": None}}}})
    cluster.converge()
    assert (serves(cluster, "prev"), sizes(cluster)) == (2, [3, 3])  # not of the old version that has pods for a while
    cluster.wait(31)
    assert (serves(cluster, "prev"), sizes(cluster)) == (0, [0, 3])


def test_a_selector_that_somebody_else_changed_is_put_right() -> None:
    cluster = a_pushed()
    cluster.patch("Service", "act", {"spec": {"selector": {keys.HASH: "other"}}})
    cluster.converge()
    assert serves(cluster) == 2


def written_anew(cluster: Cluster, name: str = "act") -> None:
    """As `kubectl replace` leaves a Service: without the hash and without our mark."""
    cluster.put("Service", {"metadata": {"name": name}, "spec": {"selector": {"app": "shop"}}})


def test_an_active_service_that_is_written_anew_does_not_promote_an_update_that_waits_for_a_person() -> None:
    cluster = a_pushed(BY_HAND)
    written_anew(cluster)
    cluster.converge()
    assert (serves(cluster), cluster.status["message"]) == (1, "BlueGreenPause")


def test_another_active_service_serves_the_stable_version_before_the_new_one() -> None:
    cluster = a_blue_green(replicas=3, blue_green=BY_HAND)
    cluster.converge()
    written_anew(cluster, "other")
    strategy = {"blueGreen": {"activeService": "other"}}
    cluster.user("both", {"spec": {"template": template("img:2"), "strategy": strategy}})
    cluster.converge()
    assert (serves(cluster, "other"), cluster.status["message"]) == (1, "BlueGreenPause")


def test_a_canary_that_becomes_blue_green_within_an_update_has_the_pause_before_it() -> None:
    cluster = a_cluster(replicas=4, steps=[{"setWeight": 25}, {"pause": {}}])
    written_anew(cluster)
    cluster.converge()
    push(cluster, 2)
    strategy = {"canary": None, "blueGreen": {"activeService": "act", **BY_HAND}}
    cluster.user("blue-green", {"spec": {"strategy": strategy}})
    cluster.converge()
    assert (serves(cluster), sizes(cluster), cluster.status["message"]) == (1, [4, 4], "BlueGreenPause")


@pytest.mark.parametrize("judged", [{}, {"prePromotionAnalysis": ANALYSIS}], ids=["pause", "analysis"])
def test_nor_does_it_while_the_stable_version_lacks_a_pod(judged: dict[str, Any]) -> None:
    """The Service goes on selecting both versions, until the stable one is whole or the new one has passed."""
    cluster = a_pushed(BY_HAND | judged)
    lose(cluster, "img:1", 2)
    written_anew(cluster)
    for _ in range(4):
        cluster.reconcile()
    assert (serves(cluster), cluster.status["stableRS"]) == (0, hash_of(cluster, "img:1"))
    cluster.run_analyses("Successful")
    for _ in range(4):
        cluster.reconcile()
    assert (serves(cluster), cluster.status["message"]) == (0, "BlueGreenPause")
    cluster.user("promote", {"status": {"pauseConditions": None}})
    for _ in range(4):
        cluster.reconcile()
    assert (serves(cluster), cluster.status["phase"]) == (2, "Healthy")


def test_an_analysis_before_promotion_begins_also_while_a_service_selects_both_versions() -> None:
    cluster = a_blue_green(replicas=3, blue_green=BY_HAND | {"prePromotionAnalysis": ANALYSIS})
    cluster.converge()
    lose(cluster, "img:1", 2)
    written_anew(cluster)
    cluster.user("push", {"spec": {"template": template("img:2")}})
    for _ in range(4):
        cluster.reconcile()
    grow(cluster, "img:2", 3)
    assert [
        body["metadata"]["labels"]["rollout-type"]
        for (kind, _), body in cluster.objects.items()
        if kind == "AnalysisRun"
    ] == ["PrePromotion"]


def test_a_stable_version_that_lacks_pods_does_not_keep_every_version_in_a_service_for_good() -> None:
    cluster = a_pushed(BY_HAND)
    lose_all_pods(cluster, 1)
    written_anew(cluster)
    cluster.converge()
    assert (serves(cluster), cluster.status["phase"]) == (2, "Healthy")


def test_without_replicas_it_is_healthy_and_leaves_a_service_to_the_pods_of_others_until_it_has_its_own() -> None:
    cluster = a_blue_green(replicas=0, blue_green=POST)
    cluster.converge()
    assert (serves(cluster), stands(cluster)) == (0, ("Healthy", ""))
    push(cluster, 2)
    verdict(cluster, "Successful")
    assert (serves(cluster), stands(cluster)) == (0, ("Healthy", ""))
    cluster.user("scale", {"spec": {"replicas": 3}})
    cluster.converge(ready=False)
    assert (serves(cluster), stands(cluster)[0]) == (0, "Progressing")
    cluster.converge()
    assert (serves(cluster), sizes(cluster), stands(cluster)) == (2, [0, 3], ("Healthy", ""))


@pytest.mark.parametrize(("chosen", "going"), [(None, 1), ("50%", 2), (0, 1)])
def test_a_restart_takes_as_many_pods_at_a_time_as_may_be_missing(chosen: Any, going: int) -> None:
    cluster = a_blue_green(replicas=4, blue_green={} if chosen is None else {"maxUnavailable": chosen})
    cluster.converge()
    cluster.user("restart", {"spec": {"restartAt": ASKED.isoformat()}})
    world = cluster.world()
    assert world.new is not None
    world = replace(world, pods=tuple(pod(f"p{number}", world.new.metadata.uid) for number in range(4)))
    evicted = [intent for intent in restart.reconcile(world, NOW).intents if isinstance(intent, EvictPod)]
    assert len(evicted) == going


def test_the_template_may_stand_in_a_deployment_which_is_handed_over_when_all_is_healthy() -> None:
    cluster = a_blue_green(replicas=3, blue_green=BY_HAND)
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "scaleDown": "progressively"}
    del cluster.rollout["spec"]["template"]
    cluster.rollout["spec"]["workloadRef"] = reference
    spec = {"replicas": 3, "selector": {"matchLabels": {"app": "shop"}}, "template": template("img:1")}
    cluster.put("Deployment", {"metadata": {"name": "web", "generation": 1}, "spec": spec})
    cluster.converge(ready=False)
    assert deployed(cluster) == 3
    cluster.converge()
    assert (serves(cluster), deployed(cluster)) == (1, 0)
    cluster.patch("Deployment", "web", {"spec": {"template": template("img:2")}})
    cluster.converge()
    assert cluster.status["message"] == "BlueGreenPause"


def deployed(cluster: Cluster) -> int:
    return int(cluster.objects["Deployment", "web"]["spec"]["replicas"])


def test_waiting_for_a_person_is_not_time_that_the_update_took() -> None:
    cluster = a_pushed(BY_HAND)
    cluster.wait(50)
    cluster.user("promote", {"status": {"pauseConditions": None}})
    cluster.converge()
    record = cluster.status["duration"]
    assert (record["completionStatus"], record["totalManualPauseDurationSeconds"]) == ("Promoted", 50)


def test_a_canary_that_becomes_blue_green_and_back_replaces_no_pod_and_lets_go_of_its_services() -> None:
    cluster = a_cluster(replicas=3, traefik=True)
    for name in ("act", "prev"):
        cluster.put("Service", {"metadata": {"name": name}, "spec": {"selector": {"app": "shop"}}})
    cluster.converge()
    canary = cluster.rollout["spec"]["strategy"]["canary"]
    blue_green = {"activeService": "act", "previewService": "prev"}
    both = [(blue_green, None, {"act", "prev"}), (None, canary, {"ca", "st"})]
    for chosen, other, used in both:
        cluster.user("another strategy", {"spec": {"strategy": {"blueGreen": chosen, "canary": other}}})
        cluster.converge()
        assert {name for name in ("act", "prev", "ca", "st") if serves(cluster, name)} == used
        assert (cluster.status["phase"], len(cluster.world().replica_sets)) == ("Healthy", 1)
