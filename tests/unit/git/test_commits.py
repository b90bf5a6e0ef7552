"""Commits are written on top of a branch without a checkout."""

from __future__ import annotations

from pathlib import Path

from reconciler.config.model import Credentials
from reconciler.git.commits import commit_files, create_repository
from reconciler.git.mirror import Mirror


def test_a_commit_replaces_its_files_and_keeps_the_others(tmp_path: Path) -> None:
    create_repository(tmp_path / "repo")
    first = commit_files(tmp_path / "repo", {"deploy/a.yaml": b"1", "deploy/b.yaml": b"2"}, "Add both")
    second = commit_files(tmp_path / "repo", {"deploy/b.yaml": b"3"}, "Change b")
    mirror = Mirror(str(tmp_path / "repo"), "main", tmp_path / "mirror", Credentials())
    assert mirror.fetch().sha == second
    assert mirror.commit(second).parents == (first,)
    contents = {entry.path: mirror.tree(second).read(entry) for entry in mirror.tree(second).list("", recursive=True)}
    assert contents == {"deploy/a.yaml": b"1", "deploy/b.yaml": b"3"}
