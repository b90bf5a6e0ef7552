"""A directory on disk reads like a commit, and nothing in it leads out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.errors import UserError
from reconciler.git.worktree import Worktree


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "work/app/sub").mkdir(parents=True)
    (tmp_path / "work/.git").mkdir()
    (tmp_path / "work/.git/config").write_text("secret")
    (tmp_path / "work/app/b.yaml").write_text("b")
    (tmp_path / "work/app/sub/c.yaml").write_text("c")
    (tmp_path / "work/a.yaml").write_text("a")
    return tmp_path / "work"


def test_listing_is_in_byte_order_without_git_itself(root: Path) -> None:
    tree = Worktree(root)
    assert [entry.path for entry in tree.list("")] == ["a.yaml", "app"]
    assert [entry.path for entry in tree.list("", recursive=True)] == ["a.yaml", "app/b.yaml", "app/sub/c.yaml"]


def test_an_id_changes_with_the_file(root: Path) -> None:
    tree = Worktree(root)
    before = tree.id("app/b.yaml")
    assert tree.id("app/b.yaml") == before
    (root / "app/b.yaml").write_text("longer")
    assert tree.id("app/b.yaml") != before


def test_links_lead_nowhere_outside(root: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/x.yaml").write_text("x")
    (root / "evil").symlink_to("../outside")
    (root / "good").symlink_to("app/sub")
    tree = Worktree(root)
    assert tree.entry("evil/x.yaml") is None
    assert tree.list("evil") == []
    with pytest.raises(UserError, match="out of the repository"):
        tree.resolve("evil/x.yaml")
    found = tree.resolve("good/c.yaml")
    assert found is not None
    assert tree.read(found) == b"c"


def test_devices_and_pipes_are_not_seen(root: Path) -> None:
    os.mkfifo(root / "pipe.yaml")
    assert "pipe.yaml" not in [entry.path for entry in Worktree(root).list("")]


def test_a_file_over_the_limit_is_refused(root: Path) -> None:
    tree = Worktree(root)
    entry = tree.entry("a.yaml")
    assert entry is not None
    with pytest.raises(UserError, match="more than 0 bytes"):
        tree.read(entry, limit=0)
