"""A Service that a canary uses keeps the hash in its selector, whatever git applies; other changes are drift."""

from __future__ import annotations

from typing import Any

from sync_builders import application, managed, target

from reconciler.kube.api import Object
from reconciler.sync.declared import Declared, declare
from reconciler.sync.digests import own_fields_digest
from reconciler.sync.payload import payload
from reconciler.workloads.keys import EXPERIMENT_SERVICES

HASH = "rollouts-pod-template-hash"


def service(**selector: str) -> Object:
    body = target("Service", "shop-canary", spec={"selector": selector, "ports": [{"port": 80}]}).object
    body["metadata"] |= {"resourceVersion": "7"}
    return body


def live(manager: str, **selector: str) -> Object:
    """As the server stores it: the selector is one value, owned by whoever wrote it last."""
    owned: dict[str, Any] = {"f:spec": {"f:ports": {}}}
    if manager == "reconciler":
        owned["f:spec"]["f:selector"] = {}
    return managed(service(**selector), owned)


def declared() -> Declared:
    [item] = declare(application(), [target("Service", "shop-canary", spec={"selector": {"app": "shop"}})]).objects
    return item


def test_the_version_that_a_service_selects_survives_an_apply_from_git() -> None:
    body = payload(declared(), live("reconciler-rollouts", app="shop", **{HASH: "abc"}))
    assert body["spec"]["selector"] == {"app": "shop", HASH: "abc"}
    assert body["metadata"]["resourceVersion"] == "7"


def test_a_service_without_a_canary_is_applied_as_it_is_written() -> None:
    assert payload(declared(), live("reconciler", app="shop"))["spec"]["selector"] == {"app": "shop"}


def test_switching_the_version_is_no_drift() -> None:
    before = own_fields_digest(live("reconciler", app="shop"))
    assert own_fields_digest(live("reconciler-rollouts", app="shop", **{HASH: "abc"})) == before
    assert own_fields_digest(live("reconciler-rollouts", app="shop", **{HASH: "def"})) == before


def test_another_selector_is_drift() -> None:
    before = own_fields_digest(live("reconciler", app="shop"))
    assert own_fields_digest(live("kubectl-edit", app="other")) != before


def route(weight: int, owned: dict[str, Any]) -> Object:
    """A TraefikService as the server stores it after an apply, or after the engine wrote its list."""
    services = [{"name": "shop-stable", "weight": 100 - weight}, {"name": "shop-canary", "weight": weight}]
    body = target("TraefikService", "shop", "traefik.io/v1alpha1", spec={"weighted": {"services": services}}).object
    return managed(body, {"f:spec": {".": {}, "f:weighted": owned}})


def test_weights_set_by_the_engine_are_no_drift_although_the_list_changes_its_owner() -> None:
    applied = own_fields_digest(route(0, {".": {}, "f:services": {}}))
    assert own_fields_digest(route(20, {})) == applied
    assert own_fields_digest(route(70, {})) == applied


def test_another_backend_in_the_route_is_drift() -> None:
    applied = own_fields_digest(route(0, {".": {}, "f:services": {}}))
    changed = route(20, {})
    changed["spec"]["weighted"]["services"][0]["name"] = "elsewhere"
    assert own_fields_digest(changed) != applied


def with_guest(route: Object) -> Object:
    """The same while an experiment has a share."""
    route["metadata"]["annotations"] = {EXPERIMENT_SERVICES: "ab-a"}
    route["metadata"]["resourceVersion"] = "7"
    route["spec"]["weighted"]["services"].append({"name": "ab-a", "port": 8080, "weight": 5})
    return route


def test_the_share_of_an_experiment_is_no_drift() -> None:
    applied = own_fields_digest(route(0, {".": {}, "f:services": {}}))
    assert own_fields_digest(with_guest(route(20, {}))) == applied


def test_the_share_of_an_experiment_survives_an_apply_from_git() -> None:
    spec = route(0, {})["spec"]
    [item] = declare(application(), [target("TraefikService", "shop", "traefik.io/v1alpha1", spec=spec)]).objects
    body = payload(item, with_guest(route(20, {})), engine_owned=True)
    weights = {each["name"]: each["weight"] for each in body["spec"]["weighted"]["services"]}
    assert weights == {"shop-stable": 80, "shop-canary": 20, "ab-a": 5}
