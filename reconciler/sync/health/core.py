"""Health of the core group: Pod, Service, PersistentVolumeClaim, Namespace (spec gitops §4.2)."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.sync.health.model import (
    HEALTHY,
    Assessment,
    JsonObject,
    degraded,
    is_condition,
    progressing,
    spec_of,
    status_of,
)


def namespace(obj: JsonObject) -> Assessment:
    return progressing("is terminating") if status_of(obj).get("phase") == "Terminating" else HEALTHY


def persistent_volume_claim(obj: JsonObject) -> Assessment:
    phase = status_of(obj).get("phase")
    if phase == "Bound":
        return HEALTHY
    if phase == "Lost":
        return degraded("its volume is lost", terminal=True)
    return progressing("waits for a volume")


def service(obj: JsonObject) -> Assessment:
    if spec_of(obj).get("type") != "LoadBalancer":
        return HEALTHY
    has_address = (status_of(obj).get("loadBalancer") or {}).get("ingress")
    return HEALTHY if has_address else progressing("waits for a load balancer address")


def pod(obj: JsonObject) -> Assessment:
    """A restarting pod is Degraded while a container waits in an error; a finished one goes by its phase."""
    phase = status_of(obj).get("phase")
    restarts = spec_of(obj).get("restartPolicy", "Always") == "Always"
    if restarts and (problem := next(_stuck(obj), "")):
        return degraded(problem)
    if phase == "Succeeded":
        return HEALTHY
    if phase == "Failed":
        return degraded(_failure(obj), terminal=True)
    if phase == "Running" and restarts:
        return _running(obj)
    return progressing("is running" if phase == "Running" else "is pending")


def _running(obj: JsonObject) -> Assessment:
    if is_condition(obj, "Ready", "True"):
        return HEALTHY
    for container in _containers(obj):
        if last := (container.get("lastState") or {}).get("terminated"):
            return degraded(
                f"container {container.get('name')} ended before: {last.get('reason') or last.get('exitCode')}"
            )
    return progressing("is not ready yet")


def _containers(obj: JsonObject) -> Iterator[JsonObject]:
    for field in ("initContainerStatuses", "containerStatuses"):
        yield from status_of(obj).get(field) or []


def _stuck(obj: JsonObject) -> Iterator[str]:
    for container in _containers(obj):
        waiting = (container.get("state") or {}).get("waiting") or {}
        reason = str(waiting.get("reason") or "")
        if reason.startswith("Err") or reason.endswith(("Error", "BackOff")):
            yield f"container {container.get('name')}: {reason}" + (
                f": {text}" if (text := waiting.get("message")) else ""
            )


def _failure(obj: JsonObject) -> str:
    if message := status_of(obj).get("message"):
        return str(message)
    for container in _containers(obj):
        ended = (container.get("state") or {}).get("terminated") or {}
        if ended.get("reason") == "OOMKilled":
            return f"container {container.get('name')} ran out of memory"
        if ended.get("exitCode"):
            return f"container {container.get('name')} exited with {ended['exitCode']}"
    return "failed"
