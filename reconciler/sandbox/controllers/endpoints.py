"""Which ready pods stand behind each Service: EndpointSlices, and Endpoints for older clients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.sandbox.controllers.owned import controlled_by
from reconciler.sandbox.controllers.pods import is_active, is_ready
from reconciler.sandbox.controllers.work import Work
from reconciler.sandbox.store import Change, key_of

Object = dict[str, Any]
Key = tuple[str, str]
SLICES = "endpointslices.discovery.k8s.io"
SERVICE_NAME = "kubernetes.io/service-name"


class Endpoints:
    def __init__(self, work: Work) -> None:
        self.work = work

    def keys(self, change: Change) -> Iterator[Key]:
        if change.storage == "services":
            yield key_of(change.shown)
        if change.storage == "pods":
            yield from self.services(change)

    def services(self, change: Change) -> Iterator[Key]:
        """Services that select the pod now or did before."""
        seen = [obj["metadata"].get("labels", {}) for obj in (change.old, change.new) if obj is not None]
        for service in self.work.api.store.all("services", change.shown["metadata"]["namespace"]):
            if any(selects(service, labels) for labels in seen):
                yield key_of(service)

    def reconcile(self, key: Key) -> None:
        service = self.work.get("services", key)
        if service is None:
            old = self.work.get("endpoints", key)
            if old is not None:
                self.work.delete("endpoints", old)
        elif service["spec"].get("selector"):
            pods = [
                pod
                for pod in self.work.api.store.all("pods", key[0])
                if selects(service, pod["metadata"].get("labels", {}))
            ]
            running = [pod for pod in pods if is_active(pod) and pod.get("status", {}).get("podIP")]
            self.publish(service, running)

    def publish(self, service: Object, pods: list[Object]) -> None:
        namespace, name = key_of(service)
        self.put("endpoints", namespace, name, endpoints(service, pods))
        owned = self.work.dependents.controlled(service, SLICES)
        self.put(SLICES, namespace, owned[0]["metadata"]["name"] if owned else "", endpoint_slice(service, pods))

    def put(self, storage: str, namespace: str, name: str, body: Object) -> None:
        """Create, or replace where something changed."""
        old = self.work.get(storage, (namespace, name)) if name else None
        if old is None:
            self.work.create(storage, namespace, body)
            return
        new = {key: value for key, value in old.items() if key in ("apiVersion", "kind", "metadata")}
        new |= {key: value for key, value in body.items() if key != "metadata"}
        self.work.write(storage, new)


def selects(service: Object, labels: dict[str, str]) -> bool:
    selector = service["spec"].get("selector") or {}
    return bool(selector) and selector.items() <= labels.items()


def target_port(port: Object, pod: Object) -> int:
    """The number behind a Service's port; a named one is looked up in the pod."""
    wanted = port.get("targetPort", port["port"])
    if isinstance(wanted, int):
        return wanted
    ports = [one for container in pod["spec"]["containers"] for one in container.get("ports", [])]
    return next((int(one["containerPort"]) for one in ports if one.get("name") == wanted), int(port["port"]))


def ports(service: Object, pods: list[Object]) -> list[Object]:
    found = []
    for port in service["spec"].get("ports", []):
        number = target_port(port, pods[0]) if pods else port.get("targetPort", port["port"])
        if isinstance(number, int):
            named = {"name": port["name"]} if port.get("name") else {}
            found.append(named | {"port": number, "protocol": port.get("protocol", "TCP")})
    return found


def reference(pod: Object) -> Object:
    metadata = pod["metadata"]
    return {"kind": "Pod", "namespace": metadata["namespace"], "name": metadata["name"], "uid": metadata["uid"]}


def endpoints(service: Object, pods: list[Object]) -> Object:
    body: Object = {"metadata": {"name": service["metadata"]["name"], "labels": service["metadata"].get("labels", {})}}
    if not pods:
        return body
    subset: Object = {"ports": ports(service, pods)}
    for field, wanted in (("addresses", True), ("notReadyAddresses", False)):
        if chosen := [address(pod) for pod in pods if is_ready(pod) is wanted]:
            subset[field] = chosen
    return body | {"subsets": [subset]}


def address(pod: Object) -> Object:
    return {"ip": pod["status"]["podIP"], "nodeName": pod["spec"].get("nodeName"), "targetRef": reference(pod)}


def endpoint_slice(service: Object, pods: list[Object]) -> Object:
    name = service["metadata"]["name"]
    labels = service["metadata"].get("labels", {}) | {
        SERVICE_NAME: name,
        "endpointslice.kubernetes.io/managed-by": "sandbox",
    }
    return {
        "metadata": {"generateName": f"{name}-", "labels": labels, "ownerReferences": controlled_by(service)},
        "addressType": "IPv4",
        "ports": [{"name": ""} | port for port in ports(service, pods)],
        "endpoints": [endpoint(pod) for pod in pods],
    }


def endpoint(pod: Object) -> Object:
    ready = is_ready(pod)
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": ready, "serving": ready, "terminating": False},
        "nodeName": pod["spec"].get("nodeName"),
        "targetRef": reference(pod),
    }
