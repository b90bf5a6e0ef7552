"""The defaults that the API server fills into a pod template when it is stored in a ReplicaSet.

A Rollout keeps the template as the user wrote it; its ReplicaSet holds the defaulted one. Comparing them needs the
same defaults on both sides (spec rollouts §2.2 rule 3). Source: Kubernetes API, core/v1 defaulting of PodSpec.
"""

from __future__ import annotations

import copy
from typing import Any

Dict = dict[str, Any]

_POD = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "securityContext": {},
    "schedulerName": "default-scheduler",
}
_CONTAINER = {"terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File", "resources": {}}
_PROBE = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
_ZERO_IS_UNSET = (*_PROBE, "hostPort")
_HTTP_GET = {"path": "/", "scheme": "HTTP"}
_VOLUMES: dict[str, Dict] = {
    "secret": {"defaultMode": 420},
    "configMap": {"defaultMode": 420},
    "downwardAPI": {"defaultMode": 420},
    "projected": {"defaultMode": 420},
    "hostPath": {"type": ""},
    "iscsi": {"iscsiInterface": "default"},
    "rbd": {"pool": "rbd", "user": "admin", "keyring": "/etc/ceph/keyring"},
    "azureDisk": {"cachingMode": "ReadWrite", "kind": "Shared", "fsType": "ext4", "readOnly": False},
    "scaleIO": {"storageMode": "ThinProvisioned", "fsType": "xfs"},
}


def with_defaults(template: Dict) -> Dict:
    """A copy of `template` with defaults filled in; filling twice changes nothing."""
    template = copy.deepcopy(template)
    spec = template.setdefault("spec", None) or {}
    template["spec"] = spec
    _fill(spec, _POD)
    for container in [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]:
        _container(container, host_network=bool(spec.get("hostNetwork")))
    for volume in spec.get("volumes") or []:
        _volume(volume)
    return template


def image_pull_policy(image: str) -> str:
    """`Always` for a floating `latest`, `IfNotPresent` for any other tag or a digest."""
    if "@" in image:
        return "IfNotPresent"
    _, _, tag = image.rpartition("/")[2].partition(":")
    return "Always" if tag in ("", "latest") else "IfNotPresent"


def _fill(target: Dict, defaults: Dict) -> None:
    for key, value in defaults.items():
        if _unset(target.get(key), key):
            target[key] = copy.copy(value)


def _unset(value: object, key: str) -> bool:
    """To the API an empty text is no text, and of numbers that it does not hold by pointer zero is none."""
    return value is None or value == "" or (value == 0 and key in _ZERO_IS_UNSET)


def _container(container: Dict, *, host_network: bool) -> None:
    _fill(container, _CONTAINER)
    _fill(container, {"imagePullPolicy": image_pull_policy(container.get("image") or "")})
    for port in container.get("ports") or []:
        _fill(port, {"protocol": "TCP"})
        if host_network:
            _fill(port, {"hostPort": port.get("containerPort")})
    for probe in _set(container, "livenessProbe", "readinessProbe", "startupProbe"):
        _fill(probe, _PROBE)
        _action(probe)
    for hook in _set(container.get("lifecycle") or {}, "postStart", "preStop"):
        _action(hook)
    for variable in container.get("env") or []:
        _field_ref(variable.get("valueFrom") or {})


def _set(holder: Dict, *names: str) -> list[Dict]:
    """What is there of these, also if it is empty: to the API a part without fields is a part."""
    return [holder[name] for name in names if holder.get(name) is not None]


def _action(handler: Dict) -> None:
    for request in _set(handler, "httpGet"):
        _fill(request, _HTTP_GET)
    for call in _set(handler, "grpc"):
        _fill(call, {"service": ""})


def _field_ref(source: Dict) -> None:
    for reference in _set(source, "fieldRef"):
        _fill(reference, {"apiVersion": "v1"})


def _volume(volume: Dict) -> None:
    sources = [key for key, value in volume.items() if key != "name" and value is not None]
    if not sources:
        volume["emptyDir"] = {}
    for name in sources:
        _fill(volume[name], _VOLUMES.get(name, {}))
    for item in (volume.get("downwardAPI") or {}).get("items") or []:
        _field_ref(item)
    for projection in (volume.get("projected") or {}).get("sources") or []:
        _projection(projection)
    for claim in _set((volume.get("ephemeral") or {}).get("volumeClaimTemplate") or {}, "spec"):
        _fill(claim, {"volumeMode": "Filesystem"})


def _projection(projection: Dict) -> None:
    for token in _set(projection, "serviceAccountToken"):
        _fill(token, {"expirationSeconds": 3600})
    for item in (projection.get("downwardAPI") or {}).get("items") or []:
        _field_ref(item)
