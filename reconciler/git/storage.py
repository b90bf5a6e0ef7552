"""The cache directory of one mirror: made private, opened, and built anew when it is damaged or another's.

The directory may be lost at any time; nothing but download time depends on it. Readers get a handle per thread,
because libgit2 objects are not to be shared between threads that also fetch.
"""

from __future__ import annotations

import os
import shutil
import stat
import threading
from pathlib import Path

import pygit2

from reconciler.errors import UserError
from reconciler.git.errors import DamagedMirror

MAX_PACKS = 200
"""Packs that a mirror may consist of; each lookup of an object may have to ask every one."""

_ORIGIN = "reconciler-origin"
"""File that says of which URL and branch this is the mirror."""


class Storage:
    """A bare repository in `directory` that holds `origin` (any text that identifies what is mirrored)."""

    def __init__(self, directory: Path, origin: str) -> None:
        self.directory = directory
        self._origin = origin
        self._generation = 0
        self._handles = threading.local()
        self._lock = threading.Lock()
        with self._lock:
            self._prepare()

    def handle(self) -> pygit2.Repository:
        """This thread's handle. Raises `DamagedMirror` when the cache was lost after it was made."""
        generation, repository = getattr(self._handles, "open", (-1, None))
        if repository is None or generation != self._generation:
            generation, repository = self._generation, self._open()
            self._handles.open = (generation, repository)
        return repository

    def rebuild(self) -> None:
        """Throws the cache away and starts empty. Handles of other threads are replaced when they are next used."""
        with self._lock:
            self._create()

    def compact(self) -> None:
        """Joins the packs into one when there are many: every fetch adds one, and libgit2 collects no garbage.

        Only while nothing is being fetched. A reader that needs a removed pack in this very moment sees a damaged
        mirror, which passes.
        """
        directory = self.directory / "objects" / "pack"
        old = set(directory.glob("*.pack"))
        if len(old) <= MAX_PACKS:
            return
        with self._lock:
            self._open().pack()
            if set(directory.glob("*.pack")) - old:
                for pack in old:
                    pack.unlink()
                    pack.with_suffix(".idx").unlink()
            self._generation += 1

    def healthy(self) -> bool:
        """Whether it opens, is ours, and the objects its branches point to can be read."""
        try:
            if (self.directory / _ORIGIN).read_text() != self._origin:
                return False
            repository = pygit2.Repository(str(self.directory))
            return all(_readable(repository, name) for name in repository.references)
        except (OSError, KeyError, ValueError, pygit2.GitError):
            return False

    def _open(self) -> pygit2.Repository:
        try:
            return pygit2.Repository(str(self.directory))
        except pygit2.GitError as error:
            raise DamagedMirror(f"the git cache is lost and will be built anew ({error})") from None

    def _prepare(self) -> None:
        _make_private(self.directory)
        if not self.healthy():
            self._create()
            return
        repository = self._open()
        for name in [name for name in repository.references if name.startswith("refs/incoming/")]:
            repository.references.delete(name)  # of a fetch that the end of an earlier process cut short

    def _create(self) -> None:
        _make_private(self.directory)
        _empty(self.directory)
        pygit2.init_repository(str(self.directory), bare=True)
        (self.directory / _ORIGIN).write_text(self._origin)
        self._generation += 1


def _readable(repository: pygit2.Repository, reference: str) -> bool:
    commit = repository.references[reference].peel(pygit2.Commit)
    return commit.tree is not None


def _make_private(directory: Path) -> None:
    directory.parent.mkdir(parents=True, exist_ok=True)
    directory.mkdir(mode=0o700, exist_ok=True)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise UserError(f"the cache {directory} is not a directory: remove it, or configure another cacheDir")
    if found.st_uid != os.geteuid():
        raise UserError(f"the cache {directory} belongs to another user: chown it, or configure another cacheDir")
    directory.chmod(0o700)  # what others could write would be deployed


def _empty(directory: Path) -> None:
    for entry in directory.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
