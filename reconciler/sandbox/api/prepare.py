"""What the server writes into an object by itself: identity, generation, the first status, allocated values."""

from __future__ import annotations

import uuid
from typing import Any

from reconciler.sandbox.api.core import Api, random_suffix
from reconciler.sandbox.kinds import Kind
from reconciler.sandbox.problems import bad_request, invalid, required

Object = dict[str, Any]
SERVER_OWNED = (
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
    "managedFields",
)
FIRST_STATUS: dict[str, Object] = {
    "Service": {"loadBalancer": {}},
    "Ingress": {"loadBalancer": {}},
    "Namespace": {"phase": "Active"},
    "Pod": {"phase": "Pending", "qosClass": "BestEffort"},
    "PersistentVolumeClaim": {"phase": "Pending"},
    "ReplicaSet": {"replicas": 0},
    "StatefulSet": {"replicas": 0, "availableReplicas": 0},
    "DaemonSet": {"currentNumberScheduled": 0, "numberMisscheduled": 0, "desiredNumberScheduled": 0, "numberReady": 0},
    "HorizontalPodAutoscaler": {"currentMetrics": None, "desiredReplicas": 0},
    "PodDisruptionBudget": {"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0},
}
# Labels that the real server derives from a namespace's name.
NAME_LABEL = "kubernetes.io/metadata.name"
JOB_UID, JOB_NAME = "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"


def name_of(kind: Kind, metadata: Object) -> str:
    """The object's name, made up where only a prefix is given. Raises 422 when there is neither."""
    if metadata.get("name"):
        return str(metadata["name"])
    if not metadata.get("generateName"):
        raise invalid(kind.group, kind.kind, "", [required("metadata.name", "name or generateName is required")])
    return str(metadata["generateName"])[:58] + random_suffix()


def check_namespace(namespace: str, metadata: Object) -> None:
    if metadata.get("namespace") not in (None, "", namespace):
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")


def first_metadata(api: Api, kind: Kind, namespace: str, metadata: Object) -> Object:
    given = {name: value for name, value in metadata.items() if name not in SERVER_OWNED}
    found = {"name": name_of(kind, metadata)} | given
    if namespace:
        found["namespace"] = namespace
    found |= {"uid": str(uuid.uuid4()), "creationTimestamp": api.timestamp()}
    return found | ({"generation": 1} if kind.counts_generations else {})


def kept_metadata(new: Object, old: Object) -> Object:
    """The metadata of an update: what the server owns stays."""
    found = {name: value for name, value in new.items() if name not in SERVER_OWNED}
    found |= {name: old[name] for name in (*SERVER_OWNED, "name", "namespace") if name in old}
    return found


def first_version(api: Api, kind: Kind, obj: Object) -> None:
    """Complete an object that is being created, before its fields get owners."""
    if kind.has_status:
        obj.pop("status", None)
    if kind.kind == "Namespace" and not kind.custom:
        obj["metadata"].setdefault("labels", {})[NAME_LABEL] = obj["metadata"]["name"]
    if kind.kind == "Job" and not kind.custom:
        own_job_pods(obj)


def first_status(kind: Kind, obj: Object) -> None:
    if kind.has_status and not kind.custom:
        obj["status"] = dict(FIRST_STATUS.get(kind.kind, {}))
    if kind.kind == "Namespace" and not kind.custom:
        obj["spec"] = {"finalizers": ["kubernetes"]}


def own_job_pods(obj: Object) -> None:
    """A Job selects its pods by its own uid unless it says otherwise."""
    spec = obj["spec"]
    if spec.get("manualSelector"):
        return
    uid, name = obj["metadata"]["uid"], obj["metadata"]["name"]
    labels = spec["template"].setdefault("metadata", {}).setdefault("labels", {})
    labels |= {JOB_UID: uid, JOB_NAME: name, "controller-uid": uid, "job-name": name}
    spec["selector"] = {"matchLabels": {JOB_UID: uid}}


def allocate(api: Api, kind: Kind, obj: Object, old: Object | None) -> None:
    """Addresses of Services: given once, kept when an update leaves them out."""
    spec = obj.get("spec", {})
    if kind.custom or kind.kind != "Service" or spec.get("type") == "ExternalName":
        return
    if old is not None:
        for name in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
            if name in old["spec"]:
                spec.setdefault(name, old["spec"][name])
        return
    address = spec.setdefault("clusterIP", api.cluster_ip())
    spec |= {"clusterIPs": [address], "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack"}


def next_generation(kind: Kind, obj: Object, old: Object) -> int:
    """One more when anything but metadata and status changed."""
    ignored = {"metadata", "apiVersion", "kind"} | ({"status"} if kind.has_status else set())
    before = {name: value for name, value in old.items() if name not in ignored}
    after = {name: value for name, value in obj.items() if name not in ignored}
    return int(old["metadata"].get("generation", 0)) + (before != after)
