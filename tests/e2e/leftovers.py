"""What a finished delivery must not leave behind, read from the real objects."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from tests.e2e.world import World

_HASH = "rollouts-pod-template-hash"
_ENDED = ("Successful", "Failed", "Error", "Inconclusive")
_REPLICAS = 3
_MOST_REPLICA_SETS = 4
"""The serving one, two of history (revisionHistoryLimit), and the one that was rejected last."""


def leftovers(world: World, image: str) -> list[str]:
    """Everything that should not be there once `image` alone serves; empty when all is clean."""
    return [*_traffic(world, image), *_replica_sets(world, image), *_pods(world, image), *_runs(world)]


def _traffic(world: World, image: str) -> Iterator[str]:
    if weight := world.weight():
        yield f"the canary still has weight {weight}"
    stable = world.rollout()["status"]["stableRS"]
    for service in world.object("v1/services")["items"]:
        if service["spec"]["selector"].get(_HASH) != stable:
            yield f"Service {service['metadata']['name']} selects {service['spec']['selector']}, stable is {stable}"
    now = time.monotonic()
    for answer in world.users.answers(now - 1.5, now - 0.5):
        if answer.failed or answer.image != image:
            yield f"a user got {answer.status} from {answer.image}"


def _replica_sets(world: World, image: str) -> Iterator[str]:
    found = world.object("apps/v1/replicasets")["items"]
    if len(found) > _MOST_REPLICA_SETS:
        yield f"{len(found)} ReplicaSets are kept"
    for each in found:
        wanted = _REPLICAS if _image(each["spec"]["template"]) == image else 0
        if each["spec"]["replicas"] != wanted:
            yield f"ReplicaSet of {_image(each['spec']['template'])} has {each['spec']['replicas']} replicas"


def _pods(world: World, image: str) -> Iterator[str]:
    images = [_image(pod) for pod in world.object("v1/pods")["items"]]
    if images != [image] * _REPLICAS:
        yield f"the pods are {images}"


def _runs(world: World) -> Iterator[str]:
    for run in world.object("argoproj.io/v1alpha1/analysisruns")["items"]:
        if run.get("status", {}).get("phase") not in _ENDED:
            yield f"AnalysisRun {run['metadata']['name']} goes on"


def _image(template: dict[str, Any]) -> str:
    return str(template["spec"]["containers"][0]["image"])
