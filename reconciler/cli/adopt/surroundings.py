"""Who else has to do with a Deployment or Rollout: what applies it from git, what scales it, what guards its pods."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.kube.api import Object
from reconciler.rollouts.adopting.found import Found, keeper, target
from reconciler.sync.tracking import APP_LABEL
from reconciler.workloads import selectors
from reconciler.workloads.selectors import Selector

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


def scaler_notes(found: Found, kind: str, other: str) -> Iterator[str]:
    """What happens to the HPAs of an object whose kind changes."""
    for scaler in found.scaling(kind):
        yield f"HorizontalPodAutoscaler {scaler['metadata']['name']} will scale the {other} (change it in git, too)"
    for scaler in found.scalers:
        wanted = target(scaler)
        if keeper(scaler) and (wanted.get("kind"), wanted.get("name")) == (kind, found.name):
            yield f"{keeper(scaler)} scales it: set its scaleTargetRef to the {other} yourself, right after this"


def guard_notes(budgets: list[Object], template_labels: dict[str, str]) -> Iterator[str]:
    """Disruption budgets go by labels of pods, which stay."""
    for budget in budgets:
        chosen = (budget.get("spec") or {}).get("selector") or {}
        selector = Selector(chosen.get("matchLabels") or {}, tuple(chosen.get("matchExpressions") or ()))
        if selectors.matches(selector, template_labels):
            yield f"PodDisruptionBudget {budget['metadata']['name']} guards the same pods as before: nothing to do"
