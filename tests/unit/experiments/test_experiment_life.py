"""The life of an Experiment, from its first pod to its last."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.workloads import keys
from tests.properties.experiment_world import Json, Lab, a_lab, a_template, an_analysis


def begun(*analyses: Json, **spec: Any) -> Lab:
    lab = a_lab(*analyses, **spec)
    lab.converge()
    return lab


def phases(lab: Lab) -> tuple[str, list[str]]:
    return lab.status["phase"], [each["status"] for each in lab.status["templateStatuses"]]


def test_every_template_gets_its_pods_under_a_hash_of_its_own() -> None:
    same = a_template("a")["template"]
    lab = begun(templates=[a_template("a", replicas=2), {**a_template("a"), "name": "twin", "template": same}])
    assert lab.sizes == {"ab-a": 2, "ab-twin": 1}
    hashes = [lab.objects["ReplicaSet", name]["metadata"]["labels"][keys.HASH] for name in lab.sizes]
    assert len(set(hashes)) == 2
    body = lab.objects["ReplicaSet", "ab-a"]
    assert body["spec"]["selector"]["matchLabels"][keys.HASH] == hashes[0]
    assert body["metadata"]["annotations"] == {keys.EXPERIMENT: "ab", keys.EXPERIMENT_TEMPLATE: "a"}


def test_pods_never_carry_the_hash_of_the_version_that_they_are_a_copy_of() -> None:
    lab = begun(templates=[a_template("a")])
    copied = lab.objects["ReplicaSet", "ab-a"]
    template = {**a_template("a"), "template": copied["spec"]["template"]}
    other = begun(templates=[template])
    assert (
        other.objects["ReplicaSet", "ab-a"]["metadata"]["labels"][keys.HASH] != copied["metadata"]["labels"][keys.HASH]
    )


def test_it_runs_once_all_pods_are_available_and_ends_after_its_duration() -> None:
    lab = a_lab(duration="5m")
    lab.broken.add("ab-b")
    lab.converge()
    assert phases(lab) == ("Pending", ["Running", "Progressing"])
    assert "availableAt" not in lab.status
    lab.wait(60)
    lab.broken.clear()
    lab.converge()
    assert (phases(lab), lab.status["availableAt"]) == (("Running", ["Running"] * 2), "2026-01-01T00:01:00Z")
    lab.wait(299)
    assert lab.status["phase"] == "Running"
    lab.wait(1)
    assert phases(lab) == ("Successful", ["Successful"] * 2)


def test_pods_stay_for_the_delay_and_then_go() -> None:
    lab = begun(duration="1m", scaleDownDelaySeconds=20)
    lab.wait(60)
    assert lab.objects["ReplicaSet", "ab-a"]["metadata"]["annotations"][keys.DEADLINE] == "2026-01-01T00:01:20Z"
    lab.wait(19)
    assert lab.sizes == {"ab-a": 1, "ab-b": 1}
    lab.wait(1)
    assert lab.sizes == {"ab-a": 0, "ab-b": 0}


def test_without_delay_pods_go_at_once() -> None:
    lab = begun(duration="1m", scaleDownDelaySeconds=0)
    lab.wait(60)
    assert lab.sizes == {"ab-a": 0, "ab-b": 0}


def test_pods_that_do_not_come_in_time_fail_it() -> None:
    lab = a_lab(progressDeadlineSeconds=60)
    lab.broken.add("ab-b")
    lab.converge()
    lab.wait(60)
    assert lab.status["phase"] == "Pending"
    lab.wait(2)
    assert phases(lab) == ("Failed", ["Successful", "Failed"])
    assert lab.status["message"] == "Template 'b' exceeded its progressDeadlineSeconds (60)"
    lab.wait(31)
    assert set(lab.sizes.values()) == {0}


def test_a_service_lives_as_long_as_the_pods_behind_it() -> None:
    lab = begun(templates=[a_template("a", service={"name": "a-side"}), a_template("b", service={})], duration="1m")
    assert lab.names("Service") == ["a-side", "ab-b"]
    service, rs = lab.objects["Service", "a-side"], lab.objects["ReplicaSet", "ab-a"]
    assert service["spec"]["selector"] == rs["metadata"]["labels"]
    assert service["spec"]["ports"] == [{"port": 8080, "targetPort": 8080, "protocol": "TCP"}]
    assert [each["serviceName"] for each in lab.status["templateStatuses"]] == ["a-side", "ab-b"]
    lab.wait(61)
    assert len(lab.names("Service")) == 2  # who resolved it still finds pods
    lab.wait(30)
    assert lab.names("Service") == []


def test_a_name_that_is_taken_gets_a_number() -> None:
    lab = a_lab()
    lab.put("ReplicaSet", {"metadata": {"name": "ab-a"}, "spec": {"replicas": 3}})
    lab.converge()
    assert lab.sizes == {"ab-a": 3, "ab-a-1": 1, "ab-b": 1}
    assert lab.status["templateStatuses"][0]["collisionCount"] == 1
    assert lab.status["phase"] == "Running"


def test_a_service_of_somebody_else_is_left_alone_and_named() -> None:
    lab = a_lab(templates=[a_template("a", service={"name": "shop"})])
    lab.put("Service", {"metadata": {"name": "shop"}, "spec": {}})
    lab.converge()
    assert lab.status["phase"] == "Error"
    assert lab.status["message"].startswith("Service 'shop' belongs to somebody else")
    assert "Service" not in {kind for kind, name in lab.objects if name != "shop"}


@pytest.mark.parametrize("when", ["before its pods are there", "while it runs"])
def test_it_can_be_terminated_at_any_time(when: str) -> None:
    lab = a_lab(an_analysis())
    lab.broken |= {"ab-a"} if when.startswith("before") else set()
    lab.converge()
    lab.patch("Experiment", "ab", {"spec": {"terminate": True}})
    lab.converge()
    assert phases(lab) == ("Successful", ["Successful"] * 2)
    assert all(lab.objects["AnalysisRun", name]["spec"]["terminate"] for name in lab.names("AnalysisRun"))
    lab.wait(31)
    assert set(lab.sizes.values()) == {0}


def test_a_retry_begins_anew_with_runs_of_its_own() -> None:
    lab = a_lab(an_analysis())
    lab.verdicts = {"ab-errors": "Failed"}
    lab.converge()
    lab.wait(40)
    assert (lab.status["phase"], set(lab.sizes.values())) == ("Failed", {0})
    lab.patch("Experiment", "ab", {"status": None})
    lab.converge()
    assert (lab.status["phase"], set(lab.sizes.values())) == ("Running", {1})
    assert lab.status["analysisRuns"] == [{"name": "errors", "analysisRun": "ab-errors.1", "phase": "Running"}]


def test_what_changed_is_told_once() -> None:
    lab = begun(an_analysis(), duration="1m")
    lab.wait(100)
    reasons = [reason for reason, _ in lab.events]
    for reason, times in {"ExperimentRunning": 1, "ExperimentSuccessful": 1, "TemplateRunning": 2}.items():
        assert reasons.count(reason) == times, reason
    assert ("ScalingReplicaSet", "Scaled down ReplicaSet ab-a from 1 to 0") in lab.events
    assert ("AnalysisRunTerminating", "Terminating AnalysisRun 'ab-errors'") in lab.events
