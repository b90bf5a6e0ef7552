"""`run --only rollouts`: Rollouts are driven without any repository, each by the engine whose id it carries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.kube.client import HttpCluster
from reconciler.kube.instances import LABEL
from reconciler.kube.objects import ANALYSIS_TEMPLATES, DEPLOYMENTS, ROLLOUTS, SERVICES
from reconciler.sandbox.demo.manifests import definitions
from reconciler.sandbox.server import Sandbox
from reconciler.workloads.keys import HASH
from tests.unit.daemon.engines import DEFINITIONS, Engines, a_rollout, a_template
from tests.unit.daemon.world import ask


@pytest.fixture
def engines(tmp_path: Path) -> Iterator[Engines]:
    with Sandbox() as sandbox:
        cluster = HttpCluster.for_url(sandbox.url)
        for definition in definitions():
            cluster.create(DEFINITIONS, None, definition)
        with Engines(cluster, sandbox.kubeconfig(tmp_path / "kubeconfig"), "default") as found:
            yield found


def test_a_rollout_is_driven_without_any_repository(engines: Engines) -> None:
    daemon = engines.run()
    engines.create("shop")
    engines.reach("Healthy", ["shop"])
    assert daemon.delivery("shop") is None
    assert ask(f"{daemon.url}/readyz")[0] == 200


def test_the_page_shows_rollouts_and_says_that_there_are_no_applications(engines: Engines) -> None:
    daemon = engines.run()
    engines.create("shop")
    engines.reach("Healthy", ["shop"])
    code, page = ask(daemon.url)
    assert code == 200
    assert "Rollout shop" in page and "has no Applications" in page and "1 healthy" in page
    listed = json.loads(ask(f"{daemon.url}/api/v1/rollouts")[1])["rollouts"]
    assert [(each["name"], each["health"]) for each in listed] == [("shop", "Healthy")]


def test_the_page_of_a_rollout_shows_its_pods_and_what_was_told_of_it(engines: Engines) -> None:
    daemon = engines.run()
    engines.create("shop")
    engines.reach("Healthy", ["shop"])
    assert 'href="/rollouts/default/shop"' in ask(daemon.url)[1]
    look = lambda: json.loads(ask(f"{daemon.url}/api/v1/rollouts/default/shop")[1])  # noqa: E731
    engines.wait_for("its events", lambda: bool(look()["events"]), look)
    [revision] = look()["revisions"]
    assert [pod["status"] for pod in revision["children"][0]["children"]] == ["Running"]
    assert {event["reason"] for event in look()["events"]} >= {"NewReplicaSetCreated"}
    assert look()["trouble"] == ""
    assert ask(f"{daemon.url}/rollouts/default/shop")[0] == 200


def test_the_page_of_a_rollout_that_refers_to_its_template_shows_its_own_pods_alone(engines: Engines) -> None:
    daemon = engines.run()
    for name, labels in (("web", {"app": "web"}), ("other", {"app": "other"})):
        pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "shop:1"}]}}
        spec = {"replicas": 0 if name == "web" else 1, "selector": {"matchLabels": labels}, "template": pod}
        body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}
        engines.cluster.create(DEPLOYMENTS, "default", body)
    rollout = a_rollout("web")
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    rollout["spec"] = {"replicas": 1, "strategy": {"canary": {}}, "workloadRef": reference}
    engines.cluster.create(ROLLOUTS, "default", rollout)
    engines.reach("Healthy", ["web"])
    [revision] = json.loads(ask(f"{daemon.url}/api/v1/rollouts/default/web")[1])["revisions"]
    assert [pod["name"].startswith("web-") for pod in revision["children"][0]["children"]] == [True]


def test_probes_and_metrics_are_served(engines: Engines) -> None:
    daemon = engines.run()
    assert ask(f"{daemon.url}/healthz")[0] == 200
    assert "reconciler_queue_depth" in ask(f"{daemon.url}/metrics")[1]


def test_dashboards_of_the_family_find_their_metrics_and_lose_them_with_the_object(engines: Engines) -> None:
    engines.cluster.create(ANALYSIS_TEMPLATES, "default", a_template("judge"))
    daemon = engines.run()
    engines.create("shop")
    engines.reach("Healthy", ["shop"])
    shown = lambda: ask(f"{daemon.url}/metrics")[1].splitlines()  # noqa: E731
    shop = 'name="shop",namespace="default"'
    expected = {
        f'rollout_info{{{shop},phase="Completed",strategy="canary",traffic_router=""}} 1.0',
        f"rollout_info_replicas_available{{{shop}}} 1.0",
        f"rollout_info_replicas_unavailable{{{shop}}} 0.0",
        f"rollout_info_replicas_desired{{{shop}}} 1.0",
        f"rollout_info_replicas_updated{{{shop}}} 1.0",
        f'rollout_events_total{{{shop},reason="NewReplicaSetCreated",type="Normal"}} 1.0',
        f'rollout_duration_seconds_count{{{shop},status="Promoted"}} 1.0',
        'analysis_template_info{name="judge",namespace="default"} 1.0',
        'analysis_template_metric_info{metric="errors",name="judge",namespace="default",type="Prometheus"} 1.0',
        'workqueue_depth{name="Rollouts"} 0.0',
    }
    engines.wait_for("all metrics", lambda: expected <= set(shown()), lambda: sorted(expected - set(shown())))
    for start in (
        f"rollout_reconcile_count{{{shop}}}",
        'controller_clientset_k8s_request_total{kind="replicasets",status_code="201",verb="Create"}',
        'workqueue_work_duration_seconds_count{name="Rollouts"}',
    ):
        assert any(line.startswith(start) for line in shown()), start
    engines.cluster.delete(ROLLOUTS, "default", "shop")
    engines.wait_for("no trace of it", lambda: not any(shop in line for line in shown()))


def test_engines_side_by_side_touch_only_what_carries_their_id(engines: Engines) -> None:
    engines.run(instance_id="blue")
    engines.create("of-green", "green")
    engines.create("of-nobody")
    engines.create("of-blue", "blue")
    engines.reach("Healthy", ["of-blue"])
    assert engines.owners_of_replica_sets() == {"of-blue"}
    engines.run(instance_id="green")
    engines.reach("Healthy", ["of-green"])
    assert engines.owners_of_replica_sets() == {"of-blue", "of-green"}
    engines.run()
    engines.reach("Healthy", ["of-nobody"])


def test_runs_carry_the_id_of_their_engine_and_are_measured_by_it_alone(engines: Engines) -> None:
    engines.cluster.create(ANALYSIS_TEMPLATES, "default", a_template("judge"))
    engines.run()
    engines.run(instance_id="blue")
    engines.create("shop", "blue", steps=[{"analysis": {"templates": [{"templateName": "judge"}]}}])
    engines.reach("Healthy", ["shop"])
    change = {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "shop:2"}]}}}}
    engines.cluster.patch(ROLLOUTS, "default", "shop", change)
    engines.wait_for("a run that began", lambda: any((run.get("status") or {}).get("phase") for run in engines.runs()))
    assert [run["metadata"]["labels"][LABEL] for run in engines.runs()] == ["blue"]


def test_replicas_share_rollouts_and_one_that_stops_leaves_its_share_to_the_other(engines: Engines) -> None:
    first, second = engines.run(shards=4), engines.run(shards=4)
    shares = lambda: [sorted(each._shards.held()) for each in (first, second) if each._shards]  # noqa: E731
    engines.wait_for("two shares", lambda: [len(share) for share in shares()] == [2, 2], shares)
    names = [f"app-{number}" for number in range(8)]
    for name in names:
        engines.create(name)
    engines.reach("Healthy", names)
    first.stop()
    for name in names:
        engines.cluster.patch(ROLLOUTS, "default", name, {"spec": {"replicas": 2}})
    engines.wait_for("two pods each", lambda: all(engines.get(name)["status"]["replicas"] == 2 for name in names))


def test_a_rollout_that_gets_another_engine_keeps_its_services(engines: Engines) -> None:
    """For the engine that it leaves it is not deleted: to let go of its Services would send users to any version."""
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop"}}
    service["spec"] = {"selector": {"app": "shop"}, "ports": [{"port": 80}]}
    canary = service | {"metadata": {"name": "shop-canary"}}
    for each in (service, canary):
        engines.cluster.create(SERVICES, "default", each)
    engines.run(instance_id="blue")
    engines.create("shop", "blue")
    strategy = {"canary": {"stableService": "shop", "canaryService": "shop-canary"}}
    engines.cluster.patch(ROLLOUTS, "default", "shop", {"spec": {"strategy": strategy}})
    selector = lambda: engines.cluster.get(SERVICES, "default", "shop")["spec"]["selector"]  # noqa: E731
    engines.wait_for("a selector", lambda: HASH in selector(), selector)
    seen = engines.cluster.patch(ROLLOUTS, "default", "shop", {"metadata": {"labels": {LABEL: "green"}}})
    engines.cluster.patch(SERVICES, "default", "shop", {"metadata": {"labels": {"touched": "yes"}}})  # wakes it up
    engines.create("next", "blue")
    engines.reach("Healthy", ["next"])
    assert HASH in selector()
    assert engines.get("shop")["metadata"]["generation"] == seen["metadata"]["generation"]
