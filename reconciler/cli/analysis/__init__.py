"""`reconciler analysis …`: looking at AnalysisRuns, starting and ending them, and trying templates out."""

from __future__ import annotations

import typer

from reconciler.cli.analysis import look, steer, trial

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Look at AnalysisRuns, start and end them, and try templates out. Works without the daemon.",
)
app.command("list")(look.list_)
for verb in (look.get, look.logs, look.plot, steer.run, steer.terminate):
    app.command()(verb)
app.command("test")(trial.test)
