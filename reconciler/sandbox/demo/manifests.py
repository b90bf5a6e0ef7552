"""Where the CustomResourceDefinitions and the sample shop are: inside an installed wheel, or in the source tree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

_PACKAGE = Path(__file__).parents[2]


def folder() -> Path:
    """The `manifests` directory."""
    installed = _PACKAGE / "manifests"
    return installed if installed.is_dir() else _PACKAGE.parent / "manifests"


def definitions() -> Iterator[dict[str, Any]]:
    """What the demo's cluster must know: our kinds, and Traefik's as far as the sample uses it."""
    for path in sorted((folder() / "crds").glob("*.yaml")):
        document = yaml.safe_load(path.read_text())
        if document.get("kind") == "CustomResourceDefinition":
            yield document
    yield _traefik_service()


def sample(image: str) -> dict[str, bytes]:
    """Files of the sample shop, by name, with the given image in the Rollout."""
    files = {path.name: path.read_bytes() for path in sorted((folder() / "examples" / "shop").glob("*.yaml"))}
    return files | {"rollout.yaml": files["rollout.yaml"].replace(SAMPLE_IMAGE.encode(), image.encode())}


SAMPLE_IMAGE = "registry.example/shop:1.0"


def _traefik_service() -> dict[str, Any]:
    names = {"kind": "TraefikService", "listKind": "TraefikServiceList", "plural": "traefikservices"}
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1alpha1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "traefikservices.traefik.io"},
        "spec": {
            "group": "traefik.io",
            "names": {**names, "singular": "traefikservice"},
            "scope": "Namespaced",
            "versions": [version],
        },
    }
