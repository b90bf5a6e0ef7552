"""What thousands of objects say in the same words is in memory once."""

from __future__ import annotations

import json

from reconciler.rollouts.model import Rollout, decode_rollout
from reconciler.workloads.parts import Condition

NOW = "2026-03-01T12:00:00Z"


def a_rollout(name: str) -> Rollout:
    owner = {"apiVersion": "apps.example/v1", "kind": "Shop", "name": "shop", "uid": "1"}
    condition = {"type": "Available", "status": "True", "reason": "AvailableReason", "message": "all is well"}
    times = {"lastUpdateTime": NOW, "lastTransitionTime": NOW}
    body = {
        "metadata": {"name": name, "namespace": "shop-of-many", "ownerReferences": [owner]},
        "status": {"conditions": [condition | times]},
    }
    return decode_rollout(json.dumps(body).encode())


def texts(rollout: Rollout) -> list[str]:
    [condition], meta = rollout.status.conditions, rollout.metadata
    [owner] = meta.owner_references
    of_condition = (condition.type, condition.status, condition.reason, condition.last_update_time, condition.message)
    return [meta.namespace, owner.api_version, owner.kind, *of_condition, condition.last_transition_time]


def test_the_texts_of_two_objects_are_the_same_ones() -> None:
    ours, theirs = texts(a_rollout("web")), texts(a_rollout("api"))
    assert all(one is other for one, other in zip(ours, theirs, strict=True))


def test_a_message_that_quotes_a_name_is_kept_for_its_object_only() -> None:
    said = [Condition(type="Progressing", status="True", message=f'ReplicaSet "{"a" * 3}" grows') for _ in range(2)]
    assert said[0].message is not said[1].message
