"""What a Rollout waits for wakes it when it appears, and nothing else is late for it (spec rollouts §1.9)."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from reconciler.analysis.model import decode_template
from reconciler.kube.store import Store
from reconciler.rollouts import wiring
from reconciler.rollouts.wiring import stores_of

Json = dict[str, Any]
BY_NAME = {"templates": [{"templateName": "errors"}]}
CLUSTER_WIDE = {"templates": [{"templateName": "errors", "clusterScope": True}]}
EXPERIMENT = {"experiment": {"templates": [], "analyses": [{"name": "a", "templateName": "errors"}]}}
USES = {
    "background": {"canary": {"analysis": BY_NAME}},
    "step": {"canary": {"steps": [{"setWeight": 5}, {"analysis": BY_NAME}]}},
    "experiment": {"canary": {"steps": [EXPERIMENT]}},
    "before promotion": {"blueGreen": {"prePromotionAnalysis": BY_NAME}},
    "after promotion": {"blueGreen": {"postPromotionAnalysis": BY_NAME}},
}


class Watching:
    """The stores of the daemon, and whom a change wakes."""

    def __init__(self) -> None:
        self.woken: list[str] = []
        self.stores: dict[str, Store[Any]] = {each.resource.kind: Store(each.decode) for each in wiring.watched()}
        self.templates, self.cluster_templates = Store(decode_template), Store(decode_template)
        stores = stores_of(self.stores.__getitem__)
        wiring.subscribe(stores, self.woken.append)
        wiring.subscribe_templates(stores, self.templates, self.cluster_templates, self.woken.append)

    def rollout(self, strategy: Json, name: str = "shop", **annotations: str) -> None:
        body = {
            "metadata": {"name": name, "namespace": "ns", "annotations": annotations},
            "spec": {"strategy": strategy},
        }
        self.stores["Rollout"].put(orjson.dumps(body))
        self.woken.clear()

    def template(self, name: str, *, namespace: str = "ns", nests: Json | None = None) -> None:
        store = self.templates if namespace else self.cluster_templates
        spec = {"templates": [nests]} if nests else {}
        store.put(orjson.dumps({"metadata": {"name": name, "namespace": namespace}, "spec": spec}))


@pytest.mark.parametrize("strategy", USES.values(), ids=USES)
def test_a_template_that_appears_wakes_the_rollout_that_names_it(strategy: Json) -> None:
    watching = Watching()
    watching.rollout(strategy)
    watching.rollout({"canary": {}}, name="other")
    watching.template("others")
    watching.template("errors", namespace="elsewhere")
    watching.template("errors", namespace="")
    assert watching.woken == []
    watching.template("errors")
    assert watching.woken == ["ns/shop"]


def test_so_does_one_for_the_whole_cluster_and_one_that_an_annotation_names() -> None:
    watching = Watching()
    watching.rollout({"canary": {"analysis": CLUSTER_WIDE}})
    watching.template("errors", namespace="")
    watching.rollout({"canary": {}}, name="baked", **{"reconciler.dev/bake-analysis": "templates: [{templateName: x}]"})
    watching.template("x")
    assert watching.woken == ["ns/baked"]
    watching.rollout({"canary": {"analysis": CLUSTER_WIDE}})
    watching.cluster_templates.drop(orjson.dumps({"metadata": {"name": "errors"}}))
    assert watching.woken == ["ns/shop"]


def test_so_does_one_that_is_nested_in_another_at_any_depth_and_in_a_circle() -> None:
    watching = Watching()
    watching.rollout({"canary": {"analysis": BY_NAME}})
    watching.template("errors", nests={"templateName": "all", "clusterScope": True})
    watching.template("all", namespace="", nests={"templateName": "inner"})
    watching.woken.clear()
    watching.template("inner", nests={"templateName": "errors"})
    assert watching.woken == ["ns/shop"]


@pytest.mark.parametrize(
    ("kind", "routing"),
    [
        ("Ingress", {"nginx": {"stableIngress": "front"}}),
        ("TraefikService", {"traefik": {"weightedTraefikServiceName": "front"}}),
    ],
)
def test_an_object_of_a_router_that_appears_wakes_the_rollout_that_names_it(kind: str, routing: Json) -> None:
    watching = Watching()
    watching.rollout({"canary": {"trafficRouting": routing}})
    watching.stores[kind].put(orjson.dumps({"metadata": {"name": "back", "namespace": "ns"}}))
    assert watching.woken == []
    watching.stores[kind].put(orjson.dumps({"metadata": {"name": "front", "namespace": "ns"}}))
    assert watching.woken == ["ns/shop"]
