"""What is wrong with what a Rollout itself says about an analysis, whatever its templates say (spec rollouts §1.9)."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.workloads.field_errors import invalid, required
from reconciler.workloads.parts import Json
from reconciler.workloads.podrules.environment import metadata_path

_PATHS = (
    "must be metadata.name, .namespace, .uid, .labels['<KEY>'] or .annotations['<KEY>'], or a path outside metadata"
)


def analysis_problems(analysis: Json, path: str) -> Iterator[str]:
    """Of a step's, a background or a promotion analysis, or of one of an experiment."""
    for index, arg in enumerate(_items(analysis.get("args"))):
        yield from _argument(arg, f"{path}.args[{index}]")


def starting_problems(analysis: Json, path: str) -> Iterator[str]:
    """Of the step at which a background analysis begins."""
    starting = analysis.get("startingStep")
    if starting is not None and (not isinstance(starting, int) or starting < 0):
        yield invalid(f"{path}.startingStep", starting, "must be the index of a step")


def _argument(arg: Json, path: str) -> Iterator[str]:
    if not arg.get("name"):
        yield required(f"{path}.name", "name the argument")
    source = arg.get("valueFrom")
    reference = source.get("fieldRef") if isinstance(source, dict) else None
    where = reference.get("fieldPath") if isinstance(reference, dict) else None
    if isinstance(where, str) and where.startswith("metadata") and not metadata_path(where, whole=True):
        yield invalid(f"{path}.valueFrom.fieldRef.fieldPath", where, _PATHS)


def _items(given: object) -> list[Json]:
    """The objects of a list; what is of another type is told where the run is built."""
    return [item for item in given if isinstance(item, dict)] if isinstance(given, list | tuple) else []
