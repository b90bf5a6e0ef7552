"""Who applies an object from git or a chart, by the mark that each leaves on it."""

from __future__ import annotations

from reconciler.kube.api import Object
from reconciler.sync.tracking import APP_LABEL

_MARKS = (
    ("labels", APP_LABEL, "Application"),
    ("annotations", "argocd.argoproj.io/tracking-id", "Argo CD application"),
    ("labels", "argocd.argoproj.io/instance", "Argo CD application"),
    ("labels", "kustomize.toolkit.fluxcd.io/name", "Flux kustomization"),
    ("labels", "helm.toolkit.fluxcd.io/name", "Flux release"),
    ("annotations", "meta.helm.sh/release-name", "Helm release"),
)


def declared_by(obj: Object) -> str:
    """`Application shop`, if something applies the object from elsewhere."""
    for part, key, what in _MARKS:
        if value := (obj["metadata"].get(part) or {}).get(key):
            return f"{what} {str(value).partition(':')[0]}"
    return ""
