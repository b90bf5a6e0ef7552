"""Random histories in which the strategy, the router and its Services change as well."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reconciler.workloads import keys
from tests.properties.rollout_world import Cluster, a_cluster, template
from tests.properties.test_rollout_histories import PATCHES, hash_of

Json = dict[str, Any]
Action = tuple[str, Any]

STEPS = st.lists(
    st.one_of(
        st.builds(lambda w: {"setWeight": w}, st.sampled_from([0, 25, 50, 100])),
        st.just({"pause": {}}),
        st.just({"pause": {"duration": 3}}),
    ),
    max_size=4,
)


def _canary(stable: str, canary: str, router: str) -> Json:
    routing = {"trafficRouting": {"traefik": {"weightedTraefikServiceName": router}}} if router else {}
    services = {"stableService": stable, "canaryService": canary} if stable else {}
    return {"canary": {**services, **routing}}


def _blue_green(active: str, preview: str) -> Json:
    services = {"activeService": active} | ({"previewService": preview} if preview else {})
    return {"blueGreen": {**services, "autoPromotionEnabled": False, "scaleDownDelaySeconds": 3}}


STRATEGIES = (
    _canary("s", "c", "one"),
    _canary("s", "c", "two"),
    _canary("a", "p", "two"),
    _canary("", "", ""),
    _blue_green("a", "p"),
    _blue_green("a", "c"),
    _blue_green("s", ""),
    _blue_green("c", ""),
)
ROUTERLESS: Action = ("strategy", 3)
"""Its pods are the split: it lets go of all Services, and nobody knows afterwards which of them a router once knew."""
ACTIONS = st.one_of(
    st.tuples(st.just("strategy"), st.integers(0, len(STRATEGIES) - 1)),
    st.tuples(st.just("strategy"), st.integers(0, len(STRATEGIES) - 1)),
    st.tuples(st.just("push"), st.integers(1, 3)),
    st.tuples(st.sampled_from(["abort", "retry", "promote", "full", "pause", "resume"]), st.none()),
    st.tuples(st.sampled_from(["break", "mend"]), st.integers(1, 3)),
    st.tuples(st.just("wait"), st.sampled_from([1, 40])),
    st.tuples(st.just("rounds"), st.integers(1, 4)),
    st.tuples(st.just("crash"), st.integers(0, 6)),
    st.tuples(st.just("settle"), st.none()),
)
HISTORIES = st.lists(ACTIONS, max_size=12)
SETTINGS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def start(steps: list[Json], dynamic: bool, replicas: int) -> Cluster:
    cluster = a_cluster(replicas=replicas, strategy={}, rollbackWindow={"revisions": 1})
    for name in ("s", "c", "a", "p"):
        cluster.put("Service", {"metadata": {"name": name}, "spec": {"selector": {"app": "shop"}}})
    for router in ("one", "two"):
        services = [{"name": name, "port": 80, "weight": 0} for name in ("s", "c", "a", "p")]
        cluster.put("TraefikService", {"metadata": {"name": router}, "spec": {"weighted": {"services": services}}})
    choose(cluster, 0, steps, dynamic)
    cluster.converge()
    return cluster


def choose(cluster: Cluster, number: int, steps: list[Json], dynamic: bool) -> None:
    strategy = {name: dict(value) for name, value in STRATEGIES[number].items()}
    if "canary" in strategy and steps:
        strategy["canary"]["steps"] = steps
    if "trafficRouting" in strategy.get("canary", {}):
        strategy["canary"] |= {"dynamicStableScale": True} if dynamic else {"scaleDownDelaySeconds": 3}
    cluster.user("no strategy", {"spec": {"strategy": {"canary": None, "blueGreen": None}}})
    cluster.user("strategy", {"spec": {"strategy": strategy}})


def act(cluster: Cluster, action: Action, steps: list[Json], dynamic: bool) -> None:
    name, value = action
    if name in PATCHES:
        cluster.user(name, PATCHES[name])
    elif name == "strategy":
        choose(cluster, value, steps, dynamic)
    elif name == "push":
        cluster.user(name, {"spec": {"template": template(f"img:{value}")}})
    elif name == "break":
        cluster.broken.add(hash_of(value))
        cluster.run_pods()
    elif name == "mend":
        cluster.broken.discard(hash_of(value))
    elif name == "wait":
        cluster.wait(value)
    elif name == "crash":
        cluster.reconcile(stop_after=value)
    elif name == "rounds":
        for _ in range(value):
            cluster.reconcile()
            cluster.run_pods(most=1)
    else:
        cluster.converge()


def traffic_finds_pods(cluster: Cluster, *, known: bool) -> None:
    """At rest neither a route that a router was left with nor the active Service leads to nothing past stable pods."""
    stable = cluster.status.get("stableRS", "")
    for service in used(cluster):
        selected = cluster.objects["Service", service]["spec"]["selector"].get(keys.HASH, "")
        if pods(cluster, stable) and not pods(cluster, selected):
            raise AssertionError(f"{service} leads to {selected}, which has no pods, while those of {stable} are there")
    if known and "blueGreen" in cluster.rollout["spec"]["strategy"] and cluster.status.get("phase") != "Healthy":
        _nobody_gets_a_preview(cluster, stable)


def _nobody_gets_a_preview(cluster: Cluster, stable: str) -> None:
    """What is sent by a route that was left goes to the stable version, or to the one that serves."""
    for service in used(cluster) if pods(cluster, stable) == cluster.rollout["spec"]["replicas"] else ():
        selected = cluster.objects["Service", service]["spec"]["selector"].get(keys.HASH, "")
        served = cluster.status["blueGreen"].get("activeSelector", "")
        alone = not selected and pods(cluster, "") == pods(cluster, stable)
        if selected not in (stable, served) and not alone:
            raise AssertionError(f"{service} leads to {selected or 'every version'}, which nobody judged")


def used(cluster: Cluster) -> set[str]:
    found = [
        body["spec"]["weighted"]["services"] for (kind, _), body in cluster.objects.items() if kind == "TraefikService"
    ]
    sent = {entry["name"] for services in found for entry in services if entry["weight"]}
    active = cluster.rollout["spec"]["strategy"].get("blueGreen", {}).get("activeService")
    return sent | ({active} if active else set())


def pods(cluster: Cluster, pod_hash: str) -> int:
    sets = [body for (kind, _), body in cluster.objects.items() if kind == "ReplicaSet"]
    found = [rs for rs in sets if pod_hash in ("", rs["metadata"]["labels"][keys.HASH])]
    return sum(min(rs["spec"]["replicas"], (rs.get("status") or {}).get("availableReplicas", 0)) for rs in found)


@SETTINGS
@given(STEPS, st.booleans(), st.integers(1, 4), st.integers(1, len(STRATEGIES) - 1), HISTORIES)
@example(steps=[], dynamic=False, replicas=1, first=5, history=[("full", None)])
@example(steps=[], dynamic=False, replicas=1, first=4, history=[("push", 1), ("pause", None), ("wait", 40)])
def test_no_change_of_strategy_leaves_traffic_without_pods(
    steps: list[Json], dynamic: bool, replicas: int, first: int, history: list[Action]
) -> None:
    steps = [{"setWeight": 50}, {"pause": {}}, *steps]
    cluster = start(steps, dynamic, replicas)
    actions: list[Action] = [("push", 2), ("settle", None), ("strategy", first), *history]
    known = ROUTERLESS not in actions
    for action in actions:
        act(cluster, action, steps, dynamic)
        if action[0] in ("settle", "wait"):
            traffic_finds_pods(cluster, known=known)
    cluster.converge()
    traffic_finds_pods(cluster, known=known)
    assert cluster.decide().intents == ()


@SETTINGS
@given(STEPS, st.booleans(), st.integers(1, 4), st.integers(1, len(STRATEGIES) - 1), HISTORIES)
def test_after_any_change_of_strategy_a_healthy_version_is_delivered(
    steps: list[Json], dynamic: bool, replicas: int, first: int, history: list[Action]
) -> None:
    steps = [{"setWeight": 50}, {"pause": {}}, *steps]
    cluster = start(steps, dynamic, replicas)
    for action in [("push", 2), ("settle", None), ("strategy", first), *history]:
        act(cluster, action, steps, dynamic)
    cluster.broken.clear()
    cluster.user("resume", {"spec": {"paused": False, "template": template("img:9")}})
    cluster.converge()
    for _ in range(4):
        cluster.user("full", {"status": {"promoteFull": True}})
        cluster.converge()
        cluster.wait(60)
    assert (cluster.status["phase"], cluster.status["stableRS"]) == ("Healthy", hash_of(9))
    traffic_finds_pods(cluster, known=False)
