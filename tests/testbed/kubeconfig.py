"""Kubeconfig files: one cluster, one user, a token."""

from __future__ import annotations

import base64
import json
from pathlib import Path


def write(path: Path, url: str, token: str, certificate: Path, namespace: str) -> None:
    """Written as JSON, which every reader of YAML takes. Private from the first byte on: it holds a credential."""
    trusted = base64.b64encode(certificate.read_bytes()).decode()
    context = {"cluster": "testbed", "user": "testbed", "namespace": namespace}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "testbed", "cluster": {"server": url, "certificate-authority-data": trusted}}],
        "users": [{"name": "testbed", "user": {"token": token}}],
        "contexts": [{"name": "testbed", "context": context}],
        "current-context": "testbed",
    }
    path.touch(0o600)
    path.write_text(json.dumps(config, indent=2))


def token(path: Path) -> str:
    """The credential that `write` put there."""
    return str(json.loads(path.read_text())["users"][0]["user"]["token"])
