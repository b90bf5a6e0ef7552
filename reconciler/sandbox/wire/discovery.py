"""What clients ask first: versions, groups, resources."""

from __future__ import annotations

from typing import Any

from reconciler.sandbox.kinds import Kind
from reconciler.sandbox.registry import Registry

Object = dict[str, Any]
VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
VERSION = {
    "major": "1",
    "minor": "36",
    "gitVersion": "v1.36.0-sandbox",
    "gitCommit": "",
    "gitTreeState": "",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": "",
    "platform": "sandbox",
}


def answer(path: str, registry: Registry) -> Object | None:
    """The discovery document of a path; None when the path is no discovery path or names nothing."""
    parts = [part for part in path.split("/") if part]
    match parts:
        case ["version"]:
            return VERSION
        case ["api"]:
            return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
        case ["apis"]:
            groups = [group(name, registry) for name in registry.groups()]
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
        case ["api", "v1"]:
            return resources("", "v1", registry)
        case ["apis", name] if name in registry.groups():
            return {"kind": "APIGroup", "apiVersion": "v1"} | group(name, registry)
        case ["apis", name, version] if version in registry.versions(name):
            return resources(name, version, registry)
    return None


def group(name: str, registry: Registry) -> Object:
    versions = [{"groupVersion": f"{name}/{version}", "version": version} for version in registry.versions(name)]
    return {"name": name, "versions": versions, "preferredVersion": versions[0]}


def resources(group_name: str, version: str, registry: Registry) -> Object:
    found = [entry for kind in registry.of_version(group_name, version) for entry in entries(kind)]
    group_version = f"{group_name}/{version}" if group_name else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": found}


def entries(kind: Kind) -> list[Object]:
    main: Object = {
        "name": kind.plural,
        "singularName": kind.singular,
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": [verb for verb in VERBS if verb != "deletecollection" or kind.kind != "Namespace"],
    }
    if kind.short_names:
        main["shortNames"] = list(kind.short_names)
    if kind.categories:
        main["categories"] = list(kind.categories)
    found = [main]
    if kind.has_status:
        found.append(sub(kind, "status", {"kind": kind.kind}))
    if kind.scale:
        found.append(sub(kind, "scale", {"group": "autoscaling", "version": "v1", "kind": "Scale"}))
    return found


def sub(kind: Kind, name: str, of: Object) -> Object:
    described = {"name": f"{kind.plural}/{name}", "singularName": "", "namespaced": kind.namespaced}
    return described | of | {"verbs": ["get", "patch", "update"]}
