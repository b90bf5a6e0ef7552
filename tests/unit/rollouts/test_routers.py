"""What routers are told, as data."""

from __future__ import annotations

from typing import Any

import msgspec
import orjson
import pytest

from reconciler.rollouts.intents import CreateRouted, PatchRouted
from reconciler.rollouts.owned import Routed, decode_routed
from reconciler.rollouts.status import Destination, Weights
from reconciler.rollouts.strategy_model import Canary, Nginx, TrafficRouting
from reconciler.rollouts.traffic.routers import nginx, traefik
from reconciler.rollouts.traffic.routers.contract import RouterError
from tests.properties.rollout_world import Cluster, a_cluster, merge, template

SPLIT = Weights(
    canary=Destination(weight=30, service_name="ca", pod_template_hash="2"),
    stable=Destination(weight=70, service_name="st", pod_template_hash="1"),
)
WEIGHTED = {
    "weighted": {
        "sticky": {"cookie": {}},
        "services": [{"name": "st", "port": 80, "weight": 100}, {"name": "other", "weight": 5}, {"name": "ca"}],
    }
}


def test_traefik_gets_the_two_weights_and_keeps_everything_else() -> None:
    edited = traefik.edit(WEIGHTED, SPLIT)
    assert edited["weighted"]["services"] == [
        {"name": "st", "port": 80, "weight": 70},
        {"name": "other", "weight": 5},
        {"name": "ca", "weight": 30},
    ]
    assert edited["weighted"]["sticky"] == {"cookie": {}}
    assert traefik.edit(edited, SPLIT) == edited


@pytest.mark.parametrize("spec", [{}, {"mirroring": {}}, {"weighted": {"services": [{"name": "st"}]}}])
def test_a_traefik_service_without_a_place_for_the_weights_is_refused(spec: dict[str, Any]) -> None:
    with pytest.raises(RouterError, match=r"spec\.weighted\.services"):
        traefik.edit(spec, SPLIT)


def path(service: str | None, where: str = "/") -> dict[str, Any]:
    backend = {"service": {"name": service, "port": {"number": 80}}} if service else {"resource": {"kind": "Bucket"}}
    return {"path": where, "pathType": "Prefix", "backend": backend}


INGRESS: dict[str, Any] = {
    "metadata": {"name": "web", "annotations": {"kubernetes.io/ingress.class": "nginx", "note": "mine"}},
    "spec": {
        "ingressClassName": "nginx",
        "tls": [{"hosts": ["a"]}],
        "rules": [
            {"host": "a", "http": {"paths": [path("st"), path("api", "/api"), path(None, "/files")]}},
            {"host": "b", "http": {"paths": [path("other")]}},
            {"host": "c"},
        ],
    },
}
STABLE: Routed = decode_routed(orjson.dumps(INGRESS))


def canary_of(**options: Any) -> Canary:
    routing = TrafficRouting(nginx=Nginx(stable_ingress="web", **options), max_traffic_weight=None)
    return Canary(canary_service="ca", stable_service="st", traffic_routing=routing)


def test_nginx_copies_the_rules_that_serve_the_stable_service_and_turns_its_paths() -> None:
    spec = nginx.edit(STABLE, canary_of(), SPLIT)["spec"]
    assert [rule["host"] for rule in spec["rules"]] == ["a"]
    backends = [p["backend"].get("service", {}).get("name") for p in spec["rules"][0]["http"]["paths"]]
    assert backends == ["ca", "api", None]
    assert (spec["ingressClassName"], spec["tls"]) == ("nginx", [{"hosts": ["a"]}])


def test_nginx_annotations_carry_the_weight_and_the_users_own() -> None:
    options = {
        "annotation_prefix": "p",
        "additional_ingress_annotations": {"by-header": "X", "p/kept": "1"},
        "canary_ingress_annotations": {"verbatim": "2"},
    }
    assert nginx.edit(STABLE, canary_of(**options), SPLIT)["annotations"] == {
        "kubernetes.io/ingress.class": "nginx",
        "p/by-header": "X",
        "p/kept": "1",
        "verbatim": "2",
        "p/canary": "true",
        "p/canary-weight": "30",
    }


def test_nginx_refuses_an_ingress_that_does_not_serve_the_stable_service() -> None:
    with pytest.raises(RouterError, match="no rule with backend Service"):
        nginx.edit(STABLE, Canary(canary_service="ca", stable_service="nobody"), SPLIT)


def test_the_canary_ingress_name_fits_the_longest_allowed_and_ends_in_canary() -> None:
    name = nginx.canary_name("r" * 200, "i" * 200)
    assert len(name) == 253
    assert name.endswith("-canary")


def nginx_cluster() -> Cluster:
    routing = {"nginx": {"stableIngress": "web"}}
    cluster = a_cluster(steps=[{"setWeight": 25}, {"pause": {}}], traefik=True, canary={})
    cluster.rollout["spec"]["strategy"]["canary"]["trafficRouting"] = routing
    cluster.put("Ingress", INGRESS)
    cluster.converge()
    return cluster


def test_the_canary_ingress_is_made_owned_and_follows_the_weight() -> None:
    cluster = nginx_cluster()
    made = cluster.objects["Ingress", "shop-web-canary"]
    assert made["metadata"]["ownerReferences"][0]["uid"] == cluster.rollout["metadata"]["uid"]
    cluster.user("image 2", {"spec": {"template": template("img:2")}})
    cluster.converge()
    annotations = cluster.objects["Ingress", "shop-web-canary"]["metadata"]["annotations"]
    assert annotations["nginx.ingress.kubernetes.io/canary-weight"] == "25"
    assert cluster.objects["Ingress", "web"]["spec"] == INGRESS["spec"]


def test_a_changed_stable_ingress_is_followed_and_foreign_annotations_are_kept() -> None:
    cluster = nginx_cluster()
    cluster.patch("Ingress", "shop-web-canary", {"metadata": {"annotations": {"foreign": "x"}}})
    cluster.put("Ingress", merge(INGRESS, {"spec": {"tls": None, "ingressClassName": "other"}}))
    cluster.converge()
    made = cluster.objects["Ingress", "shop-web-canary"]
    assert made["spec"]["ingressClassName"] == "other"
    assert "tls" not in made["spec"]
    assert made["metadata"]["annotations"]["foreign"] == "x"


def test_an_ingress_of_somebody_else_under_that_name_is_not_touched() -> None:
    cluster = nginx_cluster()
    cluster.patch("Ingress", "shop-web-canary", {"metadata": {"ownerReferences": None}})
    cluster.user("image 2", {"spec": {"template": template("img:2")}})
    cluster.converge()
    decision = cluster.decide()
    assert not [intent for intent in decision.intents if isinstance(intent, CreateRouted | PatchRouted)]
    assert "not controlled by this Rollout" in decision.troubles[0]
    assert cluster.status["currentStepIndex"] == 0


def test_an_experiment_is_a_guest_in_the_list_for_as_long_as_it_has_a_share() -> None:
    share = Destination(weight=5, service_name="ab-a", pod_template_hash="h")
    split = msgspec.structs.replace(SPLIT, additional=(share,))
    invited = traefik.edit(WEIGHTED, split, ports={"ab-a": 8080})
    assert invited["weighted"]["services"][-1] == {"name": "ab-a", "port": 8080, "weight": 5}
    assert traefik.edit(invited, split, "ab-a", {"ab-a": 8080}) == invited
    assert traefik.edit(invited, SPLIT, "ab-a") == traefik.edit(WEIGHTED, SPLIT)
