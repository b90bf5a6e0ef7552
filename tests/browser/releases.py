"""A Rollout in the middle of an update, with an Experiment of it, as the pages get them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import orjson

from reconciler.analysis.model import AnalysisRun
from reconciler.experiments.model import Experiment, decode_experiment
from reconciler.rollouts.model import Rollout, decode_rollout
from reconciler.rollouts.views.family import ExperimentFamily, Family
from reconciler.rollouts.views.happened import Event
from reconciler.rollouts.views.nodes import ShownPod, decode_shown_pod
from reconciler.web.ports import Looked
from reconciler.workloads import keys
from reconciler.workloads.replica_set import ReplicaSet, decode_replica_set

Json = dict[str, Any]
CRASHED = "CrashLoopBackOff"
NOW = datetime.now(UTC).replace(microsecond=0)
STEPS = [{"setWeight": 25}, {"pause": {"duration": "10m"}}, {"setWeight": 50}, {"pause": {}}]


def ago(**length: float) -> str:
    return (NOW - timedelta(**length)).isoformat()


def a_rollout(status: Json | None = None, **spec: Any) -> Rollout:
    """Paused for ten minutes at its second step, eight of which are left."""
    pause = {"reason": "CanaryPauseStep", "startTime": ago(minutes=2)}
    condition = {"type": "Paused", "status": "True", "reason": "RolloutPaused", "message": "Rollout is paused"}
    told = {
        "observedGeneration": "1", "phase": "Paused", "message": "CanaryPauseStep", "currentStepIndex": 1,
        "currentPodHash": "new", "stableRS": "old", "pauseConditions": [pause], "controllerPause": True,
        "conditions": [{**condition, "lastTransitionTime": ago(minutes=2)}],
        "replicas": 4, "updatedReplicas": 1, "readyReplicas": 3, "availableReplicas": 3,
    }  # fmt: skip
    annotations = {keys.REVISION: "2"}
    body = {
        "metadata": {"name": "cart", "namespace": "shop", "uid": "cart", "generation": 1, "annotations": annotations},
        "spec": {"replicas": 4, "strategy": {"canary": {"steps": STEPS}}, **spec},
        "status": told | (status or {}),
    }
    return decode_rollout(orjson.dumps(body))


def owned(name: str, owner: str, **metadata: Any) -> Json:
    reference = {"kind": "ReplicaSet", "name": owner, "uid": owner, "controller": True}
    return {"name": name, "namespace": "shop", "uid": name, "ownerReferences": [reference], **metadata}


def a_replica_set(pod_hash: str, revision: int, size: int, available: int, owner: str = "cart") -> ReplicaSet:
    metadata = owned(f"cart-{pod_hash}", owner, labels={keys.HASH: pod_hash}, creationTimestamp=ago(hours=2 / revision))
    metadata["annotations"] = {keys.REVISION: str(revision)}
    body = {
        "metadata": metadata,
        "spec": {"replicas": size, "template": {"spec": {"containers": [{"image": f"cart:{revision}"}]}}},
        "status": {"replicas": size, "availableReplicas": available},
    }
    return decode_replica_set(orjson.dumps(body))


def a_pod(name: str, owner: str, waits: str = "") -> ShownPod:
    state = {"waiting": {"reason": waits}} if waits else {"running": {}}
    container = {"ready": not waits, "restartCount": 4 if waits else 0, "state": state}
    status = {"phase": "Running", "containerStatuses": [container]}
    return decode_shown_pod(
        orjson.dumps({"metadata": owned(name, owner, creationTimestamp=ago(minutes=3)), "status": status})
    )


def an_experiment(phase: str = "Running") -> Experiment:
    reference = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "cart", "uid": "cart"}
    templates = [{"name": "baseline", "replicas": 1}, {"name": "canary", "replicas": 1}]
    body = {
        "metadata": {
            "name": "cart-ab", "namespace": "shop", "uid": "cart-ab", "creationTimestamp": ago(minutes=4),
            "annotations": {keys.REVISION: "2"}, "ownerReferences": [{**reference, "controller": True}],
        },
        "spec": {"templates": templates, "duration": "10m"},
        "status": {
            "phase": phase, "availableAt": ago(minutes=3),
            "templateStatuses": [
                {"name": "baseline", "status": "Running", "replicas": 1, "availableReplicas": 1, "serviceName": "base"},
                {"name": "canary", "status": "Progressing", "replicas": 1, "message": "waits for its pod"},
            ],
        },
    }  # fmt: skip
    return decode_experiment(orjson.dumps(body))


def looked_at(run: AnalysisRun) -> Looked[Family]:
    """With one pod of the new version that does not start, and what was told of the Rollout."""
    stable = [a_pod(f"cart-old-{index}", "cart-old") for index in range(3)]
    pods = (*stable, a_pod("cart-new-0", "cart-new", CRASHED))
    event = Event("Warning", "FailedCreate", "exceeded quota: pods=4", 3, NOW - timedelta(minutes=1))
    sets = (a_replica_set("old", 1, 3, 3), a_replica_set("new", 2, 1, 0))
    metadata = msgspec.structs.replace(run.metadata, annotations={keys.REVISION: "2"})
    judged = msgspec.structs.replace(run, metadata=metadata)
    family = Family(a_rollout(), sets, pods, (judged,), (an_experiment(),))
    return Looked(family, (event, Event("Normal", "RolloutPaused", "Rollout is paused", 1, NOW - timedelta(minutes=2))))


def experiment_looked_at(run: AnalysisRun) -> Looked[ExperimentFamily]:
    sets = (a_replica_set("side", 2, 1, 1, owner="cart-ab"),)
    owner = msgspec.convert(owned(run.metadata.name, "cart-ab"), type(run.metadata))
    run = msgspec.structs.replace(run, metadata=owner)
    return Looked(ExperimentFamily(an_experiment(), sets, (a_pod("cart-side-0", "cart-side"),), (run,)))
