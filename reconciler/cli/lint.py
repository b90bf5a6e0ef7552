"""`reconciler lint`: every mistake at once, before anything is pushed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from reconciler.cli.printing import Output, as_json, clean, console
from reconciler.errors import Problem, UserError

if TYPE_CHECKING:
    from reconciler.cli.checks.findings import Findings


def lint(
    path: Annotated[Path, typer.Argument(help="A directory of manifests, a manifest, or reconciler.yaml.")],
    output: Annotated[Output, typer.Option("--output", "-o", help="How to print.")] = Output.TABLE,
) -> None:
    """Find every mistake in manifests, Rollouts, analysis templates and configuration, each with file, line and column.

    No cluster is needed and nothing is sent. A directory is read with all that is below it; kustomizations are built
    with `kustomize` or `kubectl`. Fields are checked against the schemas of Kubernetes, of Rollouts and analysis, and
    of the CustomResourceDefinitions beside the manifests. Warnings are worth a look and do not count.

    Exit codes: 0 no problems, 1 problems were found, 2 nothing could be read.

    Examples: reconciler lint deploy/ · reconciler lint reconciler.yaml · reconciler lint . -o json
    """
    from reconciler.cli.checks import check

    try:
        found = check(path)
    except (UserError, OSError) as error:
        _unreadable(error, path)
        raise typer.Exit(2) from None
    if output is Output.JSON:
        print(as_json("lint", _document(found)))  # noqa: T201 - this is the answer
    else:
        _print(found)
    raise typer.Exit(1 if found.problems else 0)


def _print(found: Findings) -> None:
    out = console()
    for problem in found.problems:
        _line(out, problem, "red")
    if found.warnings:
        out.print(Text("\nwarnings" if found.problems else "warnings", style="bold"))
    for warning in found.warnings:
        _line(out, warning, "yellow")
    out.print(_summary(found))
    if found.half_read:
        objects = _counted(found.half_read, "object")
        out.print(f"wrong or missing fields may hide other mistakes in {objects}: lint again once they are mended")


def _line(out: Console, problem: Problem, colour: str) -> None:
    """`file:line:column: what (fix)`, as editors make links of; on a terminal the fix has a line of its own."""
    line = Text()
    if problem.at:
        line.append(clean(f"{problem.at}: ", f"bold {colour}"))
    line.append(clean(problem.what))
    if problem.fix:
        line.append("\n    → " if out.is_terminal else " (")
        line.append(clean(problem.fix, "cyan"))
        line.append("" if out.is_terminal else ")")
    out.print(line, soft_wrap=not out.is_terminal)


def _summary(found: Findings) -> Text:
    parts = [_counted(len(found.problems), "problem")] if found.problems else ["no problems"]
    if found.warnings:
        parts.append(_counted(len(found.warnings), "warning"))
    checked = f"in {_counted(found.objects, 'object')} of {_counted(found.files, 'file')}"
    return Text(f"{', '.join(parts)} {checked}", style="red" if found.problems else "green")


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _document(found: Findings) -> dict[str, Any]:
    return {
        "problems": list(map(_entry, found.problems)),
        "warnings": list(map(_entry, found.warnings)),
        "files": found.files,
        "objects": found.objects,
    }


def _entry(problem: Problem) -> dict[str, Any]:
    at = problem.at
    place = {"file": at.file, "line": at.line, "column": at.column} if at else {}
    return {**place, "message": problem.what, "fix": problem.fix}


def _unreadable(error: UserError | OSError, path: Path) -> None:
    problems: Iterable[Problem] = (
        error.problems if isinstance(error, UserError) else [Problem(f"{path} cannot be read: {error.strerror}")]
    )
    out = Console(stderr=True)
    for problem in problems:
        out.print(Text.assemble(("error ", "red"), clean(problem)), soft_wrap=True)
