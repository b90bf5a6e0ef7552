"""Random histories of users, pods, crashes and time against the invariants of both strategies."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reconciler.rollouts.step_plugins.contract import Result
from reconciler.workloads.template_hash import pod_template_hash
from tests.packages import installed
from tests.properties.blue_green_invariants import watch_of
from tests.properties.invariants import CARRIES, Watch
from tests.properties.rollout_world import BETA, COPY, Cluster, a_blue_green, a_cluster, template

Json = dict[str, Any]


@pytest.fixture(autouse=True, scope="module")
def _package() -> Iterator[None]:
    with installed("configmap-router"):
        yield


Action = tuple[str, Any]

STEPS = st.one_of(
    st.builds(lambda w: {"setWeight": w}, st.sampled_from([0, 10, 25, 50, 75, 90, 100])),
    st.just({"pause": {}}),
    st.builds(lambda s: {"pause": {"duration": s}}, st.integers(0, 5)),
)
ANALYSIS = st.just({"analysis": {"templates": [{"templateName": "errors"}]}})
SCALES = st.builds(lambda n: {"setCanaryScale": {"replicas": n}}, st.integers(1, 4))
PLUGINS = st.builds(lambda name: {"plugin": {"name": name}}, st.sampled_from(["smoke", "load", "disabled"]))
ROUTES = st.sampled_from([BETA, COPY, {"setHeaderRoute": {"name": "beta"}}, {"setMirrorRoute": {"name": "copy"}}])
BASIC_STEPS = st.lists(st.one_of(STEPS, ANALYSIS, PLUGINS), max_size=4)
ROUTED_STEPS = st.lists(st.one_of(STEPS, ANALYSIS, SCALES), max_size=5)


def _basic(steps: list[Json], replicas: int, surge: Any, unavailable: Any) -> Json:
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return {"steps": steps, "replicas": replicas, "canary": {"maxSurge": surge, "maxUnavailable": unavailable}}


def _routed(steps: list[Json], replicas: int, dynamic: bool, abort_delay: int | None) -> Json:
    canary: Json = {"dynamicStableScale": True} if dynamic else {"scaleDownDelaySeconds": 3}
    if abort_delay is not None:
        canary["abortScaleDownDelaySeconds"] = abort_delay
    return {"steps": steps, "replicas": replicas, "traefik": True, "canary": canary}


PAIR = {"pingService": "ping", "pongService": "pong"}


def _proxied(steps: list[Json], replicas: int, dynamic: bool, turns: bool, apart: bool, proxy: Json) -> Json:
    canary: Json = {"dynamicStableScale": True} if dynamic else {"scaleDownDelaySeconds": 3}
    canary |= {"pingPong": PAIR} if turns else {}
    canary |= {"antiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {}}} if apart else {}
    return {"steps": steps, "replicas": replicas, "canary": canary, "proxy": proxy}


def _blue_green(replicas: int, preview: bool, window: int | None, **options: Any) -> Json:
    strategy = {name: value for name, value in options.items() if value is not None}
    rollback: Json = {"rollbackWindow": {"revisions": window}} if window else {}
    return {"replicas": replicas, "preview": preview, "blue_green": strategy, **rollback}


def _windowed(world: Json, window: int) -> Json:
    return {**world, "rollbackWindow": {"revisions": window}}


def _proving(world: Json, annotations: Json) -> Json:
    return {**world, "annotations": annotations}


ANALYSED = st.sampled_from([None, {"templates": [{"templateName": "errors"}]}])
NAMED = "templates: [{templateName: errors}]"
FIRST_DEPLOY = st.sampled_from([{}, {"reconciler.dev/first-deploy-analysis": NAMED}])
BAKES = st.sampled_from([{}, *({"reconciler.dev/bake-analysis": text} for text in (NAMED, f"{NAMED}\nduration: 2s"))])
PROVING = st.builds(lambda bake, first: bake | first, BAKES, FIRST_DEPLOY)
PROXIED = st.builds(
    _proxied,
    st.lists(st.one_of(STEPS, SCALES, ROUTES, PLUGINS), max_size=6),
    st.integers(1, 6),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.sampled_from([{}, {"acknowledged": True}]),
)
CANARIES = st.one_of(
    st.builds(
        _basic,
        BASIC_STEPS,
        st.integers(1, 6),
        st.sampled_from([0, 1, 2, "25%", "50%"]),
        st.sampled_from([0, 1, "25%", "50%"]),
    ),
    st.builds(_routed, ROUTED_STEPS, st.integers(1, 6), st.booleans(), st.sampled_from([None, 0, 2])),
    PROXIED,
)
WORLDS = st.one_of(
    CANARIES,
    st.builds(_proving, CANARIES, PROVING),
    st.builds(_windowed, CANARIES, st.integers(1, 2)),
    st.builds(
        _blue_green,
        st.integers(1, 5),
        st.booleans(),
        st.sampled_from([None, None, 2]),
        previewReplicaCount=st.sampled_from([None, 0, 1, 2]),
        autoPromotionEnabled=st.sampled_from([None, False]),
        autoPromotionSeconds=st.sampled_from([None, 0, 3]),
        scaleDownDelaySeconds=st.sampled_from([None, 0, 3, 50]),
        scaleDownDelayRevisionLimit=st.sampled_from([None, 0, 1]),
        abortScaleDownDelaySeconds=st.sampled_from([None, 0, 2]),
        prePromotionAnalysis=ANALYSED,
        postPromotionAnalysis=ANALYSED,
    ),
)
ACTIONS = st.one_of(
    st.tuples(st.just("push"), st.integers(1, 4)),
    st.tuples(st.sampled_from(["abort", "retry", "promote", "full", "pause", "resume"]), st.none()),
    st.tuples(st.just("scale"), st.integers(0, 7)),
    st.tuples(st.sampled_from(["break", "mend"]), st.integers(1, 4)),
    st.tuples(st.just("wait"), st.sampled_from([0.4, 1, 3, 40])),
    st.tuples(st.just("rounds"), st.integers(1, 4)),
    st.tuples(st.just("ahead"), st.integers(1, 4)),
    st.tuples(st.just("crash"), st.integers(0, 6)),
    st.tuples(st.just("verdict"), st.sampled_from(["Running", "Successful", "Failed", "Inconclusive"])),
    st.tuples(st.just("proxy"), st.sampled_from(["deaf", "hears"])),
    st.tuples(st.just("plugin"), st.sampled_from(["Running", "Successful", "Failed", "Error"])),
    st.tuples(st.just("anew"), st.integers(0, 1)),
    st.tuples(st.just("settle"), st.none()),
)
HISTORIES = st.lists(ACTIONS, max_size=14)
SETTINGS = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])

PATCHES: dict[str, Json] = {
    "abort": {"status": {"abort": True}},
    "retry": {"status": {"abort": False}},
    "promote": {"status": {"pauseConditions": None}},
    "full": {"status": {"promoteFull": True}},
    "pause": {"spec": {"paused": True}},
    "resume": {"spec": {"paused": False}},
}


class Watched(Cluster):
    """A cluster whose every write is checked before it happens."""

    watch: Watch
    deaf = False

    def run_pods(self, *, ready: bool = True, most: int = 10**6) -> bool:
        """The proxy too does what it was told, and says so unless it is deaf."""
        found = self.objects.get(("ConfigMap", "traffic"))
        if found and not self.deaf and found["metadata"].get("annotations", {}).get(CARRIES) != found["data"]["digest"]:
            self.patch("ConfigMap", "traffic", {"metadata": {"annotations": {CARRIES: found["data"]["digest"]}}})
        return super().run_pods(ready=ready, most=most)

    def user(self, label: str, patch: Json) -> None:
        self.watch.user_acted()
        super().user(label, patch)

    def carry_out(self, intent: Any) -> None:
        self.watch.before(intent)
        super().carry_out(intent)

    def converge(self, *, ready: bool = True, limit: int = 400) -> None:
        super().converge(ready=ready, limit=limit)
        self.watch.at_rest()


def start(world: Json) -> Watched:
    made = (a_blue_green if "blue_green" in world else a_cluster)(**copy.deepcopy(world))
    cluster = Watched(**vars(made))
    cluster.watch = watch_of(cluster)
    return cluster


def act(cluster: Watched, action: Action) -> None:
    name, value = action
    if name in PATCHES:
        cluster.user(name, PATCHES[name])
    elif name == "push":
        cluster.user(name, {"spec": {"template": template(f"img:{value}")}})
    elif name == "scale":
        cluster.user(name, {"spec": {"replicas": value}})
    elif name == "break":
        cluster.watch.user_acted()
        cluster.broken.add(hash_of(value))
        cluster.run_pods()
    elif name == "mend":
        cluster.watch.user_acted()
        cluster.broken.discard(hash_of(value))
    elif name == "verdict":
        cluster.watch.user_acted()
        cluster.run_analyses(value)
    elif name == "proxy":
        cluster.deaf = value == "deaf"
    elif name == "plugin":
        cluster.watch.user_acted()
        cluster.plugins.says = {"Run": Result(value)}
    elif name == "anew":  # as `kubectl replace` leaves a Service
        services = sorted(name for kind, name in cluster.objects if kind == "Service")
        cluster.watch.user_acted()
        for service in services[value : value + 1]:
            cluster.put("Service", {"metadata": {"name": service}, "spec": {"selector": {"app": "shop"}}})
    elif name == "wait":
        cluster.wait(value)
    elif name == "crash":
        cluster.reconcile(stop_after=value)
    elif name == "rounds":
        for _ in range(value):
            cluster.reconcile()
            cluster.run_pods(most=1)
    elif name == "ahead":  # our own writes wake us up before the controllers of pods have seen them
        for _ in range(value):
            cluster.reconcile()
    else:
        cluster.converge()


def hash_of(version: int) -> str:
    return pod_template_hash(template(f"img:{version}"), None)


def play(world: Json, history: list[Action]) -> Watched:
    cluster = start(world)
    for action in history:
        act(cluster, action)
    return cluster


@SETTINGS
@example(_blue_green(1, False, None), [("rounds", 1), ("abort", None), ("settle", None), ("full", None)])
@given(WORLDS, HISTORIES)
def test_no_history_breaks_an_invariant(world: Json, history: list[Action]) -> None:
    cluster = play(world, history)
    cluster.converge()


@SETTINGS
@given(PROXIED, st.sampled_from(["deaf", "hears"]), HISTORIES)
def test_no_history_of_a_router_and_steps_of_others_breaks_an_invariant(
    world: Json, proxy: str, history: list[Action]
) -> None:
    """An update is under way already, and half of the proxies do not say that they have followed it."""
    cluster = play(world, [("settle", None), ("proxy", proxy), ("push", 2), ("settle", None), *history])
    cluster.converge()


@SETTINGS
@given(WORLDS, HISTORIES)
def test_the_same_world_gives_the_same_decision(world: Json, history: list[Action]) -> None:
    cluster = play(world, history)
    assert cluster.decide() == cluster.decide()


@SETTINGS
@given(WORLDS, HISTORIES)
def test_a_second_reconcile_without_change_writes_nothing(world: Json, history: list[Action]) -> None:
    cluster = play(world, history)
    cluster.converge()
    assert cluster.decide().intents == ()


@SETTINGS
@given(WORLDS, HISTORIES, st.lists(st.integers(0, 5), max_size=30))
def test_dying_between_any_two_writes_ends_in_the_same_state(
    world: Json, history: list[Action], crashes: list[int]
) -> None:
    calm = [action for action in history if action[0] not in ("crash", "rounds", "ahead")]
    whole, crashing = start(world), start(world)
    for action in [*calm, ("settle", None)]:
        act(whole, action)
        whole.converge()
        act(crashing, action)
        for stop_after in crashes[:3]:
            crashing.reconcile(stop_after=stop_after)
        crashes = crashes[3:]
        crashing.converge()
    assert final(crashing) == final(whole)


@SETTINGS
@given(WORLDS, HISTORIES)
def test_a_healthy_version_is_delivered_in_the_end(world: Json, history: list[Action]) -> None:
    cluster = play(world, history)
    cluster.broken.clear()
    cluster.deaf, cluster.plugins.says = False, {}
    cluster.user("resume", {"spec": {"paused": False, "template": template("img:9")}})
    cluster.converge()
    for _ in range(4):
        cluster.user("full", {"status": {"promoteFull": True}})
        cluster.wait(60)
    assert cluster.status["phase"] == "Healthy"
    assert cluster.status["stableRS"] == hash_of(9)


def final(cluster: Cluster) -> Json:
    status = cluster.status
    names = ("phase", "message", "currentStepIndex", "stableRS", "currentPodHash", "abort", "controllerPause")
    sizes = {
        body["metadata"]["labels"]["rollouts-pod-template-hash"]: body["spec"]["replicas"]
        for (kind, _), body in cluster.objects.items()
        if kind == "ReplicaSet"
    }
    selected = {name: body["spec"]["selector"] for (kind, name), body in cluster.objects.items() if kind == "Service"}
    weights = (status.get("canary") or {}).get("weights"), status.get("blueGreen")
    return {**{name: status.get(name) for name in names}, "sizes": sizes, "selected": selected, "weights": weights}
