"""Which namespace an object ends up in, and duplicates (spec gitops §1.8). Pure.

The cluster says what is namespaced; custom resources of this same render may define kinds that it does not know yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from reconciler.errors import Problem
from reconciler.render import digest
from reconciler.render.model import Found, IsNamespaced, ObjectKey, Target

_CLUSTER_SCOPED = {
    "": {"Namespace", "Node", "PersistentVolume", "ComponentStatus"},
    "admissionregistration.k8s.io": {
        "MutatingWebhookConfiguration",
        "ValidatingWebhookConfiguration",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
    },
    "apiextensions.k8s.io": {"CustomResourceDefinition"},
    "apiregistration.k8s.io": {"APIService"},
    "argoproj.io": {"ClusterAnalysisTemplate"},
    "certificates.k8s.io": {"CertificateSigningRequest"},
    "flowcontrol.apiserver.k8s.io": {"FlowSchema", "PriorityLevelConfiguration"},
    "networking.k8s.io": {"IngressClass"},
    "node.k8s.io": {"RuntimeClass"},
    "rbac.authorization.k8s.io": {"ClusterRole", "ClusterRoleBinding"},
    "scheduling.k8s.io": {"PriorityClass"},
    "storage.k8s.io": {"StorageClass", "CSIDriver", "CSINode", "VolumeAttachment"},
}


def built_in(api_version: str, kind: str) -> bool | None:
    """An `IsNamespaced` for when there is no cluster to ask: knows the kinds of Kubernetes itself."""
    group = api_version.rpartition("/")[0]
    if group in _CLUSTER_SCOPED and kind in _CLUSTER_SCOPED[group]:
        return False
    return True if group in _CLUSTER_SCOPED or group in ("apps", "batch", "autoscaling", "policy") else None


def place(
    objects: Sequence[Found], namespace: str, is_namespaced: IsNamespaced
) -> tuple[list[Target], list[Problem], list[Problem]]:
    """Targets in order of their keys, warnings and problems. `namespace` is where objects go that name none."""
    scopes = _Scopes(objects, is_namespaced)
    targets = [_target(found, namespace, scopes.namespaced(found)) for found in objects]
    targets.sort(key=lambda target: target.key)
    return targets, scopes.warnings(), _duplicates(targets)


class _Scopes:
    """Scope by kind: asked of the cluster once per kind, then of this render's own CRDs, then taken as namespaced."""

    def __init__(self, objects: Iterable[Found], ask: IsNamespaced) -> None:
        self._ask = ask
        self._defined = dict(_defined(found.manifest) for found in objects if found.kind == "CustomResourceDefinition")
        self._known: dict[tuple[str, str], bool] = {}
        self._unknown: dict[tuple[str, str], Found] = {}

    def namespaced(self, found: Found) -> bool:
        kind = (found.manifest["apiVersion"], found.kind)
        if kind not in self._known:
            self._known[kind] = self._find(found)
        return self._known[kind]

    def warnings(self) -> list[Problem]:
        fix = "install its CustomResourceDefinition; until then it is taken as namespaced"
        return [
            Problem(f"the cluster does not know {kind} of {version}", fix, found.at)
            for (version, kind), found in self._unknown.items()
        ]

    def _find(self, found: Found) -> bool:
        version = found.manifest["apiVersion"]
        for answer in (self._ask(version, found.kind), self._defined.get((found.group, found.kind))):
            if answer is not None:
                return answer
        if (fallback := built_in(version, found.kind)) is not None:
            return fallback
        self._unknown[version, found.kind] = found
        return True


def _defined(crd: dict[str, Any]) -> tuple[tuple[str, str], bool | None]:
    spec = crd.get("spec")
    spec = spec if isinstance(spec, dict) else {}
    names = spec.get("names")
    kind = names.get("kind") if isinstance(names, dict) else None
    scope = {"Namespaced": True, "Cluster": False}.get(str(spec.get("scope")))
    return (str(spec.get("group")), str(kind)), scope


def _target(found: Found, namespace: str, namespaced: bool) -> Target:
    final = (found.namespace or namespace) if namespaced else ""
    return found.placed.get(final) or found.placed.setdefault(final, _made(found, final))


def _made(found: Found, final: str) -> Target:
    key = ObjectKey(found.group, found.kind, final, found.name)
    if final == found.namespace:
        return Target(found.manifest, found.at, key, found.digest, found)
    metadata = {name: value for name, value in found.manifest["metadata"].items() if name != "namespace"}
    if final:
        metadata["namespace"] = final
    manifest = {**found.manifest, "metadata": metadata}
    return Target(manifest, found.at, key, digest.with_namespace(found.digest, final), found)


def _duplicates(targets: Sequence[Target]) -> list[Problem]:
    """`targets` are sorted, so equal keys are neighbours."""
    return [
        Problem(f"{second.key} is there twice", f"it is also in {first.at}; remove one of the two", second.at)
        for first, second in pairwise(targets)
        if first.key == second.key
    ]
