"""Files as the user would name them from where the command runs; inside, paths begin at the repository."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from reconciler.errors import Position, Problem
from reconciler.render.model import Found


@dataclass(frozen=True, slots=True)
class Names:
    """`given` is the directory as it was typed, `top` where it is, `root` where the repository begins."""

    given: Path
    top: Path
    root: Path

    @classmethod
    def of(cls, given: Path) -> Names:
        """The repository is found by its `.git`; without one, bases beside `given` are reached from here."""
        top = given.resolve()
        here = Path.cwd()
        repository = next((each for each in (top, *top.parents) if (each / ".git").exists()), None)
        return cls(given, top, repository or (here if top.is_relative_to(here) else top))

    @property
    def inside(self) -> str:
        """The directory's path from the repository's root, as trees name it."""
        path = self.top.relative_to(self.root).as_posix()
        return "" if path == "." else path

    def shown(self, file: str) -> str:
        return os.path.normpath(self.given / os.path.relpath(self.root / file, self.top))

    def position(self, at: Position) -> Position:
        return replace(at, file=self.shown(at.file))

    def problem(self, problem: Problem) -> Problem:
        return replace(problem, at=self.position(problem.at)) if problem.at else problem

    def found(self, found: Found) -> Found:
        return replace(found, at=self.position(found.at), placed={})
