"""`reconciler analysis test` of `job` metrics: they run, their words are shown, nothing of them stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from reconciler.analysis.measure import Measurer
from reconciler.analysis.model import RunSpec
from reconciler.cli.analysis import trial, trying
from reconciler.cli.analysis.templates import Measured
from reconciler.cli.verbs import app
from reconciler.errors import AlreadyExists, NotFound
from reconciler.http.model import Response
from reconciler.kube.api import Object
from reconciler.runtime.clock import SystemClock, VirtualClock

JOB = {"name": "smoke", "provider": {"job": {"spec": {"template": {"spec": {"containers": []}}}}}}


class Cluster:
    """Jobs that end at once with a condition, or go on without one; `breaks` is what reading their words raises."""

    def __init__(self, condition: str, breaks: BaseException | None = None) -> None:
        self.condition, self.breaks = condition, breaks
        self.jobs: dict[str, Object] = {}
        self.created: list[Object] = []

    def get(self, _resource: Any, _namespace: str, name: str) -> Object:
        if name not in self.jobs:
            raise NotFound(name)
        return self.jobs[name]

    def create(self, _resource: Any, _namespace: str, body: Object) -> Object:
        name = body["metadata"]["name"]
        if name in self.jobs:
            raise AlreadyExists(name)
        conditions = [{"type": self.condition, "status": "True"}] if self.condition else []
        metadata = {**body["metadata"], "uid": "job"}
        self.jobs[name] = {**body, "metadata": metadata, "status": {"conditions": conditions}}
        self.created.append(self.jobs[name])
        return self.jobs[name]

    def list(self, _resource: Any, _namespace: str, *, label_selector: str) -> list[Object]:
        assert label_selector.removeprefix("job-name=") in self.jobs
        return [{"metadata": {"name": "pod"}}]

    def pod_log(self, _namespace: str, _name: str, *, tail_lines: int) -> str:
        assert tail_lines == trial.LINES_OF_JOBS
        if self.breaks is not None:
            raise self.breaks
        return "checked 3 pages"

    def delete(self, _resource: Any, _namespace: str, name: str, *, uid: str, propagation: str) -> None:
        assert (uid, propagation) == ("job", "Foreground")
        del self.jobs[name]


def tried(cluster: Cluster, directory: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    path = directory / "template.yaml"
    body = {"metadata": {"name": "smoke"}, "spec": {"metrics": [JOB]}}
    path.write_text(yaml.safe_dump({"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate", **body}))
    monkeypatch.setattr(trial, "reach", lambda *_: (cluster, "shop"))
    found = CliRunner().invoke(app, ["analysis", "test", str(path)])
    return found.exit_code, found.output


@pytest.mark.parametrize(("condition", "phase", "code"), [("Complete", "Successful", 0), ("Failed", "Failed", 1)])
def test_a_job_runs_is_shown_and_deleted(
    condition: str, phase: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = Cluster(condition)
    exit_code, output = tried(cluster, tmp_path, monkeypatch)
    assert (exit_code, cluster.jobs) == (code, {})
    assert f"measured once: {'✔' if code == 0 else '✖'} {phase}" in output
    assert "pod:1  checked 3 pages" in output


def test_a_job_has_no_owner_that_the_garbage_collector_would_look_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = Cluster("Complete")
    tried(cluster, tmp_path, monkeypatch)
    (job,) = cluster.created
    assert "ownerReferences" not in job["metadata"]


@pytest.mark.parametrize(
    ("condition", "breaks"), [("", None), ("Complete", KeyboardInterrupt())], ids=["while it waits", "while it shows"]
)
def test_a_trial_that_is_stopped_leaves_no_job(
    condition: str, breaks: BaseException | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: object, __: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(SystemClock, "sleep", interrupted)
    cluster = Cluster(condition, breaks)
    tried(cluster, tmp_path, monkeypatch)
    assert (len(cluster.created), cluster.jobs) == (1, {})


def test_each_metric_has_its_verdict_although_another_is_bad() -> None:
    cluster, clock = Cluster(""), VirtualClock()
    bad = {"name": "bad", "provider": {"web": {"url": "http://w"}}}
    wanted = Measured(RunSpec(metrics=(JOB, bad)), {})
    measurer = Measurer(cluster, lambda _: Response(503, {}, b""), clock, jobs=cluster)  # type: ignore[arg-type]
    found, verdicts = trying.trial(wanted, "smoke", "shop", measurer, clock, whole=False), {}
    for step in found.steps():
        verdicts[step.metric.name] = step.taken.measurement.phase
        (job,) = cluster.jobs.values()
        job["status"] = {"conditions": [{"type": "Complete", "status": "True"}]}
    assert verdicts == {"bad": "Error", "smoke": "Successful"}
    assert found.status.phase == "Error"
