"""Containers and init containers: what each needs, and what no two of them may share."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from reconciler.workloads.field_errors import duplicate, forbidden, invalid, required, unsupported
from reconciler.workloads.parts import Json
from reconciler.workloads.podrules import environment, mounts, names, ports, probes, resources

_CHOICES = {
    "imagePullPolicy": ("Always", "IfNotPresent", "Never"),
    "terminationMessagePolicy": ("File", "FallbackToLogsOnError"),
}
_ONLY_LASTING = (*probes.KINDS, "lifecycle")
"""Not for init containers that end before the others start."""


def problems(spec: Json, volumes: Collection[str], path: str) -> Iterator[str]:
    """All of a pod's containers; `volumes` are the names that they may mount."""
    ordinary, first = spec.get("containers") or (), spec.get("initContainers") or ()
    if not ordinary:
        yield required(f"{path}.containers", "at least one container is needed")
    seen: set[str] = set()
    for field, group in (("containers", ordinary), ("initContainers", first)):
        for index, container in enumerate(group):
            here = f"{path}.{field}[{index}]"
            yield from _name(container, seen, here)
            yield from _container(container, volumes, here)
            yield from _lifetime(container, here, init=field == "initContainers")
    yield from ports.shared(spec, path)


def _name(container: Json, seen: set[str], path: str) -> Iterator[str]:
    name = container.get("name") or ""
    if not name:
        yield required(f"{path}.name", "name the container")
    elif name in seen:
        yield duplicate(f"{path}.name", name)
    yield from names.check(names.label, name, f"{path}.name")
    seen.add(name)


def _container(container: Json, volumes: Collection[str], path: str) -> Iterator[str]:
    if not container.get("image"):
        yield required(f"{path}.image", "say what to run")
    for field, choices in _CHOICES.items():
        if (value := container.get(field)) and value not in choices:
            yield unsupported(f"{path}.{field}", value, choices)
    yield from ports.problems(container.get("ports") or (), f"{path}.ports")
    yield from environment.problems(container, path)
    yield from mounts.problems(container, volumes, path)
    yield from resources.problems(container.get("resources") or {}, f"{path}.resources")
    yield from _security(container.get("securityContext") or {}, f"{path}.securityContext")


def _lifetime(container: Json, path: str, *, init: bool) -> Iterator[str]:
    """Probes and hooks. An init container that is restarted (a sidecar) has them like any other."""
    if init and container.get("restartPolicy") != "Always":
        for field in _ONLY_LASTING:
            if container.get(field):
                yield forbidden(f"{path}.{field}", "an init container has it only with restartPolicy Always")
        return
    yield from probes.problems(container, path)


def _security(context: Json, path: str) -> Iterator[str]:
    """`privileged` is not judged: whether it is allowed depends on how the API server was started."""
    for field in ("runAsUser", "runAsGroup"):
        if (value := context.get(field)) is not None and value < 0:
            yield invalid(f"{path}.{field}", value, "must be greater than or equal to 0")
