"""The shell: intents become requests in order, until the first that fails; answers are seen at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest

from reconciler.errors import Conflict, Refused, Transient, UserError
from reconciler.kube.objects import ROLLOUTS
from reconciler.kube.store import Store
from reconciler.rollouts import wiring
from reconciler.rollouts.controller import RolloutController
from reconciler.rollouts.ports import NoAnalyses
from reconciler.runtime.clock import VirtualClock
from tests.properties.rollout_world import Json, a_cluster, merge, template
from tests.unit.rollouts.test_requests_of_users import an_update


class Server:
    """The `Cluster` port as far as the engine needs it: objects, versions, and the faults that a test asks for."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], Json] = {}
        self.version = 100
        self.requests: list[str] = []
        self.faults: dict[str, Exception] = {}

    def seed(self, kind: str, body: Json) -> Json:
        self.version += 1
        meta = {"namespace": "ns", "uid": f"{kind}-{body['metadata']['name']}", **body["metadata"]}
        stored = {**body, "metadata": {**meta, "resourceVersion": str(self.version)}}
        self.objects[kind, meta["name"]] = stored
        return stored

    def get(self, resource: Any, namespace: str, name: str, subresource: str | None = None) -> Json:
        return self.objects[resource.kind, name]

    def create(self, resource: Any, namespace: str, body: Json, **_: Any) -> Json:
        self._note("create", resource.kind)
        return self.seed(resource.kind, body)

    def patch(
        self, resource: Any, namespace: str, name: str, patch: Json, *, subresource: str | None = None, **_: Any
    ) -> Json:
        self._note("patch", resource.kind + (f"/{subresource}" if subresource else ""))
        found = self.objects[resource.kind, name]
        expected = patch.get("metadata", {}).get("resourceVersion")
        if expected and expected != found["metadata"]["resourceVersion"]:
            raise Conflict(f"{name} has moved")
        return self.seed(resource.kind, merge(found, patch))

    def _note(self, verb: str, what: str) -> None:
        self.requests.append(f"{verb} {what}")
        if fault := self.faults.pop(f"{verb} {what}", None):
            raise fault


class Bench:
    """A controller over stores that hold what the server holds."""

    def __init__(self, rollout: Json, *others: tuple[str, Json]) -> None:
        self.server, self.events, self.woken = Server(), [], []  # type: ignore[var-annotated]
        self.stores: dict[str, Store[Any]] = {w.resource.kind: Store(w.decode) for w in wiring.watched()}
        found = wiring.stores_of(self.stores.__getitem__)
        wiring.subscribe(found, self.woken.append)
        self.controller = RolloutController(self.server, found, VirtualClock(), self, NoAnalyses())  # type: ignore[arg-type]
        for kind, body in ((ROLLOUTS.kind, rollout), *others):
            self.see(kind, self.server.seed(kind, body))

    def see(self, kind: str, body: Json) -> None:
        self.stores[kind].put(orjson.dumps(body))

    def event(self, about: Any, type: str, reason: str, message: str) -> None:  # noqa: A002
        self.events.append(reason)

    def at_rest(self, about: Any) -> None:
        self.events.append("at rest")

    def reconcile(self) -> Any:
        self.server.requests.clear()
        return self.controller.reconcile("ns/shop")


def a_bench(**world: Any) -> Bench:
    cluster = a_cluster(**world)
    others = [(kind, body) for (kind, _), body in cluster.objects.items() if kind != "Rollout"]
    return Bench(cluster.rollout, *others)


def test_the_status_is_written_last_and_once() -> None:
    bench = a_bench()
    bench.reconcile()
    assert bench.server.requests == ["create ReplicaSet", "patch Rollout", "patch Rollout/status"]


def test_the_next_decision_sees_the_answers_without_waiting_for_a_watch() -> None:
    bench = a_bench()
    bench.reconcile()
    bench.reconcile()
    assert bench.server.requests == []


def test_what_another_controller_notes_for_itself_wakes_nobody() -> None:
    bench = a_bench()
    bench.reconcile()
    [body] = [body for (kind, _), body in bench.server.objects.items() if kind == "ReplicaSet"]
    noted = {**body, "metadata": {**body["metadata"], "resourceVersion": "1000001"}}
    bench.woken.clear()
    bench.see("ReplicaSet", {**noted, "status": {"terminatingReplicas": 1}})
    assert bench.woken == []
    bench.see(
        "ReplicaSet",
        {**body, "metadata": {**body["metadata"], "resourceVersion": "1000002"}, "status": {"readyReplicas": 1}},
    )
    assert bench.woken


def test_what_was_told_need_not_wait_once_a_rollout_is_at_rest() -> None:
    moving, invalid = a_bench(), a_cluster().rollout
    moving.reconcile()
    assert "at rest" not in moving.events
    invalid["spec"]["strategy"] = {}
    resting = Bench(invalid)
    resting.reconcile()
    assert resting.events[-1] == "at rest"


def test_nothing_after_a_failed_write_is_written() -> None:
    bench = a_bench()
    bench.server.faults["patch Rollout"] = Transient("busy")
    with pytest.raises(Transient):
        bench.reconcile()
    assert "patch Rollout/status" not in bench.server.requests
    bench.reconcile()
    assert bench.server.requests == ["patch Rollout", "patch Rollout/status"]


def test_a_write_based_on_what_somebody_changed_meanwhile_is_refused() -> None:
    bench = a_bench(traefik=True)
    bench.reconcile()
    bench.server.seed("ReplicaSet", next(b for (k, _), b in bench.server.objects.items() if k == "ReplicaSet"))
    with pytest.raises(Conflict):
        bench.reconcile()


def test_a_version_that_the_server_does_not_accept_is_explained_in_the_status() -> None:
    bench = a_bench()
    bench.server.faults["create ReplicaSet"] = UserError("spec.template.spec.containers[0].name: Required value")
    with pytest.raises(UserError):
        bench.reconcile()
    [condition] = bench.server.objects["Rollout", "shop"]["status"]["conditions"]
    assert condition["reason"] == "ReplicaSetCreateError"
    assert "containers[0].name" in condition["message"]
    assert bench.events == ["ReplicaSetCreateError"]


def test_a_write_that_the_server_does_not_accept_is_an_event() -> None:
    bench = a_bench(traefik=True)
    bench.reconcile()
    bench.events.clear()
    bench.server.faults["patch ReplicaSet"] = Refused("replicasets is forbidden")
    with pytest.raises(Refused):
        bench.reconcile()
    assert bench.events == ["ReconciliationError"]


def test_a_rollout_is_told_to_be_there_once_and_to_be_gone_once() -> None:
    bench = a_bench()
    for _ in range(3):
        bench.reconcile()
    assert bench.events.count("RolloutAddedToInformer") == 1
    bench.stores["Rollout"].drop(orjson.dumps(bench.server.objects["Rollout", "shop"]))
    for _ in range(3):
        bench.reconcile()
    assert bench.events.count("RolloutDeleted") == 1


def test_the_end_of_a_rollout_that_another_engine_drove_is_not_told() -> None:
    bench = a_bench()
    bench.stores["Rollout"].drop(orjson.dumps(bench.server.objects["Rollout", "shop"]))
    bench.controller.forget("ns/shop")
    bench.reconcile()
    assert bench.events == []


def test_the_services_of_a_rollout_that_is_gone_select_all_pods_again() -> None:
    managed = {"argo-rollouts.argoproj.io/managed-by-rollouts": "shop"}
    selector = {"app": "shop", "rollouts-pod-template-hash": "abc"}
    service = {"metadata": {"name": "st", "annotations": managed}, "spec": {"selector": selector}}
    bench = Bench(a_cluster().rollout, ("Service", service))
    bench.stores["Rollout"].drop(orjson.dumps(bench.server.objects["Rollout", "shop"]))
    bench.reconcile()
    assert bench.server.objects["Service", "st"]["spec"] == {"selector": {"app": "shop"}}
    assert bench.server.objects["Service", "st"]["metadata"]["annotations"] == {}


def test_trouble_with_a_router_is_tried_again_and_the_rest_is_done() -> None:
    bench = a_bench(steps=[{"setWeight": 50}], traefik=True)
    bench.reconcile()
    bench.reconcile()
    [(kind, name)] = [key for key in bench.server.objects if key[0] == "ReplicaSet"]
    ready = {"status": {"replicas": 4, "readyReplicas": 4, "availableReplicas": 4}}
    bench.see(kind, bench.server.seed(kind, merge(bench.server.objects[kind, name], ready)))
    bench.reconcile()
    bench.stores["TraefikService"].drop(orjson.dumps(bench.server.objects["TraefikService", "shop"]))
    with pytest.raises(Transient, match="'shop' does not exist"):
        bench.reconcile()
    assert "patch Service" in bench.server.requests


def test_trouble_does_not_postpone_what_time_decides() -> None:
    """A pause ends when it shall although its router is missing for long, and each try waits longer than the last."""
    cluster = an_update([{"setWeight": 50}, {"pause": {"duration": 30}}], traefik=True)
    del cluster.objects["TraefikService", "shop"]
    bench = Bench(cluster.rollout, *((kind, body) for (kind, _), body in cluster.objects.items() if kind != "Rollout"))
    with pytest.raises(Transient) as caught:
        bench.reconcile()
    began = datetime.fromisoformat(cluster.status["pauseConditions"][0]["startTime"])
    assert caught.value.wake_at is not None
    assert caught.value.wake_at <= began + timedelta(seconds=30)


def test_nor_does_a_server_that_is_busy() -> None:
    cluster = an_update([{"setWeight": 50}, {"pause": {"duration": 30}}])
    bench = Bench(cluster.rollout, *((kind, body) for (kind, _), body in cluster.objects.items() if kind != "Rollout"))
    began = datetime.fromisoformat(cluster.status["pauseConditions"][0]["startTime"])
    bench.see(ROLLOUTS.kind, bench.server.seed(ROLLOUTS.kind, merge(cluster.rollout, {"status": {"message": "x"}})))
    bench.server.faults["patch Rollout/status"] = Transient("busy")
    with pytest.raises(Transient) as caught:
        bench.reconcile()
    assert caught.value.wake_at is not None
    assert caught.value.wake_at <= began + timedelta(seconds=30)


def test_traffic_that_may_not_be_steered_is_told_and_the_weight_is_not_claimed() -> None:
    bench = a_bench(traefik=True)
    for _ in range(2):
        bench.reconcile()
    [(kind, name)] = [key for key in bench.server.objects if key[0] == "ReplicaSet"]
    ready = {"status": {"replicas": 4, "readyReplicas": 4, "availableReplicas": 4}}
    bench.see(kind, bench.server.seed(kind, merge(bench.server.objects[kind, name], ready)))
    bench.reconcile()
    bench.server.faults["patch TraefikService"] = Refused("the daemon may not patch traefikservices")
    with pytest.raises(Refused):
        bench.reconcile()
    assert bench.events[-1] == "TrafficRoutingError"
    assert "weights" not in bench.server.objects["Rollout", "shop"]["status"]["canary"]


def test_every_router_is_told_though_one_refuses_and_nothing_is_claimed() -> None:
    cluster = a_cluster(traefik=True)
    cluster.rollout["spec"]["strategy"]["canary"]["trafficRouting"]["nginx"] = {"stableIngress": "web"}
    rules = [{"http": {"paths": [{"backend": {"service": {"name": "st"}}}]}}]
    cluster.put("Ingress", {"metadata": {"name": "web"}, "spec": {"rules": rules}})
    bench = Bench(cluster.rollout, *((kind, body) for (kind, _), body in cluster.objects.items() if kind != "Rollout"))
    bench.reconcile()
    [(kind, name)] = [key for key in bench.server.objects if key[0] == "ReplicaSet"]
    for _ in range(2):
        size = bench.server.objects[kind, name]["spec"]["replicas"]
        ready = {"status": {"replicas": size, "readyReplicas": size, "availableReplicas": size}}
        bench.see(kind, bench.server.seed(kind, merge(bench.server.objects[kind, name], ready)))
        bench.reconcile()
    bench.server.faults |= {
        f"{verb}": Refused(f"may not {verb}") for verb in ("create Ingress", "patch TraefikService")
    }
    bench.events.clear()
    with pytest.raises(Transient, match="may not create Ingress; may not patch TraefikService"):
        bench.reconcile()
    assert "patch Rollout/status" not in bench.server.requests
    assert bench.events.count("TrafficRoutingError") == 2
    assert "CreatingCanaryIngress" not in bench.events


def change(kind: str, **meta: Any) -> list[str]:
    """Keys that are woken by an object of that kind, beside a Rollout that routes by Traefik."""
    bench = a_bench(steps=[{"setWeight": 50}], traefik=True)
    bench.woken.clear()
    bench.see(kind, bench.server.seed(kind, {"metadata": {"name": "x", **meta}, "spec": {}}))
    return bench.woken


OWNER = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "shop", "controller": True}


@pytest.mark.parametrize(
    ("kind", "meta", "woken"),
    [
        ("Service", {"name": "ca"}, ["ns/shop"]),
        ("Service", {"name": "unknown"}, []),
        ("TraefikService", {"name": "shop"}, ["ns/shop"]),
        ("ReplicaSet", {"ownerReferences": [OWNER]}, ["ns/shop"]),
        ("ReplicaSet", {"ownerReferences": [{**OWNER, "apiVersion": "apps/v1", "kind": "Deployment"}]}, []),
        ("ReplicaSet", {"labels": {"app": "shop", "rollouts-pod-template-hash": "x"}}, ["ns/shop"]),
        ("AnalysisRun", {"ownerReferences": [OWNER]}, ["ns/shop"]),
        ("Rollout", {"name": "other"}, ["ns/other"]),
    ],
    ids=["used Service", "foreign Service", "router", "owned", "foreign", "orphan", "run", "Rollout"],
)
def test_a_change_wakes_the_rollouts_that_it_concerns(kind: str, meta: Json, woken: list[str]) -> None:
    assert change(kind, **meta) == woken


def test_a_rollout_that_stops_naming_a_service_is_woken_by_it_no_more() -> None:
    bench = a_bench(steps=[{"setWeight": 50}], traefik=True)
    spec = {"spec": {"template": template("img:1"), "strategy": {"canary": {"canaryService": None}}}}
    bench.see("Rollout", bench.server.seed("Rollout", merge(bench.server.objects["Rollout", "shop"], spec)))
    bench.woken.clear()
    bench.see("Service", bench.server.seed("Service", bench.server.objects["Service", "ca"]))
    assert bench.woken == []
