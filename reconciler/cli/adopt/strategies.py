"""The strategy of the Rollout, from `--strategy FILE` or `--steps`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reconciler.errors import Problem, UserError
from reconciler.rollouts.quantities import pause_length
from reconciler.workloads.parts import Json
from reconciler.yaml.loader import load


def from_file(path: Path) -> Json:
    """What stands under `strategy:`, or a file with `strategy:` or a whole Rollout. Raises `UserError`."""
    try:
        content = load(path.read_bytes(), str(path))
    except OSError as error:
        raise UserError(Problem(f"{path} cannot be read: {error.strerror}", "name a YAML file")) from None
    found: Any = content[0].value if content else None
    for key in ("spec", "strategy"):
        if isinstance(found, dict) and key in found:
            found = found[key]
    if not isinstance(found, dict) or not {"canary", "blueGreen"} & found.keys():
        raise UserError(Problem(f"{path} has no strategy", "it should have `canary:` or `blueGreen:`"))
    return found


def from_steps(text: str, bounds: Json) -> Json:
    """`20,5m,50,pause`: weights, pauses that end by themselves, and pauses that a person ends."""
    return {"canary": {**bounds, "steps": [_step(part.strip()) for part in text.split(",")]}}


def _step(text: str) -> Json:
    if text == "pause":
        return {"pause": {}}
    if text.removesuffix("%").isdecimal():
        return {"setWeight": int(text.removesuffix("%"))}
    try:
        pause_length(text)
    except (ValueError, OverflowError):
        what = f"--steps: {text!r} is neither a weight, nor a duration such as 5m, nor `pause`"
        raise UserError(Problem(what, "for example --steps 20,5m,50,pause")) from None
    return {"pause": {"duration": text}}
