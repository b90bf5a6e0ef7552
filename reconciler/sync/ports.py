"""What sync needs of other rooms, as small Protocols that `daemon.py` fills."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from reconciler.apps.affected import Inputs
from reconciler.apps.delivery import Delivery, WorkloadProgress
from reconciler.apps.record import Key
from reconciler.config import model as config
from reconciler.errors import Problem
from reconciler.sync.declared import Target


class Source(Protocol):
    """Git as sync sees it: branches by URL and name, commits by sha. Reading never waits for the network."""

    def head(self, repo_url: str, branch: str, /) -> str | None: ...
    def error(self, repo_url: str, branch: str, /) -> str: ...
    def tree(self, repo_url: str, branch: str, sha: str, /) -> Any: ...
    def changed_paths(self, repo_url: str, branch: str, old: str, new: str, /) -> frozenset[str]: ...
    def is_ancestor(self, repo_url: str, branch: str, old: str, new: str, /) -> bool: ...


class Rendered(Protocol):
    """The outcome of a render: everything that git declares, or an exception; never a part of it."""

    @property
    def targets(self) -> Sequence[Target]: ...
    @property
    def warnings(self) -> Sequence[Problem]: ...
    @property
    def renderer(self) -> str: ...
    @property
    def digest(self) -> str: ...
    @property
    def inputs(self) -> Inputs: ...


IsNamespaced = Callable[[str, str], bool | None]
"""(apiVersion, kind) -> whether objects of it live in namespaces; None when the cluster does not serve it."""

Render = Callable[[Any, config.Source, str, IsNamespaced], Rendered]
"""(tree, source, default namespace, scope lookup); raises `UserError` with every problem."""

EngineOwned = Callable[[Key], bool]
"""Whether a Rollout steers traffic through this object, so that its weights are the engine's (spec gitops §3.14)."""

Progress = Callable[[str, str], WorkloadProgress | None]
"""(namespace, name) of a Rollout -> how far it is."""

Publish = Callable[[str, Delivery], None]
"""(application, delivery): told on every change."""
