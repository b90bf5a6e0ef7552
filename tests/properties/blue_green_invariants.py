"""What must hold whatever users, pods and time do to a blue-green Rollout; checked at every write of the engine."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from reconciler.workloads import keys
from reconciler.workloads.template_hash import pod_template_hash
from tests.properties.invariants import Broken, Watch, available, hash_of
from tests.properties.rollout_world import Cluster

Json = dict[str, Any]
COMPLETE = ("Successful", "Failed", "Error", "Inconclusive")


class BlueGreenWatch(Watch):
    """As `Watch`, for production traffic that is switched at once."""

    def at_rest(self) -> None:
        super().at_rest()
        if self._n and self._serving(self._active) == 0 and self._pods_of(self._stable):
            raise Broken("production traffic goes to a version without pods, while stable pods are there")
        if self._aborted and self._hash_of(self._active) != self._stable and self._pods_of(self._stable):
            raise Broken("the update was given up, and its version still has the production traffic")
        self._grace_ends()
        self._is_judged()

    def _begin(self, replicas: int) -> None:
        raise Broken("a version gets pods before its Services select it")

    def _resize(self, rs: Json, replicas: int) -> None:
        size, name, mine = rs["spec"]["replicas"], rs["metadata"]["name"], hash_of(rs)
        kept = {self._hash_of(self._active): "serves", self._stable: "is what the update comes back to"}
        if replicas < min(size, self._n) and mine in kept:
            raise Broken(f"{name} {kept[mine]}, and is scaled from {size} to {replicas}")
        if replicas > size and mine not in {self._wanted, *kept}:
            raise Broken(f"{name} is superseded, and is scaled from {size} to {replicas}")
        if replicas > max(self._n, self._preview):
            raise Broken(f"{name} gets {replicas} pods of {self._n}")
        superseded = mine not in {self._wanted, *kept}
        if replicas < size and superseded and self._has_time(rs) and self._every_version_has_grace():
            raise Broken(f"{name} is scaled from {size} to {replicas} before its time of grace is over")

    def _switch(self, name: str, new_hash: str) -> None:
        self._no_flap(name, new_hash)
        gets, given_up = self._pods_of(new_hash), self._aborted and not self.cluster.status.get("promoteFull")
        if name == self._active and new_hash == self._wanted != self._stable and (gets < self._n or given_up):
            raise Broken(f"the wanted version takes over with {gets} of {self._n} pods")
        if name == self._active and self._n and not gets:
            raise Broken("production traffic is sent to a version without pods")

    def _pause_ends(self) -> None:
        """A pause with a length, and an update that waits for nobody, are looked at again."""
        pauses = [pause["reason"] for pause in self.cluster.status.get("pauseConditions") or []]
        config = self._strategy
        timed = config.get("autoPromotionSeconds") and config.get("autoPromotionEnabled") is not False
        if pauses == ["BlueGreenPause"] and timed and not self._spec.get("paused") and self._wakes is None:
            raise Broken("a timed pause that nobody will end")

    def _is_judged(self) -> None:
        runs = [body for (kind, _), body in self.cluster.objects.items() if kind == "AnalysisRun"]
        over = all(run.get("status", {}).get("phase") in COMPLETE for run in runs)
        if over and self.cluster.status.get("message") == "waiting for analysis to complete":
            raise Broken("it waits for an analysis, and none goes on")

    def _grace_ends(self) -> None:
        for rs in self._sets():
            superseded = hash_of(rs) not in {*map(self._hash_of, self._services), self._stable, self._wanted}
            held = "InconclusiveAnalysisRun" in str(self.cluster.status.get("pauseConditions"))
            if self._has_time(rs) and superseded and available(rs) and not held and self._wakes is None:
                raise Broken(f"{rs['metadata']['name']} is to go when its time is over, and nobody will look")

    def _has_time(self, rs: Json) -> bool:
        deadline = rs["metadata"].get("annotations", {}).get(keys.DEADLINE)
        return bool(deadline) and datetime.fromisoformat(deadline).astimezone(UTC) > self.cluster.now

    def _every_version_has_grace(self) -> bool:
        """Not where there is no delay, or one for so many versions only."""
        config = self._strategy
        return config.get("scaleDownDelayRevisionLimit") is None and config.get("scaleDownDelaySeconds") != 0

    @property
    def _active(self) -> str:
        return str(self._strategy["activeService"])

    @property
    def _strategy(self) -> Json:
        strategy: Json = self._spec["strategy"]["blueGreen"]
        return strategy

    @property
    def _services(self) -> list[str]:
        return [self._strategy[field] for field in ("activeService", "previewService") if field in self._strategy]

    @property
    def _preview(self) -> int:
        return int(self._strategy.get("previewReplicaCount") or 0)

    @property
    def _stable(self) -> str:
        return str(self.cluster.status.get("stableRS") or "none")

    @property
    def _wanted(self) -> str:
        return pod_template_hash(self._spec["template"], None)

    @property
    def _aborted(self) -> bool:
        status = self.cluster.status
        return bool(status.get("abort")) and status.get("stableRS") != status.get("currentPodHash")

    @property
    def _wakes(self) -> datetime | None:
        return self.cluster.decide().wake_at


def watch_of(cluster: Cluster) -> Watch:
    """The one that knows the strategy of the cluster's Rollout."""
    return (BlueGreenWatch if "blueGreen" in cluster.rollout["spec"]["strategy"] else Watch)(cluster)
