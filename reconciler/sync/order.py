"""The order in which objects are applied (spec gitops §3.2), as data. Prune goes the other way.

Sort key: wave, rank of the kind, namespace, name. Definitions (CRDs, namespaces, class kinds) come first in their wave
and the rest waits until they are served; webhook configurations come last: they may point at what is applied here.
"""

from __future__ import annotations

from reconciler.apps.record import Key
from reconciler.errors import Problem, UserError
from reconciler.kube.api import Object

WAVE = "argocd.argoproj.io/sync-wave"
HOOK = "argocd.argoproj.io/hook"

DEFINITIONS = ("CustomResourceDefinition", "Namespace")
KINDS = (
    *DEFINITIONS,
    "ClusterClass",
    "RuntimeClass",
    "PriorityClass",
    "StorageClass",
    "VolumeSnapshotClass",
    "IngressClass",
    "GatewayClass",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "ExternalSecret",
    "SealedSecret",
    "ConfigMap",
    "AnalysisTemplate",
    "ClusterAnalysisTemplate",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "Rollout",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "Certificate",
    "Ingress",
    "Gateway",
    "HTTPRoute",
    "GRPCRoute",
    "APIService",
)
LAST = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")

_RANK = {kind: rank for rank, kind in enumerate(KINDS)} | {kind: len(KINDS) + 1 for kind in LAST}


def rank(kind: str) -> int:
    """Kinds that are not listed are custom resources: after the listed ones, before webhook configurations."""
    return _RANK.get(kind, len(KINDS))


def stage(key: Key) -> int:
    """0 for definitions, 1 for what may need them."""
    return 0 if key.kind in DEFINITIONS else 1


def wave_of(obj: Object) -> int:
    """The wave that the annotation names; 0 without one. Raises `UserError` when it is no whole number."""
    text = annotation(obj, WAVE) or "0"
    try:
        return int(text)
    except ValueError:
        raise UserError(Problem(f"{WAVE} must be a whole number, not {text!r}")) from None


def annotation(obj: Object, name: str) -> str:
    return str(((obj.get("metadata") or {}).get("annotations") or {}).get(name) or "")


def sort_key(wave: int, key: Key) -> tuple[int, int, str, str, str, str]:
    return (wave, rank(key.kind), key.namespace, key.name, key.group, key.kind)
