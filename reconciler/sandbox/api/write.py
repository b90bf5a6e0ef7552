"""Create, update and what every other write ends in: one commit of a checked object."""

from __future__ import annotations

from typing import Any

from reconciler.sandbox.api import admit, prepare
from reconciler.sandbox.api.core import Api, Options, in_version
from reconciler.sandbox.api.owners import ignored_fields, managed_after_update
from reconciler.sandbox.kinds import Kind
from reconciler.sandbox.problems import (
    ApiProblem,
    Cause,
    already_exists,
    bad_request,
    conflict,
    forbidden,
    invalid,
    invalid_value,
    not_found,
)

Object = dict[str, Any]
# Kinds whose updates must name the version that they replace, as those of custom kinds.
NEVER_UNCONDITIONAL = {"Lease", "CustomResourceDefinition", "PodDisruptionBudget"}


def create(api: Api, kind: Kind, namespace: str, body: Object, options: Options) -> Object:
    """Raises 400, 403 (terminating namespace), 404 (no such namespace), 409, 422."""
    admit.check_identity(kind, body)
    prepare.check_namespace(namespace, body.get("metadata") or {})
    if (body.get("metadata") or {}).get("resourceVersion"):
        raise ApiProblem(500, "", "resourceVersion should not be set on objects to be created")
    obj = fresh(api, kind, namespace, body, options)
    obj["metadata"]["managedFields"] = managed_after_update(api, kind, {}, obj, options.manager, "")
    return commit_new(api, kind, obj, options)


def fresh(api: Api, kind: Kind, namespace: str, body: Object, options: Options) -> Object:
    """A new object, read and completed, without owners yet."""
    obj = admit.read(kind, body, options)
    obj["metadata"] = prepare.first_metadata(api, kind, namespace, obj["metadata"])
    prepare.first_version(api, kind, obj)
    return obj


def commit_new(api: Api, kind: Kind, obj: Object, options: Options) -> Object:
    name, namespace = obj["metadata"]["name"], obj["metadata"].get("namespace", "")
    check_room(api, kind, namespace, name)
    prepare.allocate(api, kind, obj, None)
    admit.validate(kind, obj, None)
    prepare.first_status(kind, obj)
    if api.store.get(kind.storage, namespace, name) is not None:
        raise already_exists(kind.group, kind.plural, name)
    without_empty_owners(obj)
    return obj if options.dry_run else api.store.put(kind.storage, obj)


def without_empty_owners(obj: Object) -> None:
    if not obj["metadata"].get("managedFields"):
        obj["metadata"].pop("managedFields", None)


def check_room(api: Api, kind: Kind, namespace: str, name: str) -> None:
    """A namespaced object needs a namespace that is there to stay."""
    if not kind.namespaced:
        return
    found = api.store.get("namespaces", "", namespace)
    if found is None:
        raise not_found("", "namespaces", namespace)
    if "deletionTimestamp" in found["metadata"]:
        why = f"unable to create new content in namespace {namespace} because it is being terminated"
        cause = Cause("NamespaceTerminating", f"namespace {namespace} is being terminated", "metadata.namespace")
        raise forbidden(kind.group, kind.plural, name, why, [cause])


def update(
    api: Api, kind: Kind, namespace: str, name: str, body: Object, options: Options, subresource: str = ""
) -> Object:
    """Replace an object, or only its status. Raises 400, 404, 409 (stale), 422."""
    admit.check_identity(kind, body)
    metadata = body.get("metadata") or {}
    if metadata.get("name", name) != name:
        raise bad_request(f"the name of the object ({metadata['name']}) does not match the name on the URL ({name})")
    prepare.check_namespace(namespace, metadata)
    old = in_version(kind, api.require(kind, namespace, name))
    if not metadata.get("resourceVersion") and (kind.custom or kind.kind in NEVER_UNCONDITIONAL):
        cause = invalid_value("metadata.resourceVersion", "0", "must be specified for an update")
        raise invalid(kind.group, kind.kind, name, [cause])
    check_preconditions(kind, old, metadata)
    return replace(api, kind, old, body, options, subresource)


def check_preconditions(kind: Kind, old: Object, metadata: Object) -> None:
    """A stated resourceVersion or uid must be the stored one."""
    name = old["metadata"]["name"]
    stated = metadata.get("resourceVersion")
    if stated and stated != old["metadata"]["resourceVersion"]:
        raise conflict(kind.group, kind.plural, name)
    if metadata.get("uid", old["metadata"]["uid"]) != old["metadata"]["uid"]:
        raise conflict(kind.group, kind.plural, name, "Precondition failed: UID in precondition is of another object")


def replace(api: Api, kind: Kind, old: Object, body: Object, options: Options, subresource: str) -> Object:
    """The object that results from a PUT or a patch; its changed fields now belong to the writer."""
    obj = limited(kind, admit.read(kind, body, options), old, subresource)
    reset = body.get("metadata", {}).get("managedFields") in ([], [{}])
    obj["metadata"] = prepare.kept_metadata(obj["metadata"], old["metadata"])
    if reset:
        obj["metadata"].pop("managedFields", None)
    prepare.allocate(api, kind, obj, old)
    if not reset:
        owners = managed_after_update(api, kind, old, obj, options.manager, subresource)
        obj["metadata"]["managedFields"] = owners
    return commit_changed(api, kind, old, obj, options, subresource)


def limited(kind: Kind, obj: Object, old: Object, subresource: str) -> Object:
    """Only what this endpoint writes: the status, or all but the status."""
    if subresource == "status":
        rest = {name: value for name, value in old.items() if name != "status"}
        return rest | ({"status": obj["status"]} if "status" in obj else {})
    if kind.has_status and ignored_fields(kind, subresource):
        rest = {name: value for name, value in obj.items() if name != "status"}
        return rest | ({"status": old["status"]} if "status" in old else {})
    return obj


def commit_changed(api: Api, kind: Kind, old: Object, obj: Object, options: Options, subresource: str) -> Object:
    without_empty_owners(obj)
    if kind.counts_generations:
        obj["metadata"]["generation"] = prepare.next_generation(kind, obj, old)
    if kind.kind == "Namespace" and not kind.custom and subresource != "finalize":
        obj["spec"] = old["spec"]
    admit.validate(kind, obj, old)
    if obj == old:
        return old
    if options.dry_run:
        return obj
    if goes_away(obj):
        namespace, name = obj["metadata"].get("namespace", ""), obj["metadata"]["name"]
        api.store.remove(kind.storage, namespace, name)
        return obj
    return api.store.put(kind.storage, obj)


def goes_away(obj: Object) -> bool:
    """Deleted before, and the last finalizer is gone (pods wait for their node, namespaces for their content)."""
    metadata = obj["metadata"]
    if "deletionTimestamp" not in metadata or metadata.get("finalizers"):
        return False
    if obj["kind"] == "Namespace" and obj["apiVersion"] == "v1":
        return not obj.get("spec", {}).get("finalizers")
    return not metadata.get("deletionGracePeriodSeconds")
