"""The AnalysisRuns of an Experiment: when they begin, what they are given, what they decide."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pytest

from reconciler.analysis.model import decode_template
from reconciler.workloads import keys
from tests.properties.experiment_world import ERRORS, Json, Lab, a_lab, an_analysis


def the_run(lab: Lab, name: str = "ab-errors") -> Json:
    return lab.objects["AnalysisRun", name]


def begun(*analyses: Json, **spec: Any) -> Lab:
    lab = a_lab(*analyses, **spec)
    lab.converge()
    return lab


def test_runs_begin_when_all_pods_are_available_and_not_earlier() -> None:
    lab = a_lab(an_analysis())
    lab.broken.add("ab-b")
    lab.converge()
    assert lab.names("AnalysisRun") == []
    lab.broken.clear()
    lab.converge()
    assert lab.names("AnalysisRun") == ["ab-errors"]
    assert lab.status["analysisRuns"] == [{"name": "errors", "analysisRun": "ab-errors", "phase": "Running"}]


def test_a_run_belongs_to_the_experiment_and_follows_its_rules() -> None:
    metadata = {"labels": {"team": "shop"}, "annotations": {"why": "ab"}}
    rules = {"dryRun": [{"metricName": "m"}], "measurementRetention": [{"metricName": "m", "limit": 3}]}
    run = the_run(begun(an_analysis(), analysisRunMetadata=metadata, **rules))
    owner = run["metadata"]["ownerReferences"][0]
    assert (owner["kind"], owner["name"], owner["controller"]) == ("Experiment", "ab", True)
    assert (run["metadata"]["labels"], run["metadata"]["annotations"]) == ({"team": "shop"}, {"why": "ab"})
    assert (run["spec"]["dryRun"], run["spec"]["measurementRetention"]) == tuple(rules.values())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{templates.a.podTemplateHash}}", "HASH"),
        ("{{ templates.a.replicaset.name }}", "ab-a"),
        (
            "from {{experiment.availableAt}} to {{experiment.finishedAt}}",
            "from 2026-01-01T00:00:00Z to 2026-01-01T00:05:00Z",
        ),
        ("as it is", "as it is"),
    ],
)
def test_arguments_know_templates_and_times(text: str, expected: str) -> None:
    lab = begun(an_analysis(args=[{"name": "hash", "value": text}]), duration="5m")
    pod_hash = lab.objects["ReplicaSet", "ab-a"]["metadata"]["labels"][keys.HASH]
    assert the_run(lab)["spec"]["args"] == [{"name": "hash", "value": expected.replace("HASH", pod_hash)}]


def test_an_experiment_ends_early_when_all_required_runs_succeeded() -> None:
    lab = a_lab(an_analysis(requiredForCompletion=True), an_analysis("more"), duration="1h")
    lab.verdicts = {"ab-errors": "Successful"}
    lab.converge()
    assert (lab.status["phase"], lab.status["message"]) == ("Successful", "Required AnalysisRuns completed")
    assert the_run(lab, "ab-more")["spec"]["terminate"] is True


def test_an_experiment_outlives_its_duration_for_a_required_run() -> None:
    lab = begun(an_analysis(requiredForCompletion=True), duration="1m")
    lab.wait(600)
    assert (lab.status["phase"], lab.sizes) == ("Running", {"ab-a": 1, "ab-b": 1})
    lab.verdicts = {"ab-errors": "Successful"}
    lab.converge()
    assert lab.status["phase"] == "Successful"


def test_a_run_that_nobody_requires_ends_with_the_duration() -> None:
    lab = begun(an_analysis(), duration="1m")
    lab.wait(61)
    assert (lab.status["phase"], the_run(lab)["spec"]["terminate"]) == ("Successful", True)


@pytest.mark.parametrize("phase", ["Failed", "Error", "Inconclusive"])
def test_a_run_that_goes_wrong_decides_at_once(phase: str) -> None:
    lab = a_lab(an_analysis(), an_analysis("other"))
    lab.verdicts = {"ab-errors": phase}
    lab.converge()
    assert lab.status["phase"] == phase
    assert the_run(lab, "ab-other")["spec"]["terminate"] is True
    lab.wait(31)
    assert set(lab.sizes.values()) == {0}


def test_a_missing_template_is_waited_for_a_moment_before_any_pod_starts() -> None:
    lab = a_lab(an_analysis())
    lab.templates.clear()
    lab.converge()
    assert (lab.status["phase"], lab.sizes) == ("Pending", {})
    assert 'AnalysisTemplate "errors" not found' in lab.status["message"]
    lab.templates["errors"] = decode_template(orjson.dumps(ERRORS))
    lab.wait(10)
    assert lab.status["phase"] == "Running"


def test_a_template_that_stays_missing_is_an_error() -> None:
    lab = a_lab(an_analysis())
    lab.templates.clear()
    lab.wait(10)
    assert (lab.status["phase"], lab.sizes) == ("Error", {})
    assert 'AnalysisTemplate "errors" not found' in lab.status["message"]


def test_an_argument_that_nobody_gives_is_an_error_that_names_it() -> None:
    lab = a_lab(an_analysis())
    lab.templates["errors"] = decode_template(orjson.dumps({**ERRORS, "spec": {"args": [{"name": "url"}]}}))
    lab.wait(10)
    assert (lab.status["phase"], "args.url was not resolved" in lab.status["message"]) == ("Error", True)


def test_a_run_that_somebody_deleted_is_an_error() -> None:
    lab = begun(an_analysis())
    del lab.objects["AnalysisRun", "ab-errors"]
    lab.converge()
    assert (lab.status["phase"], lab.status["message"]) == ("Error", "AnalysisRun 'ab-errors' was deleted")


def test_a_run_of_somebody_else_with_that_name_is_left_alone() -> None:
    lab = a_lab(an_analysis())
    lab.put("AnalysisRun", {"metadata": {"name": "ab-errors"}, "spec": {}})
    lab.converge()
    lab.patch("Experiment", "ab", {"spec": {"terminate": True}})
    lab.now += timedelta(seconds=1)
    lab.converge()
    assert lab.status["analysisRuns"][0]["analysisRun"] == "ab-errors.1"
    assert "terminate" not in the_run(lab)["spec"]


def test_the_rollout_hears_of_a_run_that_went_wrong() -> None:
    lab = a_lab(an_analysis())
    lab.verdicts = {"ab-errors": "Failed"}
    lab.converge()
    told = [message for reason, message in lab.events if reason == "AnalysisRunFailed"]
    assert len(told) == 2  # one of them about the owner
