"""A directory of manifests, rendered as the sync engine would."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.config.model import Directory, Source
from reconciler.errors import UserError
from reconciler.git.worktree import Worktree
from reconciler.render.app import render
from reconciler.render.cache import Cache
from reconciler.render.model import IsNamespaced, Limits, Rendered
from reconciler.render.scope import built_in

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n"


def config_map(name: str, extra: str = "") -> str:
    return CONFIG.format(name=name) + extra


class Scene:
    """`write` files, then `render` or expect `problems`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.tree = Worktree(root)
        self.cache = Cache()

    def write_all(self, files: dict[str, str | bytes]) -> Scene:
        for name, body in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body if isinstance(body, bytes) else body.encode())
        return self

    def render(
        self,
        path: str = ".",
        *,
        directory: Directory | None = None,
        namespace: str = "shop",
        scopes: IsNamespaced = built_in,
        limits: Limits | None = None,
    ) -> Rendered:
        source = Source("", path, "main", directory or Directory())
        return render(self.tree, source, namespace, scopes, cache=self.cache, limits=limits)

    def names(self, path: str = ".", **options) -> list[str]:
        return [target.key.name for target in self.render(path, **options).targets]

    def warnings(self, path: str = ".", **options) -> list[str]:
        return [str(warning) for warning in self.render(path, **options).warnings]

    def problems(self, path: str = ".", **options) -> list[str]:
        with pytest.raises(UserError) as caught:
            self.render(path, **options)
        return [str(problem) for problem in caught.value.problems]
