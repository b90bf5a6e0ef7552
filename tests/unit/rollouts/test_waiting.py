"""What an update waits for, and until when: the first question of whoever is woken by it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from reconciler.experiments.model import decode_experiment
from reconciler.rollouts.model import Rollout, decode_rollout
from reconciler.rollouts.views.overview import overview
from reconciler.rollouts.views.waiting import Waiting

Json = dict[str, Any]
BEGAN = datetime(2026, 1, 1, 12, tzinfo=UTC)
STAMP = "2026-01-01T12:00:00Z"
SECOND = timedelta(seconds=1)


def waits(steps: list[Json], status: Json, **given: Any) -> Waiting | None:
    return overview(a_rollout(steps, status, **given)).waits


def a_rollout(steps: list[Json], status: Json, *, strategy: Json | None = None, **spec: Any) -> Rollout:
    told = {"observedGeneration": "1", "phase": "Progressing", "currentStepIndex": 0}
    chosen = strategy or {"canary": {"steps": steps}}
    body = {
        "metadata": {"name": "shop", "namespace": "ns", "generation": 1},
        "spec": {"strategy": chosen, **spec},
        "status": told | {"currentPodHash": "new", "stableRS": "old"} | status,
    }
    return decode_rollout(orjson.dumps(body))


def paused(*reasons: str) -> Json:
    conditions = [{"reason": reason, "startTime": STAMP} for reason in reasons]
    return {"phase": "Paused", "pauseConditions": conditions, "controllerPause": True}


BEHIND = {"observedGeneration": "0"}
NO_ENGINE = Waiting("an engine to take it up; while this stays, none runs that drives this Rollout")
BY_HAND = Waiting("somebody to promote it", BEGAN)
MOVING = {"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated", "lastUpdateTime": STAMP}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(waits([{"pause": {}}], paused("CanaryPauseStep")), BY_HAND, id="a pause without a length"),
        pytest.param(
            waits([{"pause": {"duration": "30s"}}], paused("CanaryPauseStep")),
            Waiting("the pause to end", BEGAN, BEGAN + 30 * SECOND),
            id="a pause with a length ends by itself",
        ),
        pytest.param(
            waits([{"pause": {"duration": "30s"}}], paused("CanaryPauseStep", "InconclusiveAnalysisRun")),
            Waiting("somebody to judge: an analysis was inconclusive", BEGAN),
            id="a verdict is needed, however long the pause is",
        ),
        pytest.param(
            waits([{"pause": {"duration": "30s"}}], paused("CanaryPauseStep"), paused=True),
            Waiting("somebody to resume it: it was paused by hand"),
            id="paused by hand",
        ),
        pytest.param(
            waits([], paused("BlueGreenPause"), strategy={"blueGreen": {"autoPromotionEnabled": False}}),
            BY_HAND,
            id="blue-green by hand",
        ),
        pytest.param(
            waits([], paused("BlueGreenPause"), strategy={"blueGreen": {"autoPromotionSeconds": 60}}),
            Waiting("the pause to end", BEGAN, BEGAN + 60 * SECOND),
            id="blue-green by itself",
        ),
        pytest.param(
            waits([{"analysis": {}}], {"canary": {"currentStepAnalysisRunStatus": {"name": "r", "status": "Running"}}}),
            Waiting("AnalysisRun r"),
            id="a step's analysis",
        ),
        pytest.param(
            waits([{"experiment": {}}], {"canary": {"currentExperiment": "e"}}),
            Waiting("Experiment e"),
            id="experiment",
        ),
        pytest.param(
            waits([{"setWeight": 20}], {"message": "more replicas need to be updated", "conditions": [MOVING]}),
            Waiting("more replicas need to be updated", stuck_at=BEGAN + 600 * SECOND),
            id="pods, until patience ends",
        ),
        pytest.param(waits([{"pause": {}}], {"phase": "Healthy", "stableRS": "new"}), None, id="delivered"),
        pytest.param(waits([{"pause": {}}], {"phase": "Degraded", "abort": True}), None, id="given up"),
        pytest.param(
            waits([], {"conditions": [{"type": "InvalidSpec", "status": "True"}]}),
            Waiting("somebody to correct what the message names"),
            id="refused",
        ),
        pytest.param(waits([{"pause": {}}], paused("CanaryPauseStep") | BEHIND), NO_ENGINE, id="a change not seen yet"),
        pytest.param(
            waits([], {"conditions": [{"type": "InvalidSpec", "status": "True"}]} | BEHIND),
            NO_ENGINE,
            id="corrected, and not seen yet",
        ),
        pytest.param(
            waits([{"pause": {}}], {"pauseConditions": None, "controllerPause": True}), NO_ENGINE, id="promoted by hand"
        ),
    ],
)
def test_what_is_waited_for(found: Waiting | None, expected: Waiting | None) -> None:
    assert found == expected


@pytest.mark.parametrize(("required", "until"), [(False, BEGAN + 600 * SECOND), (True, None)])
def test_an_experiment_ends_with_its_duration_unless_an_analysis_decides(
    required: bool, until: datetime | None
) -> None:
    analyses = [{"name": "a", "templateName": "t", "requiredForCompletion": required}]
    experiment = {
        "metadata": {"name": "e"},
        "spec": {"duration": "10m", "analyses": analyses},
        "status": {"phase": "Running", "availableAt": STAMP},
    }
    found = a_rollout([{"experiment": {}}], {"canary": {"currentExperiment": "e"}})
    assert overview(found, (), [decode_experiment(orjson.dumps(experiment))]).waits == Waiting(
        "Experiment e", None, until
    )
