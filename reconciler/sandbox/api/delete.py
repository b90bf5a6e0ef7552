"""Delete one or many: preconditions, finalizers, what becomes of dependents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from reconciler.sandbox.api.core import Api, Options, in_version
from reconciler.sandbox.api.read import Page, Wanted, listed
from reconciler.sandbox.kinds import Kind
from reconciler.sandbox.problems import bad_request, conflict, invalid, not_supported

Object = dict[str, Any]
FOREGROUND, ORPHAN = "foregroundDeletion", "orphan"
POLICIES = {"Foreground": FOREGROUND, "Orphan": ORPHAN, "Background": ""}


@dataclass(frozen=True)
class Deletion:
    """What a DELETE asks for. `grace_seconds` None means the object's own."""

    uid: str = ""
    revision: str = ""
    policy: str = ""
    grace_seconds: int | None = None

    @classmethod
    def asked(cls, body: Object, query: dict[str, str]) -> Deletion:
        """From DeleteOptions and the query, which may say the same. Raises 400 and 422."""
        preconditions = body.get("preconditions") or {}
        policy = body.get("propagationPolicy") or query.get("propagationPolicy", "")
        orphan = body.get("orphanDependents", query.get("orphanDependents"))
        if not policy and orphan is not None:
            policy = "Orphan" if str(orphan).lower() == "true" else "Background"
        if policy and policy not in POLICIES:
            causes = [not_supported("propagationPolicy", f'"{policy}"', (*POLICIES, ""))]
            raise invalid("meta.k8s.io", "DeleteOptions", "", causes)
        grace = body.get("gracePeriodSeconds", query.get("gracePeriodSeconds"))
        if grace is not None and not str(grace).lstrip("-").isdigit():
            raise bad_request("gracePeriodSeconds is a number of seconds")
        seconds = None if grace is None else int(grace)
        return cls(preconditions.get("uid") or "", preconditions.get("resourceVersion") or "", policy, seconds)


def delete(api: Api, kind: Kind, namespace: str, name: str, deletion: Deletion, options: Options) -> Object:
    """The answer: a success Status when the object is gone, else the object on its way. Raises 404, 409."""
    obj = api.require(kind, namespace, name)
    check(kind, obj, deletion)
    marked = mark(api, kind, obj, deletion)
    if options.dry_run:
        return answer(kind, obj, gone=marked is None)
    if marked is None:
        last = api.store.remove(kind.storage, namespace, name)
        return answer(kind, last, gone=True)
    stored = obj if marked == obj else api.store.put(kind.storage, marked)
    return in_version(kind, stored)


def check(kind: Kind, obj: Object, deletion: Deletion) -> None:
    metadata = obj["metadata"]
    if deletion.uid and deletion.uid != metadata["uid"]:
        why = f"the UID in the precondition ({deletion.uid}) does not match the UID in record ({metadata['uid']})"
        raise conflict(kind.group, kind.kind, metadata["name"], why)
    if deletion.revision and deletion.revision != metadata["resourceVersion"]:
        why = (
            f"the ResourceVersion in the precondition ({deletion.revision}) does not match "
            f"the ResourceVersion in record ({metadata['resourceVersion']})"
        )
        raise conflict(kind.group, kind.kind, metadata["name"], why)


def mark(api: Api, kind: Kind, obj: Object, deletion: Deletion) -> Object | None:
    """The object with its deletion noted; None when nothing holds it back."""
    metadata = dict(obj["metadata"])
    finalizers = wanted_finalizers(kind, metadata.get("finalizers", []), deletion)
    grace = grace_period(kind, obj, deletion)
    spec_held = kind.kind == "Namespace" and not kind.custom and obj.get("spec", {}).get("finalizers")
    if not finalizers and not grace and not spec_held:
        return None
    metadata.pop("finalizers", None)
    if finalizers:
        metadata["finalizers"] = finalizers
    if "deletionTimestamp" not in metadata:
        end = api.now() + timedelta(seconds=grace)
        metadata |= {"deletionTimestamp": end.strftime("%Y-%m-%dT%H:%M:%SZ")}
        metadata |= {} if spec_held else {"deletionGracePeriodSeconds": grace}
        if kind.counts_generations:
            metadata["generation"] = metadata.get("generation", 0) + 1
    elif metadata.get("deletionGracePeriodSeconds", 0) > grace:
        metadata["deletionGracePeriodSeconds"] = grace
    marked = obj | {"metadata": metadata}
    return marked | {"status": {**obj.get("status", {}), "phase": "Terminating"}} if spec_held else marked


def wanted_finalizers(kind: Kind, present: list[str], deletion: Deletion) -> list[str]:
    policy = deletion.policy or ("Orphan" if keeps_dependents(kind, present) else "Background")
    if not deletion.policy and FOREGROUND in present:
        return present
    rest = [name for name in present if name not in (FOREGROUND, ORPHAN)]
    return [*rest, POLICIES[policy]] if POLICIES[policy] else rest


def keeps_dependents(kind: Kind, present: list[str]) -> bool:
    """batch/v1 Jobs orphan their pods unless asked otherwise, as ever."""
    return ORPHAN in present or (kind.group, kind.kind) == ("batch", "Job")


def grace_period(kind: Kind, obj: Object, deletion: Deletion) -> int:
    """Seconds; only pods on a node take time to stop."""
    if kind.kind != "Pod" or kind.custom or not obj["spec"].get("nodeName"):
        return 0
    if obj.get("status", {}).get("phase") in ("Succeeded", "Failed"):
        return 0
    own = int(obj["spec"].get("terminationGracePeriodSeconds", 30))
    return own if deletion.grace_seconds is None else max(deletion.grace_seconds, 0)


def answer(kind: Kind, obj: Object, *, gone: bool) -> Object:
    if kind.shows_deleted or not gone:
        return in_version(kind, obj)
    details = {"name": obj["metadata"]["name"], "group": kind.group, "kind": kind.plural, "uid": obj["metadata"]["uid"]}
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {key: value for key, value in details.items() if value},
    }


def delete_collection(api: Api, kind: Kind, wanted: Wanted, deletion: Deletion, options: Options) -> Page:
    """Delete what is listed; the answer shows what there was."""
    page = listed(api, kind, wanted)
    for obj in page.items:
        delete(api, kind, obj["metadata"].get("namespace", ""), obj["metadata"]["name"], deletion, options)
    return page
