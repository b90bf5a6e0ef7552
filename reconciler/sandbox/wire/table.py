"""Tables as kubectl prints them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from reconciler.sandbox.kinds import Kind

Object = dict[str, Any]
Cell = Callable[[Object], Any]


def at(obj: Any, path: str, default: Any = None) -> Any:
    for name in path.split("."):
        obj = obj.get(name) if isinstance(obj, dict) else None
    return default if obj is None else obj


def ready_pods(obj: Object) -> str:
    statuses = at(obj, "status.containerStatuses", [])
    return f"{sum(bool(one.get('ready')) for one in statuses)}/{len(at(obj, 'spec.containers', []))}"


def pod_state(obj: Object) -> str:
    if at(obj, "metadata.deletionTimestamp"):
        return "Terminating"
    for one in at(obj, "status.containerStatuses", []):
        if reason := at(one, "state.waiting.reason") or at(one, "state.terminated.reason"):
            return str(reason)
    return str(at(obj, "status.phase", ""))


def service_ports(obj: Object) -> str:
    return ",".join(f"{port['port']}/{port.get('protocol', 'TCP')}" for port in at(obj, "spec.ports", [])) or "<none>"


def ratio(done: str, wanted: str) -> Cell:
    return lambda obj: f"{at(obj, done, 0)}/{at(obj, wanted, 0)}"


def value(path: str, default: Any = "") -> Cell:
    return lambda obj: at(obj, path, default)


def count(path: str) -> Cell:
    return lambda obj: len(at(obj, path, {}))


COLUMNS: dict[str, list[tuple[str, Cell]]] = {
    "Pod": [
        ("Ready", ready_pods),
        ("Status", pod_state),
        ("Restarts", lambda obj: sum(one.get("restartCount", 0) for one in at(obj, "status.containerStatuses", []))),
    ],
    "Deployment": [
        ("Ready", ratio("status.readyReplicas", "spec.replicas")),
        ("Up-to-date", value("status.updatedReplicas", 0)),
        ("Available", value("status.availableReplicas", 0)),
    ],
    "ReplicaSet": [
        ("Desired", value("spec.replicas", 0)),
        ("Current", value("status.replicas", 0)),
        ("Ready", value("status.readyReplicas", 0)),
    ],
    "StatefulSet": [("Ready", ratio("status.readyReplicas", "spec.replicas"))],
    "Job": [("Completions", ratio("status.succeeded", "spec.completions"))],
    "Service": [
        ("Type", value("spec.type")),
        ("Cluster-IP", value("spec.clusterIP", "<none>")),
        ("External-IP", lambda obj: "<none>"),
        ("Port(s)", service_ports),
    ],
    "ConfigMap": [("Data", count("data"))],
    "Secret": [("Type", value("type")), ("Data", count("data"))],
    "Namespace": [("Status", value("status.phase"))],
    "Node": [("Status", lambda obj: "Ready")],
    "Event": [
        ("Last Seen", value("lastTimestamp")),
        ("Type", value("type")),
        ("Reason", value("reason")),
        ("Object", lambda obj: f"{at(obj, 'involvedObject.kind', '').lower()}/{at(obj, 'involvedObject.name', '')}"),
        ("Message", value("message")),
    ],
}


def age(obj: Object, now: datetime) -> str:
    created = at(obj, "metadata.creationTimestamp")
    if not created:
        return "<unknown>"
    return since(created, now)


def since(moment: str, now: datetime) -> str:
    seconds = max(0, int((now - datetime.fromisoformat(moment)).total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= 2 * size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def json_path(obj: Object, path: str) -> Any:
    """The subset that printer columns use: `.a.b`, `.a['b.c']`, `.a[0]`, `.a[?(@.type=="X")].b`."""
    found: Any = obj
    for match in re.finditer(
        r"\[\?\(@\.(\w+)\s*==\s*[\"']([^\"']*)[\"']\)\]|\[(\d+)\]|\['([^']+)'\]|\.([\w\-/\\.]+?)(?=[.\[]|$)", path
    ):
        key, wanted, index, quoted, name = match.groups()
        if key:
            found = next((one for one in found or [] if str(one.get(key)) == wanted), None)
        elif index:
            found = found[int(index)] if isinstance(found, list) and len(found) > int(index) else None
        else:
            found = found.get(quoted or name) if isinstance(found, dict) else None
    return found


def columns_of(kind: Kind, now: datetime) -> list[tuple[Object, Cell]]:
    name = {"name": "Name", "type": "string", "format": "name", "description": "", "priority": 0}
    found: list[tuple[Object, Cell]] = [(name, value("metadata.name"))]
    for title, cell in COLUMNS.get("" if kind.custom else kind.kind, []):
        found.append(({"name": title, "type": "string", "format": "", "description": "", "priority": 0}, cell))
    for column in kind.columns:
        found.append((definition(column), custom_cell(column, now)))
    if not any(column["name"] == "Age" for column, _ in found) and kind.kind != "Event":
        described = {"name": "Age", "type": "string", "format": "", "description": "", "priority": 0}
        found.append((described, lambda obj: age(obj, now)))
    return found


def definition(column: Object) -> Object:
    return {"format": "", "description": "", "priority": 0} | {
        key: column[key] for key in ("name", "type", "format", "description", "priority") if key in column
    }


def custom_cell(column: Object, now: datetime) -> Cell:
    def cell(obj: Object) -> Any:
        found = json_path(obj, column["jsonPath"])
        if column["type"] == "date":
            return since(found, now) if found else "<unknown>"
        return found

    return cell


def table(kind: Kind, items: list[Object], metadata: Object, now: datetime, include: str) -> Object:
    columns = columns_of(kind, now)
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": [column for column, _ in columns],
        "rows": [row(obj, columns, include) for obj in items],
    }


def row(obj: Object, columns: list[tuple[Object, Cell]], include: str) -> Object:
    found: Object = {"cells": [cell(obj) for _, cell in columns]}
    if include != "None":
        shown = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}
        found["object"] = obj if include == "Object" else shown
    return found
