"""Probes and lifecycle hooks: how a container is asked, and how often."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.workloads.field_errors import forbidden, invalid, required, unsupported
from reconciler.workloads.parts import Json
from reconciler.workloads.podrules import names, ports

KINDS = ("livenessProbe", "readinessProbe", "startupProbe")
_COUNTS = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")
_PROBES = ("exec", "httpGet", "tcpSocket", "grpc")
_HOOKS = ("exec", "httpGet", "tcpSocket", "sleep")


def problems(container: Json, path: str) -> Iterator[str]:
    for kind in KINDS:
        if container.get(kind) is not None:
            yield from _probe(container[kind], kind, f"{path}.{kind}")
    for hook in ("postStart", "preStop"):
        action = (container.get("lifecycle") or {}).get(hook)
        if action is not None:
            yield from _action(action, _HOOKS, f"{path}.lifecycle.{hook}")


def _probe(probe: Json, kind: str, path: str) -> Iterator[str]:
    yield from _action(probe, _PROBES, path)
    for field in _COUNTS:
        if (value := probe.get(field) or 0) < 0:
            yield invalid(f"{path}.{field}", value, "must be greater than or equal to 0")
    if kind != "readinessProbe" and probe.get("successThreshold") != 1:
        yield invalid(f"{path}.successThreshold", probe.get("successThreshold"), "must be 1")
    grace = probe.get("terminationGracePeriodSeconds")
    if grace is not None and kind == "readinessProbe":
        yield forbidden(f"{path}.terminationGracePeriodSeconds", "a readiness probe ends no container")
    elif grace is not None and grace <= 0:
        yield invalid(f"{path}.terminationGracePeriodSeconds", grace, "must be greater than 0")


def _action(handler: Json, kinds: tuple[str, ...], path: str) -> Iterator[str]:
    given = [kind for kind in kinds if handler.get(kind) is not None]
    if not given:
        yield required(path, f"say how: one of {', '.join(kinds)}")
    for extra in given[1:]:
        yield forbidden(f"{path}.{extra}", f"{given[0]} is set already")
    for kind in given[:1]:
        yield from _way(kind, handler[kind], f"{path}.{kind}")


def _way(kind: str, action: Json, path: str) -> Iterator[str]:
    if kind == "exec" and not action.get("command"):
        yield required(f"{path}.command", "say what to run")
    if kind in ("httpGet", "tcpSocket"):
        yield from ports.reference(action.get("port"), f"{path}.port")
    if kind == "grpc":
        yield from ports.number(action.get("port") or 0, f"{path}.port")
    if kind == "httpGet":
        yield from _http(action, path)


def _http(action: Json, path: str) -> Iterator[str]:
    if action.get("scheme") not in ("HTTP", "HTTPS"):
        yield unsupported(f"{path}.scheme", action.get("scheme"), ("HTTP", "HTTPS"))
    for index, header in enumerate(action.get("httpHeaders") or ()):
        name = header.get("name") or ""
        if why := names.header(name):
            yield invalid(f"{path}.httpHeaders[{index}].name", name, why)
