"""Who else has to do with a Deployment or Rollout: what scales it, what guards its pods."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.kube.api import Object
from reconciler.rollouts.adopting.found import Found, keeper, target
from reconciler.workloads import selectors
from reconciler.workloads.selectors import Selector


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
