"""Restarts in the middle of random histories: pods are evicted while sizes change, and never too many are missing."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.rollouts import defaults
from reconciler.rollouts import intents as i
from reconciler.rollouts.model import Rollout
from reconciler.rollouts.owned import Pod
from tests.properties.blue_green_invariants import watch_of
from tests.properties.invariants import Broken
from tests.properties.rollout_world import a_blue_green, a_cluster
from tests.properties.test_rollout_histories import BASIC_STEPS, ROUTED_STEPS, Watched, _basic, _routed, act

Json = dict[str, Any]


@dataclass
class Pods:
    """The available pods of one ReplicaSet: since when they exist, and which of them were evicted."""

    born: dict[str, datetime] = field(default_factory=dict)
    going: set[str] = field(default_factory=set)

    @property
    def standing(self) -> int:
        return len(self.born) - len(self.going)


class Restarting(Watched):
    """A cluster in which pods are single things; a ReplicaSet counts an evicted one until its controller has run."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)
        self.alive: dict[str, Pods] = {}
        self.made = 0

    def run_pods(self, *, ready: bool = True, most: int = 10**6) -> bool:
        for name, pods in self.alive.items():
            if pods.going and (body := self.objects.get(("ReplicaSet", name))):
                left = {"availableReplicas": pods.standing, "readyReplicas": pods.standing}
                self.put("ReplicaSet", {**body, "status": body["status"] | left})
            pods.born = {pod: since for pod, since in pods.born.items() if pod not in pods.going}
            pods.going = set()
        moved = super().run_pods(ready=ready, most=most)
        for name, body in self._sets():
            self._follow(self.alive.setdefault(name, Pods()), name, body["status"]["availableReplicas"])
        return moved

    def _follow(self, pods: Pods, name: str, available: int) -> None:
        while len(pods.born) > available:
            pods.born.popitem()
        while len(pods.born) < available:
            self.made += 1
            pods.born[f"{name}/{self.made}"] = self.now

    def pods(self, rollout: Rollout) -> list[Pod]:
        return [
            self._pod(pod, since, self.objects["ReplicaSet", name]["metadata"]["uid"], going=pod in pods.going)
            for name, pods in self.alive.items()
            if ("ReplicaSet", name) in self.objects
            for pod, since in pods.born.items()
        ]

    def _pod(self, name: str, since: datetime, owner: str, *, going: bool) -> Pod:
        metadata: Json = {"name": name, "creationTimestamp": since.isoformat()}
        metadata["ownerReferences"] = [{"kind": "ReplicaSet", "uid": owner, "controller": True}]
        metadata |= {"deletionTimestamp": self.now.isoformat()} if going else {}
        ready = {"type": "Ready", "status": "True", "lastTransitionTime": since.isoformat()}
        return msgspec.convert({"metadata": metadata, "status": {"conditions": [ready]}}, Pod)

    def carry_out(self, intent: Any) -> None:
        before = self._standing()
        super().carry_out(intent)
        canary = "canary" in self.rollout["spec"]["strategy"]
        if isinstance(intent, i.EvictPod):
            self.alive[intent.name.partition("/")[0]].going.add(intent.name)
            self._enough_stay(before, intent, least_missing=1)
        elif isinstance(intent, i.ScaleReplicaSet) and canary:
            self._enough_stay(before, intent, least_missing=0)

    def _enough_stay(self, before: int, intent: i.Intent, *, least_missing: int) -> None:
        world = self.world()
        missing = max(least_missing, defaults.unavailable(world.strategy, world.replicas))
        if (after := self._standing()) < min(before, world.replicas - missing):
            raise Broken(
                f"{intent} leaves {after} pods of {before}; at most {missing} of {world.replicas} may be missing"
            )

    def _standing(self) -> int:
        return sum(min(body["spec"]["replicas"], self._of(name)) for name, body in self._sets())

    def _of(self, name: str) -> int:
        return self.alive[name].standing if name in self.alive else 0

    def _sets(self) -> Iterator[tuple[str, Json]]:
        return ((name, body) for (kind, name), body in list(self.objects.items()) if kind == "ReplicaSet")


LIMITS = st.sampled_from([(0, 1), (1, 0), (1, 1), (2, 1), ("25%", "25%"), ("50%", "50%")])
WORLDS = st.one_of(
    st.builds(lambda steps, n, limits: _basic(steps, n, *limits), BASIC_STEPS, st.integers(1, 6), LIMITS),
    st.builds(_routed, ROUTED_STEPS, st.integers(1, 6), st.booleans(), st.sampled_from([None, 2])),
    st.builds(lambda n, hand: {"replicas": n, "blue_green": hand}, st.integers(1, 5), st.just({})),
)
ACTIONS = st.one_of(
    st.tuples(st.just("push"), st.integers(1, 3)),
    st.tuples(st.sampled_from(["abort", "retry", "promote", "full", "restart", "restart"]), st.none()),
    st.tuples(st.just("scale"), st.integers(1, 6)),
    st.tuples(st.just("wait"), st.sampled_from([1, 3, 40])),
    st.tuples(st.sampled_from(["rounds", "ahead"]), st.integers(1, 4)),
    st.tuples(st.just("settle"), st.none()),
)


def start(world: Json) -> Restarting:
    made = (a_blue_green if "blue_green" in world else a_cluster)(**copy.deepcopy(world))
    cluster = Restarting(**vars(made))
    cluster.watch = watch_of(cluster)
    cluster.converge()
    return cluster


def restart(cluster: Restarting) -> str:
    cluster.wait(2)
    asked = cluster.now.isoformat()
    cluster.user("restart", {"spec": {"restartAt": asked}})
    cluster.now += timedelta(seconds=1)
    return asked


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(WORLDS, st.lists(ACTIONS, max_size=10))
def test_a_restart_never_takes_too_many_pods_and_comes_to_an_end(world: Json, history: list[tuple[str, Any]]) -> None:
    cluster = start(world)
    for action in history:
        if action[0] == "restart":
            restart(cluster)
        else:
            act(cluster, action)
    asked = restart(cluster)
    cluster.wait(300)
    assert cluster.status["restartedAt"] == asked
    assert all(since.isoformat() >= asked for pods in cluster.alive.values() for since in pods.born.values())
