"""Jobs as measurements, with a fake at the cluster's port."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import orjson
import pytest

from reconciler.analysis import validate
from reconciler.analysis.measure import Measurer
from reconciler.analysis.model import Measurement, MetricResult, Phase, RunStatus, decode_run
from reconciler.analysis.providers.contract import Undertaking
from reconciler.analysis.providers.job import job_name
from reconciler.analysis.run import Task
from reconciler.errors import AlreadyExists, NotFound, Transient
from reconciler.kube.api import Object
from reconciler.runtime.clock import VirtualClock

NOW = datetime(2026, 1, 1, tzinfo=UTC)
UID = "0f0f0f0f-1111-2222-3333-444444444444"
NAME = f"{UID}.smoke.1"
POD = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}


class Jobs:
    """The API server's Jobs by namespace and name, and the pods of all of them."""

    def __init__(self) -> None:
        self.jobs: dict[tuple[str, str], Object] = {}
        self.pods: list[Object] = []
        self.deleted: list[tuple[str, str]] = []
        self.away = False

    def get(self, _resource: Any, namespace: str, name: str) -> Object:
        if self.away:
            raise Transient("the API server is away")
        if (namespace, name) not in self.jobs:
            raise NotFound(name)
        return self.jobs[namespace, name]

    def create(self, _resource: Any, namespace: str, body: Object) -> Object:
        key = namespace, body["metadata"]["name"]
        if key in self.jobs:
            raise AlreadyExists(key[1])
        self.jobs[key] = {**body, "metadata": {**body["metadata"], "uid": "job"}}
        return self.jobs[key]

    def list(self, _resource: Any, _namespace: str, *, label_selector: str) -> list[Object]:
        assert label_selector.startswith(f"job-name={UID}.smoke.")
        return self.pods

    def delete(self, _resource: Any, namespace: str, name: str, *, uid: str, propagation: str) -> None:
        assert uid == self.jobs.pop((namespace, name))["metadata"]["uid"]
        self.deleted.append((name, propagation))

    def ends(self, kind: str, message: str = "") -> None:
        (job,) = self.jobs.values()
        job["status"] = {"conditions": [{"type": kind, "status": "True", "message": message}]}


class World:
    def __init__(self, **environment: str) -> None:
        self.cluster, self.clock = Jobs(), VirtualClock(NOW)
        self.measurer = Measurer(self.cluster, lambda _: 1 / 0, self.clock, environment=environment)  # type: ignore[arg-type, return-value]
        metric = {"name": "smoke", "provider": {"job": {"metadata": {"labels": {"a": "b"}}, "spec": {"template": POD}}}}
        meta = {"name": "r", "namespace": "shop", "uid": UID}
        self.run = decode_run(orjson.dumps({"metadata": meta, "spec": {"metrics": [metric]}}))
        (self.metric,) = validate.metrics(self.run, {})

    def measure(self, in_flight: Measurement | None = None) -> Measurement:
        return self.measurer.take(self.run, Task(self.metric, in_flight)).measurement

    def end(self, in_flight: Measurement) -> Measurement:
        return self.measurer.end(self.run, Task(self.metric, in_flight, ending=True)).measurement


def test_a_job_is_created_for_its_run() -> None:
    world = World()
    measured = world.measure()
    job = world.cluster.jobs["shop", NAME]
    assert (measured.phase, measured.finished_at) == (Phase.RUNNING, None)
    assert measured.metadata == {"job-name": NAME, "job-namespace": "shop"}
    assert job["metadata"]["labels"] == {"a": "b", "analysisrun.argoproj.io/uid": UID}
    assert job["metadata"]["annotations"]["analysisrun.argoproj.io/metric-name"] == "smoke"
    assert job["metadata"]["ownerReferences"][0]["uid"] == UID
    assert job["spec"]["template"]["metadata"]["labels"] == {"analysisrun.argoproj.io/uid": UID}
    assert job["spec"]["template"]["spec"] == POD["spec"]


def test_after_a_crash_before_the_status_was_written_the_same_job_is_taken_up() -> None:
    world = World()
    assert world.measure() == world.measure()
    assert len(world.cluster.jobs) == 1


def test_a_job_of_somebody_else_is_not_taken_for_ours() -> None:
    world = World()
    world.cluster.jobs["shop", NAME] = {"metadata": {"name": NAME, "uid": "x"}}
    measured = world.measure()
    assert measured.phase is Phase.ERROR
    assert "was not created for this AnalysisRun" in measured.message


@pytest.mark.parametrize(
    ("kind", "phase", "message"),
    [("Complete", Phase.SUCCESSFUL, ""), ("Failed", Phase.FAILED, "no more tries")],
)
def test_the_end_of_the_job_is_the_verdict(kind: str, phase: Phase, message: str) -> None:
    world = World()
    begun = world.measure()
    world.clock.advance(30)
    world.cluster.ends(kind, message)
    measured = world.measure(begun)
    assert (measured.phase, measured.message) == (phase, message)
    assert (measured.started_at, measured.finished_at) == (NOW, NOW + timedelta(seconds=30))


def test_a_job_is_looked_at_less_often_the_longer_it_takes() -> None:
    world = World()
    begun = world.measure()
    assert begun.resume_at == NOW + timedelta(seconds=1)
    world.clock.advance(200)
    assert world.measure(begun).resume_at == NOW + timedelta(seconds=220)


@pytest.mark.parametrize("reason", ["ErrImagePull", "ImagePullBackOff", "InvalidImageName"])
def test_an_image_that_cannot_be_pulled_decides_nothing(reason: str) -> None:
    world = World()
    waiting = {"reason": reason, "message": "no such image"}
    world.cluster.pods = [{"status": {"containerStatuses": [{"name": "c", "state": {"waiting": waiting}}]}}]
    measured = world.measure()
    assert measured.phase is Phase.INCONCLUSIVE
    assert measured.message == f'container "c": {reason}: no such image'


def test_a_job_that_somebody_deleted_is_an_error_and_is_not_begun_again() -> None:
    world = World()
    begun = world.measure()
    world.cluster.jobs.clear()
    assert "was deleted before it ended" in world.measure(begun).message
    assert not world.cluster.jobs


def test_a_begun_job_is_not_given_up_because_the_api_server_is_away() -> None:
    world = World()
    begun = world.measure()
    world.cluster.away = True
    world.clock.advance(8)
    waiting = world.measure(begun)
    assert (waiting.phase, waiting.metadata, waiting.started_at) == (Phase.RUNNING, begun.metadata, NOW)
    assert waiting.resume_at == NOW + timedelta(seconds=12)
    world.cluster.away = False
    world.cluster.ends("Complete")
    assert world.measure(waiting).phase is Phase.SUCCESSFUL


def test_a_job_that_cannot_be_begun_is_an_error() -> None:
    world = World()
    world.cluster.away = True
    assert world.measure().phase is Phase.ERROR


def test_ending_deletes_the_job_with_its_pods() -> None:
    world = World()
    begun = world.measure()
    for _ in range(2):  # the second time after a crash: it is gone
        ended = world.end(begun)
        assert (ended.phase, ended.message) == (Phase.INCONCLUSIVE, "Metric Terminated")
    assert world.cluster.deleted == [(NAME, "Foreground")]


def test_jobs_of_a_namespace_of_their_own_have_no_owner() -> None:
    world = World(ARGO_ROLLOUTS_ANALYSIS_JOB_NAMESPACE="jobs")
    world.measure()
    assert "ownerReferences" not in world.cluster.jobs["jobs", NAME]["metadata"]


def test_jobs_of_another_cluster_have_no_owner_there() -> None:
    world, elsewhere = World(), Jobs()
    world.measurer = replace(world.measurer, jobs=elsewhere)  # type: ignore[arg-type]
    begun = world.measure()
    assert not world.cluster.jobs
    assert "ownerReferences" not in elsewhere.jobs["shop", NAME]["metadata"]
    world.end(begun)
    assert elsewhere.deleted == [(NAME, "Foreground")]


def test_a_job_whose_measurement_is_not_kept_is_deleted() -> None:
    world = World()
    world.metric = replace(world.metric, retention=2)
    for number in range(1, 4):
        world.run = msgspec.structs.replace(
            world.run, status=RunStatus(metric_results=(MetricResult(name="smoke", count=number - 1),))
        )
        world.measure()
    assert [name for _, name in world.cluster.jobs] == [f"{UID}.smoke.2", f"{UID}.smoke.3"]


@pytest.mark.parametrize("metric", ["smoke", "m" * 80, "a" * 22 + "-" + "b" * 40])
@pytest.mark.parametrize("number", [1, 12345])
def test_names_fit_into_a_label(metric: str, number: int) -> None:
    name = job_name(Undertaking(None, "shop", "r", UID, metric, number))  # type: ignore[arg-type]
    assert len(name) <= 63
    assert "-." not in name
    assert name.endswith(f".{number}")
