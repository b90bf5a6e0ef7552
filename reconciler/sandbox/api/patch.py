"""PATCH: the four formats."""

from __future__ import annotations

from typing import Any

import orjson
import yaml

from reconciler.kube.merge_patch import merged
from reconciler.sandbox.api import admit, prepare
from reconciler.sandbox.api.core import Api, Options, in_version
from reconciler.sandbox.api.owners import ignored_fields, owners_before_apply
from reconciler.sandbox.api.write import check_preconditions, commit_changed, commit_new, fresh, limited, replace
from reconciler.sandbox.kinds import Kind
from reconciler.sandbox.patches import json_patch, strategic
from reconciler.sandbox.problems import (
    ApiProblem,
    Cause,
    bad_request,
    conflict,
    invalid,
    not_found,
    required,
    unprocessable,
    unsupported_media_type,
    untypable,
)
from reconciler.sandbox.ssa import merge
from reconciler.sandbox.ssa.apply import Conflicts, apply
from reconciler.sandbox.ssa.managers import ManagerId, Owned, write
from reconciler.sandbox.ssa.paths import Untypable

Object = dict[str, Any]
JSON = "application/json-patch+json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"


def patch(
    api: Api,
    kind: Kind,
    namespace: str,
    name: str,
    content_type: str,
    raw: bytes,
    options: Options,
    subresource: str = "",
) -> tuple[Object, bool]:
    """The patched object, and whether it was created by an apply. Raises 400, 404, 409, 415, 422."""
    if content_type == APPLY:
        return applied(api, kind, namespace, name, parsed_yaml(raw), options, subresource)
    old = in_version(kind, api.require(kind, namespace, name))
    body = patched(kind, old, content_type, parsed_json(raw))
    if not isinstance(body, dict):
        raise unprocessable()
    metadata = body.get("metadata") or {}
    if metadata.get("name", name) != name:
        raise bad_request(f"the name of the object ({metadata['name']}) does not match the name on the URL ({name})")
    check_preconditions(kind, old, metadata)
    return replace(api, kind, old, body, options, subresource), False


def patched(kind: Kind, old: Object, content_type: str, body: Any) -> Any:
    if content_type == JSON:
        try:
            return json_patch.patched(old, body)
        except json_patch.DoesNotFit:
            raise unprocessable() from None
    if content_type == MERGE:
        return merged(old, body)
    if content_type == STRATEGIC and not kind.custom:
        try:
            return strategic.patched(old, body, kind.schema)
        except strategic.BadDirective as wrong:
            raise bad_request(str(wrong)) from None
    raise unsupported_media_type()


def parsed_json(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as wrong:
        raise bad_request(f"error decoding patch: {wrong}") from None


def parsed_yaml(raw: bytes) -> Any:
    """Applied configurations are YAML; nearly all are JSON, which is faster to read."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        pass
    try:
        return yaml.load(raw, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as wrong:
        raise bad_request(f"error decoding YAML: {wrong}") from None


def applied(
    api: Api, kind: Kind, namespace: str, name: str, config: Any, options: Options, subresource: str
) -> tuple[Object, bool]:
    check_config(kind, namespace, name, config, options)
    check_schema(kind, name, config)
    stored = api.store.get(kind.storage, namespace, name)
    if stored is None and subresource:
        raise not_found(kind.group, kind.plural, name)
    if stored is None:
        return applied_new(api, kind, namespace, name, config, options), True
    return applied_to(api, kind, in_version(kind, stored), config, options, subresource), False


def check_config(kind: Kind, namespace: str, name: str, config: Any, options: Options) -> None:
    if not options.manager:
        cause = required("fieldManager", "is required for apply patch")
        raise invalid("meta.k8s.io", "PatchOptions", "", [cause])
    if not isinstance(config, dict):
        raise bad_request("an applied configuration is one object")
    if (config.get("apiVersion"), config.get("kind")) != (kind.api_version, kind.kind):
        raise bad_request(f"invalid object type: {config.get('apiVersion', '/')}, Kind={config.get('kind', '')}")
    metadata = config.get("metadata") or {}
    if metadata.get("managedFields") is not None:
        raise bad_request("metadata.managedFields must be nil")
    if metadata.get("name", name) != name:
        raise bad_request(f"the name of the object ({metadata['name']}) does not match the name on the URL ({name})")
    prepare.check_namespace(namespace, metadata)


def check_schema(kind: Kind, name: str, config: Object) -> None:
    """Raises 500, as the real server does: a configuration with fields that nobody declared cannot be owned."""
    wrong = merge.check(config, kind.schema)
    if wrong:
        api_version = kind.api_version if kind.group else f"/{kind.version}"
        where = f"({config['metadata'].get('namespace', '')}/{name}; {api_version}, Kind={kind.kind})"
        text = wrong[0] if len(wrong) == 1 else "errors:\n" + "\n".join(f"  {line}" for line in wrong)
        raise untypable(f"failed to create typed patch object {where}: {text}")


def applied_new(api: Api, kind: Kind, namespace: str, name: str, config: Object, options: Options) -> Object:
    metadata = {key: value for key, value in (config.get("metadata") or {}).items() if key != "resourceVersion"}
    body = config | {"metadata": metadata | {"name": name}}
    if metadata.get("uid"):
        raise conflict(kind.group, kind.plural, name, "uid mismatch: the object does not exist")
    obj = fresh(api, kind, namespace, body, options)
    me = ManagerId(options.manager, "Apply", kind.api_version)
    _, owners = apply({}, config, kind.schema, {}, me, force=True, ignored=ignored_fields(kind, ""))
    obj["metadata"]["managedFields"] = stamped(api, owners, me)
    return commit_new(api, kind, obj, options)


def applied_to(api: Api, kind: Kind, old: Object, config: Object, options: Options, subresource: str) -> Object:
    check_preconditions(kind, old, config.get("metadata") or {})
    before = owners_before_apply(kind, old)
    me = ManagerId(options.manager, "Apply", kind.api_version, subresource)
    try:
        result, owners = apply(
            old, config, kind.schema, before, me, force=options.force, ignored=ignored_fields(kind, subresource)
        )
    except Conflicts as found:
        raise ownership_conflict(found) from None
    except Untypable as wrong:
        raise untypable(f"failed to merge: {wrong}") from None
    obj = limited(kind, admit.read(kind, result, options), old, subresource)
    obj["metadata"] = prepare.kept_metadata(obj["metadata"], old["metadata"])
    prepare.allocate(api, kind, obj, old)
    changed = owners != before or differs(obj, old)
    entries = stamped(api, owners, me) if changed else old["metadata"].get("managedFields", [])
    obj["metadata"]["managedFields"] = entries
    return commit_changed(api, kind, old, obj, options, subresource)


def differs(obj: Object, old: Object) -> bool:
    before, after = dict(old["metadata"]), dict(obj["metadata"])
    before.pop("managedFields", None)
    after.pop("managedFields", None)
    return before != after or {**obj, "metadata": {}} != {**old, "metadata": {}}


def stamped(api: Api, owners: dict[ManagerId, Owned], me: ManagerId) -> list[Object]:
    """The entries, with the applier's time set."""
    mine = owners[me]
    rest = {who: owned for who, owned in owners.items() if owned.fields}
    if mine.fields:
        rest[me] = Owned(mine.fields, api.timestamp())
    return write(rest)


def ownership_conflict(found: Conflicts) -> ApiProblem:
    """409 that names each manager and field; clients show it and may force."""
    causes = [Cause("FieldManagerConflict", f"conflict with {one.who}", one.field) for one in found.conflicts]
    details = {"causes": [cause.encoded() for cause in causes]}
    return ApiProblem(409, "Conflict", found.message(), details)
