"""The scale subresource: the number of replicas as an object of its own."""

from __future__ import annotations

from typing import Any

from reconciler.kube.merge_patch import merged
from reconciler.sandbox.api.core import Api, Options, in_version
from reconciler.sandbox.api.patch import JSON, MERGE, STRATEGIC, parsed_json
from reconciler.sandbox.api.write import check_preconditions, replace
from reconciler.sandbox.kinds import Kind
from reconciler.sandbox.patches import json_patch
from reconciler.sandbox.patches.copies import copied
from reconciler.sandbox.problems import bad_request, invalid, invalid_value, not_implemented, unprocessable
from reconciler.sandbox.selectors import selector_text

Object = dict[str, Any]


def at(obj: Object, path: tuple[str, ...]) -> Any:
    found: Any = obj
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def scale_of(kind: Kind, obj: Object) -> Object:
    """The Scale of an object, as autoscaling/v1 shows it."""
    assert kind.scale is not None
    metadata = {
        name: obj["metadata"][name] for name in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    }
    found: Object = {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata}
    wanted = at(obj, kind.scale.spec)
    found["spec"] = {"replicas": wanted} if wanted else {}
    found["status"] = {"replicas": at(obj, kind.scale.status) or 0}
    selector = at(obj, kind.scale.selector) if kind.scale.selector else None
    text = selector if isinstance(selector, str) else selector_text(selector)
    if text:
        found["status"]["selector"] = text
    return found


def rescale(api: Api, kind: Kind, namespace: str, name: str, scale: Any, options: Options) -> Object:
    """Set the replicas that a Scale says. Raises 400, 404, 409, 422."""
    assert kind.scale is not None
    old = in_version(kind, api.require(kind, namespace, name))
    if not isinstance(scale, dict) or scale.get("kind", "Scale") != "Scale":
        raise bad_request("a Scale of autoscaling/v1 is needed")
    metadata = scale.get("metadata") or {}
    if metadata.get("name", name) != name:
        raise bad_request(f"the name of the object ({metadata['name']}) does not match the name on the URL ({name})")
    check_preconditions(kind, old, metadata)
    replicas = (scale.get("spec") or {}).get("replicas", 0)
    if not isinstance(replicas, int) or replicas < 0:
        wrong = invalid_value("spec.replicas", str(replicas), "must be greater than or equal to 0")
        raise invalid("autoscaling", "Scale", name, [wrong])
    body = copied(old)
    parent = body
    for step in kind.scale.spec[:-1]:
        parent = parent.setdefault(step, {})
    parent[kind.scale.spec[-1]] = replicas
    return scale_of(kind, replace(api, kind, old, body, options, "scale"))


def patch_scale(
    api: Api, kind: Kind, namespace: str, name: str, content_type: str, raw: bytes, options: Options
) -> Object:
    scale = scale_of(kind, api.require(kind, namespace, name))
    if content_type == JSON:
        try:
            return rescale(api, kind, namespace, name, json_patch.patched(scale, parsed_json(raw)), options)
        except json_patch.DoesNotFit:
            raise unprocessable() from None
    if content_type in (MERGE, STRATEGIC):
        return rescale(api, kind, namespace, name, merged(scale, parsed_json(raw)), options)
    raise not_implemented("server-side apply of a Scale")
