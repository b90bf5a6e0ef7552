"""The controllers that make a cluster live. On the real side kube-controller-manager and fake nodes do the work."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.builders import deployment, names, replica_set, service, template
from tests.sandbox.client import Answer, Api

APPS, BATCH = "apps/v1", "batch/v1"
SLOW = 40.0


def condition(answer: Answer, name: str) -> dict[str, Any]:
    conditions = answer.body.get("status", {}).get("conditions", [])
    return next((one for one in conditions if one["type"] == name), {})


def ready(count: int) -> Any:
    return lambda answer: answer.body.get("status", {}).get("readyReplicas", 0) == count


def active_pods(api: Api, selector: str = "app=web") -> list[dict[str, Any]]:
    items = api.get(api.path("pods"), labelSelector=selector).ok()["items"]
    return [pod for pod in items if "deletionTimestamp" not in pod["metadata"]]


def test_a_replica_set_makes_ready_pods_that_it_owns(api: Api) -> None:
    made = api.post(api.path("replicasets", api=APPS), replica_set(replicas=2)).ok()
    found = api.eventually(api.path("replicasets", "set", APPS), ready(2), SLOW).body
    assert found["status"] == {
        "replicas": 2,
        "fullyLabeledReplicas": 2,
        "readyReplicas": 2,
        "availableReplicas": 2,
        "observedGeneration": 1,
    } | {name: value for name, value in found["status"].items() if name == "terminatingReplicas"}
    pods = active_pods(api)
    assert len(pods) == 2
    for pod in pods:
        (owner,) = pod["metadata"]["ownerReferences"]
        assert owner == {
            "apiVersion": APPS,
            "kind": "ReplicaSet",
            "name": "set",
            "uid": made["metadata"]["uid"],
            "controller": True,
            "blockOwnerDeletion": True,
        }
        assert pod["status"]["phase"] == "Running"
        assert pod["spec"]["nodeName"]
    assert len({pod["status"]["podIP"] for pod in pods}) == 2


def test_a_replica_set_replaces_and_removes_pods(api: Api) -> None:
    path = api.path("replicasets", "set", APPS)
    api.post(api.path("replicasets", api=APPS), replica_set(replicas=2)).ok()
    api.eventually(path, ready(2), SLOW)
    lost = names({"items": active_pods(api)})[0]
    api.delete(api.path("pods", lost)).ok()
    api.eventually(path, lambda answer: ready(2)(answer) and lost not in names({"items": active_pods(api)}), SLOW)
    api.patch(path, {"spec": {"replicas": 0}}).ok()
    api.eventually(path, lambda answer: answer.body["status"].get("replicas") == 0, SLOW)
    api.eventually(api.path("pods"), lambda answer: not answer.body["items"], SLOW)


def test_a_pod_that_cannot_be_pulled_never_becomes_ready(api: Api) -> None:
    api.post(api.path("replicasets", api=APPS), replica_set(replicas=1, template=template("x/does-not-exist:1"))).ok()

    def waiting(answer: Answer) -> bool:
        statuses = [one for pod in answer.body["items"] for one in pod.get("status", {}).get("containerStatuses", [])]
        return [one["state"]["waiting"]["reason"] for one in statuses if "waiting" in one["state"]] == [
            "ImagePullBackOff"
        ]

    api.eventually(api.path("pods"), waiting, SLOW)
    assert "readyReplicas" not in api.get(api.path("replicasets", "set", APPS)).ok()["status"]


def test_a_deployment_rolls_from_one_replica_set_to_the_next(api: Api) -> None:
    path = api.path("deployments", "web", APPS)
    api.post(api.path("deployments", api=APPS), deployment(paused=False, replicas=2)).ok()

    def done(answer: Answer) -> bool:
        return condition(answer, "Progressing").get("reason") == "NewReplicaSetAvailable" and ready(2)(answer)

    first = api.eventually(path, done, SLOW).body
    assert first["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "1"
    (old,) = api.get(api.path("replicasets", api=APPS)).ok()["items"]
    label = old["metadata"]["labels"]["pod-template-hash"]
    assert old["metadata"]["name"] == f"web-{label}"
    assert old["spec"]["selector"]["matchLabels"] == {"app": "web", "pod-template-hash": label}
    api.patch(path, {"spec": {"template": template("i:2")}}).ok()

    def rolled(answer: Answer) -> bool:
        status = answer.body["status"]
        return (
            done(answer)
            and status["observedGeneration"] == 2
            and status.get("updatedReplicas") == status["replicas"] == 2
        )

    second = api.eventually(path, rolled, SLOW)
    assert second.body["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"
    assert condition(second, "Available")["status"] == "True"
    sizes = {
        one["spec"]["template"]["spec"]["containers"][0]["image"]: one["spec"]["replicas"]
        for one in api.get(api.path("replicasets", api=APPS)).body["items"]
    }
    assert sizes == {"i:1": 0, "i:2": 2}


def test_a_deployment_that_goes_back_reuses_its_replica_set(api: Api) -> None:
    path = api.path("deployments", "web", APPS)
    api.post(api.path("deployments", api=APPS), deployment(paused=False, replicas=1)).ok()
    for number, image in enumerate(["i:1", "i:2", "i:1"], 1):
        api.patch(path, {"spec": {"template": template(image)}}).ok()
        api.eventually(path, lambda answer, wanted=str(number): revision(answer) == wanted, SLOW)
    sets = api.get(api.path("replicasets", api=APPS)).ok()["items"]
    assert sorted(one["metadata"]["annotations"]["deployment.kubernetes.io/revision"] for one in sets) == ["2", "3"]


def revision(answer: Answer) -> str:
    return str(answer.body["metadata"].get("annotations", {}).get("deployment.kubernetes.io/revision", ""))


def test_a_bad_version_keeps_the_good_one_available(api: Api) -> None:
    path = api.path("deployments", "web", APPS)
    api.post(api.path("deployments", api=APPS), deployment(paused=False, replicas=2)).ok()
    api.eventually(path, ready(2), SLOW)
    api.patch(path, {"spec": {"template": template("x/does-not-exist:2")}}).ok()
    found = api.eventually(path, lambda answer: answer.body["status"].get("updatedReplicas") == 1, SLOW)
    assert found.body["status"]["availableReplicas"] == 2
    assert condition(found, "Available")["status"] == "True"


def test_the_pods_of_a_deleted_deployment_go(api: Api) -> None:
    api.post(api.path("deployments", api=APPS), deployment(paused=False, replicas=1)).ok()
    api.eventually(api.path("deployments", "web", APPS), ready(1), SLOW)
    api.delete(api.path("deployments", "web", APPS)).ok()
    api.eventually(api.path("pods"), lambda answer: not answer.body["items"], SLOW)
    assert api.get(api.path("replicasets", api=APPS)).body["items"] == []


def job(command: str, **spec: Any) -> dict[str, Any]:
    container = {"name": "c", "image": "i", "command": ["sh", "-c", command]}
    pods = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    return {"apiVersion": BATCH, "kind": "Job", "metadata": {"name": "job"}, "spec": {"template": pods, **spec}}


@pytest.mark.parametrize(
    ("command", "end", "counted"), [("sleep 1", "Complete", "succeeded"), ("exit 1", "Failed", "failed")]
)
def test_a_job_ends_as_its_pods_do(api: Api, command: str, end: str, counted: str) -> None:
    made = api.post(api.path("jobs", api=BATCH), job(command, backoffLimit=0)).ok()
    assert made["spec"]["selector"]["matchLabels"] == {"batch.kubernetes.io/controller-uid": made["metadata"]["uid"]}
    found = api.eventually(
        api.path("jobs", "job", BATCH), lambda answer: condition(answer, end).get("status") == "True", SLOW
    )
    assert found.body["status"][counted] == 1
    assert ("completionTime" in found.body["status"]) is (end == "Complete")


def test_a_service_points_at_the_ready_pods_that_it_selects(api: Api) -> None:
    api.post(api.path("services"), service(ports=[{"name": "http", "port": 80, "targetPort": 8080}])).ok()
    api.post(api.path("replicasets", api=APPS), replica_set(replicas=2)).ok()
    api.eventually(api.path("replicasets", "set", APPS), ready(2), SLOW)
    wanted = {pod["status"]["podIP"] for pod in active_pods(api)}

    def addresses(answer: Answer) -> bool:
        found = {
            address
            for piece in answer.body["items"]
            for endpoint in piece.get("endpoints") or []
            if endpoint["conditions"]["ready"]
            for address in endpoint["addresses"]
        }
        return found == wanted

    selector = "kubernetes.io/service-name=svc"
    slices = api.eventually(
        api.path("endpointslices", api="discovery.k8s.io/v1"), addresses, SLOW, labelSelector=selector
    )
    (piece,) = slices.body["items"]
    assert [(port["name"], port["port"], port["protocol"]) for port in piece["ports"]] == [("http", 8080, "TCP")]
    subsets = api.eventually(api.path("endpoints", "svc"), lambda answer: bool(answer.body.get("subsets")), SLOW).body[
        "subsets"
    ]
    assert {one["ip"] for one in subsets[0]["addresses"]} == wanted


def test_a_stateful_set_numbers_its_pods(api: Api) -> None:
    spec = {"replicas": 2, "serviceName": "s", "selector": {"matchLabels": {"app": "web"}}, "template": template()}
    api.post(api.path("statefulsets", api=APPS), {"metadata": {"name": "db"}, "spec": spec}).ok()
    api.eventually(api.path("statefulsets", "db", APPS), ready(2), SLOW)
    assert sorted(names({"items": active_pods(api)})) == ["db-0", "db-1"]


def test_a_daemon_set_runs_on_every_node(api: Api) -> None:
    spec = {"selector": {"matchLabels": {"app": "web"}}, "template": template()}
    api.post(api.path("daemonsets", api=APPS), {"metadata": {"name": "agent"}, "spec": spec}).ok()
    nodes = len(api.get("/api/v1/nodes").ok()["items"])
    path = api.path("daemonsets", "agent", APPS)
    api.eventually(path, lambda answer: answer.body.get("status", {}).get("numberReady") == nodes, SLOW)
    assert len({pod["spec"]["nodeName"] for pod in active_pods(api)}) == nodes


def test_a_readiness_gate_holds_a_pod_back(fake: Api) -> None:
    gated = template(readinessGates=[{"conditionType": "x.y/open"}])
    fake.post(fake.path("replicasets", api=APPS), replica_set(replicas=1, template=gated)).ok()

    def running(answer: Answer) -> bool:
        return [pod["status"]["phase"] for pod in answer.body["items"]] == ["Running"]

    (pod,) = fake.eventually(fake.path("pods"), running, SLOW).body["items"]
    assert next(one["status"] for one in pod["status"]["conditions"] if one["type"] == "Ready") == "False"


def test_a_paused_deployment_follows_its_number(api: Api) -> None:
    path = api.path("deployments", "web", APPS)
    api.post(api.path("deployments", api=APPS), deployment(paused=False, replicas=1)).ok()
    api.eventually(path, ready(1), SLOW)
    api.patch(path, {"spec": {"paused": True, "replicas": 2}}).ok()
    api.eventually(path, ready(2), SLOW)


def test_pods_that_match_are_adopted(api: Api) -> None:
    pod = {"metadata": {"name": "stray", "labels": {"app": "web"}}, "spec": template()["spec"]}
    api.post(api.path("pods"), pod).ok()
    api.post(api.path("replicasets", api=APPS), replica_set(replicas=1)).ok()
    api.eventually(api.path("pods", "stray"), lambda answer: "ownerReferences" in answer.body["metadata"], SLOW)
    api.eventually(api.path("replicasets", "set", APPS), ready(1), SLOW)
    assert names({"items": active_pods(api)}) == ["stray"]
