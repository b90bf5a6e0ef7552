"""A directory on disk read like a commit's tree: for `lint` and `diff` of what is not committed yet.

Same rules as for commits: links never lead out of the directory, `.git` is not seen, devices and sockets are not read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from reconciler.errors import Problem, UserError
from reconciler.git.entries import DIRECTORY, SYMLINK, Entry, clean_path, resolve

_FILE = 0o100644


class Worktree:
    """Reads files below `root`. Ids change when a file changes (by inode, size and time), not by content alone."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def entry(self, path: str) -> Entry | None:
        """What is at `path`, links not followed."""
        place = Path(clean_path(path))
        if any((self._root / parent).is_symlink() for parent in place.parents if parent.name):
            return None  # as in a commit: nothing is below a link; `resolve` follows it
        try:
            return _entry("" if place == Path() else str(place), (self._root / place).lstat())
        except (FileNotFoundError, NotADirectoryError):
            return None

    def id(self, path: str) -> str | None:
        found = self.entry(path)
        return found.id if found else None

    def list(self, path: str, recursive: bool = False) -> list[Entry]:
        """As `trees.Tree.list`."""
        top = self.entry(path)
        if top is None or not top.is_directory:
            return []
        return sorted(self._walk(top, recursive), key=lambda entry: entry.path.encode(errors="surrogateescape"))

    def resolve(self, path: str) -> Entry | None:
        """What is at `path` when links are followed; see `entries.resolve`."""
        return resolve(self, path)

    def link_target(self, link: Entry) -> str:
        return str((self._root / link.path).readlink())

    def size(self, entry: Entry) -> int:
        return (self._root / entry.path).lstat().st_size

    def read(self, entry: Entry, limit: int | None = None) -> bytes:
        """Contents of a file. Raises `UserError` when larger than `limit` bytes."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(self._root / entry.path, flags), "rb") as file:
            data = file.read(-1 if limit is None else limit + 1)
        if limit is not None and len(data) > limit:
            raise UserError(Problem(f"{entry.path} has more than {limit:,} bytes"))
        return data

    def _walk(self, directory: Entry, recursive: bool) -> Iterator[Entry]:
        for child in os.scandir(self._root / directory.path):
            path = f"{directory.path}/{child.name}" if directory.path else child.name
            found = None if child.name == ".git" else _entry(path, child.stat(follow_symlinks=False))
            if found is None:
                continue
            if recursive and found.is_directory:
                yield from self._walk(found, recursive)
            else:
                yield found


def _entry(path: str, found: os.stat_result) -> Entry | None:
    kinds = {stat.S_IFDIR: DIRECTORY, stat.S_IFLNK: SYMLINK, stat.S_IFREG: _FILE}
    mode = kinds.get(stat.S_IFMT(found.st_mode))
    if mode is None:
        return None
    return Entry(path, f"{found.st_dev}:{found.st_ino}:{found.st_mtime_ns}:{found.st_size}", mode)
