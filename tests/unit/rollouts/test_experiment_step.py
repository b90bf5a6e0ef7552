"""The experiment of a canary's step: begun from both versions, heeded, ended with the step, and forgotten."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.rollouts.traffic.split import desired_split
from reconciler.workloads import keys
from tests.properties.rollout_world import Cluster, Json, a_cluster, template

STEP: Json = {
    "experiment": {
        "duration": "5m",
        "scaleDownDelaySeconds": 5,
        "templates": [
            {"name": "old", "specRef": "stable", "replicas": 2},
            {"name": "new", "specRef": "canary", "metadata": {"labels": {"side": "b"}}, "service": {}},
        ],
        "analyses": [
            {
                "name": "compare",
                "templateName": "errors",
                "requiredForCompletion": True,
                "args": [{"name": "hash", "value": "{{templates.new.podTemplateHash}}"}],
            }
        ],
    }
}
WEIGHTED: Json = {
    "experiment": {
        "duration": "5m",
        "templates": [
            {"name": "a", "specRef": "stable", "weight": 10},
            {"name": "b", "specRef": "canary", "weight": 20},
        ],
    }
}


def an_update(step: Json = STEP, **world: Any) -> Cluster:
    cluster = a_cluster(steps=[{"setWeight": 50}, step, {"pause": {}}], **world)
    cluster.converge()
    assert not names(cluster), "the first version has nothing to be compared with"
    push(cluster, 2)
    return cluster


def push(cluster: Cluster, version: int) -> None:
    cluster.user(f"image {version}", {"spec": {"template": template(f"img:{version}")}})
    cluster.converge()


def names(cluster: Cluster) -> list[str]:
    return [name for kind, name in cluster.objects if kind == "Experiment"]


def experiment(cluster: Cluster) -> Json:
    """The newest."""
    return cluster.objects["Experiment", names(cluster)[-1]]


def becomes(cluster: Cluster, phase: str, message: str = "", **status: Any) -> None:
    name = experiment(cluster)["metadata"]["name"]
    cluster.patch("Experiment", name, {"status": {"phase": phase, "message": message, **status}})
    cluster.converge()


def current(cluster: Cluster) -> str | None:
    found: str | None = cluster.status["canary"].get("currentExperiment")
    return found


def hash_of(cluster: Cluster, version: str) -> str:
    return str(cluster.status["stableRS" if version == "stable" else "currentPodHash"])


def test_it_is_named_and_labelled_after_version_and_step() -> None:
    cluster = an_update()
    found, pod_hash = experiment(cluster), hash_of(cluster, "canary")
    assert found["metadata"]["name"] == f"shop-{pod_hash}-2-1" == current(cluster)
    assert found["metadata"]["labels"][keys.HASH] == pod_hash
    assert found["metadata"]["annotations"] == {keys.REVISION: "2"}
    assert found["metadata"]["ownerReferences"][0]["uid"] == cluster.rollout["metadata"]["uid"]
    assert ("event", "Normal", "ExperimentCreated", f"Created Experiment 'shop-{pod_hash}-2-1'") in cluster.log


def test_its_templates_are_copies_of_the_two_versions() -> None:
    spec = experiment(an_update())["spec"]
    old, new = spec["templates"]
    assert (old["replicas"], old["template"]["spec"]["containers"][0]["image"]) == (2, "img:1")
    assert new["template"]["spec"]["containers"][0]["image"] == "img:2"
    assert new["template"]["metadata"]["labels"]["side"] == new["selector"]["matchLabels"]["side"] == "b"
    assert ("service" in old, "service" in new) == (False, True)
    assert (spec["duration"], spec["scaleDownDelaySeconds"], spec["progressDeadlineSeconds"]) == ("5m", 5, 600)


def test_a_label_of_the_version_can_be_changed_so_that_its_services_pass_over_the_copies() -> None:
    changed = {"name": "a", "specRef": "canary", "metadata": {"labels": {"app": "aside"}}}
    (side,) = experiment(an_update({"experiment": {"duration": "1m", "templates": [changed]}}))["spec"]["templates"]
    assert side["template"]["metadata"]["labels"]["app"] == side["selector"]["matchLabels"]["app"] == "aside"


def test_what_its_analyses_are_given_is_handed_on() -> None:
    (analysis,) = experiment(an_update())["spec"]["analyses"]
    assert analysis["requiredForCompletion"] is True
    assert analysis["args"] == [{"name": "hash", "value": "{{templates.new.podTemplateHash}}"}]


def test_a_successful_experiment_completes_its_step() -> None:
    cluster = an_update()
    becomes(cluster, "Successful")
    assert (cluster.status["currentStepIndex"], current(cluster)) == (2, None)
    assert ("event", "Normal", "RolloutStepCompleted", "Rollout step 2/3 completed (experiment)") in cluster.log


@pytest.mark.parametrize("phase", ["Failed", "Error"])
def test_an_experiment_that_goes_wrong_aborts_the_update(phase: str) -> None:
    cluster = an_update()
    becomes(cluster, phase, "b is slow")
    assert cluster.status["abort"] is True
    assert "Experiment analysis phase is error/failed: b is slow" in cluster.status["message"]
    assert current(cluster) is None


def test_an_inconclusive_experiment_waits_for_a_person_once() -> None:
    cluster = an_update()
    becomes(cluster, "Inconclusive")
    assert (cluster.status["phase"], cluster.status["message"]) == ("Paused", "InconclusiveExperiment")
    assert [pause["reason"] for pause in cluster.status["pauseConditions"]] == ["InconclusiveExperiment"]


def test_who_resumes_an_inconclusive_experiment_gets_another() -> None:
    cluster = an_update()
    first = current(cluster)
    becomes(cluster, "Inconclusive")
    cluster.user("resume", {"status": {"pauseConditions": None}})
    cluster.converge()
    assert (current(cluster), names(cluster)) == (f"{first}-1", [first, f"{first}-1"])
    assert cluster.status["phase"] == "Progressing"
    becomes(cluster, "Inconclusive")
    assert cluster.status["phase"] == "Paused"


@pytest.mark.parametrize(
    "leaving", [{"abort": True}, {"promoteFull": True}, {"currentStepIndex": 2}], ids=["abort", "full", "skip"]
)
def test_leaving_the_step_ends_its_experiment(leaving: Json) -> None:
    cluster = an_update()
    cluster.user("leave", {"status": leaving})
    cluster.converge()
    assert (experiment(cluster)["spec"]["terminate"], current(cluster)) == (True, None)


def test_another_version_ends_the_experiment_and_begins_its_own() -> None:
    cluster = an_update()
    push(cluster, 3)
    first, second = (cluster.objects["Experiment", name]["spec"].get("terminate") for name in names(cluster))
    assert (first, second) == (True, None)


def test_a_retry_after_an_abort_begins_another() -> None:
    cluster = an_update()
    becomes(cluster, "Failed")
    cluster.user("retry", {"status": {"abort": False}})
    cluster.converge()
    assert names(cluster)[-1].endswith("-2-1-1")
    assert cluster.status["phase"] == "Progressing"


def test_an_experiment_of_somebody_else_with_that_name_is_left_alone() -> None:
    cluster = a_cluster(steps=[{"setWeight": 50}, {"pause": {}}, STEP])
    cluster.converge()
    push(cluster, 2)
    taken = f"shop-{hash_of(cluster, 'canary')}-2-2"
    cluster.put("Experiment", {"metadata": {"name": taken}, "spec": {}})
    cluster.user("promote", {"status": {"pauseConditions": None}})
    cluster.converge()
    assert current(cluster) == f"{taken}-1"
    assert "terminate" not in cluster.objects["Experiment", taken]["spec"]


def test_killed_before_the_status_it_does_not_begin_a_second_one() -> None:
    cluster = a_cluster(steps=[STEP])
    cluster.converge()
    cluster.user("image 2", {"spec": {"template": template("img:2")}})
    for _ in range(20):
        made = [type(intent).__name__ for intent in cluster.decide().intents]
        if "CreateExperiment" in made:
            cluster.reconcile(stop_after=made.index("CreateExperiment") + 1)
            break
        cluster.reconcile()
        cluster.run_pods()
    cluster.converge()
    assert names(cluster) == [current(cluster)]


def test_finished_experiments_are_kept_as_runs_are() -> None:
    cluster = an_update(analysis={"successfulRunHistoryLimit": 1, "unsuccessfulRunHistoryLimit": 1})
    for _ in range(3):
        becomes(cluster, "Failed")
        cluster.user("retry", {"status": {"abort": False}})
        cluster.converge()
    assert len(names(cluster)) == 2  # the running one, and the last that failed


def test_weights_are_taken_from_the_stable_version_while_it_runs() -> None:
    cluster = an_update(WEIGHTED, traefik=True, replicas=4)
    found = [
        {"name": "a", "serviceName": "exp-a", "podTemplateHash": "h1"},
        {"name": "b", "serviceName": "exp-b", "podTemplateHash": "h2"},
    ]
    becomes(cluster, "Running", templateStatuses=found)
    weights = cluster.status["canary"]["weights"]
    assert (weights["canary"]["weight"], weights["stable"]["weight"]) == (50, 20)
    assert list(weights["additional"]) == [
        {"weight": 10, "serviceName": "exp-a", "podTemplateHash": "h1"},
        {"weight": 20, "serviceName": "exp-b", "podTemplateHash": "h2"},
    ]
    routed = _routed(cluster)
    assert (routed["exp-a"], routed["exp-b"], sum(routed.values())) == (10, 20, 100)
    becomes(cluster, "Successful", templateStatuses=found)
    assert set(_routed(cluster)) == {"ca", "st"}


def test_a_share_needs_pods_that_a_service_reaches() -> None:
    cluster = an_update(WEIGHTED, traefik=True, replicas=4)
    templates = experiment(cluster)["spec"]["templates"]
    assert [each["service"] for each in templates] == [{}, {}]
    split = desired_split(cluster.world())
    assert split is not None and split.additional == ()


def _routed(cluster: Cluster) -> dict[str, int]:
    (found,) = (body for (kind, _), body in cluster.objects.items() if kind == "TraefikService")
    return {each["name"]: each["weight"] for each in found["spec"]["weighted"]["services"]}
