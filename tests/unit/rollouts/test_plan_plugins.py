"""What a plan shows of steps and routers that others bring."""

from __future__ import annotations

import orjson

from reconciler.rollouts.model import decode_rollout
from reconciler.rollouts.planning.plan import Plan, plan
from reconciler.rollouts.planning.stage import Measuring
from reconciler.rollouts.planning.warnings import warnings
from tests.packages import installed
from tests.properties.rollout_world import BETA, Json, a_cluster


def planned(*steps: Json) -> tuple[Plan, list[str]]:
    rollout = a_cluster(steps=steps, proxy={}).rollout
    made = plan(rollout, lambda analysis, kind: Measuring("analysis"))
    return made, warnings(decode_rollout(orjson.dumps(rollout)), made)


def test_all_kinds_of_steps_are_rehearsed_whatever_router_carries_them() -> None:
    with installed("configmap-router"):
        made, said = planned({"setCanaryScale": {"replicas": 1}}, BETA, {"pause": {}}, {"plugin": {"name": "smoke"}})
    texts = ["setCanaryScale{replicas: 1}", "setHeaderRoute: beta", "pause", "plugin: smoke", "promoted"]
    assert [row.text for row in made.rows] == texts
    assert (made.outcome, made.rows[2].took) == ("Healthy", None)
    assert "step 4 (plugin: smoke) is taken to succeed at once" in " ".join(said)
    assert "before the new version gets any traffic" not in " ".join(said)
