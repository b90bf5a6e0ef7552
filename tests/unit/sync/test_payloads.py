from __future__ import annotations

import base64
import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sync_builders import application, deployment, managed, target

from reconciler.config.model import IgnoreDifference
from reconciler.errors import Problem
from reconciler.sync.declared import Declared, declare
from reconciler.sync.engine import scrubbed
from reconciler.sync.payload import adoption, payload, released, union

REPLICAS = IgnoreDifference("apps", "Deployment", json_pointers=("/spec/replicas",))
OURS = {"f:spec": {"f:replicas": {}, "f:template": {}}}


def item(*rules: IgnoreDifference, replicas: int = 2) -> Declared:
    return declare(application(ignore_differences=rules), [deployment("web", replicas=replicas)]).objects[0]


def live(replicas: int = 5, fields: dict[str, Any] | None = None, **owner: str) -> dict[str, Any]:
    obj = copy.deepcopy(deployment("web", replicas=replicas).object)
    obj["metadata"]["resourceVersion"] = "7"
    return managed(obj, OURS if fields is None else fields, **owner)


def test_a_creation_sends_what_git_says_everywhere() -> None:
    assert payload(item(REPLICAS), None)["spec"]["replicas"] == 2


def test_an_ignored_field_of_an_existing_object_is_not_sent() -> None:
    assert "replicas" not in payload(item(REPLICAS), live())["spec"]


def test_a_dropped_field_that_only_we_own_is_handed_to_a_holder_with_its_live_value() -> None:
    held = released(item(REPLICAS), live(replicas=5))
    assert held is not None
    assert held["spec"] == {"replicas": 5}
    assert held["metadata"] == {"name": "web", "namespace": "shop"}


def test_a_field_that_somebody_else_owns_needs_no_holder() -> None:
    assert released(item(REPLICAS), live(fields={"f:spec": {"f:template": {}}})) is None
    assert released(item(), live()) is None


def test_fields_of_a_named_manager_are_left_to_it() -> None:
    rule = IgnoreDifference("apps", "Deployment", managed_fields_managers=("scaler",))
    owned = live(fields={"f:spec": {"f:replicas": {}}}, manager="scaler", operation="Update")
    assert "replicas" not in payload(item(rule), owned)["spec"]
    assert payload(item(rule), live())["spec"]["replicas"] == 2


def test_nothing_that_is_sent_shares_a_value_with_what_git_declares() -> None:
    declared = item(REPLICAS)
    before = copy.deepcopy(declared.body)
    sent = payload(declared, live())
    sent["spec"]["template"]["spec"]["containers"].clear()
    assert declared.body == before


def test_adoption_moves_the_fields_of_kubectl_to_us_and_leaves_the_others() -> None:
    old = live(fields={"f:data": {"f:gone": {}}}, manager="kubectl-client-side-apply", operation="Update")
    old = managed(old, {"f:status": {}}, manager="kube-controller-manager", operation="Update")
    patch = adoption(old)
    assert patch is not None
    assert patch[0] == {"op": "test", "path": "/metadata/resourceVersion", "value": "7"}
    kept, ours = patch[1]["value"]
    assert kept["manager"] == "kube-controller-manager"
    assert (ours["manager"], ours["operation"], ours["fieldsV1"]) == (
        "reconciler",
        "Apply",
        {"f:data": {"f:gone": {}}},
    )


def test_an_object_that_only_we_applied_needs_no_adoption() -> None:
    assert adoption(live()) is None


trees = st.recursive(
    st.just({}), lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3), max_leaves=8
)


@given(trees, trees)
def test_a_union_has_the_paths_of_both(one: dict[str, Any], other: dict[str, Any]) -> None:
    def paths(tree: dict[str, Any], at: str = "") -> set[str]:
        return {f"{at}/{key}" for key in tree} | {p for key, sub in tree.items() for p in paths(sub, f"{at}/{key}")}

    assert paths(union(one, other)) == paths(one) | paths(other)


def test_a_refusal_that_quotes_a_secret_does_not_repeat_it() -> None:
    secret = declare(application(), [target("Secret", "s", stringData={"k": "canary-value"})]).objects[0]
    encoded = base64.b64encode(b"canary-value").decode()
    told = scrubbed(secret, Problem(f"invalid: {encoded} and canary-value")).what
    assert "canary" not in told
    assert encoded not in told
