"""Defaults of built-in kinds that clients see: one function per kind, on an object that nobody shares yet."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

Object = dict[str, Any]


def fill(target: Object, **values: Any) -> None:
    for name, value in values.items():
        target.setdefault(name, value)


def container(spec: Object) -> None:
    image = str(spec.get("image", ""))
    floating = image.rpartition(":")[2] == "latest" if ":" in image.rpartition("/")[2] else "@" not in image
    fill(
        spec,
        resources={},
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
        imagePullPolicy="Always" if floating else "IfNotPresent",
    )
    for port in spec.get("ports", []):
        fill(port, protocol="TCP")
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if name in spec:
            probe(spec[name])
    for variable in spec.get("env", []):
        if reference := variable.get("valueFrom", {}).get("fieldRef"):
            fill(reference, apiVersion="v1")


def resources(spec: Object) -> None:
    """Requests that are not given are the limits."""
    for name, amount in spec.get("limits", {}).items():
        spec.setdefault("requests", {}).setdefault(name, amount)


def probe(spec: Object) -> None:
    fill(spec, timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
    if "httpGet" in spec:
        fill(spec["httpGet"], path="/", scheme="HTTP")
    if "grpc" in spec:
        fill(spec["grpc"], service="")


def pod_spec(spec: Object, restart: str = "Always") -> None:
    fill(
        spec,
        restartPolicy=restart,
        terminationGracePeriodSeconds=30,
        dnsPolicy="ClusterFirst",
        securityContext={},
        schedulerName="default-scheduler",
    )
    if "serviceAccountName" in spec:
        fill(spec, serviceAccount=spec["serviceAccountName"])
    for one in [*spec.get("containers", []), *spec.get("initContainers", [])]:
        container(one)
    for volume in spec.get("volumes", []):
        volume_modes(volume)


def volume_modes(volume: Object) -> None:
    for source in ("configMap", "secret", "downwardAPI", "projected"):
        if source in volume:
            fill(volume[source], defaultMode=420)


def template(spec: Object, restart: str = "Always") -> None:
    fill(spec.setdefault("template", {}), metadata={})
    pod_spec(spec["template"].setdefault("spec", {}), restart)


def pod(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    pod_spec(spec)
    fill(spec, enableServiceLinks=True)
    for one in [*spec.get("containers", []), *spec.get("initContainers", [])]:
        resources(one["resources"])


def deployment(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    fill(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600)
    strategy = spec.setdefault("strategy", {})
    fill(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        fill(strategy.setdefault("rollingUpdate", {}), maxUnavailable="25%", maxSurge="25%")
    template(spec)


def replica_set(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    fill(spec, replicas=1)
    template(spec)


def stateful_set(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    fill(spec, replicas=1, podManagementPolicy="OrderedReady", revisionHistoryLimit=10)
    strategy = spec.setdefault("updateStrategy", {})
    fill(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        fill(strategy.setdefault("rollingUpdate", {}), partition=0)
    fill(spec, persistentVolumeClaimRetentionPolicy={"whenDeleted": "Retain", "whenScaled": "Retain"})
    template(spec)


def daemon_set(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    fill(spec, revisionHistoryLimit=10)
    strategy = spec.setdefault("updateStrategy", {})
    fill(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        fill(strategy.setdefault("rollingUpdate", {}), maxUnavailable=1, maxSurge=0)
    template(spec)


def job(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    fill(
        spec,
        parallelism=1,
        completions=1,
        backoffLimit=6,
        completionMode="NonIndexed",
        suspend=False,
        podReplacementPolicy="TerminatingOrFailed",
    )
    template(spec)


def cron_job(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    fill(spec, concurrencyPolicy="Allow", suspend=False, successfulJobsHistoryLimit=3, failedJobsHistoryLimit=1)
    fill(spec.setdefault("jobTemplate", {}), metadata={})
    inner = spec["jobTemplate"].setdefault("spec", {})
    template(inner)


def service(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    fill(spec, sessionAffinity="None", type="ClusterIP")
    if spec["type"] != "ExternalName":
        fill(spec, internalTrafficPolicy="Cluster")
    if spec["type"] in ("LoadBalancer", "NodePort"):
        fill(spec, externalTrafficPolicy="Cluster")
    for port in spec.get("ports", []):
        fill(port, protocol="TCP")
        fill(port, targetPort=port.get("port"))


def secret(obj: Object) -> None:
    """`stringData` is a way of writing `data`."""
    fill(obj, type="Opaque")
    for name, text in obj.pop("stringData", {}).items():
        obj.setdefault("data", {})[name] = base64.b64encode(text.encode()).decode()


def ingress_class(obj: Object) -> None:
    parameters = obj.get("spec", {}).get("parameters")
    if parameters:
        fill(parameters, scope="Cluster")


def network_policy(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    fill(spec, policyTypes=["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])


def autoscaler(obj: Object) -> None:
    fill(obj.setdefault("spec", {}), minReplicas=1)


def storage_class(obj: Object) -> None:
    fill(obj, reclaimPolicy="Delete", volumeBindingMode="Immediate")


def claim(obj: Object) -> None:
    fill(obj.setdefault("spec", {}), volumeMode="Filesystem")


def priority_class(obj: Object) -> None:
    fill(obj, preemptionPolicy="PreemptLowerPriority")


def binding(obj: Object) -> None:
    fill(obj.setdefault("roleRef", {}), apiGroup="rbac.authorization.k8s.io")
    for subject in obj.get("subjects", []):
        group = "" if subject.get("kind") == "ServiceAccount" else "rbac.authorization.k8s.io"
        if group:
            fill(subject, apiGroup=group)


def resource_definition(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    fill(spec, conversion={"strategy": "None"})
    names = spec.setdefault("names", {})
    fill(names, listKind=f"{names.get('kind', '')}List", singular=str(names.get("kind", "")).lower())


def endpoint_slice(obj: Object) -> None:
    for port in obj.get("ports", []):
        fill(port, name="", protocol="TCP")


DEFAULTS: dict[str, Callable[[Object], None]] = {
    "Pod": pod,
    "Deployment": deployment,
    "ReplicaSet": replica_set,
    "StatefulSet": stateful_set,
    "DaemonSet": daemon_set,
    "Job": job,
    "CronJob": cron_job,
    "Service": service,
    "Secret": secret,
    "IngressClass": ingress_class,
    "NetworkPolicy": network_policy,
    "HorizontalPodAutoscaler": autoscaler,
    "StorageClass": storage_class,
    "PersistentVolumeClaim": claim,
    "PriorityClass": priority_class,
    "RoleBinding": binding,
    "ClusterRoleBinding": binding,
    "CustomResourceDefinition": resource_definition,
    "EndpointSlice": endpoint_slice,
}


def set_defaults(kind: str, obj: Object) -> None:
    if kind in DEFAULTS:
        DEFAULTS[kind](obj)
