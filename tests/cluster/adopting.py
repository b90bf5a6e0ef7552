"""A Deployment with everything around it, and a watch that sees every pod at every moment."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import yaml
from click.testing import Result
from typer.testing import CliRunner

from reconciler.cli.verbs import app
from reconciler.kube.api import Cluster
from reconciler.kube.objects import DEPLOYMENTS, PODS, REPLICA_SETS, ROLLOUTS, SCALERS, SERVICES
from tests.cluster.rollouts_engine import until

Json = dict[str, Any]
LABELS = {"app": "shop"}
SERVICE_NAME = "kubernetes.io/service-name"


@dataclass
class PodWatch:
    """Pods of a namespace: `seen` by uid; `fewest` were ready and `most` there at any one moment since `start`."""

    cluster: Cluster
    namespace: str
    seen: set[str] = field(default_factory=set)
    fewest: int = 10**6
    most: int = 0
    _ready: dict[str, bool] = field(default_factory=dict)

    def start(self) -> None:
        listed = self.cluster.list_raw(PODS, self.namespace)
        for raw in listed.items:
            self._note("ADDED", raw)
        self._count()
        self._stream = self.cluster.watch(PODS, self.namespace, resource_version=listed.resource_version)
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stream.stop()
        self._thread.join(10)

    def _follow(self) -> None:
        for event in self._stream:
            if event.raw:
                self._note(event.type, event.raw)
                self._count()

    def _note(self, what: str, raw: bytes) -> None:
        pod = orjson.loads(raw)
        uid = pod["metadata"]["uid"]
        self.seen.add(uid)
        conditions = pod.get("status", {}).get("conditions", ())
        ready = any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
        self._ready[uid] = ready and "deletionTimestamp" not in pod["metadata"]
        if what == "DELETED":
            del self._ready[uid]

    def _count(self) -> None:
        self.fewest = min(self.fewest, sum(self._ready.values()))
        self.most = max(self.most, len(self._ready))


@dataclass
class EndpointWatch:
    """`fewest`: ready addresses behind a Service at any one moment since `start`; what its clients can reach."""

    cluster: Cluster
    namespace: str
    service: str
    fewest: int = 10**6
    _slices: dict[str, int] = field(default_factory=dict)

    def start(self) -> None:
        kind, chosen = self.cluster.find("discovery.k8s.io/v1", "EndpointSlice"), f"{SERVICE_NAME}={self.service}"
        listed = self.cluster.list_raw(kind, self.namespace, label_selector=chosen)
        for raw in listed.items:
            self._note("ADDED", raw)
        version = listed.resource_version
        self._stream = self.cluster.watch(kind, self.namespace, resource_version=version, label_selector=chosen)
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stream.stop()
        self._thread.join(10)

    def ready(self) -> int:
        return sum(self._slices.values())

    def _follow(self) -> None:
        for event in self._stream:
            if event.raw:
                self._note(event.type, event.raw)

    def _note(self, what: str, raw: bytes) -> None:
        found = orjson.loads(raw)
        ready = [each for each in found.get("endpoints") or () if each["conditions"].get("ready")]
        self._slices[found["metadata"]["name"]] = len(ready) if what != "DELETED" else 0
        self.fewest = min(self.fewest, self.ready())


class Deployed:
    """The Deployment `shop` in a namespace, and `reconciler adopt`."""

    def __init__(self, cluster: Cluster, kubeconfig: Path, namespace: str) -> None:
        self.cluster, self.kubeconfig, self.namespace = cluster, kubeconfig, namespace

    def deploy(self, image: str = "shop:1", replicas: int = 4, **metadata: Any) -> None:
        """Creates or updates it, and waits until its pods are available."""
        template = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "web", "image": image}]}}
        spec = {"replicas": replicas, "selector": {"matchLabels": LABELS}, "template": template}
        body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop", **metadata}, "spec": spec}
        self.cluster.apply(DEPLOYMENTS, self.namespace, "shop", body, field_manager="test")
        self.complete(replicas)

    def complete(self, replicas: int) -> None:
        until(lambda: self._is_complete(replicas), lambda: str(self.deployment()), seconds=60)

    def _is_complete(self, replicas: int) -> bool:
        found = self.deployment()
        status = found.get("status", {})
        counts = [status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")]
        return status.get("observedGeneration") == found["metadata"]["generation"] and counts == [replicas] * 3

    def deployment(self) -> Json:
        return self.cluster.get(DEPLOYMENTS, self.namespace, "shop")

    def rollout(self) -> Json:
        return self.cluster.get(ROLLOUTS, self.namespace, "shop")

    def exist(self) -> tuple[bool, bool]:
        """Whether the Deployment and the Rollout are there."""
        listed = (self.cluster.list(kind, self.namespace) for kind in (DEPLOYMENTS, ROLLOUTS))
        deployments, rollouts = (any(each["metadata"]["name"] == "shop" for each in found) for found in listed)
        return deployments, rollouts

    def replica_sets(self, owner: str) -> list[Json]:
        """Those that an object of this kind controls, oldest first."""
        found = self.cluster.list(REPLICA_SETS, self.namespace)
        owned = [rs for rs in found if any(o["kind"] == owner for o in rs["metadata"].get("ownerReferences", ()))]
        return sorted(owned, key=lambda rs: str(rs["metadata"]["creationTimestamp"]))

    def serve(self, name: str) -> None:
        spec = {"selector": LABELS, "ports": [{"port": 80}]}
        body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}
        self.cluster.create(SERVICES, self.namespace, body)

    def selector(self, service: str) -> Json:
        found: Json = self.cluster.get(SERVICES, self.namespace, service)["spec"]["selector"]
        return found

    def scale_automatically(self) -> None:
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop"}
        spec = {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 8}
        body = {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "shop"},
            "spec": spec,
        }
        self.cluster.create(SCALERS, self.namespace, body)

    def scaled(self) -> str:
        return str(self.cluster.get(SCALERS, self.namespace, "shop")["spec"]["scaleTargetRef"]["kind"])

    def run(self, *arguments: str) -> Result:
        where = ("-n", self.namespace, "--kubeconfig", str(self.kubeconfig))
        return CliRunner().invoke(app, ["adopt", *arguments, *where])

    def kill_after(self, acts: int, *arguments: str) -> None:
        """`kill -9` as soon as it has told of so many acts."""
        where = ("-n", self.namespace, "--kubeconfig", str(self.kubeconfig))
        command = [sys.executable, "-c", "from reconciler.cli import main; main()", "adopt", *arguments, *where]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
            assert running.stderr is not None
            told = (line for line in running.stderr if line.startswith("✔"))
            for _ in range(acts):
                next(told)
            running.kill()

    def adopt(self, *arguments: str) -> Result:
        """`reconciler adopt deployment/shop --yes …`, which must work."""
        return self._must(self.run("deployment/shop", "--yes", *arguments))

    def revert(self, *arguments: str) -> Result:
        return self._must(self.run("--revert", "rollout/shop", "--yes", *arguments))

    def _must(self, done: Result) -> Result:
        assert done.exit_code == 0, (done.output, done.exception)
        return done

    def strategy(self, directory: Path, kind: str = "canary", **fields: Any) -> str:
        """A file for `--strategy`."""
        path = directory / "strategy.yaml"
        path.write_text(yaml.safe_dump({kind: fields}))
        return str(path)
