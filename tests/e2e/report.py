"""The founding story's numbers: JSON beside the benchmarks' results, and a table for people at the end of the run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results" / "founding-story.json"


def write(records: Iterable[dict[str, Any]]) -> None:
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(list(records), indent=2))


def table() -> Iterator[str]:
    """One line for each push: what became of it, and what its users saw meanwhile."""
    yield f"{'version':<10} {'state':<8} {'verdict':>8} {'failed':>7} {'slow':>7} {'bad to 0':>8}  description"
    for push in json.loads(RESULTS.read_text()):
        reaction = push["seconds_bad_measurement_to_weight_zero"]
        yield (
            f"{push['tag']:<10} {push['state']:<8} {push['seconds_to_verdict']:>6.1f} s {push['failed_share']:>7.2%} "
            f"{push['slow_share']:>7.2%} {'' if reaction is None else f'{reaction:.1f} s':>8}  {push['description']}"
        )
