"""What lint found, in the order in which people mend it: by file, then from top to bottom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.errors import Position, Problem

_NOWHERE = Position("")


@dataclass(frozen=True, slots=True)
class Findings:
    """`problems` must be mended; `warnings` are worth a look. `files` and `objects` count what was checked,
    `half_read` objects with fields of a wrong type, of which the rules about several fields were not asked.
    """

    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    files: int
    objects: int
    half_read: int = 0


def ordered(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Each once, by place; those without a place first."""
    return tuple(sorted(dict.fromkeys(problems), key=lambda each: (each.at or _NOWHERE, each.what)))
