"""Which Applications a push concerns (spec gitops §5.7): recorded inputs against changed paths. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from reconciler.config.model import Application


class Inputs(Protocol):
    """What a render read, looked up or listed."""

    def affected_by(self, changed: frozenset[str], /) -> bool: ...


def affected(
    applications: Sequence[Application],
    repo_url: str,
    changed: frozenset[str] | None,
    inputs: Mapping[str, Inputs | None],
) -> list[str]:
    """Names of the Applications to look at first, in the order of configuration.

    An Application that has not been rendered since the start has no inputs yet and counts as affected; so does every
    one when the change itself is unknown (`changed` is None, as after rewritten history).
    """
    return [
        app.name
        for app in applications
        if app.source.repo_url == repo_url and _concerned(inputs.get(app.name), changed)
    ]


def _concerned(inputs: Inputs | None, changed: frozenset[str] | None) -> bool:
    return inputs is None or changed is None or inputs.affected_by(changed)
