"""How long updates took, how they ended, and how much of that was waiting for a person (spec §5.6)."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest

from reconciler.rollouts.duration import Completion, completions
from reconciler.rollouts.status import DurationRecord
from tests.properties.rollout_world import Cluster, Json, a_cluster
from tests.unit.rollouts.test_requests_of_users import ask, push

WAITS = [{"setWeight": 50}, {"pause": {}}]
WINDOW = {"rollbackWindow": {"revisions": 3}}


class History:
    """A Rollout whose first version runs, and what was recorded of its updates from then on."""

    def __init__(self, steps: list[Json] = WAITS, **world: object) -> None:
        self.cluster = a_cluster(steps=steps, **world)
        self.cluster.converge()
        self.records: list[DurationRecord | None] = [self._record()]
        put = self.cluster.put

        def recorded(kind: str, body: Json) -> None:
            put(kind, body)
            self.records.append(self._record())

        self.cluster.put = recorded  # type: ignore[method-assign]

    def _record(self) -> DurationRecord | None:
        return msgspec.convert(self.cluster.status.get("duration"), DurationRecord | None)

    @property
    def ended(self) -> list[Completion]:
        return [each for before, after in pairwise(self.records) for each in completions(before, after)]


def promote(cluster: Cluster) -> None:
    ask(cluster, pauseConditions=None)


def test_a_promoted_update_counts_its_manual_pause_apart() -> None:
    history = History()
    push(history.cluster, 2)
    history.cluster.wait(60)
    promote(history.cluster)
    [done] = history.ended
    assert (done.status, done.paused_seconds) == ("Promoted", 60)
    assert done.seconds >= 60


def test_a_pause_by_hand_is_waiting_for_a_person_too() -> None:
    history = History([{"setWeight": 50}, {"pause": {"duration": "30s"}}])
    history.cluster.user("pause", {"spec": {"paused": True}})
    push(history.cluster, 2)
    history.cluster.wait(20)
    history.cluster.user("resume", {"spec": {"paused": False}})
    history.cluster.converge()
    history.cluster.wait(31)
    [done] = history.ended
    assert (done.status, done.paused_seconds) == ("Promoted", 20)


def test_a_timed_pause_is_no_waiting_for_a_person() -> None:
    history = History([{"setWeight": 50}, {"pause": {"duration": "30s"}}])
    push(history.cluster, 2)
    history.cluster.wait(31)
    [done] = history.ended
    assert (done.status, done.paused_seconds) == ("Promoted", 0)
    assert done.seconds >= 30


def test_a_fully_promoted_update_is_told_apart() -> None:
    history = History()
    push(history.cluster, 2)
    ask(history.cluster, promoteFull=True)
    assert [done.status for done in history.ended] == ["FastPromoted"]


def test_an_aborted_update_ends_with_its_pause_and_a_retry_begins_another() -> None:
    history = History()
    push(history.cluster, 2)
    history.cluster.wait(20)
    ask(history.cluster, abort=True)
    assert [(done.status, done.paused_seconds) for done in history.ended] == [("Aborted", 20)]
    history.cluster.wait(5)
    ask(history.cluster, abort=False)
    promote(history.cluster)
    assert [done.status for done in history.ended] == ["Aborted", "Promoted"]


def test_a_newer_version_in_the_middle_supersedes_the_update() -> None:
    history = History()
    push(history.cluster, 2)
    history.cluster.wait(20)
    push(history.cluster, 3)
    assert [(done.status, done.seconds >= 20, done.paused_seconds) for done in history.ended] == [
        ("Superseded", True, 20)
    ]
    promote(history.cluster)
    assert [done.status for done in history.ended] == ["Superseded", "Promoted"]


def test_other_steps_in_the_middle_supersede_the_update() -> None:
    history = History()
    push(history.cluster, 2)
    history.cluster.wait(20)
    canary = {"steps": [{"setWeight": 25}, {"pause": {}}]}
    history.cluster.user("steps", {"spec": {"strategy": {"canary": canary}}})
    history.cluster.converge()
    assert [done.status for done in history.ended] == ["Superseded"]


def test_other_steps_while_nothing_is_under_way_begin_nothing() -> None:
    history = History()
    before = history.records[-1]
    history.cluster.user("steps", {"spec": {"strategy": {"canary": {"steps": [{"setWeight": 25}]}}}})
    history.cluster.converge()
    assert history.records[-1] == before
    assert history.ended == []


def test_going_back_to_the_stable_version_in_the_middle_ends_the_update_that_was_under_way() -> None:
    history = History()
    push(history.cluster, 2)
    started = history.cluster.status["duration"]["rolloutStartedAt"]
    history.cluster.wait(20)
    push(history.cluster, 1)
    assert [done.status for done in history.ended] == ["FastRolledBack"]
    assert history.cluster.status["duration"]["rolloutStartedAt"] == started


@pytest.mark.parametrize(
    ("window", "status"),
    [pytest.param({}, "RolledBack", id="with steps"), pytest.param(WINDOW, "FastRolledBack", id="in the window")],
)
def test_an_update_to_an_older_version_is_a_rollback(window: Json, status: str) -> None:
    history = History()
    history.cluster.user("window", {"spec": window})
    push(history.cluster, 2)
    promote(history.cluster)
    push(history.cluster, 1)
    if history.cluster.status["phase"] == "Paused":
        promote(history.cluster)
    assert [done.status for done in history.ended] == ["Promoted", status]


def test_what_has_ended_is_told_once() -> None:
    ended = DurationRecord(
        rollout_started_at="2026-01-01T00:00:00Z", finished_at="2026-01-01T00:01:00Z", completion_status="Promoted"
    )
    assert completions(None, ended) == [Completion("Promoted", 60, 0)]
    assert completions(ended, ended) == []


def test_nobody_waited_longer_than_the_update_took() -> None:
    """Both are kept in whole seconds, and may be a second apart."""
    ended = DurationRecord(
        rollout_started_at="2026-01-01T00:00:00Z",
        finished_at="2026-01-01T00:01:00Z",
        completion_status="Promoted",
        total_manual_pause_duration_seconds=61,
    )
    assert completions(None, ended) == [Completion("Promoted", 60, 60)]
