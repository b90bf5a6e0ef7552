"""A commit renders as its working directory would, and inputs tell from changed paths whether to render again."""

from __future__ import annotations

from pathlib import Path

from reconciler.config.model import Credentials, Directory, Source
from reconciler.git.mirror import Mirror
from reconciler.render.app import render
from reconciler.render.cache import Cache
from reconciler.render.model import Rendered
from reconciler.render.scope import built_in
from tests.unit.git.upstream import Upstream
from tests.unit.render.scene import Scene, config_map

FILES = {
    "app/a.yaml": config_map("a"),
    "app/sub/b.yaml": config_map("b"),
    "kustomized/kustomization.yaml": "resources: [../base]\nnamePrefix: x-\n",
    "base/kustomization.yaml": "resources: [c.yaml]\n",
    "base/c.yaml": config_map("c"),
}


def rendered(mirror: Mirror, path: str, cache: Cache) -> Rendered:
    source = Source("", path, "main", Directory(recurse=True))
    return render(mirror.tree(mirror.fetch().sha), source, "shop", built_in, cache=cache)


def test_a_commit_renders_like_the_directory_it_was_made_from(scene: Scene, tmp_path: Path) -> None:
    upstream = Upstream(tmp_path / "upstream.git")
    upstream.commit(FILES)
    upstream.commit_link("app/link.yaml", "../base/c.yaml")
    scene.write_all(FILES)
    (scene.root / "app/link.yaml").symlink_to("../base/c.yaml")
    mirror = Mirror(str(upstream.path), "main", tmp_path / "cache", Credentials())
    for path in ("app", "kustomized"):
        committed = rendered(mirror, path, Cache())
        assert committed.digest == scene.render(path, directory=Directory(recurse=True)).digest
        assert len(committed.targets) == {"app": 3, "kustomized": 1}[path]


def test_only_commits_that_touch_an_input_change_the_digest(tmp_path: Path) -> None:
    upstream = Upstream(tmp_path / "upstream.git")
    upstream.commit(FILES)
    mirror = Mirror(str(upstream.path), "main", tmp_path / "cache", Credentials())
    cache = Cache()
    for path in ("app", "kustomized"):
        for changed in FILES:
            before, old = rendered(mirror, path, cache), mirror.head() or ""
            upstream.commit(
                {changed: FILES[changed] + f"# {path}\n" + ("data: {k: v}\n" if "kind:" in FILES[changed] else "")}
            )
            after = rendered(mirror, path, cache)
            affected = before.inputs.affected_by(mirror.changed_paths(old, mirror.head() or ""))
            assert affected or before.digest == after.digest, (path, changed)
            upstream.commit({changed: FILES[changed]})
    assert not rendered(mirror, "app", cache).inputs.affected_by({"base/c.yaml"})
    assert rendered(mirror, "kustomized", cache).inputs.affected_by({"base/c.yaml"})
