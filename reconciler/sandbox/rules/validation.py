"""What is refused of built-in kinds: missing and impossible values, and changes of what may not change."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from reconciler.sandbox.problems import Cause, invalid_value, not_supported, required
from reconciler.sandbox.schema.node import Node
from reconciler.sandbox.selectors import object_selector_matches

Object = dict[str, Any]
# Structs that the real server has by value: they are never missing, only what is in them.
NEVER_MISSING = frozenset(
    {"template", "spec", "status", "names", "jobTemplate", "strategy", "lastTimestamp", "metadata"}
)
SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
PATH_SEGMENT_KINDS = {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}
LABEL_KINDS = {"Namespace", "Service"}
IMMUTABLE = "field is immutable"


def shown(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def name_problem(kind: str, name: str) -> Cause | None:
    if kind in PATH_SEGMENT_KINDS:
        bad = name in (".", "..") or "/" in name or "%" in name
        return invalid_value("metadata.name", shown(name), "may not contain '/' or '%'") if bad else None
    pattern, longest = (LABEL, 63) if kind in LABEL_KINDS else (SUBDOMAIN, 253)
    if len(name) > longest or not pattern.fullmatch(name):
        wanted = "label" if pattern is LABEL else "subdomain"
        return invalid_value(
            "metadata.name", shown(name), f"a lowercase RFC 1123 {wanted} of at most {longest} characters is needed"
        )
    return None


def missing_fields(value: Any, node: Node, path: str = "") -> Iterator[Cause]:
    """Fields that the schema requires, in what is there; the status is the server's own affair."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from missing_fields(item, node.item(), f"{path}[{index}]")
    if not isinstance(value, dict):
        return
    for name in node.required:
        if name not in value and name not in NEVER_MISSING:
            yield required(f"{path}.{name}" if path else name)
    for name, inner in value.items():
        if path or name not in ("status", "metadata"):
            yield from missing_fields(inner, node.child(name), f"{path}.{name}" if path else name)


def template_problems(template: Object, path: str = "spec.template") -> Iterator[Cause]:
    """A template whose pods run for ever."""
    pod = template["spec"]
    yield from pod_problems(pod, f"{path}.spec")
    if pod["restartPolicy"] != "Always":
        yield not_supported(f"{path}.spec.restartPolicy", shown(pod["restartPolicy"]), ("Always",))


def ending_template_problems(template: Object, path: str = "spec.template") -> Iterator[Cause]:
    """A template whose pods come to an end."""
    pod = template["spec"]
    yield from pod_problems(pod, f"{path}.spec")
    if pod["restartPolicy"] == "Always":
        yield required(f"{path}.spec.restartPolicy", 'valid values: "OnFailure", "Never"')


def pod_problems(pod: Object, path: str) -> Iterator[Cause]:
    containers = pod.get("containers", [])
    yield from repeated_names(containers, f"{path}.containers")
    for index, container in enumerate(containers):
        here = f"{path}.containers[{index}]"
        if not container.get("image"):
            yield required(f"{here}.image")
        yield from repeated_names(container.get("ports", []), f"{here}.ports")


def repeated_names(items: list[Object], path: str) -> Iterator[Cause]:
    seen: set[str] = set()
    for index, item in enumerate(items):
        name = item.get("name", "")
        if name in seen:
            yield Cause("FieldValueDuplicate", f"Duplicate value: {shown(name)}", f"{path}[{index}].name")
        seen |= {name} if name else set()


def selector_problems(obj: Object) -> Iterator[Cause]:
    selector = obj["spec"].get("selector")
    labels = obj["spec"]["template"].get("metadata", {}).get("labels")
    if not object_selector_matches(selector, labels or {}):
        yield invalid_value(
            "spec.template.metadata.labels", shown(labels), "`selector` does not match template `labels`"
        )


def negative(obj: Object, *names: str) -> Iterator[Cause]:
    for name in names:
        value = obj["spec"].get(name)
        if isinstance(value, int) and value < 0:
            yield invalid_value(f"spec.{name}", shown(value), "must be greater than or equal to 0")


def workload(obj: Object, old: Object | None) -> Iterator[Cause]:
    yield from negative(obj, "replicas", "minReadySeconds", "revisionHistoryLimit")
    yield from template_problems(obj["spec"]["template"])
    yield from selector_problems(obj)
    yield from unchanged(obj, old, "selector")


def unchanged(obj: Object, old: Object | None, *names: str) -> Iterator[Cause]:
    for name in names:
        if old is not None and obj["spec"].get(name) != old["spec"].get(name):
            yield invalid_value(f"spec.{name}", shown(obj["spec"].get(name)), IMMUTABLE)


def job(obj: Object, old: Object | None) -> Iterator[Cause]:
    yield from negative(obj, "parallelism", "completions", "backoffLimit")
    yield from ending_template_problems(obj["spec"]["template"])
    yield from unchanged(obj, old, "completions", "selector", "completionMode")
    if old is not None and obj["spec"]["template"] != old["spec"]["template"]:
        yield invalid_value("spec.template.spec", shown(obj["spec"]["template"]), IMMUTABLE)


def cron_job(obj: Object, old: Object | None) -> Iterator[Cause]:
    template = obj["spec"]["jobTemplate"]["spec"]["template"]
    yield from ending_template_problems(template, "spec.jobTemplate.spec.template")


def service(obj: Object, old: Object | None) -> Iterator[Cause]:
    spec = obj["spec"]
    if spec["type"] == "ExternalName":
        if not spec.get("externalName"):
            yield required("spec.externalName")
        return
    if not spec.get("ports") and spec.get("clusterIP") != "None":
        yield required("spec.ports")
    if old and old["spec"].get("clusterIP") and spec.get("clusterIP") != old["spec"]["clusterIP"]:
        yield invalid_value("spec.clusterIPs[0]", shown(spec.get("clusterIPs")), "may not change once set")


POD_CHANGEABLE = ("activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "nodeName")


def pod(obj: Object, old: Object | None) -> Iterator[Cause]:
    yield from pod_problems(obj["spec"], "spec")
    if old is not None and frozen_pod(obj["spec"]) != frozen_pod(old["spec"]):
        message = "pod updates may not change fields other than `spec.containers[*].image` and a few others"
        yield Cause("FieldValueForbidden", f"Forbidden: {message}", "spec")


def frozen_pod(spec: Object) -> Object:
    kept = {name: value for name, value in spec.items() if name not in POD_CHANGEABLE}
    for name in ("containers", "initContainers"):
        if name in kept:
            kept[name] = [
                {key: v for key, v in one.items() if key not in ("image", "imagePullPolicy")} for one in kept[name]
            ]
    return kept


def data(obj: Object, old: Object | None) -> Iterator[Cause]:
    """ConfigMaps and Secrets: keys are file names; what is marked immutable stays."""
    for name in ("data", "binaryData"):
        for key in obj.get(name, {}):
            if not re.fullmatch(r"[-._a-zA-Z0-9]{1,253}", key):
                detail = "a valid config key is made of alphanumerics, '-', '_', '.'"
                yield invalid_value(f"{name}[{key}]", shown(key), detail)
    yield from immutable_data(obj, old)


def immutable_data(obj: Object, old: Object | None) -> Iterator[Cause]:
    if old is None or not old.get("immutable"):
        return
    if not obj.get("immutable"):
        yield Cause("FieldValueForbidden", "Forbidden: field is immutable when `immutable` is set", "immutable")
    for name in ("data", "binaryData"):
        if obj.get(name) != old.get(name):
            yield Cause("FieldValueForbidden", "Forbidden: field is immutable when `immutable` is set", name)


def binding(obj: Object, old: Object | None) -> Iterator[Cause]:
    if old is not None and obj.get("roleRef") != old.get("roleRef"):
        yield invalid_value("roleRef", shown(obj.get("roleRef")), "cannot change roleRef")


def resource_definition(obj: Object, old: Object | None) -> Iterator[Cause]:
    spec = obj["spec"]
    wanted = f"{spec.get('names', {}).get('plural')}.{spec.get('group')}"
    if obj["metadata"]["name"] != wanted:
        name = shown(obj["metadata"]["name"])
        yield invalid_value("metadata.name", name, 'must be spec.names.plural+"."+spec.group')
    for index, version in enumerate(spec.get("versions", [])):
        if not version.get("schema", {}).get("openAPIV3Schema"):
            yield required(f"spec.versions[{index}].schema.openAPIV3Schema", "schemas are required")
    if sum(bool(version.get("storage")) for version in spec.get("versions", [])) != 1:
        yield invalid_value("spec.versions", "[]", "must have exactly one version marked as storage version")
    if old is not None and spec["names"].get("plural") != old["spec"]["names"].get("plural"):
        yield invalid_value("spec.names.plural", shown(spec["names"].get("plural")), IMMUTABLE)


RULES: dict[str, Callable[[Object, Object | None], Iterator[Cause]]] = {
    "Deployment": workload,
    "ReplicaSet": workload,
    "StatefulSet": workload,
    "DaemonSet": workload,
    "Job": job,
    "CronJob": cron_job,
    "Service": service,
    "Pod": pod,
    "ConfigMap": data,
    "Secret": data,
    "RoleBinding": binding,
    "ClusterRoleBinding": binding,
    "CustomResourceDefinition": resource_definition,
}


def problems(kind: str, obj: Object, old: Object | None, schema: Node) -> list[Cause]:
    """Everything wrong with a built-in object, at once."""
    found = list(missing_fields(obj, schema))
    if kind in RULES:
        found += RULES[kind](obj, old)
    return found
