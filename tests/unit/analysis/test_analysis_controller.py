"""The controller with fakes at its ports: the API server (`Server`), the provider's answers, the pool and the clock."""

import base64
import copy
from collections.abc import Callable
from concurrent.futures import Executor, Future
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import orjson

from reconciler.analysis.controller import AnalysisController
from reconciler.analysis.measure import Measurer
from reconciler.analysis.model import AnalysisRun, Phase, decode_run
from reconciler.errors import NotFound, Transient
from reconciler.http.model import Request, Response
from reconciler.kube.api import Object
from reconciler.kube.happenings import ObjectRef
from reconciler.kube.store import Store
from reconciler.runtime.clock import VirtualClock

T0 = datetime(2026, 1, 1, tzinfo=UTC)


class Server:
    """The calls that the controller makes, on one AnalysisRun and some Secrets."""

    def __init__(self, run: Object) -> None:
        self.run: Object | None = run
        self.secrets: dict[str, dict[str, str]] = {}
        self.patches: list[Object] = []
        self.failing = False

    def get(self, _resource: Any, _namespace: str, name: str) -> Object:
        if name not in self.secrets:
            raise NotFound(name)
        return {"data": {key: base64.b64encode(text.encode()).decode() for key, text in self.secrets[name].items()}}

    def patch(self, _resource: Any, _namespace: str, _name: str, patch: Object) -> Object:
        if self.failing:
            raise Transient("the API server is away")
        assert self.run is not None
        assert patch["metadata"]["uid"] == self.run["metadata"]["uid"]
        self.patches.append(patch)
        version = str(int(self.run["metadata"]["resourceVersion"]) + 1)
        status = {k: v for k, v in {**self.run.get("status", {}), **patch["status"]}.items() if v is not None}
        self.run = {**self.run, "metadata": {**self.run["metadata"], "resourceVersion": version}, "status": status}
        return copy.deepcopy(self.run)

    def delete(self, _resource: Any, _namespace: str, _name: str, *, uid: str) -> None:
        assert self.run is not None
        assert uid == self.run["metadata"]["uid"]
        self.run = None


class Pool(Executor):
    """Takes measurements when told to, as a slow provider would."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], Any]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.waiting.append(lambda: fn(*args, **kwargs))
        return Future()


class World:
    """`answers` are the values that Prometheus gives, one after another; an exception is raised."""

    def __init__(
        self, *metrics: Object, answers: list[Any] | None = None, annotations: dict[str, str] | None = None, **spec: Any
    ) -> None:
        run: Object = {
            "metadata": {"name": "r", "namespace": "n", "uid": "u", "resourceVersion": "1"},
            "spec": {"metrics": list(metrics), **spec},
        }
        if annotations is not None:
            run["metadata"]["annotations"] = annotations
        self.clock = VirtualClock(T0)
        self.server = Server(run)
        self.answers = answers or []
        self.requests: list[Request] = []
        self.events: list[tuple[str, str]] = []
        self.woken: list[str] = []
        self.pool = Pool()
        self.runs: Store[AnalysisRun] = Store(decode_run)
        self.runs.put_answer(run)
        self.start()

    def start(self) -> None:
        """A new process: nothing but the objects is left of the one before."""
        self.pool.waiting.clear()
        measurer = Measurer(self.server, self.send, self.clock, "http://prom:9090")  # type: ignore[arg-type]
        self.controller = AnalysisController(
            self.server,  # type: ignore[arg-type]
            self.runs,
            self.clock,
            self,
            measurer,
            self.pool,
            self.woken.append,
        )

    def send(self, request: Request) -> Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        vector = [{"value": [1, str(value)]} for value in answer]
        return Response(
            200, {}, orjson.dumps({"status": "success", "data": {"resultType": "vector", "result": vector}})
        )

    def event(self, about: ObjectRef, type: str, reason: str, message: str) -> None:  # noqa: A002
        assert (about.kind, about.name, about.uid) == ("AnalysisRun", "r", "u")
        self.events.append((type, reason))

    def reconcile(self) -> datetime | None:
        return self.controller.reconcile("n/r")

    def answer(self) -> datetime | None:
        """All measurements that are under way come back, and the run is looked at again."""
        waiting, self.pool.waiting = list(self.pool.waiting), []
        for take in waiting:
            take()
        return self.reconcile()

    @property
    def run(self) -> AnalysisRun:
        run = self.runs.get("n", "r")
        assert run is not None
        return run


def a_metric(**fields: Any) -> Object:
    provider = {"prometheus": {"query": "errors"}}
    return {"name": "m", "successCondition": "result[0] < 0.05", "provider": provider, **fields}


def test_a_good_metric_makes_a_successful_run() -> None:
    world = World(a_metric(), answers=[[0.01]])
    assert world.reconcile() is None
    assert (world.run.status.phase, world.run.status.started_at) == (Phase.RUNNING, T0)
    world.answer()
    assert world.run.status.phase is Phase.SUCCESSFUL
    assert world.run.status.completed_at == T0
    assert world.woken == ["n/r"]
    assert world.events == [
        ("Normal", "AnalysisRunRunning"),
        ("Normal", "MetricSuccessful"),
        ("Normal", "AnalysisRunSuccessful"),
    ]


def test_a_bad_metric_makes_a_failed_run_with_value_and_condition() -> None:
    world = World(a_metric(), answers=[[0.25]])
    world.reconcile()
    world.answer()
    status = world.run.status
    assert (status.phase, status.message) == (
        Phase.FAILED,
        'Metric "m" assessed Failed due to failed (1) > failureLimit (0)',
    )
    assert status.metric_results[0].measurements[0].value == "[0.25]"
    assert status.metric_results[0].metadata == {"ResolvedPrometheusQuery": "errors"}
    assert world.events[-1] == ("Warning", "AnalysisRunFailed")


def test_a_reconcile_does_not_wait_for_a_slow_provider_and_asks_it_once() -> None:
    world = World(a_metric(interval="10s", count=3), answers=[[0]])
    world.reconcile()
    world.clock.advance(30)
    assert world.reconcile() is None
    assert len(world.pool.waiting) == 1


def test_stored_times_have_whole_seconds_but_waiting_is_exact() -> None:
    world = World(a_metric(interval="10s", count=2), answers=[[0], [0]])
    world.clock.advance(0.7)
    world.reconcile()
    wake = world.answer()
    assert wake == T0 + timedelta(seconds=10.7)
    assert world.server.run is not None
    assert world.server.run["status"]["metricResults"][0]["measurements"][0]["finishedAt"] == "2026-01-01T00:00:00Z"
    world.start()
    assert world.reconcile() == T0 + timedelta(seconds=10)


def test_a_status_that_says_nothing_new_is_not_written() -> None:
    world = World(a_metric(interval="10s", count=2), answers=[[0]])
    world.reconcile()
    world.answer()
    written = len(world.server.patches)
    world.clock.advance(3)
    world.reconcile()
    assert len(world.server.patches) == written == 2


def test_an_answer_survives_a_failed_write() -> None:
    world = World(a_metric(), answers=[[0.01]])
    world.reconcile()
    world.server.failing = True
    try:
        world.answer()
    except Transient:
        world.server.failing = False
    assert world.run.status.phase is Phase.RUNNING
    world.reconcile()
    assert world.run.status.phase is Phase.SUCCESSFUL
    assert len(world.requests) == 1


def test_an_unreachable_provider_pauses_the_judgement_until_the_error_limit() -> None:
    world = World(a_metric(interval="1m", count=1), answers=[Transient("connection refused")] * 4 + [[0.01]])
    wake = world.reconcile()
    for _ in range(4):
        wake = world.answer()
        assert wake == world.clock.now() + timedelta(seconds=10)
        assert world.run.status.phase is Phase.RUNNING
        assert "connection refused" in world.run.status.metric_results[0].measurements[-1].message
        world.clock.advance(10)
        world.reconcile()
    world.answer()
    assert world.run.status.phase is Phase.SUCCESSFUL


def test_waiting_for_data_is_visible_and_ends_when_there_is_some() -> None:
    annotations = {"reconciler.dev/on-no-data.m": "wait"}
    world = World(a_metric(), answers=[[], [0.01]], annotations=annotations)
    world.reconcile()
    assert world.answer() == T0 + timedelta(seconds=10)
    (waiting,) = world.run.status.metric_results[0].measurements
    assert (waiting.phase, waiting.finished_at) == (Phase.RUNNING, None)
    assert "no data was returned" in waiting.message
    world.clock.advance(10)
    world.reconcile()
    world.answer()
    assert world.run.status.phase is Phase.SUCCESSFUL


def test_secrets_reach_the_provider_and_nothing_else() -> None:
    headers = [{"key": "Authorization", "value": "Bearer {{args.token}}"}]
    metric = a_metric(
        successCondition='result[0] == "{{args.token}}"', provider={"prometheus": {"query": "up", "headers": headers}}
    )
    token = {"name": "token", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
    world = World(metric, answers=[[1]], args=[token])
    world.server.secrets["s"] = {"k": "hunter2"}
    world.reconcile()
    world.answer()
    (request,) = world.requests
    assert request.headers["Authorization"] == "Bearer hunter2"
    assert "hunter2" in request.secrets
    assert "hunter2" not in str(world.server.run)
    assert "*****" in world.run.status.metric_results[0].measurements[0].message


def test_a_bug_in_a_provider_is_one_error_of_one_metric() -> None:
    world = World(a_metric(), a_metric(name="other"), answers=[ZeroDivisionError(), [0.01]])
    world.reconcile()
    world.answer()
    broken, other = world.run.status.metric_results
    assert (broken.error, other.phase) == (1, Phase.SUCCESSFUL)
    assert "internal error" in broken.measurements[0].message


def test_a_missing_secret_is_an_error_that_names_it() -> None:
    token = {"name": "token", "valueFrom": {"secretKeyRef": {"name": "gone", "key": "k"}}}
    world = World(a_metric(), args=[token])
    world.reconcile()
    world.answer()
    assert 'Secret "gone" not found' in world.run.status.metric_results[0].measurements[0].message


def test_a_run_that_cannot_be_measured_ends_at_once_with_a_completion_time() -> None:
    world = World(a_metric(count=2))
    assert world.reconcile() is None
    status = world.run.status
    assert status.phase is Phase.ERROR
    assert status.message.startswith("Analysis spec invalid: metrics[0].interval")
    assert status.completed_at == T0
    world = World(a_metric(), args=[{"name": "lost"}])
    world.reconcile()
    assert world.run.status.message.startswith("Unable to resolve metric arguments: args.lost")
    world = World(a_metric(successCondition="result[0] < {{args.limit}}"))
    world.reconcile()
    assert world.run.status.message.startswith('Unable to resolve metric arguments: metric "m": failed to resolve')
    assert world.run.status.completed_at == T0


def test_a_provider_that_is_not_there_is_an_error_that_says_so() -> None:
    world = World(a_metric(provider={"nagios": {"address": "x"}}))
    world.reconcile()
    world.answer()
    assert "provider nagios is not supported yet" in world.run.status.metric_results[0].measurements[0].message


def test_what_is_in_flight_is_looked_at_when_it_is_hurried_also_while_it_was_being_looked_at() -> None:
    waiting = {"reconciler.dev/on-no-data.m": "wait"}
    world = World(a_metric(interval="1h"), answers=[[], [], [0]], annotations=waiting)
    world.reconcile()
    world.answer()
    assert not world.pool.waiting
    world.clock.advance(2)  # an answer to the same question is not asked for twice at one instant
    world.controller.hurry("n/r", "m")
    world.reconcile()
    world.controller.hurry("n/r", "m")  # while it is being looked at
    world.answer()
    assert len(world.requests) == 2
    world.clock.advance(2)
    world.answer()
    assert len(world.requests) == 3
    assert world.run.status.metric_results[0].count == 1


def test_a_terminated_run_measures_nothing_more() -> None:
    world = World(a_metric(interval="10s"), answers=[[0]])
    world.reconcile()
    world.answer()
    assert world.server.run is not None
    world.server.run["spec"]["terminate"] = True
    world.server.run["metadata"]["resourceVersion"] = "9"
    world.runs.put_answer(world.server.run)
    assert world.reconcile() is None
    assert (world.run.status.phase, world.run.status.message) == (Phase.SUCCESSFUL, "Run Terminated")
    assert world.pool.waiting == []


def test_a_bad_metric_ends_one_that_waits_for_data_even_while_it_is_asked() -> None:
    other = {"prometheus": {"query": "latency"}}
    waiting, bad = a_metric(name="waiting", provider=other), a_metric(name="bad", interval="10s", count=2)
    annotations = {"reconciler.dev/on-no-data.waiting": "wait"}
    world = World(waiting, bad, answers=[[], [0.01], [0.25]], annotations=annotations)
    world.reconcile()
    world.answer()
    world.clock.advance(10)
    world.reconcile()
    _still_asked, fails = world.pool.waiting
    fails()
    assert world.reconcile() == world.clock.now()
    world.reconcile()
    assert world.run.status.phase is Phase.FAILED
    assert all(result.measurements[-1].finished_at is not None for result in world.run.status.metric_results)


def test_a_late_answer_does_not_change_a_completed_run() -> None:
    world = World(a_metric(), a_metric(name="slow"), answers=[[0.25], [0.25]])
    world.reconcile()
    fast, slow = world.pool.waiting
    fast()
    world.reconcile()
    assert world.run.status.phase is Phase.FAILED
    written = world.run.status
    slow()
    world.reconcile()
    assert world.run.status == written


def test_a_completed_run_is_deleted_after_its_time() -> None:
    world = World(a_metric(), answers=[[0.01]], ttlStrategy={"secondsAfterSuccess": 60, "secondsAfterFailure": 5})
    world.reconcile()
    world.answer()
    assert world.reconcile() == T0 + timedelta(seconds=60)
    world.clock.advance(60)
    world.reconcile()
    assert world.server.run is not None
    world.clock.advance(1)
    world.reconcile()
    assert world.server.run is None


def test_a_run_that_is_gone_is_forgotten() -> None:
    world = World(a_metric(interval="10s"), answers=[[0]])
    world.reconcile()
    world.runs.drop(orjson.dumps(msgspec.to_builtins(world.run)))
    assert world.reconcile() is None
    assert world.answer() is None


def test_metrics_that_ask_the_same_are_measured_by_one_question() -> None:
    world = World(a_metric(name="one"), a_metric(name="two"), answers=[[0.01]])
    world.reconcile()
    world.answer()
    assert len(world.requests) == 1
    assert [result.phase for result in world.run.status.metric_results] == [Phase.SUCCESSFUL] * 2


def test_a_run_whose_spec_was_edited_is_measured_as_it_says_now() -> None:
    world = World(a_metric(interval="10s", count=2), answers=[[0], [0]])
    world.reconcile()
    world.answer()
    assert world.server.run is not None
    world.server.run["spec"]["metrics"][0]["interval"] = "20s"
    world.server.run["metadata"]["resourceVersion"] = "9"
    world.runs.put_answer(world.server.run)
    assert world.reconcile() == T0 + timedelta(seconds=20)
