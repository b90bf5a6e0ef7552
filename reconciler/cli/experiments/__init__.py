"""`reconciler experiments …`: looking at Experiments, ending them and running them again."""

from __future__ import annotations

import typer

from reconciler.cli.experiments import look, steer

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Look at Experiments, end them and run them again. Works without the daemon.",
)
app.command("list")(look.list_)
for verb in (look.get, steer.terminate, steer.retry):
    app.command()(verb)
