"""Recorded runs of the established controller, replayed in a virtual world: the same states in the same order.

Of every stretch between two user actions we compare, one by one, the order of phases, step indices, stable versions,
pause reasons and conditions in the status, of each version's size, of router weights and of Service selectors. Where
the recording shows a defect that is put right here, `PUT_RIGHT` says which, and what happens instead. `Progressing`
is not compared: one write here often says what took the recorded controller two.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.properties.rollout_world import Cluster, a_blue_green, a_cluster, template

TRACES = Path(__file__).parents[2] / "golden/rollouts/traces"
Views = dict[str, list[Any]]
CONDITIONS = ("Available", "Completed", "Healthy", "Paused")

PUT_RIGHT: dict[tuple[str, str, str], list[Any]] = {
    # After an abort the recorded canary Service flips between two versions until the canary is gone.
    ("c-std", "abort", "svc/ca"): ["v1"],
    ("h-abort0", "{'abort': True}", "svc/ca"): ["v1"],
    # `abortScaleDownDelaySeconds: 0` keeps the canary, as documented; recorded: it is gone at once.
    ("h-abort0", "{'abort': True}", "size v2"): [],
    ("c-dyn", "abort", "svc/ca"): ["v1"],
    # The stable version has all its pods when the update is aborted, so that it takes the traffic at once; recorded:
    # it first loses one to the weights of earlier steps, and gets it back.
    ("c-dyn", "abort", "size v1"): [],
    ("c-dyn", "abort", "size v2"): [0],
    ("c-dyn", "abort", "weights"): [[(0, "v2"), (100, "v1")]],
    # An old version keeps the pods that it has left while proxies forget it, here too; recorded: they go at once.
    ("c-dyn", "6:promote", "size v1"): [2, 1],
    ("c-dyn", "image 2", "size v3"): [],
    ("c-dyn", "promote full", "size v1"): [0],
    ("c-dyn", "promote full", "size v2"): [6],
    # 90 % of 5 pods without surge: recorded is 0 canary and 5 stable pods, which leaves nothing to judge.
    ("h-tie", "{'pauseConditions': None}", "size v2"): [],
    ("h-tie", "{'pauseConditions': None}", "size v1"): [],
    # From one pause straight into the next: one status write, so the Progressing in between is seen by nobody.
    ("d", "promote inconclusive (CLI style)", "phase"): ["Progressing", "Healthy"],
    # Undo while the old version still has its pods: recorded, `previewReplicaCount` shrinks them, it pauses and never
    # ends. Here it is a fast rollback, so that from then on version 1 serves and version 2 is the one that goes.
    ("b", "undo within scaledown delay", "phase"): [],
    ("b", "undo within scaledown delay", "pauses"): [],
    ("b", "undo within scaledown delay", "size v1"): [],
    ("b", "undo within scaledown delay", "size v2"): [0],
    ("b", "undo within scaledown delay", "stableRS"): ["v1"],
    ("b", "undo within scaledown delay", "svc/act"): ["v1"],
    # A preview that is superseded keeps its size until it goes; recorded: it grows from 1 to 3 pods first.
    ("b", "image 3", "size v1"): [],
    ("b", "image 3", "pauses"): [["BlueGreenPause"]],
    ("b", "abort", "size v1"): [],
    # All pods are there: a promotion, and a return to a warm version, are one decision and one status write.
    ("f bg", "promote", "phase"): ["Healthy"],
    ("f bg", "image 1", "phase"): [],
    # The version that lost all its pods after the cutover gives the traffic back at once; recorded: it keeps it, even
    # when its update is aborted, until it is scaled to zero beside an idle stable version.
    ("g-unready", "new pods become unready", "svc/act"): ["v1"],
    ("g-unready", "new pods become unready", "Available"): [],
    # A first version is complete once it is available; recorded: before it has a pod.
    ("b", "0:apply", "Completed"): ["False", "True"],
    ("g-ready", "0:apply", "Completed"): ["False", "True"],
    ("g-unready", "0:apply", "Completed"): ["False", "True"],
    # Seen in conditions, what is said above: no pod is lost to a tie; pods that old versions keep while proxies forget
    # them are pods more than asked for until they go, and count as available; pauses that follow each other, or are
    # not needed, are not told one by one; a fast rollback is over before anything is written.
    ("h-tie", "{'pauseConditions': None}", "Available"): [],
    ("c-dyn", "6:promote", "Healthy"): [],
    ("c-dyn", "image 3", "Healthy"): [],
    ("c-dyn", "9:image 2", "Healthy"): [],
    ("c-dyn", "image 4", "Healthy"): [],
    ("c-dyn", "promote full", "Healthy"): [],
    ("c-dyn", "scale 8 while paused", "Available"): [],
    ("d", "promote inconclusive (CLI style)", "Paused"): ["False"],
    ("b", "undo within scaledown delay", "Completed"): [],
    ("b", "undo within scaledown delay", "Healthy"): [],
    ("b", "undo within scaledown delay", "Paused"): [],
    ("b", "image 3", "Completed"): ["False"],
    ("b", "image 3", "Healthy"): ["False"],
    ("b", "image 3", "Paused"): ["True"],
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

WORLDS["c-dyn"] = {
    "traefik": True,
    "replicas": 5,
    "canary": {"dynamicStableScale": True},
    "steps": WORLDS["c-std"]["steps"],
}
WORLDS["d"] = {
    "replicas": 2,
    "steps": [{"setWeight": 50}, {"analysis": {"templates": [{"templateName": "m"}]}}, {"pause": {"duration": 1}}],
    "canary": {"analysis": {"templates": [{"templateName": "b"}], "startingStep": 1}},
}
VERDICTS = {("d", "image 2"): "Successful", ("d", "image 3"): "Failed", ("d", "image 4"): "Inconclusive"}
"""What the step's analysis says in a stretch; background analyses go on until they are ended."""

BY_HAND = {"autoPromotionEnabled": False}
POST = {"postPromotionAnalysis": {"templates": [{"templateName": "m"}]}, "abortScaleDownDelaySeconds": 5}
WORLDS["b"] = {"replicas": 3, "blue_green": {**BY_HAND, "previewReplicaCount": 1, "scaleDownDelaySeconds": 3}}
WORLDS["f bg"] = {"replicas": 2, "preview": False, "blue_green": {**BY_HAND, "scaleDownDelaySeconds": 5}}
WORLDS["f rw"] = {
    "replicas": 2,
    "steps": [{"setWeight": 50}, {"pause": {}}],
    "rollbackWindow": {"revisions": 3},
}
WORLDS["g-ready"] = WORLDS["g-unready"] = {"replicas": 2, "preview": False, "blue_green": POST}

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


def break_newest(cluster: Cluster) -> None:
    cluster.broken.add(cluster.status["currentPodHash"])
    cluster.run_pods()


INCIDENTS: dict[tuple[str, str], Callable[[Cluster], None]] = {
    ("g-ready", "new pods become unready"): lambda cluster: cluster.run_analyses("Running"),
    ("g-unready", "new pods become unready"): break_newest,
    ("g-ready", "analysis fails"): lambda cluster: cluster.run_analyses("Failed"),
    ("g-unready", "analysis fails"): lambda cluster: cluster.run_analyses("Failed"),
}
"""What happens to a Rollout without anybody acting on it."""


@pytest.mark.parametrize("name", WORLDS)
def test_a_recorded_history_happens_again_in_the_same_order(name: str) -> None:
    wanted, seen = views(line[1:] for line in recording(name)), views(replay(name))
    assert list(seen) == list(wanted)
    silent = set(CONDITIONS) if name.startswith("f ") else set()  # it has none
    for stretch, expected in wanted.items():
        label = stretch.partition(":")[2]
        for view in sorted((expected.keys() | seen[stretch].keys()) - silent):
            known = [PUT_RIGHT[key] for key in ((name, stretch, view), (name, label, view)) if key in PUT_RIGHT]
            right = known[0] if known else expected.get(view, [])
            assert seen[stretch].get(view, []) == right, f"{stretch}: {view}"


def test_the_events_of_a_recorded_blue_green_update_are_told_in_the_same_words() -> None:
    """But for the first version, which is not complete before it is available, and the cause with its measurement."""
    wanted, told = events(line[1:] for line in recording("g-ready")), events(replay("g-ready"))
    assert told - wanted == {
        ("Normal", "RolloutNotCompleted", "Rollout not completed, started update to revision 1 (v1)")
    }
    assert {reason for _, reason, _ in wanted - told} == {"RolloutAddedToInformer"}


def events(lines: Iterable[Any]) -> set[tuple[str, str, str]]:
    """Type, reason and message of the Rollout's, with versions for hashes and without measured values."""
    versions: dict[str, str] = {}
    found = set()
    for line in lines:
        if line[0] == "rs":
            versions.setdefault(line[1].rpartition("-")[2], f"v{len(versions) + 1}")
        elif line[0] == "event" and line[1] in ("Rollout", "Normal", "Warning"):
            kind, reason, text = line[2:5] if line[1] == "Rollout" else line[1:4]
            for pod_hash, version in versions.items():
                text = text.replace(pod_hash, version)
            found.add((kind, reason, text.replace("bg-", "shop-").partition(": Metric")[0].partition(" (errors")[0]))
    return found


def recording(name: str) -> list[Any]:
    """The lines of a trace; of `f bg`, those of the Rollout bg in a trace of several Rollouts."""
    trace, _, rollout = name.partition(" ")
    lines = [json.loads(line) for line in (TRACES / f"{trace}.jsonl").read_text().splitlines()]
    return list(of_one(lines, rollout)) if rollout else lines


def of_one(lines: Iterable[Any], rollout: str) -> Iterable[Any]:
    """As if it had been alone: each status as what changed, each action without the name."""
    before: dict[str, Any] = {}
    for at, kind, *rest in lines:
        if kind == ">>>" and rollout in rest[0].split():
            yield [at, kind, " ".join(word for word in rest[0].split() if word != rollout)]
        elif kind == f"ro/{rollout}":
            yield [at, "status", {key: value for key, value in rest[0].items() if before.get(key) != value}]
            before = rest[0]
        elif (kind == "rs" and rest[0].startswith(f"{rollout}-")) or (kind == "svc/act" and rollout == "bg"):
            yield [at, kind, *rest]


def replay(name: str) -> Iterable[Any]:
    lines = recording(name)
    actions = [(line[0], line[2]) for line in lines if line[1] == ">>>"]
    if not actions or actions[0][1] != "apply":
        actions.insert(0, (0.0, "apply"))
    cluster = (a_blue_green if "blue_green" in WORLDS[name] else a_cluster)(**WORLDS[name])
    for number, (at, label) in enumerate(actions):
        if incident := INCIDENTS.get((name, label)):
            cluster.log.append((">>>", label))
            incident(cluster)
        elif label != "apply":
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
    for kind in CONDITIONS:
        if said := changed.get(f"cond.{kind}"):
            yield kind, said[0]
    for each in changed.get("conditions") or ():
        if each["type"] in CONDITIONS:
            yield each["type"], each["status"]
    if weights := (changed.get("canary") or {}).get("weights"):
        sides = (weights["canary"], weights["stable"])
        yield "weights", [(side["weight"], name(side["podTemplateHash"])) for side in sides]
