"""The command line: one file per verb group. Verbs parse, call and print; they decide nothing.

Heavy imports happen inside the verbs, so that `--help` and shell completion answer at once.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console

from reconciler import __version__
from reconciler.cli.demo import demo
from reconciler.cli.diff import diff
from reconciler.cli.lint import lint
from reconciler.cli.run import run
from reconciler.cli.status import status
from reconciler.errors import ReconcilerError, UserError

app = typer.Typer(
    name="reconciler",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="A push to main becomes a safely delivered release, and the commit says how it went.\n\n"
    "Begin with [bold]reconciler demo[/bold]: it needs no cluster. Then [bold]reconciler run --help[/bold].",
    epilog="Exit codes: 0 fine, 1 a difference, problem or failure was found, 2 it could not be done.",
)
for verb in (run, demo, status, diff, lint):
    app.command()(verb)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"reconciler {__version__}")  # noqa: T201 - this is the answer
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False,
) -> None:
    """Options that stand before every verb."""


def main() -> None:
    """Runs the command line; what a user must mend is printed as a list, without a traceback."""
    try:
        app()
    except UserError as error:
        for problem in error.problems:
            Console(stderr=True, soft_wrap=True).print(f"[red]error[/red] {problem}", highlight=False)
        sys.exit(2)
    except ReconcilerError as error:
        Console(stderr=True, soft_wrap=True).print(f"[red]error[/red] {error}", highlight=False, markup=True)
        sys.exit(2)
