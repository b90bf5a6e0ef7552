"""Random histories of canaries with experiment steps: at most one Experiment is at work, and only in its step."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.properties.rollout_world import Cluster
from tests.properties.test_rollout_histories import ACTIONS, STEPS, Watched, act, start

Json = dict[str, Any]
Action = tuple[str, Any]

ENDED = ("Successful", "Failed", "Error", "Inconclusive")
SIDES = [{"name": "a", "specRef": "stable", "weight": 3}, {"name": "b", "specRef": "canary"}]
WEIGHTED: Json = {"experiment": {"duration": "1m", "templates": SIDES}}
PLAIN: Json = {"experiment": {"duration": "1m", "templates": SIDES[1:]}}
VERDICTS = st.tuples(st.just("experiment"), st.sampled_from(["Running", *ENDED]))
HISTORIES = st.lists(st.one_of(ACTIONS, VERDICTS, VERDICTS), max_size=16)


@st.composite
def worlds(draw: st.DrawFn) -> Json:
    routed = draw(st.booleans())
    before = draw(st.lists(st.builds(lambda w: {"setWeight": w}, st.sampled_from([0, 20, 50, 90])), max_size=2))
    after = draw(st.lists(st.one_of(STEPS, st.just(PLAIN)), max_size=2))
    return {
        "steps": [*before, WEIGHTED if routed else PLAIN, *after],
        "replicas": draw(st.integers(1, 4)),
        "traefik": routed,
    }


def at_its_step(world: Json) -> Watched:
    """The second version has reached its experiment, which runs."""
    cluster = start(world)
    for action in (("settle", None), ("push", 2), ("settle", None)):
        act(cluster, action)
    assert at_work(cluster)
    judge(cluster, "Running")
    return cluster


def judge(cluster: Watched, phase: str) -> None:
    """Every Experiment that has not ended gets this phase; one that was asked to end is Successful."""
    cluster.watch.user_acted()
    for (kind, name), body in list(cluster.objects.items()):
        if kind == "Experiment" and (body.get("status") or {}).get("phase") not in ENDED:
            said = "Successful" if body["spec"].get("terminate") else phase
            # its pods are the other engine's to answer for: this Service has all there are
            cluster.put("Service", {"metadata": {"name": f"{name}-a"}, "spec": {"selector": {}}})
            templates = [{"name": "a", "serviceName": f"{name}-a", "podTemplateHash": "h"}]
            cluster.patch("Experiment", name, {"status": {"phase": said, "templateStatuses": templates}})


def at_work(cluster: Cluster) -> list[str]:
    return [
        name
        for (kind, name), body in cluster.objects.items()
        if kind == "Experiment"
        and not body["spec"].get("terminate")
        and (body.get("status") or {}).get("phase") not in ENDED
    ]


def checked(cluster: Watched) -> None:
    status = cluster.status
    steps = cluster.rollout["spec"]["strategy"]["canary"]["steps"]
    index, used = status.get("currentStepIndex", 0), (status.get("canary") or {}).get("currentExperiment")
    over = status.get("abort") or status.get("stableRS") == status.get("currentPodHash")
    in_step = not over and index < len(steps) and "experiment" in steps[index]
    assert set(at_work(cluster)) <= ({used} if in_step else set()), "an Experiment goes on outside its step"
    weights = (status.get("canary") or {}).get("weights") or {}
    shares = sum(each["weight"] for each in weights.get("additional") or ())
    stable = cluster.world().stable
    taker = stable is not None and stable.available > 0
    assert in_step or shares == 0 or not taker, "a share is left behind, and the stable version could take it"
    assert not cluster.decide().intents, "a second reconcile writes again"


SHARED = {"duration": "1m", "templates": [{"name": "a", "specRef": "stable", "weight": 3}]}
SHARES = {"steps": [{"setWeight": 20}, {"experiment": SHARED}, {"setWeight": 0}], "replicas": 1, "traefik": True}


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(SHARES, [("scale", 0), ("experiment", "Successful")])
@example(SHARES, [("settle", None), ("push", 1), ("break", 1)])
@example(SHARES, [("settle", None), ("push", 1), ("break", 1), ("mend", 1)])
@example(SHARES, [("scale", 0), ("wait", 0.4), ("push", 1), ("scale", 2)])
@given(worlds(), HISTORIES)
def test_an_experiment_is_at_work_only_in_its_step(world: Json, history: list[Action]) -> None:
    cluster = at_its_step(world)
    for action in history:
        if action[0] == "experiment":
            judge(cluster, action[1])
        else:
            act(cluster, action)
        assert cluster.decide() == cluster.decide()
    cluster.converge()
    checked(cluster)
