"""Each row is one sentence of spec gitops §4.2-4.4: an object, and the health that it has."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.apps.delivery import Health
from reconciler.sync.health import health


def obj(api: str, kind: str, spec: dict[str, Any] | None = None, status: dict[str, Any] | None = None, **metadata: Any):
    return {"apiVersion": api, "kind": kind, "metadata": metadata, "spec": spec or {}, "status": status or {}}


def deployment(spec: dict[str, Any] | None = None, **status: Any):
    return obj(
        "apps/v1", "Deployment", {"replicas": 3, **(spec or {})}, {"observedGeneration": 2, **status}, generation=2
    )


def conditions(*pairs: tuple[str, str], reason: str = "", message: str = ""):
    return {"conditions": [{"type": t, "status": s, "reason": reason, "message": message} for t, s in pairs]}


def a_refused_rollout(message: str) -> dict[str, Any]:
    refused = {"type": "InvalidSpec", "status": "True", "message": message}
    status = {"observedGeneration": "2", "phase": "Degraded", "conditions": [refused]}
    return obj("argoproj.io/v1alpha1", "Rollout", {}, status, generation=2)


DONE = {"replicas": 3, "updatedReplicas": 3, "availableReplicas": 3}
LATE = conditions(("Progressing", "False"), reason="ProgressDeadlineExceeded", message="too slow")
WAITING = {"containerStatuses": [{"name": "app", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}
OOM = {"containerStatuses": [{"name": "app", "state": {"terminated": {"reason": "OOMKilled", "exitCode": 137}}}]}

TABLE = {
    "deployment complete": (deployment(**DONE), Health.HEALTHY, False),
    "deployment paused": (deployment({"paused": True}), Health.SUSPENDED, False),
    "deployment unobserved": (deployment(**{**DONE, "observedGeneration": 1}), Health.PROGRESSING, False),
    "deployment past its deadline": (deployment(**DONE, **LATE), Health.DEGRADED, True),
    "deployment with old pods": (deployment(**{**DONE, "replicas": 4}), Health.PROGRESSING, False),
    "deployment not available": (deployment(**{**DONE, "availableReplicas": 2}), Health.PROGRESSING, False),
    "deployment updating": (deployment(replicas=3, updatedReplicas=1, availableReplicas=3), Health.PROGRESSING, False),
    "replicas default to one": (
        obj("apps/v1", "Deployment", {}, {"updatedReplicas": 1, "replicas": 1, "availableReplicas": 1}),
        Health.HEALTHY,
        False,
    ),
    "replica set failing": (
        obj("apps/v1", "ReplicaSet", {"replicas": 1}, conditions(("ReplicaFailure", "True"))),
        Health.DEGRADED,
        False,
    ),
    "replica set of zero": (obj("apps/v1", "ReplicaSet", {"replicas": 0}), Health.HEALTHY, False),
    "stateful set never observed": (obj("apps/v1", "StatefulSet", {"replicas": 0}), Health.PROGRESSING, False),
    "stateful set between revisions": (
        obj(
            "apps/v1",
            "StatefulSet",
            {},
            {"observedGeneration": 1, "readyReplicas": 1, "updateRevision": "b", "currentRevision": "a"},
        ),
        Health.PROGRESSING,
        False,
    ),
    "stateful set done": (
        obj(
            "apps/v1",
            "StatefulSet",
            {},
            {"observedGeneration": 1, "readyReplicas": 1, "updateRevision": "a", "currentRevision": "a"},
        ),
        Health.HEALTHY,
        False,
    ),
    "stateful set above its partition": (
        obj(
            "apps/v1",
            "StatefulSet",
            {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}},
            {"observedGeneration": 1, "readyReplicas": 3, "updatedReplicas": 1, "updateRevision": "b"},
        ),
        Health.HEALTHY,
        False,
    ),
    "stateful set on delete": (
        obj(
            "apps/v1",
            "StatefulSet",
            {"updateStrategy": {"type": "OnDelete"}},
            {"observedGeneration": 1, "readyReplicas": 1, "updateRevision": "b"},
        ),
        Health.HEALTHY,
        False,
    ),
    "daemon set updating": (
        obj("apps/v1", "DaemonSet", {}, {"desiredNumberScheduled": 2, "updatedNumberScheduled": 1}),
        Health.PROGRESSING,
        False,
    ),
    "daemon set done": (
        obj(
            "apps/v1", "DaemonSet", {}, {"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2}
        ),
        Health.HEALTHY,
        False,
    ),
    "pod crash looping": (obj("v1", "Pod", {}, {"phase": "Running", **WAITING}), Health.DEGRADED, False),
    "pod out of memory": (
        obj("v1", "Pod", {"restartPolicy": "Never"}, {"phase": "Failed", **OOM}),
        Health.DEGRADED,
        True,
    ),
    "pod ready": (obj("v1", "Pod", {}, {"phase": "Running", **conditions(("Ready", "True"))}), Health.HEALTHY, False),
    "pod pending": (obj("v1", "Pod", {}, {"phase": "Pending"}), Health.PROGRESSING, False),
    "pod succeeded": (obj("v1", "Pod", {}, {"phase": "Succeeded"}), Health.HEALTHY, False),
    "job failed": (obj("batch/v1", "Job", {}, conditions(("Failed", "True"))), Health.DEGRADED, True),
    "job complete": (obj("batch/v1", "Job", {}, conditions(("Complete", "True"))), Health.HEALTHY, False),
    "job suspended": (obj("batch/v1", "Job", {}, conditions(("Suspended", "True"))), Health.SUSPENDED, False),
    "job running": (obj("batch/v1", "Job"), Health.PROGRESSING, False),
    "cron job suspended": (obj("batch/v1", "CronJob", {"suspend": True}), Health.HEALTHY, False),
    "cron job whose last run failed": (
        obj(
            "batch/v1",
            "CronJob",
            {},
            {"lastScheduleTime": "2026-01-02T00:00:00Z", "lastSuccessfulTime": "2026-01-01T00:00:00Z"},
        ),
        Health.DEGRADED,
        False,
    ),
    "claim bound": (obj("v1", "PersistentVolumeClaim", {}, {"phase": "Bound"}), Health.HEALTHY, False),
    "claim pending": (obj("v1", "PersistentVolumeClaim", {}, {"phase": "Pending"}), Health.PROGRESSING, False),
    "claim lost": (obj("v1", "PersistentVolumeClaim", {}, {"phase": "Lost"}), Health.DEGRADED, True),
    "service": (obj("v1", "Service", {"type": "ClusterIP"}), Health.HEALTHY, False),
    "load balancer without address": (obj("v1", "Service", {"type": "LoadBalancer"}), Health.PROGRESSING, False),
    "ingress": (obj("networking.k8s.io/v1", "Ingress"), Health.HEALTHY, False),
    "rollout with an old hash as generation": (
        obj("argoproj.io/v1alpha1", "Rollout", {}, {"observedGeneration": "7f9", "phase": "Healthy"}, generation=2),
        Health.PROGRESSING,
        False,
    ),
    "rollout paused": (
        obj("argoproj.io/v1alpha1", "Rollout", {}, {"observedGeneration": "2", "phase": "Paused"}, generation=2),
        Health.SUSPENDED,
        False,
    ),
    "rollout aborted": (
        obj(
            "argoproj.io/v1alpha1",
            "Rollout",
            {},
            {"observedGeneration": "2", "phase": "Degraded", "abort": True},
            generation=2,
        ),
        Health.DEGRADED,
        True,
    ),
    "rollout with a wrong spec": (a_refused_rollout("spec.strategy: Required value"), Health.DEGRADED, True),
    "rollout whose ingress is still on its way": (
        a_refused_rollout('stableIngress: Invalid value: "shop": ingress "shop" not found'),
        Health.DEGRADED,
        False,
    ),
    "rollout of an unseen workload": (
        obj(
            "argoproj.io/v1alpha1",
            "Rollout",
            {"workloadRef": {"name": "web"}},
            {"observedGeneration": "2", "phase": "Healthy", "workloadObservedGeneration": "3"},
            generation=2,
            annotations={"rollout.argoproj.io/workload-generation": "4"},
        ),
        Health.PROGRESSING,
        False,
    ),
    "analysis failed": (obj("argoproj.io/v1alpha1", "AnalysisRun", {}, {"phase": "Failed"}), Health.DEGRADED, True),
    "analysis undecided": (
        obj("argoproj.io/v1alpha1", "AnalysisRun", {}, {"phase": "Inconclusive"}),
        Health.UNKNOWN,
        False,
    ),
    "analysis new": (obj("argoproj.io/v1alpha1", "AnalysisRun"), Health.PROGRESSING, False),
    "crd served": (
        obj("apiextensions.k8s.io/v1", "CustomResourceDefinition", {}, conditions(("Established", "True"))),
        Health.HEALTHY,
        False,
    ),
    "crd with a taken name": (
        obj("apiextensions.k8s.io/v1", "CustomResourceDefinition", {}, conditions(("NamesAccepted", "False"))),
        Health.DEGRADED,
        False,
    ),
    "config map": ({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}, "data": {}}, Health.HEALTHY, False),
    "unknown kind not ready": (obj("x.io/v1", "Thing", {}, conditions(("Ready", "False"))), Health.PROGRESSING, False),
    "unknown kind stalled": (obj("x.io/v1", "Thing", {}, conditions(("Stalled", "True"))), Health.DEGRADED, False),
    "unknown kind unobserved": (
        obj("x.io/v1", "Thing", {}, {"observedGeneration": 1, **conditions(("Ready", "True"))}, generation=2),
        Health.PROGRESSING,
        False,
    ),
    "anything being deleted": (
        obj("v1", "ConfigMap", deletionTimestamp="2026-01-01T00:00:00Z"),
        Health.PROGRESSING,
        False,
    ),
}


@pytest.mark.parametrize(("live", "expected", "terminal"), TABLE.values(), ids=TABLE.keys())
def test_an_object_has_the_health_that_its_status_says(live: dict[str, Any], expected: Health, terminal: bool) -> None:
    found = health(live)
    assert (found.health, found.terminal) == (expected, terminal), found.message


def test_a_missed_deadline_is_told_in_the_words_of_its_condition() -> None:
    assert health(deployment(**DONE, **LATE)).message == "too slow"


def test_a_crashing_container_is_named() -> None:
    live = obj("v1", "Pod", {}, {"phase": "Running", **WAITING})
    assert health(live).message == "container app: CrashLoopBackOff"
