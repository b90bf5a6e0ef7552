"""The annotations `reconciler.dev/bake-analysis` and `reconciler.dev/first-deploy-analysis`, read.

Their value is YAML of the shape of `strategy.canary.analysis`; that of a bake may have a `duration` besides.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

import msgspec

from reconciler.analysis.model import RolloutAnalysis
from reconciler.errors import UserError
from reconciler.kube.durations import parse_go_duration
from reconciler.rollouts.model import Rollout
from reconciler.rollouts.validation.analysis import analysis_problems
from reconciler.workloads.field_errors import forbidden, invalid, required
from reconciler.yaml.loader import Limits, load

BAKE = "reconciler.dev/bake-analysis"
FIRST_DEPLOY = "reconciler.dev/first-deploy-analysis"
_LIMITS = Limits(depth=20, nodes=1000, documents=1, scalar_bytes=16 << 10)
_FIELDS = {"templates", "args", "dryRun", "measurementRetention", "analysisRunMetadata"}

Analysis = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """None: not asked for. `lasts`: how long a bake goes on at least; None: until its run is complete."""

    bake: Analysis | None = None
    lasts: timedelta | None = None
    first_deploy: Analysis | None = None


def of(rollout: Rollout) -> Wanted:
    """What can be read; what cannot is nothing, and one of the `problems`."""
    return _read(*_texts(rollout))[0]


def problems(rollout: Rollout) -> Iterator[str]:
    """Everything that is wrong with the annotations, by name."""
    bake, first = _texts(rollout)
    yield from _read(bake, first)[1]
    if bake and rollout.spec.strategy.blue_green is not None:
        yield forbidden(path(BAKE), "a blue-green Rollout bakes by strategy.blueGreen.postPromotionAnalysis")


def path(annotation: str) -> str:
    return f"metadata.annotations[{annotation}]"


def _texts(rollout: Rollout) -> tuple[str, str]:
    annotations = rollout.metadata.annotations
    return annotations.get(BAKE, ""), annotations.get(FIRST_DEPLOY, "")


@lru_cache(maxsize=1024)
def _read(bake: str, first: str) -> tuple[Wanted, tuple[str, ...]]:
    baked, bake_problems = _analysis(bake, BAKE, {"duration"})
    deployed, first_problems = _analysis(first, FIRST_DEPLOY, set())
    lasts, duration_problems = _duration(baked)
    analysis = {key: value for key, value in baked.items() if key != "duration"} if baked else None
    return Wanted(analysis, lasts, deployed), (*bake_problems, *duration_problems, *first_problems)


def _analysis(text: str, annotation: str, more: set[str]) -> tuple[Analysis | None, list[str]]:
    if not text:
        return None, []
    where = path(annotation)
    try:
        documents = load(text.encode(), annotation, _LIMITS)
    except UserError as error:
        return None, [invalid(where, text[:80], problem.what) for problem in error.problems]
    value = documents[0].value if documents else None
    if not isinstance(value, dict):
        return None, [invalid(where, text[:80], "must be a mapping such as {templates: [{templateName: NAME}]}")]
    found = [invalid(f"{where}.{key}", key, "unknown field") for key in value if key not in _FIELDS | more]
    found += [*_templates(value, where), *analysis_problems(value, where)]
    return value, found


def _templates(value: Analysis, where: str) -> Iterator[str]:
    if not value.get("templates"):
        yield required(f"{where}.templates", "name at least one template")
    try:
        msgspec.convert({key: value[key] for key in value if key in _FIELDS}, RolloutAnalysis)
    except msgspec.ValidationError as error:
        yield invalid(where, value, str(error))


def _duration(baked: Analysis | None) -> tuple[timedelta | None, list[str]]:
    text = str((baked or {}).get("duration") or "")
    if not text:
        return None, []
    where = f"{path(BAKE)}.duration"
    try:
        lasts = parse_go_duration(text)
    except ValueError as error:
        return None, [invalid(where, text, str(error))]
    return (lasts, []) if lasts > timedelta() else (None, [invalid(where, text, "must be more than nothing")])
