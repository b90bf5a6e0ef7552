"""Pods that run already get the metadata of their version's role, and a crash on the way leaves none behind."""

from __future__ import annotations

import threading
from typing import Any

import orjson
import pytest

from reconciler.errors import NotFound, Refused, Transient
from reconciler.rollouts import intents as i
from reconciler.rollouts.pods import patch_owned
from tests.properties.rollout_world import Cluster, Json, template
from tests.unit.rollouts.test_requests_of_users import an_update, ask
from tests.unit.rollouts.test_traffic_safety import replica_set

WANTED: Json = {"labels": {"role": "stable", "old": None}}


class Pods:
    """An API server that has pods only. `fails` are the answers to the first patches of a pod by name."""

    def __init__(self, *pods: Json, fails: dict[str, list[Exception]] | None = None) -> None:
        self.pods = {pod["metadata"]["name"]: pod for pod in pods}
        self.fails, self.patched, self.most = fails or {}, list[str](), 0
        self._now, self._lock, self._together = 0, threading.Lock(), threading.Event()

    def list(self, resource: Any, namespace: str, label_selector: str) -> list[Json]:
        return list(self.pods.values())

    def patch(self, resource: Any, namespace: str, name: str, patch: Json) -> Json:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
            if self._now == 10:
                self._together.set()
            error = next(iter(self.fails.get(name, [])), None)
            if error:
                self.fails[name].pop(0)
        if len(self.pods) >= 10:
            self._together.wait(5)
        with self._lock:
            self._now -= 1
            if error:
                raise error
            self.patched.append(name)
        return {}


def a_pod(name: str, owner: str = "rs", **labels: str) -> Json:
    return {"metadata": {"name": name, "labels": labels, "ownerReferences": [{"uid": owner}]}}


def patch(pods: Pods) -> list[float]:
    slept: list[float] = []
    patch_owned(pods, "ns", "hash", "rs", WANTED, slept.append)  # type: ignore[arg-type]
    return slept


def test_only_own_pods_that_lack_it_are_patched() -> None:
    pods = Pods(a_pod("a", role="canary"), a_pod("b", role="stable"), a_pod("c", "another"), a_pod("d", old="1"))
    patch(pods)
    assert sorted(pods.patched) == ["a", "d"]


def test_ten_are_patched_at_a_time() -> None:
    pods = Pods(*(a_pod(str(number)) for number in range(25)))
    patch(pods)
    assert (len(pods.patched), pods.most) == (25, 10)


def test_what_may_pass_is_tried_three_times_and_pods_that_are_gone_are_nobodys_trouble() -> None:
    pods = Pods(a_pod("a"), fails={"a": [Transient("busy"), Transient("busy")]})
    assert patch(pods) == [0.1, 0.2]
    assert pods.patched == ["a"]
    assert patch(Pods(a_pod("b"), fails={"b": [NotFound("gone")]})) == []


@pytest.mark.parametrize("error", [Refused("no"), Transient("busy")])
def test_a_pod_that_cannot_be_patched_hides_no_other(error: Exception) -> None:
    pods = Pods(a_pod("a"), a_pod("b"), fails={"a": [error] * 3})
    with pytest.raises(type(error)):
        patch(pods)
    assert pods.patched == ["b"]


CANARY = {"canaryMetadata": {"labels": {"role": "canary"}}, "stableMetadata": {"annotations": {"note": "live"}}}


def changes(cluster: Cluster) -> list[i.Intent]:
    kinds = (i.PatchPods, i.PatchReplicaSet)
    return [intent for intent in cluster.decide().intents if isinstance(intent, kinds)]


def test_the_template_comes_before_the_pods_and_the_record_of_it_after() -> None:
    """A pod that is made meanwhile is made right, and a crash in between repeats it all."""
    cluster = an_update([{"setWeight": 25}, {"pause": {}}], canary=CANARY)
    record = replica_set(cluster, "img:2")["metadata"]["annotations"]["rollout.argoproj.io/ephemeral-metadata"]
    assert orjson.loads(record) == {"labels": {"role": "canary"}}
    change = {"canaryMetadata": {"labels": {"role": None, "lane": "new"}}}
    cluster.user("metadata", {"spec": {"strategy": {"canary": change}}})
    template, pods, recorded = changes(cluster)
    wanted = {"labels": {"role": None, "lane": "new"}, "annotations": {}}
    assert isinstance(template, i.PatchReplicaSet)
    assert template.patch == {"spec": {"template": {"metadata": wanted}}}
    assert isinstance(pods, i.PatchPods)
    assert pods.metadata == wanted
    assert isinstance(recorded, i.PatchReplicaSet)
    for stop_after in (1, 2):
        cluster.reconcile(stop_after=stop_after)
        assert [type(each) for each in changes(cluster)] == [i.PatchReplicaSet, i.PatchPods, i.PatchReplicaSet]
    cluster.converge()
    assert changes(cluster) == []


def test_a_version_without_pods_is_left_alone_and_has_the_metadata_of_its_role_before_it_gets_one() -> None:
    cluster = an_update([{"setWeight": 25}, {"pause": {}}], canary=CANARY)
    ask(cluster, promoteFull=True)
    idle = replica_set(cluster, "img:1")["spec"]
    assert (idle["replicas"], idle["template"]["metadata"]["annotations"]) == (0, {"note": "live"})
    cluster.user("undo", {"spec": {"template": template("img:1")}})
    while not replica_set(cluster, "img:1")["spec"]["replicas"]:
        cluster.reconcile()
    assert replica_set(cluster, "img:1")["spec"]["template"]["metadata"]["labels"]["role"] == "canary"
