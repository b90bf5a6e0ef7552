"""What every verb about Rollouts asks for: which one, where, and how to print."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from reconciler.kube.api import Cluster


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


Name = Annotated[str, typer.Argument(help="Name of the Rollout.")]
Namespace = Annotated[str, typer.Option("--namespace", "-n", help="Default: that of the kubeconfig's context.")]
Kubeconfig = Annotated[str, typer.Option("--kubeconfig", help="Default: KUBECONFIG or ~/.kube/config.")]
Context = Annotated[str, typer.Option("--context", help="Context of the kubeconfig.")]
Output = Annotated[Format, typer.Option("--output", "-o", help="How to print.")]


def reach(kubeconfig: str, context: str, namespace: str) -> tuple[Cluster, str]:
    """The cluster, and the namespace to look in. Raises `UserError` when there is no usable kubeconfig."""
    from reconciler import __version__
    from reconciler.kube import contexts
    from reconciler.kube.client import connect

    cluster = connect(kubeconfig, context, user_agent=f"reconciler-rollouts/{__version__}")
    return cluster, namespace or contexts.namespace(kubeconfig, context)


def document(name: str, value: Any, form: Format) -> str:
    """One JSON or YAML document: `{"version": 1, name: …}`."""
    from reconciler.cli.printing import as_json

    text = as_json(name, value)
    if form is Format.JSON:
        return text
    import json

    import yaml

    return yaml.safe_dump(json.loads(text), sort_keys=False, allow_unicode=True).rstrip()
