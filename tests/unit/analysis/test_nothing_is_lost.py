"""The controller where something comes in between: failed writes, Jobs that begin while their run ends."""

from contextlib import suppress
from typing import Any

import pytest

from reconciler.analysis.model import Phase
from reconciler.errors import NotFound, Transient
from reconciler.kube.api import Object
from reconciler.kube.objects import ANALYSIS_RUNS, JOBS
from tests.unit.analysis.test_analysis_controller import Server, World, a_metric

A_JOB = {"name": "job", "interval": "10s", "provider": {"job": {"spec": {"template": {"spec": {}}}}}}


class ServerWithJobs(Server):
    """With Jobs by name; `refusing` is how many of their deletions fail."""

    def __init__(self, run: Object) -> None:
        super().__init__(run)
        self.jobs: dict[str, Object] = {}
        self.refusing = 0

    def get(self, resource: Any, namespace: str, name: str) -> Object:
        if resource != JOBS:
            return super().get(resource, namespace, name)
        if name not in self.jobs:
            raise NotFound(name)
        return self.jobs[name]

    def create(self, _resource: Any, _namespace: str, body: Object) -> Object:
        self.jobs[body["metadata"]["name"]] = {**body, "metadata": {**body["metadata"], "uid": "job"}}
        return self.jobs[body["metadata"]["name"]]

    def list(self, _resource: Any, _namespace: str, *, label_selector: str) -> list[Object]:
        assert label_selector
        return []

    def delete(self, resource: Any, namespace: str, name: str, *, uid: str, propagation: str = "") -> None:
        if resource == ANALYSIS_RUNS:
            super().delete(resource, namespace, name, uid=uid)
            return
        if self.refusing:
            self.refusing -= 1
            raise Transient("the API server is away")
        assert propagation == "Foreground"
        del self.jobs[name]

    def complete(self) -> None:
        for job in self.jobs.values():
            job["status"] = {"conditions": [{"type": "Complete", "status": "True"}]}


def a_world(*metrics: Object, answers: list[Any], **spec: Any) -> tuple[World, ServerWithJobs]:
    world = World(*metrics, answers=answers, **spec)
    assert world.server.run is not None
    server = world.server = ServerWithJobs(world.server.run)
    world.start()
    return world, server


def test_a_message_about_trouble_goes_when_the_trouble_is_over() -> None:
    world = World(a_metric(interval="10s", count=2), answers=[Transient("away"), [0.01], [0.01]])
    world.reconcile()
    world.answer()
    assert "cannot measure" in world.run.status.message
    world.clock.advance(10)
    world.reconcile()
    world.answer()
    assert (world.run.status.phase, world.run.status.message) == (Phase.RUNNING, "")
    written = len(world.server.patches)
    world.reconcile()
    assert len(world.server.patches) == written


def test_an_answer_survives_that_another_metric_cannot_be_ended() -> None:
    bad = a_metric(name="bad", interval="10s", count=2, provider={"prometheus": {"query": "latency"}})
    world, server = a_world(A_JOB, bad, answers=[[0.25]])
    world.reconcile()
    begin, fails = world.pool.waiting
    begin()
    world.reconcile()
    assert server.run is not None
    server.run["spec"]["terminate"] = True
    server.run["metadata"]["resourceVersion"] = "99"
    world.runs.put_answer(server.run)
    fails()
    server.refusing = 1
    with pytest.raises(Transient):
        world.reconcile()
    world.reconcile()
    assert world.run.status.phase is Phase.FAILED
    assert server.jobs == {}


def test_the_next_job_is_another_one_also_when_the_end_of_the_last_could_not_be_written_for_long() -> None:
    world, server = a_world({**A_JOB, "count": 2}, answers=[])
    world.reconcile()
    world.answer()
    world.clock.advance(1)
    server.complete()
    world.reconcile()
    server.failing = True
    with suppress(Transient):
        world.answer()
    world.clock.advance(60)
    server.failing = False
    world.reconcile()
    world.answer()
    assert sorted(server.jobs) == ["u.job.1", "u.job.2"]
    assert world.run.status.metric_results[0].count == 1


def test_a_job_that_began_while_its_run_ended_is_ended_too() -> None:
    world, server = a_world(A_JOB, a_metric(), answers=[[0.25]])
    world.reconcile()
    begins, fails = world.pool.waiting
    fails()
    world.reconcile()
    assert world.run.status.phase is Phase.FAILED
    begins()
    assert list(server.jobs) == ["u.job.1"]
    server.refusing = 1
    with pytest.raises(Transient):
        world.reconcile()
    world.reconcile()
    assert server.jobs == {}


def test_of_runs_that_have_ended_nothing_stays_in_memory() -> None:
    for metrics in ([a_metric()], [a_metric(count="x")]):
        world = World(*metrics, answers=[[0.01]])
        world.reconcile()
        world.answer()
        world.reconcile()
        assert world.run.status.phase.complete
        kept = (world.controller._exact._kept, world.controller._prepared._known, world.controller._underway._work)
        assert kept == ({}, {}, {})
