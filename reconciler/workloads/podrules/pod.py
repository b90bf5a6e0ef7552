"""Rules about a pod as a whole, and the order in which its parts are looked at."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from reconciler.workloads.field_errors import forbidden, invalid, required, unsupported
from reconciler.workloads.parts import Json
from reconciler.workloads.podrules import containers, metadata, names, scheduling, volumes

_CHOICES = {
    "restartPolicy": ("Always",),
    "dnsPolicy": ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
    "preemptionPolicy": ("PreemptLowerPriority", "Never"),
}
_NAMES = {
    "hostname": names.label,
    "subdomain": names.label,
    "nodeName": names.subdomain,
    "serviceAccountName": names.subdomain,
    "priorityClassName": names.subdomain,
    "runtimeClassName": names.subdomain,
}
_MOST_NAMESERVERS, _MOST_SEARCHES = 3, 32


def problems(spec: Json, path: str) -> Iterator[str]:
    declared = {volume.get("name") or "" for volume in spec.get("volumes") or ()}
    yield from volumes.problems(spec.get("volumes") or (), f"{path}.volumes")
    yield from containers.problems(spec, declared, path)
    yield from _choices(spec, path)
    yield from _forbidden(spec, path)
    yield from metadata.labels(spec.get("nodeSelector") or {}, f"{path}.nodeSelector")
    yield from _security(spec, path)
    yield from scheduling.problems(spec, path)
    for field, rule in _NAMES.items():
        yield from names.check(rule, spec.get(field), f"{path}.{field}")
    yield from _hosts(spec, path)
    yield from _name_resolution(spec, path)


def _choices(spec: Json, path: str) -> Iterator[str]:
    for field, choices in _CHOICES.items():
        value = spec.get(field)
        if value and value not in choices:
            yield unsupported(f"{path}.{field}", value, choices)


def _forbidden(spec: Json, path: str) -> Iterator[str]:
    if spec.get("activeDeadlineSeconds") is not None:
        yield forbidden(f"{path}.activeDeadlineSeconds", "a ReplicaSet's pods run for ever")
    if spec.get("ephemeralContainers"):
        yield forbidden(f"{path}.ephemeralContainers", "they are only added to pods that run")
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        yield invalid(f"{path}.shareProcessNamespace", True, "not possible together with hostPID")


def _security(spec: Json, path: str) -> Iterator[str]:
    context = spec.get("securityContext") or {}
    for field in ("runAsUser", "runAsGroup", "fsGroup"):
        if (value := context.get(field)) is not None and value < 0:
            yield invalid(f"{path}.securityContext.{field}", value, "must be greater than or equal to 0")


def _hosts(spec: Json, path: str) -> Iterator[str]:
    for index, alias in enumerate(spec.get("hostAliases") or ()):
        here = f"{path}.hostAliases[{index}]"
        yield from address(alias.get("ip") or "", f"{here}.ip")
        for at, name in enumerate(alias.get("hostnames") or ()):
            if why := names.subdomain(name):
                yield invalid(f"{here}.hostnames[{at}]", name, why)


def _name_resolution(spec: Json, path: str) -> Iterator[str]:
    config, here = spec.get("dnsConfig") or {}, f"{path}.dnsConfig"
    servers, searches = config.get("nameservers") or (), config.get("searches") or ()
    if spec.get("dnsPolicy") == "None" and not servers:
        yield required(f"{here}.nameservers", "with dnsPolicy None the pod needs at least one")
    if len(servers) > _MOST_NAMESERVERS:
        yield invalid(f"{here}.nameservers", servers, f"must be at most {_MOST_NAMESERVERS}")
    if len(searches) > _MOST_SEARCHES:
        yield invalid(f"{here}.searches", searches, f"must be at most {_MOST_SEARCHES}")
    for index, server in enumerate(servers):
        yield from address(server, f"{here}.nameservers[{index}]")
    for index, option in enumerate(config.get("options") or ()):
        if not option.get("name"):
            yield required(f"{here}.options[{index}].name", "name the option")


def address(text: str, path: str) -> Iterator[str]:
    """Of an address that must be one of IPv4 or IPv6."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        yield invalid(path, text, "must be an IP address, such as 10.9.8.7 or 2001:db8::ffff")
