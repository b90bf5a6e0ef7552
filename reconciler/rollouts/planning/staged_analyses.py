"""Analyses in a rehearsal: runs without metrics, which end when their time is over. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from reconciler.analysis.model import AnalysisRun, RolloutRunKind
from reconciler.kube.api import Object
from reconciler.workloads import keys


class StagedAnalyses:
    """`ports.Analyses`. What is to be measured stays in the body, as `analysis`, for whoever creates it."""

    def problems(self, namespace: str, analysis: Object, kind: RolloutRunKind) -> Sequence[str]:
        return ()

    def build(
        self,
        *,
        rollout: Object,
        analysis: Object,
        kind: RolloutRunKind,
        step_index: int | None,
        stable_hash: str,
        latest_hash: str,
        revision: int,
    ) -> Object:
        labels = {keys.HASH: latest_hash, "rollout-type": kind}
        labels |= {} if step_index is None else {"step-index": str(step_index)}
        owner = {"kind": "Rollout", "uid": rollout["metadata"]["uid"], "controller": True}
        name = f"{latest_hash}-{revision}-{kind}-{step_index}"
        return {
            "metadata": {"name": name, "labels": labels, "ownerReferences": [owner]},
            "spec": {},
            "analysis": analysis,
        }

    def settle(self, run: Object, existing: Callable[[str], AnalysisRun | None]) -> tuple[Object, bool]:
        while (other := existing(run["metadata"]["name"])) is not None and other.status.phase.complete:
            run["metadata"]["name"] += "-again"
        return run, other is not None

    def resolve(
        self, *, rollout: Object, args: Sequence[Object], stable_hash: str, latest_hash: str
    ) -> Sequence[Object]:
        return args
