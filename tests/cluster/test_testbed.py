"""The testbed itself keeps what its users count on."""

from __future__ import annotations

import subprocess

import pytest

from tests.testbed.access import DAEMON, Access

pytestmark = pytest.mark.cluster


def test_a_deployment_becomes_ready_on_the_fake_nodes(control_plane: Access, namespace: str) -> None:
    control_plane.kubectl("-n", namespace, "create", "deployment", "web", "--image=shop:1", "--replicas=2")
    control_plane.kubectl("-n", namespace, "rollout", "status", "deployment/web", "--timeout=30s")
    pods = control_plane.get(f"/api/v1/namespaces/{namespace}/pods")["items"]
    assert all(pod["status"]["podIP"].startswith("10.244.") for pod in pods)


def test_a_missing_image_is_never_ready(control_plane: Access, namespace: str) -> None:
    control_plane.kubectl("-n", namespace, "run", "web", "--image=does-not-exist:1")
    control_plane.kubectl(
        "-n", namespace, "wait", "pod/web", "--timeout=20s", "--for=jsonpath={.status.containerStatuses[0].ready}=false"
    )
    [container] = control_plane.get(f"/api/v1/namespaces/{namespace}/pods/web")["status"]["containerStatuses"]
    assert container["state"]["waiting"]["reason"] == "ImagePullBackOff"


@pytest.mark.parametrize(("command", "condition"), [("sleep 1", "Complete"), ("sleep 1; exit 1", "Failed")])
def test_a_job_ends_as_its_command_says(control_plane: Access, namespace: str, command: str, condition: str) -> None:
    control_plane.kubectl("-n", namespace, "create", "-f", "-", stdin=_job(command))
    control_plane.kubectl("-n", namespace, "wait", "job/work", f"--for=condition={condition}", "--timeout=30s")


def test_the_daemons_user_may_nothing_without_rbac(control_plane: Access) -> None:
    with pytest.raises(subprocess.CalledProcessError) as refused:
        control_plane.kubectl("--kubeconfig", str(control_plane.kubeconfig_of(DAEMON)), "get", "configmaps")
    assert "Forbidden" in refused.value.stderr


def test_requests_are_counted_by_user_agent(control_plane: Access) -> None:
    before = control_plane.requests("testbed")["get namespaces"]
    control_plane.get("/api/v1/namespaces/default")
    assert control_plane.requests("testbed")["get namespaces"] > before


def _job(command: str) -> str:
    return f"""
apiVersion: batch/v1
kind: Job
metadata: {{name: work}}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers:
        - {{name: work, image: busybox, command: [sh, -c, "{command}"]}}
"""
