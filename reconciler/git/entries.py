"""Names in a tree, and following symbolic links without leaving it. Shared by commits and working directories."""

from __future__ import annotations

from dataclasses import dataclass
from posixpath import normpath
from typing import Protocol

from reconciler.errors import Problem, UserError

DIRECTORY = 0o040000
SYMLINK = 0o120000
SUBMODULE = 0o160000
MAX_TARGET_BYTES = 4096
_MAX_LINKS = 10


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a tree. `path` is relative to the repository's root; `mode` is git's."""

    path: str
    id: str
    mode: int

    @property
    def is_directory(self) -> bool:
        return self.mode == DIRECTORY

    @property
    def is_file(self) -> bool:
        return self.mode not in (DIRECTORY, SYMLINK, SUBMODULE)


class Links(Protocol):
    """A tree, as far as following links is concerned."""

    def entry(self, path: str) -> Entry | None: ...
    def link_target(self, link: Entry) -> str: ...


def resolve(tree: Links, path: str) -> Entry | None:
    """What is at `path` when links are followed, in directories on the way too; None when nothing is there.

    Raises `UserError` when a link leaves the repository, is absolute, or the chain is longer than 10.
    """
    return _resolve(tree, path, clean_path(path), 0)


def clean_path(path: str) -> str:
    """`path` in the form that trees use: no leading, trailing or double slash, "" for the root. Raises `UserError`."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if path.startswith("/") or ".." in parts or "\x00" in path:
        raise UserError(Problem(f"{path!r} is not a path inside the repository", "give a path relative to its root"))
    return "/".join(parts)


def _resolve(tree: Links, asked: str, path: str, links: int) -> Entry | None:
    done = ""
    for part in path.split("/") if path else []:
        done = f"{done}/{part}" if done else part
        found = tree.entry(done)
        if found is None:
            return None
        if found.mode == SYMLINK:
            if links >= _MAX_LINKS:
                raise UserError(Problem(f"{asked} passes through more than {_MAX_LINKS} symbolic links"))
            return _resolve(tree, asked, _followed(found, tree.link_target(found), path[len(done) + 1 :]), links + 1)
    return tree.entry(path)


def _followed(link: Entry, target: str, rest: str) -> str:
    """The path that remains after one link was followed."""
    parent = link.path.rpartition("/")[0]
    joined = normpath("/".join(part for part in (parent, target, rest) if part))
    if target.startswith("/") or joined == ".." or joined.startswith("../"):
        fix = "link only to files of the same repository, by a relative path"
        raise UserError(Problem(f"{link.path} is a symbolic link out of the repository", fix))
    return "" if joined == "." else joined
