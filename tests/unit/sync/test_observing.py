from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from sync_builders import application, entry

from reconciler.apps.delivery import Health, Operation, OperationPhase
from reconciler.apps.record import Applied, Record
from reconciler.sync.assess import DEBOUNCE, assess, degraded_since, verdict, worst
from reconciler.sync.digests import digest
from reconciler.sync.health.model import Assessment
from reconciler.sync.observe import SLOW_RETRY, observe, superseding

T0 = datetime(2026, 1, 1, tzinfo=UTC)
APP, OTHER = application(), application(self_heal=False)
A, B = "a" * 40, "b" * 40


def record(phase: OperationPhase, **more) -> Record:
    return Record(
        "shop", accepted=A, operation=Operation(A, phase, T0, finished_at=T0), config=digest(repr(APP)), **more
    )


@pytest.mark.parametrize("phase", [OperationPhase.PENDING, OperationPhase.RENDERING, OperationPhase.APPLYING])
def test_an_unfinished_commit_is_superseded_by_the_newer_one(phase: OperationPhase) -> None:
    found = observe(record(phase), B, T0, APP)
    assert [(old.sha, old.superseded_by) for old in found.closing] == [(A, B)]
    assert found.operation == Operation(B, OperationPhase.PENDING, T0)
    assert found.accepted == B


@pytest.mark.parametrize("phase", [OperationPhase.APPLIED, OperationPhase.NO_CHANGE, OperationPhase.FAILED])
def test_a_finished_commit_is_not(phase: OperationPhase) -> None:
    assert observe(record(phase), B, T0, APP).closing == ()


def test_an_applied_commit_without_verdict_is_superseded_when_the_next_one_changes_something() -> None:
    applied = record(OperationPhase.APPLIED, applied=Applied(A, "d", T0))
    taken = observe(applied, B, T0, APP)
    assert [(old.sha, old.superseded_by) for old in superseding(taken, T0)] == [(A, B)]
    judged = msgspec.structs.replace(taken, verdict=Health.HEALTHY)
    assert superseding(judged, T0) == ()


def test_a_failed_commit_rests_until_its_inputs_change_or_half_an_hour_has_passed() -> None:
    failed = record(OperationPhase.FAILED)
    assert observe(failed, A, T0 + SLOW_RETRY - timedelta(seconds=1), APP) == failed
    for found in (observe(failed, A, T0 + SLOW_RETRY, APP), observe(failed, A, T0, OTHER)):
        assert found.operation is not None
        assert found.operation.phase is OperationPhase.PENDING


class Live:
    def __init__(self, health: Health, generation: int = 1, terminal: bool = False) -> None:
        self.generation = generation
        self.assessment = Assessment(health, "", terminal)


E1 = entry("web", "Deployment", generation=2)


def test_health_of_an_older_generation_does_not_count() -> None:
    assert assess(E1, Live(Health.HEALTHY, generation=1), None, T0).health is Health.PROGRESSING
    assert assess(E1, Live(Health.HEALTHY, generation=2), None, T0).health is Health.HEALTHY
    assert assess(E1, None, None, T0).health is Health.MISSING


def test_a_short_degradation_is_no_verdict_and_a_lasting_or_terminal_one_is() -> None:
    live = Live(Health.DEGRADED, generation=2)
    since = degraded_since({}, [E1.key], T0)[E1.key]
    early, late = (assess(E1, live, since, T0 + after) for after in (DEBOUNCE / 2, DEBOUNCE))
    assert verdict({E1.key: early}) is None
    assert verdict({E1.key: late}) is Health.DEGRADED
    assert verdict({E1.key: assess(E1, Live(Health.DEGRADED, 2, terminal=True), since, T0)}) is Health.DEGRADED


def test_a_recovery_starts_the_clock_of_a_degradation_anew() -> None:
    since = degraded_since({E1.key: T0}, [], T0)
    assert degraded_since(since, [E1.key], T0 + DEBOUNCE) == {E1.key: T0 + DEBOUNCE}


@pytest.mark.parametrize(
    ("kind", "expected"), [("Rollout", None), ("CronJob", Health.HEALTHY)], ids=["rollout waits", "as its owner wants"]
)
def test_a_suspended_object_passes_unless_it_is_a_rollout(kind: str, expected: Health | None) -> None:
    assert verdict({E1.key._replace(kind=kind): Assessment(Health.SUSPENDED)}) is expected


def test_the_whole_is_as_bad_as_its_worst_part() -> None:
    found = [Assessment(health) for health in (Health.HEALTHY, Health.DEGRADED, Health.PROGRESSING)]
    assert worst(found) is Health.DEGRADED
    assert worst([]) is Health.HEALTHY
