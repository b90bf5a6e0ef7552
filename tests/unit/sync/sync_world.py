"""A sync half to test: the real controller and the real door to an API server; git is a table of commits."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from sync_builders import Rendered, application, config_map

from reconciler.apps.delivery import Delivery
from reconciler.config.model import Application, Source
from reconciler.errors import NotFound, Problem, UserError
from reconciler.kube.api import Object
from reconciler.kube.client import HttpCluster
from reconciler.kube.objects import CONFIG_MAPS
from reconciler.runtime.clock import SystemClock
from reconciler.sync.controller import SyncController

SHA = {name: name * 40 for name in "abcdef"}


@dataclass
class Commit:
    targets: list[Rendered]
    parent: str = ""
    paths: frozenset[str] = frozenset({"deploy/app.yaml"})
    broken: str = ""


@dataclass
class Everything:
    """Inputs of a render that read one file."""

    def affected_by(self, changed: frozenset[str]) -> bool:
        return "deploy/app.yaml" in changed


@dataclass
class Result:
    targets: list[Rendered]
    digest: str
    warnings: tuple[Problem, ...] = ()
    renderer: str = "plain"
    inputs: Everything = field(default_factory=Everything)


@dataclass
class History:
    """Git as a table: the ports `Source` and `Render`."""

    commits: dict[str, Commit] = field(default_factory=dict)
    at: str = ""
    renders: int = 0
    split: dict[str, list[Rendered]] = field(default_factory=dict)

    def push(self, name: str, *targets: Rendered, **more: Any) -> str:
        self.commits[SHA[name]] = Commit(list(targets), parent=more.pop("parent", self.at), **more)
        self.at = SHA[name]
        return self.at

    def head(self, url: str, branch: str) -> str | None:
        return self.at or None

    def error(self, url: str, branch: str) -> str:
        return ""

    def tree(self, url: str, branch: str, sha: str) -> Commit:
        if sha not in self.commits:
            raise NotFound(sha)
        return self.commits[sha]

    def changed_paths(self, url: str, branch: str, old: str, new: str) -> frozenset[str]:
        return frozenset() if old == new else self.commits[new].paths

    def is_ancestor(self, url: str, branch: str, old: str, new: str) -> bool:
        while new and new != old:
            new = self.commits[new].parent
        return new == old

    def render(self, tree: Commit, source: Source, namespace: str, is_namespaced: object) -> Result:
        self.renders += 1
        if tree.broken:
            raise UserError(Problem(tree.broken))
        targets = self.split.get("shop" if source.path == "deploy" else source.path, tree.targets)
        return Result(targets, repr([t.object for t in targets]))


@dataclass
class World:
    """One daemon's sync half on a namespace of its own."""

    cluster: HttpCluster
    namespace: str
    git: History = field(default_factory=History)
    app: Application = field(default_factory=application)
    told: list[Delivery] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    others: tuple[Application, ...] = ()
    resource: Any = None

    def __post_init__(self) -> None:
        self.start()

    def start(self, **ports: Any) -> None:
        self.controller = SyncController(
            [self.app, *self.others],
            self.cluster,
            self.namespace,
            self.git,
            self.git.render,
            SystemClock(),
            enqueue=lambda name: None,
            publish=lambda name, delivery: self.told.append(delivery) if name == self.app.name else None,
            **ports,
        )

    def second(self, name: str) -> Application:
        """Another Application of the same repository, rendered from a path of its own."""
        return replace(self.app, name=name, source=replace(self.app.source, path=name))

    def restart(self) -> None:
        """What a kill -9 leaves: nothing in memory."""
        self.controller.stop()
        self.start()

    def sync(self) -> Delivery:
        self.controller.reconcile(self.app.name)
        return self.told[-1]

    def until(self, done: Callable[[Delivery], bool]) -> Delivery:
        for _ in range(200):
            if done(found := self.sync()):
                return found
            time.sleep(0.05)
        raise AssertionError(f"not reached: {found}")

    def get(self, name: str, resource=CONFIG_MAPS) -> Object | None:
        try:
            return self.cluster.get(resource, self.namespace, name)
        except NotFound:
            return None

    def config_map(self, name: str, wave: int = 0, **data: str) -> Rendered:
        return self.here(config_map(name, wave, **data))

    def here(self, found: Rendered) -> Rendered:
        found.object["metadata"]["namespace"] = self.namespace
        return found
