"""AnalysisRuns on a real API server, judged by a real Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reconciler.analysis.model import Phase
from reconciler.analysis.readings import explain
from reconciler.kube.objects import ANALYSIS_RUNS, EVENTS, SECRETS
from tests.cluster.analysis_engine import Analyses, a_metric, until
from tests.testbed.access import Access
from tests.testbed.prometheus import Prometheus

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("rollout_crds")]


@pytest.fixture
def analyses(control_plane: Access, namespace: str, prometheus: Prometheus) -> Iterator[Analyses]:
    analyses = Analyses(control_plane, namespace, prometheus.url)
    analyses.start()
    yield analyses
    analyses.stop()


def test_a_good_and_a_bad_metric_get_their_verdicts(analyses: Analyses) -> None:
    analyses.create("good", a_metric("up", "up", successCondition="all(result, # == 1)"))
    analyses.create("bad", a_metric("errors", "vector(0.25)", successCondition="result[0] < 0.1"))
    assert analyses.completed("good").status.phase is Phase.SUCCESSFUL
    bad = analyses.completed("bad")
    assert bad.status.message == 'Metric "errors" assessed Failed due to failed (1) > failureLimit (0)'
    assert explain(bad) == ("errors", "[0.25]", "result[0] < 0.1", "Failed")


def test_an_interval_is_kept_and_events_tell_the_story(analyses: Analyses) -> None:
    analyses.create("three", a_metric("up", "up", interval="1s", count=3, successCondition="result[0] == 1"))
    run = analyses.completed("three")
    assert run.status.started_at is not None
    assert run.status.completed_at is not None
    assert 2 <= (run.status.completed_at - run.status.started_at).total_seconds() <= 4
    assert run.status.metric_results[0].count == 3
    reasons = {"AnalysisRunRunning", "MetricSuccessful", "AnalysisRunSuccessful"}
    until(lambda: reasons <= {event["reason"] for event in analyses.cluster.list(EVENTS, analyses.namespace)}, 10)


def test_a_terminated_run_ends(analyses: Analyses) -> None:
    analyses.create("endless", a_metric("up", "up", interval="1s", successCondition="result[0] == 1"))
    until(lambda: (run := analyses.get("endless")) and run.status.metric_results, 10)
    analyses.cluster.patch(ANALYSIS_RUNS, analyses.namespace, "endless", {"spec": {"terminate": True}})
    run = analyses.completed("endless", 5)
    assert (run.status.phase, run.status.message) == (Phase.SUCCESSFUL, "Run Terminated")


def test_a_secret_becomes_a_header_and_is_stored_nowhere(analyses: Analyses) -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "token", "namespace": analyses.namespace},
        "stringData": {"k": "hunter2hunter2"},
    }
    analyses.cluster.create(SECRETS, analyses.namespace, secret)
    metric = a_metric("m", "vector(1)", successCondition="result[0] == '{{args.token}}'", consecutiveErrorLimit=0)
    metric["provider"]["prometheus"]["headers"] = [{"key": "X-Token", "value": "{{args.token}}"}]
    args = [{"name": "token", "valueFrom": {"secretKeyRef": {"name": "token", "key": "k"}}}]
    analyses.create("secretive", metric, args=args)
    run = analyses.completed("secretive")
    assert "mismatched types float64 and string" in run.status.message
    assert "hunter2" not in str(analyses.cluster.get(ANALYSIS_RUNS, analyses.namespace, "secretive"))


def test_expired_runs_are_deleted(analyses: Analyses) -> None:
    metric = a_metric("m", "vector(1)", successCondition="result[0] == 1")
    analyses.create("short", metric, ttlStrategy={"secondsAfterCompletion": 2})
    until(lambda: analyses.get("short"), 5)
    until(lambda: analyses.get("short") is None, 10)
