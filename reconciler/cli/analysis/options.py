"""What verbs about templates ask for: which template, and values for its arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from reconciler.analysis.model import Argument

Subject = Annotated[str, typer.Argument(metavar="FILE|NAME", help="A template's name, or a file that has it.")]
Template = Annotated[str, typer.Option("--template", help="Which one, when the file has several.")]
ClusterScope = Annotated[bool, typer.Option("--cluster-scope", help="NAME is that of a ClusterAnalysisTemplate.")]
Arguments = Annotated[
    list[str] | None, typer.Option("--arg", "-a", metavar="NAME=VALUE", help="An argument; may be repeated.")
]
RunName = Annotated[str, typer.Argument(help="Name of the AnalysisRun.")]


def arguments(pairs: Sequence[str] | None) -> tuple[Argument, ...]:
    """Raises `typer.BadParameter` for what is not of the form NAME=VALUE. A value may be empty."""
    return tuple(_argument(pair) for pair in pairs or ())


def _argument(pair: str) -> Argument:
    name, separator, value = pair.partition("=")
    if not (name and separator):
        raise typer.BadParameter(f"{pair!r} is not of the form NAME=VALUE", param_hint="--arg")
    return Argument(name=name, value=value)
