"""What can go wrong, grouped by what a caller does about it.

| class       | example                                  | what happens                                             |
|-------------|------------------------------------------|----------------------------------------------------------|
| `UserError` | unknown field, missing template arg, 422 | all problems shown at once; no retry until inputs change |
| `Transient` | 429, 5xx, timeout, connection refused    | back-off, visible with since-when; last good state kept  |
| `Conflict`  | 409, failed precondition                 | read again, decide again, at once                        |
| `Refused`   | 401, 403, unknown host key               | no hammering; says which credential or permission        |
| `NotFound`  | 404                                      | a fact, not a fault: the caller decides                  |

Anything else that is raised is a bug: it is caught at a worker's edge and never stops other keys.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a file that a user wrote. Lines and columns start at 1; 0 means unknown."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        parts = [self.file, *(str(n) for n in (self.line, self.column) if n)]
        return ":".join(parts)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing a user has to mend: what is wrong, where, and how to fix it."""

    what: str
    fix: str = ""
    at: Position | None = None

    def __str__(self) -> str:
        where = f"{self.at}: " if self.at else ""
        return f"{where}{self.what}" + (f" ({self.fix})" if self.fix else "")


class ReconcilerError(Exception):
    """Every error that the product raises on purpose."""


class UserError(ReconcilerError):
    """The input is wrong; carries every problem found, not only the first."""

    def __init__(self, problems: Iterable[Problem] | Problem | str) -> None:
        if isinstance(problems, str):
            problems = Problem(problems)
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("; ".join(map(str, self.problems)))


class Transient(ReconcilerError):
    """May pass by itself. `retry_after` is in seconds when the other side asked for a delay.

    `wake_at`: when something else is due, which no back-off may postpone.
    """

    def __init__(self, message: str, retry_after: float | None = None, wake_at: datetime | None = None) -> None:
        self.retry_after, self.wake_at = retry_after, wake_at
        super().__init__(message)


class Conflict(ReconcilerError):
    """The world moved between reading and writing (HTTP 409, failed precondition)."""


class AlreadyExists(Conflict):
    """A create met an object of that name."""


class Refused(ReconcilerError):
    """The other side said no (401, 403, host key); retrying fast cannot help."""


class NotFound(ReconcilerError):
    """The object, ref or path is not there."""


class Gone(ReconcilerError):
    """A resourceVersion or continue token is too old (HTTP 410): list again."""
