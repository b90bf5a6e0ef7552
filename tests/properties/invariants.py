"""What must hold whatever users, pods and time do to a canary. Checked at every single write of the engine.

`Watch` is told of each intent just before it is carried out, and of each moment at which nothing changes any more. It
keeps to what the engine itself does: pods that die by themselves break nothing here, unless the engine then does
nothing about it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from reconciler.rollouts import defaults
from reconciler.rollouts import intents as i
from reconciler.rollouts.step_plugins.contract import CallId
from reconciler.rollouts.strategy_model import Canary
from reconciler.workloads import keys
from tests.properties import carried
from tests.properties.rollout_world import Cluster, merge

Json = dict[str, Any]


CARRIES = "traffic.example/carries"
"""Where the proxy of the example router says what it carries."""


class Broken(AssertionError):
    """An invariant does not hold; the text says which and where."""


@dataclass
class Watch:
    """`selected` is every Service's history of hashes since the last user action."""

    cluster: Cluster
    selected: dict[str, list[str]] = field(default_factory=dict)

    def user_acted(self) -> None:
        self.selected.clear()

    def before(self, intent: i.Intent) -> None:
        match intent:
            case i.CreateReplicaSet(body) if body["spec"]["replicas"]:
                self._begin(body["spec"]["replicas"])
            case i.ScaleReplicaSet(name, replicas, sized_for):
                self._wait_for_the_router(self._rs(name), replicas, sized_for)
                self._resize(self._rs(name), replicas)
            case i.SwitchService(name, new_hash):
                self._switch(name, new_hash)
            case i.CreateRouted(resource, body):
                self._shift(resource.kind, body)
            case i.PatchRouted(resource, name, patch):
                self._shift(resource.kind, merge(self.cluster.objects[resource.kind, name], patch))
            case i.CallStepPlugin(id=call):
                self._announced(call)
            case i.PatchStatus({"stableRS": pod_hash}):
                self._proven(pod_hash)

    def at_rest(self) -> None:
        """Nothing changes any more until time passes or somebody acts."""
        status = self.cluster.status
        if status.get("phase") != "Healthy" and not status.get("message"):
            raise Broken(f"{status.get('phase')} without a reason")
        for service, weight in self._weights().items():
            if weight and self._serving(service) == 0 and self._other_can(service):
                raise Broken(f"{weight} % of traffic goes to {service}, which has no pods, while stable pods are there")
        self._pause_ends()
        self._routes_lead_to_pods()

    def _proven(self, pod_hash: str) -> None:
        """A version that has to pass an analysis first is not stable before, unless somebody said so."""
        status, annotations = self.cluster.status, self.cluster.rollout["metadata"].get("annotations", {})
        kind, asked = ("Bake", "bake-analysis") if status.get("stableRS") else ("FirstDeploy", "first-deploy-analysis")
        if f"reconciler.dev/{asked}" not in annotations or status.get("promoteFull"):
            return
        labels = {keys.HASH: pod_hash, "rollout-type": kind}
        runs = [body for (found, _), body in self.cluster.objects.items() if found == "AnalysisRun"]
        ours = [run for run in runs if labels.items() <= run["metadata"].get("labels", {}).items()]
        if not any(run.get("status", {}).get("phase") == "Successful" for run in ours):
            raise Broken(f"{pod_hash} is stable although no {kind} analysis was successful")

    def _begin(self, replicas: int) -> None:
        if self._routes():
            raise Broken("a version gets pods before its Services select it")
        self._within_surge(replicas)

    def _resize(self, rs: Json, replicas: int) -> None:
        size, own = rs["spec"]["replicas"], _is_own(rs)
        if replicas < size and own:
            self._capacity_stays(rs, replicas)
        if replicas < size:
            self._traffic_keeps_its_pods(rs, replicas)
        if replicas > size and own and not self._routes():
            self._within_surge(replicas - size)

    def _wait_for_the_router(self, rs: Json, replicas: int, sized_for: int) -> None:
        """Until the proxy says that it carries the split, pods go only as replicas do."""
        size, before = (
            rs["spec"]["replicas"],
            int(rs["metadata"].get("annotations", {}).get(keys.DESIRED_REPLICAS, sized_for)),
        )
        kept = min(size, -(-size * sized_for // before)) if before else 0
        if replicas < kept and self._unconfirmed():
            name = rs["metadata"]["name"]
            raise Broken(f"{name} goes from {size} to {replicas} before the router confirmed the split")

    def _unconfirmed(self) -> bool:
        found = self._proxy()
        if found is None or not self._canary["trafficRouting"]["plugins"]["example/configmap"].get("acknowledged"):
            return False
        return bool(found["metadata"].get("annotations", {}).get(CARRIES) != found["data"]["digest"])

    def _announced(self, call: CallId) -> None:
        """What a plugin is asked stands in the status before: after a crash nobody else would know of it."""
        records = self.cluster.status["canary"].get("stepPluginStatuses") or []
        ids = [(each["index"], each["operation"], each.get("startedAt"), each.get("executions", 0)) for each in records]
        if (call.index, call.operation, call.started_at, call.execution) not in ids:
            raise Broken(f"{call} is made before it is written down")

    def _routes_lead_to_pods(self) -> None:
        found, status = self._proxy(), self.cluster.status
        routes = json.loads(found["data"]["routes"]) if found else []
        if routes and (status.get("abort") or status.get("stableRS") == status.get("currentPodHash")):
            raise Broken(f"routes are left of an update that is over: {routes}")
        if any(self._serving(route["service"]) == 0 for route in routes) and self._pods_of(""):
            raise Broken(f"a route leads to no pods: {routes}")

    def _proxy(self) -> Json | None:
        return self.cluster.objects.get(("ConfigMap", "traffic"))

    def _capacity_stays(self, rs: Json, replicas: int) -> None:
        before = sum(available(other) for other in self._own_sets())
        after = before - available(rs) + min(available(rs), replicas)
        least = self._n - self._unavailable
        if after < min(before, least):
            name = rs["metadata"]["name"]
            raise Broken(f"scaling {name} to {replicas} leaves {after} available pods of {before}; {least} must stay")

    def _traffic_keeps_its_pods(self, rs: Json, replicas: int) -> None:
        for service, weight in self._weights().items():
            if self._hash_of(service) != hash_of(rs) or self._fixed_scale():
                continue
            needed = -(-weight * self._n // 100)
            if replicas < min(needed, rs["spec"]["replicas"]):
                raise Broken(f"{service} gets {weight} %, which needs {needed} pods, not {replicas}")

    def _within_surge(self, growth: int) -> None:
        total = sum(other["spec"]["replicas"] for other in self._own_sets()) + growth
        if total > self._n + self._surge:
            raise Broken(f"{total} pods are more than {self._n} + {self._surge}")

    def _switch(self, name: str, new_hash: str) -> None:
        past = self._no_flap(name, new_hash)
        had, gets = self._pods_of(past[-2]), self._pods_of(new_hash)
        needed = -(-self._weights().get(name, 0) * self._n // 100)
        if gets < min(needed, had):
            raise Broken(f"Service {name} needs {needed} pods for its traffic: of {had} it keeps {gets} at {new_hash}")

    def _no_flap(self, name: str, new_hash: str) -> list[str]:
        """All that the Service selected since somebody acted, the new version included."""
        past = self.selected.setdefault(name, [self._hash_of(name)])
        if new_hash in past:
            raise Broken(f"Service {name} flaps: {[*past, new_hash]}")
        past.append(new_hash)
        return past

    def _shift(self, kind: str, body: Json) -> None:
        """`body` is what an object of the router is about to be."""
        before = self._weights()
        after = carried.weights(self.cluster.rollout, {**self.cluster.objects, (kind, body["metadata"]["name"]): body})
        for name in (name for name, weight in after.items() if weight > before.get(name, 0)):
            if self._n and not self._serving(name) and self._pods_of(""):
                raise Broken(f"traffic is shifted to {name}, which has no pods")

    def _pause_ends(self) -> None:
        status, steps = self.cluster.status, self._canary.get("steps") or []
        index = status.get("currentStepIndex")
        reasons = [pause["reason"] for pause in status.get("pauseConditions") or []]
        if reasons != ["CanaryPauseStep"] or index is None or index >= len(steps) or self._spec.get("paused"):
            return
        if (steps[index].get("pause") or {}).get("duration") and self.cluster.decide().wake_at is None:
            raise Broken("a timed pause that nobody will end")

    @property
    def _spec(self) -> Json:
        spec: Json = self.cluster.rollout["spec"]
        return spec

    @property
    def _canary(self) -> Json:
        canary: Json = self._spec["strategy"]["canary"]
        return canary

    @property
    def _n(self) -> int:
        return int(self._spec["replicas"])

    @property
    def _limits(self) -> Canary:
        return Canary(max_surge=self._canary.get("maxSurge"), max_unavailable=self._canary.get("maxUnavailable"))

    @property
    def _unavailable(self) -> int:
        return defaults.unavailable(self._limits, self._n)

    @property
    def _surge(self) -> int:
        return defaults.surge(self._limits, self._n)

    def _routes(self) -> bool:
        return "trafficRouting" in self._canary

    def _fixed_scale(self) -> bool:
        """Sizes that users fix by a step are theirs to answer for."""
        return any("setCanaryScale" in step for step in self._canary.get("steps") or [])

    def _sets(self) -> list[Json]:
        return [body for (kind, _), body in self.cluster.objects.items() if kind == "ReplicaSet"]

    def _own_sets(self) -> list[Json]:
        return [rs for rs in self._sets() if _is_own(rs)]

    def _rs(self, name: str) -> Json:
        return self.cluster.objects["ReplicaSet", name]

    def _hash_of(self, service: str) -> str:
        selector = self.cluster.objects["Service", service]["spec"]["selector"]
        return str(selector.get(keys.HASH, ""))

    def _pods_of(self, pod_hash: str) -> int:
        """A Service without a hash selects all pods."""
        return sum(available(rs) for rs in self._sets() if pod_hash in ("", hash_of(rs)))

    def _serving(self, service: str) -> int:
        return self._pods_of(self._hash_of(service))

    def _other_can(self, service: str) -> bool:
        stable = self.cluster.status.get("stableRS", "")
        return bool(stable) and stable != self._hash_of(service) and self._pods_of(stable) > 0

    def _weights(self) -> dict[str, int]:
        return carried.weights(self.cluster.rollout, self.cluster.objects)


def _is_own(rs: Json) -> bool:
    """Not that of an Experiment, whose pods come on top."""
    return keys.EXPERIMENT not in (rs["metadata"].get("annotations") or {})


def hash_of(rs: Json) -> str:
    return str(rs["metadata"]["labels"][keys.HASH])


def available(rs: Json) -> int:
    """Those that will stay: the status may still count pods that were asked to go."""
    return min(rs["spec"]["replicas"], int((rs.get("status") or {}).get("availableReplicas", 0)))
