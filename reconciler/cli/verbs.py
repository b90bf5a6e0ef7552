"""Every verb under one name, and what all of them share: `--version`, and errors as lists without a traceback."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from reconciler import __version__
from reconciler.cli.adopt import adopt
from reconciler.cli.analysis import app as analysis
from reconciler.cli.demo import demo
from reconciler.cli.diff import diff
from reconciler.cli.experiments import app as experiments
from reconciler.cli.lint import lint
from reconciler.cli.rollouts import app as rollouts
from reconciler.cli.rollouts.familiar import Group
from reconciler.cli.run import run
from reconciler.cli.status import status
from reconciler.errors import ReconcilerError, UserError

app = typer.Typer(
    name="reconciler",
    cls=Group,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="A push to main becomes a safely delivered release, and the commit says how it went.\n\n"
    "Begin with [bold]reconciler demo[/bold]: it needs no cluster. Then [bold]reconciler run --help[/bold].",
    epilog="Exit codes: 0 fine, 1 a difference, problem or failure was found, 2 it could not be done.",
)
for verb in (run, demo, status, diff, lint, adopt):
    app.command()(verb)
app.add_typer(rollouts, name="rollouts")
app.add_typer(analysis, name="analysis")
app.add_typer(experiments, name="experiments")


def _version(wanted: bool) -> None:
    if wanted:
        print(f"reconciler {__version__}")  # noqa: T201 - this is the answer
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False,
) -> None:
    """Options that stand before every verb."""


def run_command_line() -> None:
    """Runs the command line; what a user must mend is printed as a list, without a traceback."""
    try:
        app()
    except UserError as error:
        _complain(map(str, error.problems))
    except ReconcilerError as error:
        _complain([str(error)])


def _complain(problems: Iterable[str]) -> NoReturn:
    """Texts may come from files: they are shown as they are, whatever brackets they have."""
    for problem in problems:
        Console(stderr=True, soft_wrap=True).print(f"[red]error[/red] {escape(problem)}", highlight=False)
    sys.exit(2)
