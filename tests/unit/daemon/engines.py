"""Daemons that only drive Rollouts, and Rollouts for them to drive, on any API server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from reconciler.config.model import Kubernetes, RolloutsEngine, Settings
from reconciler.daemon import Daemon
from reconciler.kube.api import Cluster, Object, Resource
from reconciler.kube.instances import LABEL
from reconciler.kube.objects import ANALYSIS_RUNS, ANALYSIS_TEMPLATES, REPLICA_SETS, ROLLOUTS
from reconciler.runtime.clock import SystemClock

DEFINITIONS = Resource("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", False)
PATIENCE_SECONDS = 40.0


class Engines:
    """A context manager; `namespace` is where everything is. Daemons that it made are stopped at its end."""

    def __init__(self, cluster: Cluster, kubeconfig: Path, namespace: str) -> None:
        self.cluster, self._kubeconfig, self.namespace = cluster, kubeconfig, namespace
        self._open = ExitStack()

    def __enter__(self) -> Engines:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def run(self, **engine: Any) -> Daemon:
        daemon = Daemon(self.settings(**engine), SystemClock())
        self._open.callback(daemon.stop)
        daemon.start()
        return daemon

    def settings(self, **engine: Any) -> Settings:
        where = Kubernetes(str(self._kubeconfig), watch_namespace=self.namespace)
        return Settings((), (), where, RolloutsEngine(only=True, **engine), "127.0.0.1:0")

    def create(self, name: str, instance_id: str = "", **spec: Any) -> None:
        self.cluster.create(ROLLOUTS, self.namespace, a_rollout(name, instance_id, **spec))

    def get(self, name: str) -> Object:
        return self.cluster.get(ROLLOUTS, self.namespace, name)

    def runs(self) -> list[Object]:
        return self.cluster.list(ANALYSIS_RUNS, self.namespace)

    def owners_of_replica_sets(self) -> set[str]:
        listed = self.cluster.list(REPLICA_SETS, self.namespace)
        return {owner["name"] for each in listed for owner in each["metadata"].get("ownerReferences", ())}

    def reach(self, phase: str, names: Iterable[str]) -> None:
        for name in names:
            self.wait_for(
                f"{name} {phase}",
                lambda name=name: (self.get(name).get("status") or {}).get("phase") == phase,  # type: ignore[misc]
                lambda name=name: self.get(name).get("status"),  # type: ignore[misc]
            )

    def wait_for(self, what: str, holds: Callable[[], bool], shown: Callable[[], object] = lambda: "") -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            assert time.monotonic() < deadline, f"never saw {what}: {shown()}"
            time.sleep(0.05)


def a_rollout(name: str, instance_id: str = "", image: str = "shop:1", steps: Iterable[Object] = ()) -> Object:
    labels = {"app": name}
    metadata: Object = {"name": name, "labels": {LABEL: instance_id} if instance_id else {}}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": image}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": pod}
    spec["strategy"] = {"canary": {"steps": list(steps)} if steps else {}}
    return {"apiVersion": ROLLOUTS.api_version, "kind": ROLLOUTS.kind, "metadata": metadata, "spec": spec}


def a_template(name: str) -> Object:
    """Its metric cannot be measured; that the run exists and is judged is what tests look at."""
    metric = {"name": "errors", "provider": {"prometheus": {"address": "http://127.0.0.1:9", "query": "up"}}}
    return {
        "apiVersion": ANALYSIS_TEMPLATES.api_version,
        "kind": ANALYSIS_TEMPLATES.kind,
        "metadata": {"name": name},
        "spec": {"metrics": [metric]},
    }
