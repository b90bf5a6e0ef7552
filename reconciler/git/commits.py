"""Writing commits without a checkout: a new repository for the demo, and files replaced on top of a branch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pygit2
from pygit2.enums import FileMode

_AUTHOR = ("reconciler", "reconciler@localhost")


def create_repository(directory: Path, branch: str = "main") -> None:
    """Makes an empty bare repository whose HEAD is `branch`."""
    pygit2.init_repository(str(directory), bare=True, initial_head=branch)


def commit_files(directory: Path, files: Mapping[str, bytes], message: str, branch: str = "main") -> str:
    """Adds or replaces files by path on top of `branch` and moves it there; returns the new commit's sha."""
    repository = pygit2.Repository(str(directory))
    reference = f"refs/heads/{branch}"
    parent = repository.references.get(reference)
    index = pygit2.Index()
    if parent is not None:
        index.read_tree(parent.peel(pygit2.Tree))
    for path, content in files.items():
        index.add(pygit2.IndexEntry(path, repository.create_blob(content), FileMode.BLOB))
    author = pygit2.Signature(*_AUTHOR)
    parents = [parent.target] if parent is not None else []
    sha = repository.create_commit(reference, author, author, message, index.write_tree(repository), parents)
    return str(sha)
