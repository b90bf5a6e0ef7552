"""The recorded experiment step of the established controllers, replayed with both of our engines together."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.properties.experiment_world import Lab
from tests.properties.rollout_world import Cluster, Json, a_cluster, template

TRACE = Path(__file__).parents[2] / "golden/rollouts/traces/f.jsonl"
STEP = {
    "experiment": {
        "duration": "3s",
        "scaleDownDelaySeconds": 2,
        "templates": [
            {"name": "a", "specRef": "canary", "service": {}},
            {"name": "b", "specRef": "stable"},
        ],
    }
}


def changes(values: Iterable[Any]) -> list[Any]:
    """Without what repeats, and without the empty ReplicaSet that the recorded engine makes first."""
    found = [key for key, _ in itertools.groupby(values)]
    return found[1:] if found[:1] == [0] else found


def recorded() -> dict[str, list[Any]]:
    lines = [json.loads(line) for line in TRACE.read_text().splitlines()]
    start = next(index for index, line in enumerate(lines) if line[1:] == [">>>", "ex image 2"])
    seen: dict[str, list[Any]] = {}
    for _, kind, *rest in lines[start + 1 :]:
        if kind == "ro/ex":
            seen.setdefault("rollout", []).append((rest[0]["currentStepIndex"], bool(rest[0]["ex"])))
        elif kind == "rs":
            name = rest[0].removeprefix("ex-8d8cbf4c-2-1-").replace("ex-8d8cbf4c", "canary")
            seen.setdefault(f"size {name.replace('ex-69d577f9bd', 'stable')}", []).append(rest[1][0])
        elif kind.startswith("experiments/") and rest[0][0]:
            phase, _, available, templates = rest[0]
            seen.setdefault("experiment", []).append((phase, available))
            for name, status, *_ in templates:
                seen.setdefault(f"template {name}", []).append(status)
    return {view: changes(values) for view, values in seen.items()}


class Both:
    """A Rollout's engine and that of its Experiment on the same objects."""

    def __init__(self) -> None:
        self.cluster: Cluster = a_cluster(replicas=2, steps=[{"setWeight": 50}, STEP])
        self.cluster.converge()
        self.cluster.user("image 2", {"spec": {"template": template("img:2")}})
        self.stable = next(name for kind, name in self.cluster.objects if kind == "ReplicaSet")
        self.seen: dict[str, list[Any]] = {}

    def lab(self) -> Lab | None:
        names = [name for kind, name in self.cluster.objects if kind == "Experiment"]
        return Lab(self.cluster.objects, name=names[0], now=self.cluster.now, writes=10_000) if names else None

    def turn(self) -> bool:
        before = json.dumps(list(self.cluster.objects.values()), default=str)
        self.cluster.reconcile()
        self.look()
        if lab := self.lab():
            lab.reconcile()
            self.look()
        self.cluster.run_pods()
        return json.dumps(list(self.cluster.objects.values()), default=str) != before

    def run(self, seconds: int) -> None:
        for _ in range(seconds * 2):
            while self.turn():
                pass
            self.cluster.now += timedelta(seconds=0.5)

    def look(self) -> None:
        status = self.cluster.status
        self.note("rollout", (status["currentStepIndex"], bool(status.get("canary", {}).get("currentExperiment"))))
        for (kind, name), body in list(self.cluster.objects.items()):
            if kind == "ReplicaSet":
                self.note(f"size {self.short(name)}", body["spec"]["replicas"])
            elif kind == "Experiment" and body.get("status"):
                self.note("experiment", (body["status"]["phase"], "availableAt" in body["status"]))
                for each in body["status"]["templateStatuses"]:
                    self.note(f"template {each['name']}", each["status"])

    def short(self, name: str) -> str:
        if name == self.stable:
            return "stable"
        return name[-1] if name.endswith(("-2-1-a", "-2-1-b")) else "canary"

    def note(self, view: str, value: Any) -> None:
        self.seen.setdefault(view, []).append(value)


def test_the_recorded_experiment_step_happens_again_in_the_same_order() -> None:
    both = Both()
    both.run(seconds=8)
    seen = {view: changes(values) for view, values in both.seen.items()}
    wanted = recorded()
    both_views: Json = {view: seen.get(view) for view in wanted}
    both_views["size stable"] = both_views["size stable"][1:]  # recorded are changes, from 2
    both_views["rollout"] = both_views["rollout"][both_views["rollout"].index((0, False)) :]
    assert both_views == wanted
