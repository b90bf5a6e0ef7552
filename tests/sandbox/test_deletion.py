"""Deletion: preconditions, finalizers, dependents, namespaces."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from tests.sandbox.builders import config_map
from tests.sandbox.client import Api


def gone(answer: Any) -> bool:
    return bool(answer.code == 404)


def make(api: Api, name: str, *owners: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    references = [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"]}
        for owner in owners
    ]
    for reference in references:
        reference["blockOwnerDeletion"] = True
    given = {"ownerReferences": references} | metadata if references else metadata
    made: dict[str, Any] = api.post(api.path("configmaps"), config_map(name, **given)).ok()
    return made


def test_a_deletion_answers_with_what_was_deleted(api: Api) -> None:
    uid = make(api, "a")["metadata"]["uid"]
    answer = api.delete(api.path("configmaps", "a")).ok()
    assert (answer["kind"], answer["status"]) == ("Status", "Success")
    assert answer["details"] == {"name": "a", "kind": "configmaps", "uid": uid}
    assert api.delete(api.path("configmaps", "a")).code == 404


@pytest.mark.parametrize(
    "precondition", [{"uid": "00000000-0000-0000-0000-000000000000"}, {"resourceVersion": "1"}], ids=["uid", "version"]
)
def test_a_failed_precondition_is_a_conflict(api: Api, precondition: dict[str, str]) -> None:
    make(api, "a")
    answer = api.delete(api.path("configmaps", "a"), {"preconditions": precondition})
    assert (answer.code, answer.reason) == (409, "Conflict")
    assert api.get(api.path("configmaps", "a")).code == 200


def test_a_held_precondition_deletes(api: Api) -> None:
    metadata = make(api, "a")["metadata"]
    wanted = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
    api.delete(api.path("configmaps", "a"), {"preconditions": wanted}).ok()
    assert api.get(api.path("configmaps", "a")).code == 404


def test_a_finalizer_holds_an_object_until_it_is_removed(api: Api) -> None:
    path = api.path("configmaps", "a")
    make(api, "a", finalizers=["x/hold"])
    held = api.delete(path).ok()
    assert held["kind"] == "ConfigMap"
    assert "deletionTimestamp" in held["metadata"]
    again = api.delete(path).ok()
    assert again["metadata"]["deletionTimestamp"] == held["metadata"]["deletionTimestamp"]
    assert api.patch(path, {"data": {"still": "there"}}).code == 200
    api.patch(path, {"metadata": {"finalizers": None}}).ok()
    assert api.get(path).code == 404


def test_a_dry_run_deletes_nothing(api: Api) -> None:
    make(api, "a")
    api.delete(api.path("configmaps", "a"), dryRun="All").ok()
    assert api.get(api.path("configmaps", "a")).code == 200


def test_an_unknown_policy_is_refused(api: Api) -> None:
    make(api, "a")
    answer = api.delete(api.path("configmaps", "a"), {"propagationPolicy": "Sideways"})
    assert (answer.code, answer.reason) == (422, "Invalid")


def test_dependents_follow_their_owner(api: Api) -> None:
    owner = make(api, "owner")
    child = make(api, "child", owner)
    make(api, "grandchild", child)
    api.delete(api.path("configmaps", "owner"), propagationPolicy="Background").ok()
    assert api.get(api.path("configmaps", "owner")).code == 404
    api.eventually(api.path("configmaps", "grandchild"), gone)
    assert api.get(api.path("configmaps", "child")).code == 404


def test_a_dependent_stays_while_one_owner_is_left(api: Api) -> None:
    first, second = make(api, "first"), make(api, "second")
    make(api, "child", first, second)
    make(api, "marker", first)
    api.delete(api.path("configmaps", "first")).ok()
    api.eventually(api.path("configmaps", "marker"), gone)
    assert api.get(api.path("configmaps", "child")).code == 200
    api.delete(api.path("configmaps", "second")).ok()
    api.eventually(api.path("configmaps", "child"), gone)


def test_orphans_lose_their_reference_and_live(api: Api) -> None:
    owner = make(api, "owner")
    make(api, "child", owner)
    marked = api.delete(api.path("configmaps", "owner"), {"propagationPolicy": "Orphan"}).ok()
    assert marked["metadata"]["finalizers"] == ["orphan"]
    api.eventually(api.path("configmaps", "owner"), gone)
    assert "ownerReferences" not in api.get(api.path("configmaps", "child")).ok()["metadata"]


def test_a_foreground_deletion_waits_for_what_blocks_it(api: Api) -> None:
    owner = make(api, "owner")
    make(api, "child", owner, finalizers=["x/hold"])
    marked = api.delete(api.path("configmaps", "owner"), {"propagationPolicy": "Foreground"}).ok()
    assert marked["metadata"]["finalizers"] == ["foregroundDeletion"]
    api.eventually(api.path("configmaps", "child"), lambda answer: "deletionTimestamp" in answer.body["metadata"])
    assert api.get(api.path("configmaps", "owner")).code == 200
    api.patch(api.path("configmaps", "child"), {"metadata": {"finalizers": None}}).ok()
    api.eventually(api.path("configmaps", "owner"), gone)


def test_an_object_whose_owner_never_was_is_garbage(api: Api) -> None:
    stranger = {"metadata": {"name": "ghost", "uid": "11111111-2222-3333-4444-555555555555"}}
    make(api, "child", stranger)
    api.eventually(api.path("configmaps", "child"), gone, seconds=60)


def test_a_namespace_takes_its_content_along(api: Api) -> None:
    name = f"t-{secrets.token_hex(4)}"
    path = api.path("namespaces", name, namespace="")
    made = api.post(api.path("namespaces", namespace=""), {"metadata": {"name": name}}).ok()
    assert made["status"] == {"phase": "Active"}
    assert made["metadata"]["labels"] == {"kubernetes.io/metadata.name": name}
    held = config_map("held", finalizers=["x/hold"])
    api.post(api.path("configmaps", namespace=name), held).ok()
    api.post(api.path("configmaps", namespace=name), config_map("plain")).ok()
    assert api.delete(path).ok()["status"]["phase"] == "Terminating"
    refused = api.post(api.path("configmaps", namespace=name), config_map("late"))
    assert (refused.code, refused.reason) == (403, "Forbidden")
    assert ("NamespaceTerminating", "metadata.namespace") in refused.causes
    api.eventually(api.path("configmaps", "plain", namespace=name), gone, seconds=30)
    assert api.get(path).code == 200
    api.patch(api.path("configmaps", "held", namespace=name), {"metadata": {"finalizers": None}}).ok()
    api.eventually(path, gone, seconds=30)
