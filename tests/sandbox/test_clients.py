"""Real clients on the sandbox: the official Python client, and kubectl."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config, dynamic, watch

from reconciler.sandbox.server import Sandbox
from tests.sandbox.builders import config_map, deployment, template
from tests.sandbox.client import Api
from tests.testbed import binaries

Kubectl = Callable[..., str]


@pytest.fixture
def kubeconfig(sandbox: Sandbox, tmp_path: Path) -> Path:
    return sandbox.kubeconfig(tmp_path / "kubeconfig")


@pytest.fixture
def official(kubeconfig: Path) -> client.ApiClient:
    found: client.ApiClient = config.new_client_from_config(str(kubeconfig))
    return found


def programs() -> list[Path]:
    """kubectl on the PATH, and the newest that the testbed has."""
    found = [Path(path)] if (path := shutil.which("kubectl")) else []
    try:
        return [*found, binaries.find("kubectl")]
    except binaries.Missing:
        return found


@pytest.fixture(params=[0, 1], ids=["on the path", "newest"])
def run(request: pytest.FixtureRequest, kubeconfig: Path, fake: Api, tmp_path: Path) -> Kubectl:
    """kubectl in the test's namespace; its output."""
    if len(programs()) <= request.param:
        pytest.skip("kubectl is missing: put it on the PATH, or run python -m tests.testbed build")
    program = programs()[request.param]

    def kubectl(*arguments: str, stdin: Any = None, fails: bool = False) -> str:
        argv = [
            str(program),
            "--kubeconfig",
            str(kubeconfig),
            "-n",
            fake.namespace,
            "--cache-dir",
            str(tmp_path / "cache"),
            *arguments,
        ]
        text = "" if stdin is None else json.dumps(stdin)
        done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode != 0) is fails, done.stderr
        return done.stderr if fails else done.stdout

    return kubectl


def test_the_official_client_creates_lists_patches_and_deletes(official: client.ApiClient, fake: Api) -> None:
    core = client.CoreV1Api(official)
    made = core.create_namespaced_config_map(fake.namespace, config_map("a", {"k": "1"}))
    assert made.metadata.resource_version
    core.patch_namespaced_config_map("a", fake.namespace, {"data": {"k": "2"}})
    assert core.read_namespaced_config_map("a", fake.namespace).data == {"k": "2"}
    assert [one.metadata.name for one in core.list_namespaced_config_map(fake.namespace).items] == ["a"]
    core.delete_namespaced_config_map("a", fake.namespace)
    with pytest.raises(client.ApiException) as missing:
        core.read_namespaced_config_map("a", fake.namespace)
    assert missing.value.status == 404


def test_the_official_client_watches(official: client.ApiClient, fake: Api) -> None:
    core = client.CoreV1Api(official)
    threading.Timer(0.3, lambda: fake.post(fake.path("configmaps"), config_map("late"))).start()
    stream = watch.Watch().stream(core.list_namespaced_config_map, fake.namespace, timeout_seconds=2)
    assert [(event["type"], event["object"].metadata.name) for event in stream] == [("ADDED", "late")]


def test_the_dynamic_client_discovers_and_applies(official: client.ApiClient, fake: Api) -> None:
    deployments = dynamic.DynamicClient(official).resources.get(api_version="apps/v1", kind="Deployment")
    body = deployment(replicas=2)
    made = deployments.server_side_apply(body, name="web", namespace=fake.namespace, field_manager="suite")
    assert made.spec.replicas == 2


def test_kubectl_shows_objects(run: Kubectl, fake: Api) -> None:
    fake.post(fake.path("deployments", api="apps/v1"), deployment(paused=False)).ok()
    run("wait", "--for=condition=Available", "deployment/web", "--timeout=20s")
    lines = run("get", "deploy,rs,pods")
    assert "deployment.apps/web" in lines
    assert "1/1" in lines
    assert "Running" in lines
    assert json.loads(run("get", "deploy", "web", "-o", "json"))["status"]["availableReplicas"] == 1


def test_kubectl_applies_on_the_server(run: Kubectl) -> None:
    assert "serverside-applied" in run("apply", "--server-side", "-f", "-", stdin=deployment(replicas=2))
    assert "serverside-applied" in run("apply", "--server-side", "-f", "-", stdin=deployment(replicas=3))
    refused = run(
        "apply", "--server-side", "--field-manager=other", "-f", "-", stdin=deployment(replicas=4), fails=True
    )
    assert 'conflict with "kubectl": .spec.replicas' in refused
    assert run("get", "deploy", "web", "-o", "jsonpath={.spec.replicas}") == "3"


def test_kubectl_applies_on_its_own(run: Kubectl) -> None:
    assert "created" in run("apply", "-f", "-", stdin=deployment(replicas=2))
    assert "configured" in run("apply", "-f", "-", stdin=deployment(replicas=3, template=template("i:2")))
    assert "unchanged" in run("apply", "-f", "-", stdin=deployment(replicas=3, template=template("i:2")))
    assert run("get", "deploy", "web", "-o", "jsonpath={.spec.template.spec.containers[*].image}") == "i:2"
    assert 'unknown field "spec.nope"' in run("apply", "-f", "-", stdin=deployment(nope=1), fails=True)


def test_kubectl_patches_labels_scales_and_creates(run: Kubectl) -> None:
    run("create", "-f", "-", stdin=config_map("a", {"k": "1"}))
    run("patch", "configmap", "a", "--type=merge", "-p", '{"data":{"k":"2"}}')
    run("patch", "configmap", "a", "--type=json", "-p", '[{"op":"add","path":"/data/l","value":"3"}]')
    run("label", "configmap", "a", "x=y")
    run("annotate", "configmap", "a", "n=m")
    found = json.loads(run("get", "cm", "-l", "x=y", "-o", "json"))["items"][0]
    assert found["data"] == {"k": "2", "l": "3"}
    run("apply", "--server-side", "-f", "-", stdin=deployment(replicas=1))
    run("scale", "deployment", "web", "--replicas=2")
    assert run("get", "deploy", "web", "-o", "jsonpath={.spec.replicas}") == "2"
    run("set", "image", "deployment/web", "main=i:9")
    assert run("get", "deploy", "web", "-o", "jsonpath={..image}") == "i:9"


def test_kubectl_follows_a_rollout(run: Kubectl) -> None:
    run("apply", "--server-side", "-f", "-", stdin=deployment(paused=False, replicas=2))
    assert "successfully rolled out" in run("rollout", "status", "deployment/web", "--timeout=20s")


def test_kubectl_deletes_and_waits(run: Kubectl, fake: Api) -> None:
    fake.post(fake.path("deployments", api="apps/v1"), deployment(paused=False)).ok()
    assert 'deployment.apps "web" deleted' in run("delete", "deploy", "web", "--timeout=20s")
    fake.eventually(fake.path("pods"), lambda answer: not answer.body["items"])
    assert "NotFound" in run("get", "deploy", "web", fails=True)


def test_kubectl_watches(run: Kubectl, fake: Api) -> None:
    def act() -> None:
        time.sleep(0.7)
        fake.post(fake.path("configmaps"), config_map("late")).ok()

    thread = threading.Thread(target=act)
    thread.start()
    output = run("get", "cm", "-w", "--request-timeout=3s")
    thread.join()
    assert "late" in output


def test_kubectl_works_with_custom_kinds(run: Kubectl, fake: Api) -> None:
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    column = {"name": "Size", "type": "integer", "jsonPath": ".spec.size"}
    group = f"{fake.namespace}.example.com"
    spec = {
        "group": group,
        "scope": "Namespaced",
        "names": {"plural": "gears", "kind": "Gear", "shortNames": ["gr"]},
        "versions": [version | {"additionalPrinterColumns": [column]}],
    }
    body = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"gears.{group}"},
        "spec": spec,
    }
    run("apply", "--server-side", "-f", "-", stdin=body)
    run("wait", "--for=condition=Established", f"crd/gears.{group}", "--timeout=10s")
    gear = {"apiVersion": f"{group}/v1", "kind": "Gear", "metadata": {"name": "big"}, "spec": {"size": 7}}
    run("apply", "-f", "-", stdin=gear)
    lines = run("get", f"gears.{group}").splitlines()
    assert lines[0].split() == ["NAME", "SIZE", "AGE"]
    assert lines[1].split()[:2] == ["big", "7"]
    run("delete", f"crd/gears.{group}")
