"""Recorded runs of the established controller, replayed in a virtual world: the same states in the same order.

Of every stretch between two user actions we compare, one by one, the order of phases, step indices, stable versions
and pause reasons in the status, of each version's size, of router weights and of Service selectors. Where the
recording shows a defect that is put right here, `PUT_RIGHT` says which, and what happens instead.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.properties.rollout_world import a_cluster, template

TRACES = Path(__file__).parents[2] / "golden/rollouts/traces"
Views = dict[str, list[Any]]

PUT_RIGHT: dict[tuple[str, str, str], list[Any]] = {
    # After an abort the recorded canary Service flips between two versions until the canary is gone.
    ("c-std", "abort", "svc/ca"): ["v1"],
    ("h-abort0", "{'abort': True}", "svc/ca"): ["v1"],
    # `abortScaleDownDelaySeconds: 0` keeps the canary, as documented; recorded: it is gone at once.
    ("h-abort0", "{'abort': True}", "size v2"): [],
    # 90 % of 5 pods without surge: recorded is 0 canary and 5 stable pods, which leaves nothing to judge.
    ("h-tie", "{'pauseConditions': None}", "size v2"): [],
    ("h-tie", "{'pauseConditions': None}", "size v1"): [],
    # From one pause straight into the next: one status write, so the Progressing in between is seen by nobody.
    ("d", "promote inconclusive (CLI style)", "phase"): ["Progressing", "Healthy"],
}


def traefik(**more: Any) -> dict[str, Any]:
    return {"traefik": True, "replicas": 5, "canary": {"scaleDownDelaySeconds": 3, **more}}


WORLDS: dict[str, dict[str, Any]] = {
    "a": {
        "replicas": 4,
        "canary": {"maxSurge": 1, "maxUnavailable": 0},
        "steps": [{"setWeight": 25}, {"pause": {}}, {"setWeight": 50}, {"pause": {"duration": "3s"}}],
    },
    "c-std": traefik(abortScaleDownDelaySeconds=3)
    | {
        "steps": [
            {"setWeight": 20},
            {"pause": {}},
            {"setCanaryScale": {"replicas": 3}},
            {"setWeight": 60},
            {"pause": {}},
            {"setCanaryScale": {"matchTrafficWeight": True}},
            {"setWeight": 80},
        ]
    },
    "h-abort0": traefik(abortScaleDownDelaySeconds=0) | {"steps": [{"setWeight": 40}, {"pause": {}}]},
    "h-tie": {
        "replicas": 5,
        "canary": {"maxSurge": 0, "maxUnavailable": 1},
        "steps": [{"setWeight": 80}, {"pause": {}}, {"setWeight": 90}, {"pause": {}}],
    },
}

WORLDS["d"] = {
    "replicas": 2,
    "steps": [{"setWeight": 50}, {"analysis": {"templates": [{"templateName": "m"}]}}, {"pause": {"duration": 1}}],
    "canary": {"analysis": {"templates": [{"templateName": "b"}], "startingStep": 1}},
}
VERDICTS = {("d", "image 2"): "Successful", ("d", "image 3"): "Failed", ("d", "image 4"): "Inconclusive"}
"""What the step's analysis says in a stretch; background analyses go on until they are ended."""

PROMOTIONS: dict[str, dict[str, Any]] = {
    "": {"pauseConditions": None},
    "full": {"promoteFull": True},
    "inconclusive (CLI style)": {"controllerPause": False, "currentStepIndex": 2, "pauseConditions": None},
}
ACTIONS: dict[str, Callable[[str], dict[str, Any]]] = {
    "image": lambda rest: {"spec": {"template": template(f"img:{rest}")}},
    "undo": lambda rest: {"spec": {"template": template("img:1")}},
    "abort": lambda rest: {"status": {"abort": True}},
    "retry": lambda rest: {"status": {"abort": False}},
    "promote": lambda rest: {"status": PROMOTIONS[rest]},
    "scale": lambda rest: {"spec": {"replicas": int(rest.split()[0])}},
    "{'abort':": lambda rest: {"status": {"abort": True}},
    "{'pauseConditions':": lambda rest: {"status": {"pauseConditions": None}},
}


@pytest.mark.parametrize("name", WORLDS)
def test_a_recorded_history_happens_again_in_the_same_order(name: str) -> None:
    recorded = [json.loads(line)[1:] for line in (TRACES / f"{name}.jsonl").read_text().splitlines()]
    wanted, seen = views(recorded), views(replay(name))
    assert list(seen) == list(wanted)
    for stretch, expected in wanted.items():
        label = stretch.partition(":")[2]
        for view in sorted(expected.keys() | seen[stretch].keys()):
            right = PUT_RIGHT.get((name, label, view), expected.get(view, []))
            assert seen[stretch].get(view, []) == right, f"{stretch}: {view}"


def replay(name: str) -> Iterable[Any]:
    lines = [json.loads(line) for line in (TRACES / f"{name}.jsonl").read_text().splitlines()]
    actions = [(line[0], line[2]) for line in lines if line[1] == ">>>"]
    if not actions or actions[0][1] != "apply":
        actions.insert(0, (0.0, "apply"))
    cluster = a_cluster(**WORLDS[name])
    for number, (at, label) in enumerate(actions):
        if label != "apply":
            verb, _, rest = label.partition(" ")
            cluster.user(label, ACTIONS[verb](rest))
        cluster.converge()
        if verdict := VERDICTS.get((name, label)):
            cluster.run_analyses(verdict, kind="Step")
            cluster.converge()
        ends = actions[number + 1][0] if number + 1 < len(actions) else lines[-1][0] + 10
        cluster.wait(ends - at)
    return cluster.log


def views(lines: Iterable[Any]) -> dict[str, Views]:
    """Per stretch, every view's values without repetition; hashes are named by order of appearance.

    Recorded ReplicaSets are created without pods and then scaled; ours are created at their first size where they may
    be (`test_writes`), so that moment without pods is not compared.
    """
    versions: dict[str, str] = {}
    stretches: dict[str, Views] = {"0:apply": {}}
    last: dict[str, Any] = {}

    def name(value: str) -> str:
        return versions.setdefault(value, f"v{len(versions) + 1}")

    for line in lines:
        kind = line[0]
        if kind == ">>>" and line[1] != "apply":
            stretches[f"{len(stretches)}:{line[1]}"] = {}
        for view, value in seen_in(kind, line, name):
            created = view.startswith("size ") and value == 0 and view not in last
            if last.get(view) != value and not created:
                last[view] = value
                stretches[list(stretches)[-1]].setdefault(view, []).append(value)
    return stretches


def seen_in(kind: str, line: Any, name: Callable[[str], str]) -> Iterable[tuple[str, Any]]:
    if kind == "rs":
        yield f"size {name(line[1].rpartition('-')[2])}", line[2][0]
    elif kind.startswith("svc/"):
        yield kind, name(line[1])
    elif kind == "status":
        yield from seen_in_status(line[1], name)


def seen_in_status(changed: dict[str, Any], name: Callable[[str], str]) -> Iterable[tuple[str, Any]]:
    for field in ("phase", "currentStepIndex"):
        if field in changed:
            yield field, changed[field]
    if changed.get("stableRS"):
        yield "stableRS", name(changed["stableRS"])
    if "pauseConditions" in changed:
        yield "pauses", [pause["reason"] for pause in changed["pauseConditions"] or ()]
    if weights := (changed.get("canary") or {}).get("weights"):
        sides = (weights["canary"], weights["stable"])
        yield "weights", [(side["weight"], name(side["podTemplateHash"])) for side in sides]
