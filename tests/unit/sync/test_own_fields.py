from __future__ import annotations

import copy
from typing import Any

from sync_builders import managed

from reconciler.sync.digests import digest, own_fields_digest

FIELDS = {
    "f:spec": {
        "f:replicas": {},
        "f:template": {"f:spec": {"f:containers": {'k:{"name":"app"}': {".": {}, "f:name": {}, "f:image": {}}}}},
    }
}
LIVE: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 2,
        "template": {"spec": {"containers": [{"name": "app", "image": "web:1"}, {"name": "sidecar", "image": "s:1"}]}},
    },
}


def containers(obj: dict[str, Any]) -> list[dict[str, Any]]:
    return obj["spec"]["template"]["spec"]["containers"]


def changed(**spec: Any) -> dict[str, Any]:
    live = copy.deepcopy(LIVE)
    live["spec"].update(spec)
    return live


def test_a_field_of_ours_that_changes_changes_the_digest() -> None:
    assert own_fields_digest(managed(LIVE, FIELDS)) != own_fields_digest(managed(changed(replicas=3), FIELDS))


def test_a_field_of_somebody_else_does_not() -> None:
    live = changed(paused=True)
    containers(live)[1]["image"] = "s:2"
    live["status"] = {"readyReplicas": 2}
    live["metadata"]["resourceVersion"] = "9"
    assert own_fields_digest(managed(live, FIELDS)) == own_fields_digest(managed(LIVE, FIELDS))


def test_a_list_item_is_found_by_its_key_wherever_it_stands() -> None:
    live = copy.deepcopy(LIVE)
    containers(live).reverse()
    assert own_fields_digest(managed(live, FIELDS)) == own_fields_digest(managed(LIVE, FIELDS))


def test_a_removed_list_item_changes_the_digest() -> None:
    live = copy.deepcopy(LIVE)
    del containers(live)[0]
    assert own_fields_digest(managed(live, FIELDS)) != own_fields_digest(managed(LIVE, FIELDS))


def test_losing_the_ownership_of_a_field_changes_the_digest() -> None:
    fewer = copy.deepcopy(FIELDS)
    del fewer["f:spec"]["f:replicas"]
    assert own_fields_digest(managed(LIVE, fewer)) != own_fields_digest(managed(LIVE, FIELDS))


def test_only_what_our_manager_applied_counts() -> None:
    assert own_fields_digest(managed(LIVE, FIELDS, operation="Update")) == ""
    assert own_fields_digest(managed(LIVE, FIELDS, manager="kubectl")) == ""


def traefik(weights: tuple[int, int], second: str = "web-canary") -> dict[str, Any]:
    services = [{"name": "web", "port": 80, "weight": weights[0]}, {"name": second, "port": 80, "weight": weights[1]}]
    return {
        "apiVersion": "traefik.io/v1alpha1",
        "kind": "TraefikService",
        "metadata": {"name": "web"},
        "spec": {"weighted": {"services": services}},
    }


def test_a_weight_set_by_the_rollouts_engine_is_not_drift() -> None:
    ours = managed(traefik((100, 0)), {"f:spec": {"f:weighted": {"f:services": {}}}})
    shifted = managed(traefik((80, 20)), {})
    assert own_fields_digest(ours) == own_fields_digest(shifted)


def test_another_backend_beside_the_weights_is_drift() -> None:
    fields = {"f:spec": {"f:weighted": {"f:services": {}}}}
    assert own_fields_digest(managed(traefik((100, 0)), fields)) != own_fields_digest(
        managed(traefik((100, 0), second="evil"), fields)
    )


def test_the_order_of_keys_does_not_matter_but_that_of_lists_does() -> None:
    assert digest({"a": 1, "b": [1, 2]}) == digest({"b": [1, 2], "a": 1})
    assert digest([1, 2]) != digest([2, 1])
