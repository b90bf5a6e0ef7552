"""Replicas as separate processes, each with an account of its own, so that the audit log says who wrote what."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.testbed import kubeconfig
from tests.testbed.access import Access
from tests.testbed.daemon import Daemon

_WRITES = frozenset({"create", "patch", "update", "delete"})
_TOLD = frozenset({"leases", "events"})
"""Not about a Rollout's own state."""


class Replica:
    """A daemon that shares the Rollouts of a namespace with others of its kind."""

    def __init__(self, cluster: Access, directory: Path, namespace: str, name: str, flags: dict[str, str]) -> None:
        self.name = name
        self.account = f"system:serviceaccount:{namespace}:{name}"
        directory.mkdir()
        config = directory / "kubeconfig"
        cluster.kubectl("-n", namespace, "create", "serviceaccount", name)
        token = cluster.kubectl("-n", namespace, "create", "token", name).strip()
        kubeconfig.write(config, cluster.url, token, cluster.certificate, namespace)
        engine = {"--only": "rollouts", "--namespace": namespace, "--kubeconfig": str(config)}
        self.daemon = Daemon(directory, engine | flags)


def allow(cluster: Access, namespace: str) -> None:
    """What `manifests/install/sharded` allows, for every account of the namespace."""
    rendered = cluster.kubectl("kustomize", str(Path(__file__).parents[2] / "manifests" / "install" / "sharded"))
    roles = [each for each in yaml.safe_load_all(rendered) if each["kind"] in ("Role", "ClusterRole")]
    for role in roles:
        role["metadata"] = {"name": f"{namespace}-{role['kind'].lower()}", "namespace": namespace}
        subject = {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "Group",
            "name": f"system:serviceaccounts:{namespace}",
        }
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": role["kind"], "name": role["metadata"]["name"]}
        binding = {"apiVersion": role["apiVersion"], "kind": f"{role['kind']}Binding", "metadata": role["metadata"]}
        cluster.kubectl("apply", "-f", "-", stdin=json.dumps(role))
        cluster.kubectl("apply", "-f", "-", stdin=json.dumps(binding | {"roleRef": reference, "subjects": [subject]}))


def writes(cluster: Access, namespace: str) -> Iterator[dict[str, Any]]:
    """Writes of replicas that reached the server, in the order of their arrival."""
    entries = map(json.loads, cluster.audit_log.read_text().splitlines())
    ours = (
        each for each in entries if each["user"].get("username", "").startswith(f"system:serviceaccount:{namespace}:")
    )
    found = (each for each in ours if each["verb"] in _WRITES and each["stage"] == "ResponseComplete")
    about = (each for each in found if each["objectRef"]["resource"] not in _TOLD)
    return iter(sorted(about, key=lambda each: str(each["requestReceivedTimestamp"])))


def refused(cluster: Access, namespace: str) -> set[str]:
    """What a replica asked for and was not allowed."""
    entries = map(json.loads, cluster.audit_log.read_text().splitlines())
    return {
        f"{each['verb']} {each['requestURI'].partition('?')[0]}"
        for each in entries
        if each["user"].get("username", "").startswith(f"system:serviceaccount:{namespace}:")
        and each.get("responseStatus", {}).get("code") == 403
    }
