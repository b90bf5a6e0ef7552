"""Every documented field is read, and written, under the name that users and clients know (spec rollouts §1.2-§1.7)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest
import yaml

from reconciler.rollouts.model import decode_rollout
from reconciler.workloads import keys
from reconciler.workloads.template_hash import steps_hash
from tests.properties.rollout_world import Cluster, a_blue_green, a_cluster, template
from tests.unit.rollouts.test_requests_of_users import an_update, ask, push
from tests.unit.rollouts.test_traffic_safety import hash_of, lose, replica_set

EVERYTHING = Path(__file__).parents[2] / "golden" / "everything"
OF_ROUTERS = ("alb", "albs")
"""What only a router knows about: parts of the status that we leave as they are."""


def everything(strategy: str) -> dict[str, Any]:
    body: dict[str, Any] = yaml.safe_load((EVERYTHING / f"rollout-{strategy}.yaml").read_text())
    return body


def written(value: object) -> Any:
    return orjson.loads(msgspec.json.encode(value))


@pytest.mark.parametrize("strategy", ["canary", "blue-green"])
def test_all_that_is_read_would_be_written_as_it_was(strategy: str) -> None:
    body = everything(strategy)
    rollout = decode_rollout(orjson.dumps(body))
    assert rollout.malformed == ""
    assert written(rollout.spec) == body["spec"]
    assert written(rollout.status) == {key: body["status"][key] for key in body["status"] if key not in OF_ROUTERS}


def test_all_fields_of_steps_are_read() -> None:
    steps = everything("canary")["spec"]["strategy"]["canary"]["steps"]
    canary = decode_rollout(orjson.dumps(everything("canary"))).spec.strategy.canary
    assert canary is not None
    assert written(canary.typed_steps()) == steps


def test_what_a_router_keeps_in_the_status_survives_an_update() -> None:
    cluster = an_update()
    kept = {"alb": {"ingress": "shop"}, "albs": [{"ingress": "shop"}]}
    cluster.put("Rollout", {**cluster.rollout, "status": cluster.status | kept})
    push(cluster, 3)
    assert {key: cluster.status[key] for key in OF_ROUTERS} == kept


def test_counters_are_those_of_all_versions_but_the_updated_ones() -> None:
    cluster = an_update()
    sizes = [replica_set(cluster, image)["spec"]["replicas"] for image in ("img:1", "img:2")]
    lose(cluster, "img:1", 2)
    old = replica_set(cluster, "img:1")
    cluster.put("ReplicaSet", {**old, "status": old["status"] | {"readyReplicas": 3}})
    cluster.reconcile()
    assert counters(cluster) == (sum(sizes), sizes[1], 3 + sizes[1], 2 + sizes[1])


def counters(cluster: Cluster) -> tuple[int, ...]:
    names = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    return tuple(cluster.status[name] for name in names)


def test_a_pause_is_told_with_its_reason_and_time_until_a_client_clears_it() -> None:
    cluster = an_update([{"setWeight": 25}, {"pause": {}}])
    pause = {"reason": "CanaryPauseStep", "startTime": "2026-01-01T00:00:00Z"}
    assert (list(cluster.status["pauseConditions"]), cluster.status["controllerPause"]) == ([pause], True)
    ask(cluster, pauseConditions=None)
    assert not {"pauseConditions", "controllerPause"} & cluster.status.keys()


def test_a_pause_by_hand_is_none_of_a_step_so_the_next_step_pauses_all_the_same() -> None:
    cluster = a_cluster(steps=[{"setWeight": 25}, {"pause": {}}])
    cluster.converge()
    cluster.user("image 2", {"spec": {"template": template("img:2")}})
    cluster.converge(ready=False)
    for paused in (True, False):
        cluster.user("pause", {"spec": {"paused": paused}})
        cluster.converge(ready=False)
        assert "controllerPause" not in cluster.status
    cluster.converge()
    assert (cluster.status["phase"], cluster.status["currentStepIndex"]) == ("Paused", 1)


def test_an_abort_is_told_with_its_time_and_ends_the_pause() -> None:
    cluster = an_update()
    cluster.wait(60)
    ask(cluster, abort=True)
    cluster.wait(60)
    assert (cluster.status["abort"], cluster.status["abortedAt"]) == (True, "2026-01-01T00:01:00Z")
    assert not {"pauseConditions", "controllerPause"} & cluster.status.keys()


def test_the_steps_that_an_update_began_with_are_told_by_their_hash() -> None:
    steps = [{"setWeight": 25}, {"pause": {}}]
    assert an_update(steps).status["currentStepHash"] == steps_hash(steps)


def test_the_selectors_of_a_blue_green_rollout_are_those_of_its_services() -> None:
    cluster = a_blue_green(blue_green={"autoPromotionEnabled": False})
    cluster.converge()
    push(cluster, 2)
    wanted = {"activeSelector": hash_of(cluster, "img:1"), "previewSelector": hash_of(cluster, "img:2")}
    assert cluster.status["blueGreen"] == wanted
    assert cluster.status["canary"] == {}


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (keys.HASH, "rollouts-pod-template-hash"),
        (keys.DEADLINE, "scale-down-deadline"),
        (keys.MANAGED_BY, "argo-rollouts.argoproj.io/managed-by-rollouts"),
        (keys.REVISION, "rollout.argoproj.io/revision"),
        (keys.REVISION_HISTORY, "rollout.argoproj.io/revision-history"),
        (keys.DESIRED_REPLICAS, "rollout.argoproj.io/desired-replicas"),
        (keys.EPHEMERAL, "rollout.argoproj.io/ephemeral-metadata"),
        (keys.WORKLOAD_GENERATION, "rollout.argoproj.io/workload-generation"),
        (keys.EXPERIMENT, "experiment.argoproj.io/name"),
        (keys.EXPERIMENT_TEMPLATE, "experiment.argoproj.io/template-name"),
        (keys.NOTIFIED_PREFIX, "notified.notifications.argoproj.io"),
        (keys.LAST_APPLIED, "kubectl.kubernetes.io/last-applied-configuration"),
    ],
)
def test_labels_and_annotations_are_called_as_other_tools_know_them(key: str, text: str) -> None:
    assert key == text
