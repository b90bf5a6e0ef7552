"""From what a client sent to an object that may be stored: read, defaulted, checked."""

from __future__ import annotations

from typing import Any

from reconciler.sandbox.api.core import Options
from reconciler.sandbox.kinds import Kind
from reconciler.sandbox.problems import ApiProblem, Cause, bad_request, invalid
from reconciler.sandbox.rules.defaults import set_defaults
from reconciler.sandbox.rules.validation import name_problem, problems
from reconciler.sandbox.schema.builtin import root
from reconciler.sandbox.schema.decode import WrongType, decoded, pruned, with_defaults
from reconciler.sandbox.schema.validate import violations

Object = dict[str, Any]
IDENTITY = ("apiVersion", "kind", "metadata")


def check_identity(kind: Kind, body: Any) -> None:
    """The body's apiVersion and kind, where it states them, are those of the URL."""
    if not isinstance(body, dict) or not isinstance(body.get("metadata") or {}, dict):
        raise bad_request("the object provided is unrecognized: a JSON object with metadata is needed")
    found = (body.get("apiVersion", kind.api_version), body.get("kind", kind.kind))
    if found != (kind.api_version, kind.kind):
        raise bad_request(f'{found[1]} in version "{found[0]}" cannot be handled as a {kind.kind}')
    if kind.custom and not (body.get("apiVersion") and body.get("kind")):
        raise bad_request(f"Object 'Kind' is missing: a {kind.kind} must state apiVersion and kind")


def read(kind: Kind, body: Object, options: Options) -> Object:
    """The object without what its schema does not know, and with defaults.

    Raises 400 for wrong types of built-in kinds and, in strict requests, for unknown fields.
    """
    unknown: list[str] = []
    try:
        obj = read_custom(kind, body, unknown) if kind.custom else decoded(body, kind.schema, "", unknown)
    except WrongType as wrong:
        raise unreadable(kind, str(wrong)) from None
    report_unknown(kind, unknown, options)
    if kind.kind == "CustomResourceDefinition" and "x-kubernetes-validations" in str(obj):
        options.warnings.append("the sandbox keeps x-kubernetes-validations and does not evaluate them")
    obj |= {"apiVersion": kind.api_version, "kind": kind.kind}
    obj.setdefault("metadata", {})
    if not kind.custom:
        set_defaults(kind.kind, obj)
    return ordered(obj)


def read_custom(kind: Kind, body: Object, unknown: list[str]) -> Object:
    metadata = decoded(body.get("metadata") or {}, root("ObjectMeta"), "metadata", unknown)
    rest = {name: value for name, value in body.items() if name not in IDENTITY}
    found: Object = with_defaults(pruned(rest, kind.schema, "", unknown), kind.schema)
    return found | {"metadata": metadata}


def ordered(obj: Object) -> Object:
    """Identity first: how people expect to read an object."""
    first = {name: obj[name] for name in ("apiVersion", "kind", "metadata")}
    return first | obj


def unreadable(kind: Kind, why: str) -> ApiProblem:
    return bad_request(f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}: {why}')


def report_unknown(kind: Kind, unknown: list[str], options: Options) -> None:
    if not unknown or options.validation == "Ignore":
        return
    lines = [f'unknown field "{path}"' for path in unknown]
    if options.validation == "Strict":
        raise unreadable(kind, f"strict decoding error: {', '.join(lines)}")
    options.warnings.extend(lines)


def validate(kind: Kind, obj: Object, old: Object | None) -> None:
    """Raises 422 with all causes."""
    causes: list[Cause] = []
    if old is None and (wrong := name_problem(kind.kind, obj["metadata"]["name"])):
        causes.append(wrong)
    if kind.custom:
        causes += violations(obj, kind.schema)
    else:
        causes += problems(kind.kind, obj, old, kind.schema)
    if causes:
        raise invalid(kind.group, kind.kind, obj["metadata"]["name"], causes)
