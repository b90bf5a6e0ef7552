"""Label and field selectors (Kubernetes documentation "Labels and Selectors", "Field Selectors")."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from reconciler.sandbox.problems import bad_request

Object = dict[str, Any]
Test = Callable[[Object], bool]
SET = re.compile(r"\s*([\w./-]+)\s+(in|notin)\s*\(([^)]*)\)\s*")
EQUAL = re.compile(r"\s*([\w./-]+)\s*(==|=|!=|>|<)\s*([\w.-]*)\s*")
EXISTS = re.compile(r"\s*(!?)\s*([\w./-]+)\s*")
FIELDS = {
    "Pod": (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "status.phase",
        "status.podIP",
    ),
    "Event": [
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ],
    "Secret": ("type",),
    "Namespace": ("status.phase",),
    "Node": ("spec.unschedulable",),
    "ReplicaSet": ("status.replicas",),
    "Job": ("status.successful",),
}


def always(_: Object) -> bool:
    return True


def label_test(selector: str) -> Test:
    """Raises a 400 for what is no selector."""
    if not selector.strip():
        return always
    tests = [requirement(part) for part in split(selector)]
    return lambda obj: all(test(obj["metadata"].get("labels") or {}) for test in tests)


def split(selector: str) -> list[str]:
    """At commas that are not inside of parentheses."""
    return re.split(r",(?![^(]*\))", selector)


def requirement(text: str) -> Callable[[Mapping[str, str]], bool]:
    if match := SET.fullmatch(text):
        key, operator, values = match[1], match[2], {value.strip() for value in match[3].split(",")}
        return among(key, values) if operator == "in" else not_among(key, values)
    if match := EQUAL.fullmatch(text):
        return comparison(match[1], match[2], match[3])
    if match := EXISTS.fullmatch(text):
        wanted, key = not match[1], match[2]
        return lambda labels: (key in labels) is wanted
    raise bad_request(f"unable to parse requirement: {text.strip()!r} is no requirement of a label selector")


def among(key: str, values: set[str]) -> Callable[[Mapping[str, str]], bool]:
    return lambda labels: labels.get(key) in values


def not_among(key: str, values: set[str]) -> Callable[[Mapping[str, str]], bool]:
    return lambda labels: key not in labels or labels[key] not in values


def comparison(key: str, operator: str, value: str) -> Callable[[Mapping[str, str]], bool]:
    if operator in ("=", "=="):
        return lambda labels: labels.get(key) == value
    if operator == "!=":
        return not_among(key, {value})
    if not value.lstrip("-").isdigit():
        raise bad_request(
            f"unable to parse requirement: values[0][{key}]: Invalid value: {value!r}: must be an integer"
        )
    larger = operator == ">"

    def holds(labels: Mapping[str, str]) -> bool:
        found = labels.get(key, "")
        return found.lstrip("-").isdigit() and (int(found) > int(value) if larger else int(found) < int(value))

    return holds


def field_test(selector: str, kind: str, selectable: tuple[str, ...] = ()) -> Test:
    """Raises a 400 for a field that this kind cannot be selected by."""
    if not selector.strip():
        return always
    known = ("metadata.name", "metadata.namespace", *FIELDS.get(kind, ()), *selectable)
    tests = [field_requirement(part, known) for part in selector.split(",")]
    return lambda obj: all(test(obj) for test in tests)


def field_requirement(text: str, known: tuple[str, ...]) -> Test:
    path, operator, value = re.split(r"(==|!=|=)", text.strip(), maxsplit=1) if "=" in text else (text, "", "")
    if not operator:
        raise bad_request(f"invalid selector: '{text}'; can't understand '{text}'")
    if path not in known:
        choices = ", ".join(f'"{name}"' for name in known)
        raise bad_request(f'"{path}" is not a known field selector: only {choices}')
    wanted = operator != "!="
    return lambda obj: (shown(obj, path) == value) is wanted


def shown(obj: Object, path: str) -> str:
    if path == "source":
        return str(obj.get("source", {}).get("component", ""))
    found: Any = obj
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    if isinstance(found, bool):
        return str(found).lower()
    return "" if found is None else str(found)


def object_selector_matches(selector: Object | None, labels: Mapping[str, str]) -> bool:
    """A LabelSelector of an object (matchLabels and matchExpressions) against labels; none selects nothing."""
    if selector is None:
        return False
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(expression_holds(expression, labels) for expression in selector.get("matchExpressions") or [])


def expression_holds(expression: Object, labels: Mapping[str, str]) -> bool:
    key, values = expression["key"], set(expression.get("values") or [])
    operator = expression["operator"]
    if operator == "Exists":
        return key in labels
    if operator == "DoesNotExist":
        return key not in labels
    return among(key, values)(labels) if operator == "In" else not_among(key, values)(labels)


def selector_text(selector: Object | None) -> str:
    """The selector as a query parameter: what a Scale shows."""
    parts = [f"{key}={value}" for key, value in sorted(((selector or {}).get("matchLabels") or {}).items())]
    for expression in (selector or {}).get("matchExpressions") or []:
        parts.append(expression_text(expression))
    return ",".join(parts)


def expression_text(expression: Object) -> str:
    key, operator = expression["key"], expression["operator"]
    if operator in ("Exists", "DoesNotExist"):
        return key if operator == "Exists" else f"!{key}"
    return f"{key} {operator.lower()} ({','.join(sorted(expression.get('values') or []))})"
