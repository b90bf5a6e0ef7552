"""A repository that tests push to: commits are made straight into its object database."""

from __future__ import annotations

from pathlib import Path

import pygit2
from pygit2.enums import FileMode

_WHO = pygit2.Signature("Ann Author", "ann@example.org", 1_700_000_000, 0)
Files = dict[str, "bytes | str | tuple[int, bytes]"]


class Upstream:
    """A bare repository; `commit` replaces or adds files (None as contents removes)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.repository = pygit2.init_repository(str(path), bare=True, initial_head="main")

    def commit(self, files: dict[str, str | bytes | None], *, branch: str = "main", message: str = "change") -> str:
        return self._commit({name: self._blob(body) for name, body in files.items()}, branch, message)

    def commit_link(self, name: str, target: str, *, branch: str = "main") -> str:
        return self._commit({name: (self._blob(target)[0], FileMode.LINK)}, branch, "link")

    def commit_submodule(self, name: str, sha: str, *, branch: str = "main") -> str:
        return self._commit({name: (pygit2.Oid(hex=sha), FileMode.COMMIT)}, branch, "submodule")

    def rewrite(self, files: dict[str, str | bytes | None], *, branch: str = "main") -> str:
        """A force push: the branch gets a new history."""
        self.delete(branch)
        return self.commit(files, branch=branch)

    def delete(self, branch: str = "main") -> None:
        self.repository.references.delete(f"refs/heads/{branch}")

    def _blob(self, body: str | bytes | None):
        if body is None:
            return None
        data = body.encode() if isinstance(body, str) else body
        return self.repository.create_blob(data), FileMode.BLOB

    def _commit(self, nodes: dict, branch: str, message: str) -> str:
        reference = f"refs/heads/{branch}"
        known = reference in self.repository.references
        parents = [self.repository.references[reference].target] if known else []
        tree = self.repository[parents[0]].tree.id if parents else None
        for name, node in nodes.items():
            tree = self._put(tree, name.split("/"), node)
        return str(self.repository.create_commit(reference, _WHO, _WHO, message, tree, parents))

    def _put(self, tree, parts: list[str], node):
        builder = self.repository.TreeBuilder(*([self.repository[tree]] if tree else []))
        name, rest = parts[0], parts[1:]
        if rest:
            below = builder.get(name)
            child = below.id if below is not None and below.filemode == FileMode.TREE else None
            builder.insert(name, self._put(child, rest, node), FileMode.TREE)
        elif node is None:
            builder.remove(name)
        else:
            builder.insert(name, *node)
        return builder.write()
