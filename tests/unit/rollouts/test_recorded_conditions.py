"""Recorded runs of the established controller, replayed: conditions and message once all has settled after an action.

On the way there its conditions change more often, as it writes them apart from the rest of the status; how they stand
in the end is what health checks and `kubectl wait` see.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from tests.unit.rollouts.test_recorded_histories import WORLDS, recording, replay

Stands = dict[str, Any]

NOT_RECORDED = ("f bg", "f rw")
"""Traces without conditions."""

_DRAINING = {"Healthy": ("False", "RolloutHealthy"), "Progressing": ("True", "ReplicaSetUpdated")}
PUT_RIGHT: dict[tuple[str, str], Stands] = {
    # An old version keeps its pods while proxies forget it, and until then there are more than there shall be.
    ("c-dyn", "6:promote"): _DRAINING,
    ("c-dyn", "9:image 2"): _DRAINING,
    ("c-dyn", "12:promote full"): _DRAINING,
    # A return to a version that still has its pods is over at once; recorded: it pauses like any other update.
    ("b", "3:undo within scaledown delay"): {
        "Completed": ("True", "RolloutCompleted"),
        "Healthy": ("True", "RolloutHealthy"),
        "Paused": ("False", "RolloutPaused"),
        "Progressing": ("True", "NewReplicaSetAvailable"),
        "message": "",
    },
    # The traffic is back at the version that has pods; recorded: it stays at the one that lost them.
    ("g-unready", "2:new pods become unready"): {
        "Available": ("True", "AvailableReason"),
        "message": "active service cutover pending",
    },
    ("g-unready", "3:analysis fails"): {"Available": ("True", "AvailableReason")},
}


@pytest.mark.parametrize("name", [name for name in WORLDS if name not in NOT_RECORDED])
def test_conditions_settle_as_recorded(name: str) -> None:
    wanted, seen = stretches(line[1:] for line in recording(name)), stretches(replay(name))
    assert list(seen) == list(wanted)
    for stretch, expected in wanted.items():
        assert seen[stretch] == expected | PUT_RIGHT.get((name, stretch), {}), stretch


def stretches(lines: Iterable[Any]) -> dict[str, Stands]:
    """How it stands at the end of each stretch between two user actions: status and reason of every condition."""
    stands: Stands = {}
    found: dict[str, Stands] = {"0:apply": {}}
    for kind, *rest in lines:
        if kind == ">>>" and rest[0] != "apply":
            found[f"{len(found)}:{rest[0]}"] = {}
        if kind == "status":
            stands = stands | dict(changes(rest[0]))
        found[list(found)[-1]] = stands
    return found


def changes(status: dict[str, Any]) -> Iterable[tuple[str, Any]]:
    for key, value in status.items():
        if key.startswith("cond."):
            yield key.removeprefix("cond."), (value[0], value[1])
    for condition in status.get("conditions") or ():
        yield condition["type"], (condition["status"], condition["reason"])
    if "message" in status:  # of the cause of an abort only the beginning: measurements are told in other words
        yield "message", (status["message"] or "").partition(": ")[0]
