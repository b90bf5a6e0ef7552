"""Which schema an object is checked against: Kubernetes' own kinds, ours, and those that the checked files define."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from reconciler.cli.checks import definitions
from reconciler.cli.checks.item import Item
from reconciler.config.fields import nearest
from reconciler.render.validate import Fault
from reconciler.sandbox.crds import kinds_of
from reconciler.sandbox.demo.manifests import folder
from reconciler.sandbox.kinds import Kind, Object, built_in
from reconciler.sandbox.schema.builtin import root
from reconciler.yaml.loader import load

OURS = "argoproj.io"
_REMOVED = {
    "extensions/v1beta1": "1.22",
    "apps/v1beta1": "1.16",
    "apps/v1beta2": "1.16",
    "networking.k8s.io/v1beta1": "1.22",
    "rbac.authorization.k8s.io/v1beta1": "1.22",
    "apiextensions.k8s.io/v1beta1": "1.22",
    "storage.k8s.io/v1beta1": "1.22",
    "batch/v1beta1": "1.25",
    "policy/v1beta1": "1.25",
    "discovery.k8s.io/v1beta1": "1.25",
    "autoscaling/v2beta1": "1.25",
    "autoscaling/v2beta2": "1.26",
}
"""apiVersion → Kubernetes version without it (Kubernetes deprecation guide)."""
_WITHOUT_SCHEMA = (
    "Binding",
    "ControllerRevision",
    "LimitRange",
    "PersistentVolume",
    "PodTemplate",
    "ReplicationController",
    "ResourceQuota",
)
"""Kinds of the groups below that are real, but whose fields are not known here."""
_CLOSED_GROUPS = ("", "apps", "batch")
"""Groups that are Kubernetes' alone, so that an unknown kind in them is a mistake."""


class Kinds:
    """Every kind that is known, by apiVersion and kind."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._defined: dict[tuple[str, str], Kind] = {}
        for item in items:
            if item.kind == "CustomResourceDefinition":
                self._defined |= _served(item.manifest)

    def find(self, item: Item) -> Kind | None:
        key = (item.api_version, item.kind)
        shipped = _shipped() if item.found.group == OURS else {}
        return self._defined.get(key) or shipped.get(key) or _built_in().get(key)

    def complaint(self, item: Item) -> Fault | None:
        """What is wrong with the identity of an object whose kind is not known; None when it may well exist."""
        version, named = item.api_version, _versions().get(item.kind)
        if version in _REMOVED:
            fix = f"write {named}, and look through its fields" if named else "remove it"
            return Fault(("apiVersion",), f"{version} is gone since Kubernetes {_REMOVED[version]}", fix)
        if item.found.group not in _CLOSED_GROUPS or item.kind in _WITHOUT_SCHEMA:
            return None
        if named:
            return Fault(("apiVersion",), f"{version} has no kind {item.kind}", f"write apiVersion: {named}")
        if near := nearest(item.kind, _versions()):
            return Fault(("kind",), f"{version} has no kind {item.kind}", f"did you mean {near}?")
        return None


@cache
def _built_in() -> dict[tuple[str, str], Kind]:
    return {(kind.api_version, kind.kind): kind for kind in built_in()}


@cache
def _versions() -> dict[str, str]:
    """Kind → the apiVersion that has it."""
    return {kind: version for version, kind in _built_in()}


@cache
def _shipped() -> dict[tuple[str, str], Kind]:
    """The kinds whose definitions come with this product; a pod template is checked as Kubernetes does."""
    found: dict[tuple[str, str], Kind] = {}
    for path in sorted((folder() / "crds").glob("*.yaml")):
        for document in load(path.read_bytes(), path.name):
            if document.value.get("kind") == "CustomResourceDefinition":
                found |= _served(document.value)
    for (_, name), kind in found.items():
        if name == "Rollout":
            kind.schema.fields["spec"].fields["template"] = root("core.v1.PodTemplateSpec")
    return found


def _served(definition: Object) -> dict[tuple[str, str], Kind]:
    """Kinds of one definition; none when it cannot be read, which its own check tells."""
    try:
        if any(True for _ in definitions.faults(definition)):
            return {}
        return {(kind.api_version, kind.kind): kind for kind in kinds_of(definition)}
    except (KeyError, TypeError, AttributeError, ValueError):
        return {}
