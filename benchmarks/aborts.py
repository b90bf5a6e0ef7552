"""From the query whose answer decides to the abort, for `benchmarks.analysis`: real API server, pods and Prometheus."""

from __future__ import annotations

import json
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.bench import wait_for
from reconciler.kube.client import HttpCluster
from reconciler.kube.informer import Informer
from reconciler.kube.objects import ANALYSIS_RUNS, ANALYSIS_TEMPLATES, ROLLOUTS
from reconciler.rollouts.model import Rollout, decode_rollout
from reconciler.runtime.clock import SystemClock
from tests.testbed.controlplane import ControlPlane


def abort_milliseconds(cluster: ControlPlane, client: HttpCluster, log: Path, rollouts: int) -> list[float]:
    """One sample per Rollout, updated one after another; everything is removed again."""
    client.create(ANALYSIS_TEMPLATES, "default", _template())
    seen: dict[str, float] = {}
    told = threading.Event()

    def notice(_old: Rollout | None, new: Rollout | None) -> None:
        if new and new.status.abort and new.metadata.name not in seen:
            seen[new.metadata.name] = time.time()
            told.set()

    watch = Informer(client, ROLLOUTS, decode_rollout, namespace="default", clock=SystemClock())
    watch.store.subscribe(notice)
    watch.start()
    names = [f"shop-{number}" for number in range(rollouts)]
    for name in names:
        client.create(ROLLOUTS, "default", _rollout(name))
    wait_for("all deployed", lambda: all(_is(client, name, "Healthy") for name in names))
    for name in names:
        told.clear()
        client.patch(ROLLOUTS, "default", name, {"spec": {"template": _pods(name, 2)}})
        if not told.wait(60):
            raise TimeoutError(f"{name} was not aborted")
    watch.stop()
    samples = [1000 * (seen[name] - _asked(log, name)) for name in names]
    for name in names:
        client.delete(ROLLOUTS, "default", name)
    wait_for("all gone", lambda: not client.list(ANALYSIS_RUNS, "default"))
    return samples


def _asked(log: Path, name: str) -> float:
    entries = map(json.loads, log.read_text().splitlines())
    found = (entry for entry in entries if f'"{name}"' in entry["params"]["query"])
    return datetime.fromisoformat(next(found)["ts"].replace("Z", "+00:00")).timestamp()


def _is(client: HttpCluster, name: str, phase: str) -> bool:
    return bool(client.get(ROLLOUTS, "default", name).get("status", {}).get("phase") == phase)


def _template() -> dict[str, Any]:
    query = 'vector(1) or up{job="{{args.name}}"}'
    metric = {"name": "errors", "successCondition": "result[0] < 1", "provider": {"prometheus": {"query": query}}}
    return {
        "apiVersion": ANALYSIS_TEMPLATES.api_version,
        "kind": ANALYSIS_TEMPLATES.kind,
        "metadata": {"name": "errors", "namespace": "default"},
        "spec": {"args": [{"name": "name"}], "metrics": [metric]},
    }


def _pods(name: str, version: int) -> dict[str, Any]:
    container = {"name": "web", "image": f"registry.example/web:{version}"}
    return {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}


def _rollout(name: str) -> dict[str, Any]:
    analysis = {"templates": [{"templateName": "errors"}], "args": [{"name": "name", "value": name}]}
    return {
        "apiVersion": ROLLOUTS.api_version,
        "kind": ROLLOUTS.kind,
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": name}},
            "template": _pods(name, 1),
            "strategy": {"canary": {"steps": [{"setWeight": 50}, {"analysis": analysis}]}},
        },
    }
