"""Which resource a path names."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.sandbox.kinds import Kind
from reconciler.sandbox.problems import no_such_resource, not_implemented
from reconciler.sandbox.registry import Registry

# Groups that every real server has and the sandbox has not.
ELSEWHERE = {
    "admissionregistration.k8s.io",
    "apiregistration.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "certificates.k8s.io",
    "events.k8s.io",
    "flowcontrol.apiserver.k8s.io",
    "node.k8s.io",
    "resource.k8s.io",
}


@dataclass(frozen=True)
class Target:
    kind: Kind
    namespace: str = ""
    name: str = ""
    subresource: str = ""


def parsed(path: str, registry: Registry) -> Target:
    """Raises 404 for what is not served, 501 for the old watch paths."""
    parts = [part for part in path.split("/") if part]
    if parts[:2] == ["api", "v1"]:
        group, version, rest = "", "v1", parts[2:]
    elif parts[:1] == ["apis"] and len(parts) > 3:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        raise no_such_resource()
    if group in ELSEWHERE and not registry.versions(group):
        raise not_implemented(f"the API group {group}")
    if rest[:1] == ["watch"]:
        raise not_implemented("the deprecated /watch/ paths: use ?watch=true")
    return within(group, version, rest, registry)


def within(group: str, version: str, rest: list[str], registry: Registry) -> Target:
    if rest[:1] == ["namespaces"] and len(rest) > 2:
        inner = registry.find(group, version, rest[2])
        if inner is not None or rest[2] not in ("status", "finalize"):
            return target(inner, rest[1], rest[3:])
    return target(registry.find(group, version, rest[0]) if rest else None, "", rest[1:])


def target(kind: Kind | None, namespace: str, rest: list[str]) -> Target:
    if kind is None or len(rest) > 2 or (namespace and not kind.namespaced):
        raise no_such_resource()
    if rest and kind.namespaced and not namespace:
        raise no_such_resource()
    return Target(kind, namespace, *rest)
