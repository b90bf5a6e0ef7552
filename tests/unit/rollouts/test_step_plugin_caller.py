"""Plugins that hang, break or answer nonsense hold up nothing but their own Rollout."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from reconciler.rollouts.intents import CallStepPlugin
from reconciler.rollouts.step_plugins import caller
from reconciler.rollouts.step_plugins.caller import Caller
from reconciler.rollouts.step_plugins.contract import CallId, Result
from tests.packages import installed


class Ticking:
    """A monotonic clock that tests own."""

    seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Ticking:
    return Ticking()


@pytest.fixture
def woken() -> list[str]:
    return []


@pytest.fixture
def answered(woken: list[str]) -> threading.Semaphore:
    return threading.Semaphore(0)


@pytest.fixture
def plugins(clock: Any, woken: list[str], answered: threading.Semaphore) -> Caller:
    def wake(key: str) -> None:
        woken.append(key)
        answered.release()

    return Caller(wake, clock, ["off"])


def a_call(name: str = "example/approval", execution: int = 1, operation: str = "Run", **given: Any) -> CallStepPlugin:
    rollout = given.get("rollout") or {"metadata": {}, "status": {"currentPodHash": "v2"}}
    return CallStepPlugin(
        name, CallId("v2", 0, operation, "t", execution), given.get("config"), given.get("status"), rollout
    )


def one_answer(plugins: Caller, call: CallStepPlugin, answered: threading.Semaphore) -> Result:
    plugins.begin("ns/shop", "u", call)
    assert answered.acquire(timeout=10)
    return plugins.answers("ns/shop", "u")[call.id]


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """A plugin whose `run` is to be set."""
    made = SimpleNamespace(run=None, abort=None, terminate=None)
    monkeypatch.setattr(caller, "find", lambda name: made)
    yield made


def test_an_installed_package_is_called_and_its_answer_wakes_the_rollout_up(
    plugins: Caller, answered: threading.Semaphore, woken: list[str]
) -> None:
    with installed("approval-step"):
        config = {"approvers": ["ada"]}
        waiting = one_answer(plugins, a_call(config=config), answered)
        assert (waiting.phase, waiting.status, waiting.requeue_after) == ("Running", {"asked": 1}, 10)
        annotations = {"approved.example/v2": "ada"}
        rollout = {"metadata": {"annotations": annotations}, "status": {"currentPodHash": "v2"}}
        assert one_answer(plugins, a_call(execution=2, config=config, rollout=rollout), answered).phase == "Successful"
        assert one_answer(plugins, a_call(operation="Abort"), answered).phase == "Successful"
    assert woken == ["ns/shop"] * 3


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "must be a Result"),
        (Result("Done"), "must be a Result"),  # type: ignore[arg-type]
        (Result("Running", status=object()), "Type is not JSON serializable|Encoding objects"),
        (Result("Running", status="x" * 20_000), "at most 16384"),
        (Result("Running", requeue_after=float("inf")), "requeue_after is inf"),
    ],
    ids=["nothing", "no phase", "no JSON", "too large", "for ever"],
)
def test_what_is_no_answer_is_an_error(
    answer: Any, said: str, plugins: Caller, plugin: Any, answered: threading.Semaphore
) -> None:
    plugin.run = lambda context: answer
    result = one_answer(plugins, a_call(), answered)
    assert result.phase == "Error"
    assert any(part in result.message for part in said.split("|"))


def test_what_a_plugin_raises_is_told_and_cut(plugins: Caller, plugin: Any, answered: threading.Semaphore) -> None:
    def broken(context: Any) -> Result:
        raise KeyError("k" * 10_000)

    plugin.run = broken
    result = one_answer(plugins, a_call(), answered)
    assert (result.phase, result.message.startswith("KeyError"), len(result.message)) == ("Error", True, 500)


def test_a_call_that_hangs_counts_as_an_error_and_is_not_made_beside_itself(
    plugins: Caller, plugin: Any, clock: Ticking, answered: threading.Semaphore
) -> None:
    ends = threading.Event()
    plugin.run = lambda context: Result("Successful" if ends.wait(10) else "Failed")
    plugins.begin("ns/shop", "u", a_call())
    assert plugins.answers("ns/shop", "u") == {}
    clock.seconds = 30
    assert plugins.answers("ns/shop", "u")[a_call().id] == Result("Error", "no answer within 30 s")
    assert "not returned yet" in one_answer(plugins, a_call(execution=2), answered).message
    plugins.begin("ns/other", "o", a_call())
    ends.set()
    assert answered.acquire(timeout=10)
    assert answered.acquire(timeout=10)
    assert plugins.answers("ns/other", "o")[a_call().id].phase == "Successful"
    assert plugins.answers("ns/shop", "u")[a_call().id].phase == "Error"


def test_a_call_under_way_or_answered_is_not_made_again(
    plugins: Caller, plugin: Any, answered: threading.Semaphore
) -> None:
    calls: list[Any] = []
    goes_on = threading.Event()

    def run(context: Any) -> Result:
        calls.append(context)
        goes_on.wait(10)
        return Result("Successful")

    plugin.run = run
    for _ in range(3):
        plugins.begin("ns/shop", "u", a_call())
    goes_on.set()
    assert answered.acquire(timeout=10)
    plugins.begin("ns/shop", "u", a_call())
    assert len(calls) == 1
    plugins.taken("ns/shop", [a_call().id])
    assert plugins.answers("ns/shop", "u") == {}


def test_a_namesake_that_came_later_gets_no_answers_of_the_one_before(
    plugins: Caller, plugin: Any, answered: threading.Semaphore
) -> None:
    plugin.run = lambda context: Result("Successful")
    one_answer(plugins, a_call(), answered)
    assert plugins.answers("ns/shop", "another uid") == {}


def test_calls_at_once_are_bounded(plugins: Caller, plugin: Any, answered: threading.Semaphore) -> None:
    ends = threading.Event()
    plugin.run = lambda context: Result("Successful" if ends.wait(10) else "Failed")
    for number in range(caller.AT_ONCE):
        plugins.begin(f"ns/{number}", "u", a_call())
    assert "too many calls" in one_answer(plugins, a_call(), answered).message
    ends.set()


def test_why_a_plugin_cannot_be_called(plugins: Caller) -> None:
    assert plugins.standing("off") == "disabled"
    assert "no installed package" in plugins.standing("example/other")
    with installed("approval-step"):
        assert plugins.standing("example/approval") == ""
