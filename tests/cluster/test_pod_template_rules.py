"""Our rules for pod templates say what a real API server says, case by case: about the same fields, and no others."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.properties.rollout_world import merge, template
from tests.testbed import kubeconfig
from tests.testbed.access import Access

pytestmark = pytest.mark.cluster
CASES = yaml.safe_load((Path(__file__).parents[1] / "golden" / "rollouts" / "pod-templates.yaml").read_text())


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_api_server_names_the_same_fields(control_plane: Access, case: dict[str, Any]) -> None:
    refused = refused_fields(control_plane, merge(template("shop:1"), case["template"]))
    ours = {f"spec.template.{path}" for path in case.get("server", case.get("at", []))}
    assert ours <= refused
    assert bool(ours) == bool(refused), refused


def refused_fields(access: Access, pod_template: dict[str, Any]) -> set[str]:
    """What a dry run of creating a ReplicaSet with this template complains of."""
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "shop"}}, "template": pod_template}
    body = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "shop"}, "spec": spec}
    request = urllib.request.Request(
        f"{access.url}/apis/apps/v1/namespaces/default/replicasets?dryRun=All",
        data=json.dumps(body).encode(),
        headers={
            "Authorization": f"Bearer {kubeconfig.token(access.kubeconfig)}",
            "Content-Type": "application/json",
        },
    )
    context = ssl.create_default_context(cafile=str(access.certificate))
    try:
        with access.network.entered(), urllib.request.urlopen(request, timeout=10, context=context):
            return set()
    except urllib.error.HTTPError as error:
        answer = json.loads(error.read())
        assert error.code == 422, answer
        return {cause["field"] for cause in answer["details"]["causes"]}
