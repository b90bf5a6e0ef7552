"""Writing chosen files of a tree into a fresh private directory, for a tool that reads files.

Nothing of the repository decides where something is written: every part of every path is checked, files are created
exclusively, and links are made only to real paths that were resolved inside the tree. What a directory link points to
is among the files, so the tool finds it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from posixpath import relpath

from reconciler.errors import Position, Problem, UserError
from reconciler.render.model import Entry, Tree

MAX_FILES = 20_000
MAX_BYTES = 64 * 1024 * 1024


def export(tree: Tree, files: Mapping[str, Entry], links: Mapping[str, str], directory: Path) -> None:
    """Writes `files` and `links` (path to real path) below `directory`, which must be empty. Raises `UserError`."""
    if len(files) > MAX_FILES:
        raise UserError(Problem(f"{len(files):,} files, but the limit is {MAX_FILES:,}", "split the Application"))
    left = MAX_BYTES
    for path, entry in files.items():
        if tree.size(entry) > left:
            what = f"the files up to this one have more than {MAX_BYTES:,} bytes"
            raise UserError(Problem(what, "split the Application", Position(path)))
        data = tree.read(entry)
        left -= len(data)
        write(directory, path, data)
    for path, real in links.items():
        place = _place(directory, path)
        place.symlink_to(relpath(real or ".", path.rpartition("/")[0] or "."))


def write(directory: Path, path: str, data: bytes) -> None:
    """Creates one file that is not there yet."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(_place(directory, path), flags, 0o600), "wb") as file:
        file.write(data)


def _place(directory: Path, path: str) -> Path:
    parts = path.split("/")
    if any(part in ("", ".", "..") or "\0" in part for part in parts):
        raise UserError(Problem(f"{path!r} is not a path that can be written out"))
    place = directory.joinpath(*parts)
    place.parent.mkdir(parents=True, exist_ok=True)
    return place
