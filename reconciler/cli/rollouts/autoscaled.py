"""How many pods a Rollout of files has whose number an autoscaler beside it chooses. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.kube.api import Object
from reconciler.kube.objects import ROLLOUTS
from reconciler.rollouts.adopting.found import spec, target


def scaled(rollout: Object, scalers: Iterable[Object]) -> tuple[Object, str]:
    """The Rollout with the fewest pods that its HPA allows, or its own number within the limits; and what to know.

    Fewest, because that is where rounding hurts most.
    """
    name = rollout["metadata"]["name"]
    chosen = next((each for each in scalers if _scales(each, name)), None)
    if chosen is None:
        return rollout, ""
    least, most = (spec(chosen).get(key) for key in ("minReplicas", "maxReplicas"))
    least = 1 if not isinstance(least, int) else least
    most = max(least, most if isinstance(most, int) else least)
    own = spec(rollout).get("replicas")
    replicas = min(max(own, least), most) if isinstance(own, int) else least
    said = (
        f"HorizontalPodAutoscaler {chosen['metadata']['name']} chooses {least} to {most} pods: planned with {replicas}"
    )
    return {**rollout, "spec": {**spec(rollout), "replicas": replicas}}, f"{said}; --replicas plans with another number"


def _scales(scaler: Object, name: str) -> bool:
    wanted = target(scaler)
    return (wanted.get("kind"), wanted.get("name")) == (ROLLOUTS.kind, name)
