"""Forges: webhooks in, commit statuses out, as pure functions. A new forge is one module and one line of the table."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import cast

from reconciler.errors import Problem, UserError
from reconciler.forges.model import Forge

FORGES = {
    "gitea": "reconciler.forges.gitea",
    "github": "reconciler.forges.github",
}
"""Kind to module. Webhooks are tried in this order: Gitea also sends GitHub's headers, so it comes first."""


def forge(kind: str) -> Forge:
    """The forge of this kind. Raises `UserError` for an unknown one."""
    if kind not in FORGES:
        raise UserError(Problem(f'unknown forge kind "{kind}"', f"known are: {', '.join(sorted(FORGES))}"))
    return cast(Forge, import_module(FORGES[kind]))


def forge_of_webhook(headers: Mapping[str, str]) -> tuple[str, Forge] | None:
    """Kind and forge that sent a webhook with these lower-cased headers, or None."""
    for kind in FORGES:
        candidate = forge(kind)
        if candidate.recognises(headers):
            return kind, candidate
    return None
