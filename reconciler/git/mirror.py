"""Door 1: one branch of one repository, mirrored into a bare repository and read without a checkout.

A fetch goes into a ref of its own (`refs/incoming/N`) in a worker thread under an outer deadline; only when it came
in whole and in time does the branch move to it. So a hung, failed or late fetch never changes what readers see: the
last good state stays. Called by the daemon on a poll or a webhook; everything else here only reads.
"""

from __future__ import annotations

import hashlib
import itertools
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pygit2

from reconciler.errors import NotFound, ReconcilerError, Transient
from reconciler.git import address as addresses
from reconciler.git import environment
from reconciler.git.credentials import Callbacks, Credentials, Login, TokenSource
from reconciler.git.deadlines import Abandoned, within
from reconciler.git.errors import BranchMissing, DamagedMirror, EmptyRepository, explain
from reconciler.git.storage import Storage
from reconciler.git.trees import Tree, changed_paths

_MAX_ABANDONED = 3
"""Fetches of one mirror that may hang at once; beyond, we wait for one to end before we start another."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a fetch found. `forced`: the branch was rewritten, `previous` is not an ancestor of `sha`."""

    sha: str
    previous: str | None
    forced: bool = False

    @property
    def moved(self) -> bool:
        return self.sha != self.previous


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit for people. `subject` and `author` are cleaned of control characters."""

    sha: str
    parents: tuple[str, ...]
    author: str
    subject: str
    when: datetime


def directory_for(cache: Path, url: str, branch: str) -> Path:
    """Where in `cache` the mirror of this branch lives; a name that no URL can escape from."""
    return cache / hashlib.sha256(f"{url}\n{branch}".encode()).hexdigest()[:24]


class Mirror:
    """One branch of one repository. All methods are safe to use from many threads.

    Timeouts are in seconds: `connect_timeout` and `read_timeout` per network operation (process-wide, the longest
    asked for holds), `deadline` for a whole fetch. `app_token` gives a GitHub App's installation token when used.
    """

    def __init__(
        self,
        url: str,
        branch: str,
        directory: Path,
        credentials: Credentials,
        *,
        connect_timeout: float = 10.0,
        read_timeout: float = 30.0,
        deadline: float = 120.0,
        insecure_http: bool = False,
        app_token: TokenSource | None = None,
    ) -> None:
        self.address = addresses.parse(url, insecure_http=insecure_http)
        self.branch = addresses.check_branch(branch)
        self._login = Login(self.address, credentials, app_token)
        self._deadline = deadline
        environment.prepare(
            connect_timeout=connect_timeout, read_timeout=read_timeout, known_hosts=self._login.known_hosts
        )
        self._storage = Storage(directory, f"{url}\n{branch}\n")
        self._fetching = threading.Lock()
        self._attempts = itertools.count(1)
        self._abandoned = Abandoned()
        self._damaged = False

    def fetch(self) -> Fetched:
        """Brings the branch up to date.

        Raises `EmptyRepository`, `BranchMissing`, `Refused` (credentials, host key, absent) or `Transient`
        (unreachable, too slow); the branch stays where it was.
        """
        with self._fetching:
            previous = self._previous()
            callbacks = self._login.callbacks()
            what = f"fetching {self.address.url}"
            try:
                sha = within(self._deadline, what, lambda: self._bring(callbacks), self._abandoned)
            except Transient:
                callbacks.cancel()
                raise
            fetched = self._advance(previous, sha)
            if not self._abandoned.running:
                self._storage.compact()
            return fetched

    def head(self) -> str | None:
        """The last commit that was fetched whole; None before the first."""
        reference = self._storage.handle().references.get(f"refs/heads/{self.branch}")
        return str(reference.target) if reference else None

    def commit(self, sha: str) -> Commit:
        """Raises `NotFound` when the commit is not in the mirror."""
        found = self._commit(sha)
        return Commit(
            sha=str(found.id),
            parents=tuple(str(parent) for parent in found.parent_ids),
            author=_clean(found.author.name or ""),
            subject=_clean(found.message.strip().partition("\n")[0]),
            when=datetime.fromtimestamp(found.commit_time, UTC),
        )

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether `new` contains `old` (a commit contains itself). False when `old` is not in the mirror's history."""
        repository = self._storage.handle()
        if old == new:
            return True
        return _has(repository, old) and repository.descendant_of(self._commit(new).id, old)

    def changed_paths(self, old: str, new: str) -> frozenset[str]:
        """Paths of files that differ between two commits. Raises `NotFound`."""
        return changed_paths(self._storage.handle(), self._commit(old).tree_id, self._commit(new).tree_id)

    def tree(self, sha: str) -> Tree:
        """The files of a commit. Raises `NotFound`."""
        return Tree(self._storage.handle, str(self._commit(sha).tree_id), self._report_damage)

    def _previous(self) -> str | None:
        if self._abandoned.running >= _MAX_ABANDONED:
            raise Transient(f"{self._abandoned.running} earlier fetches of {self.address.url} still hang")
        if self._damaged or not self._storage.healthy():
            self._storage.rebuild()
            self._damaged = False
        return self.head()

    def _bring(self, callbacks: Callbacks) -> str:
        """Runs in the worker: touches only its own handle and its own ref."""
        repository = pygit2.Repository(str(self._storage.directory))
        incoming = f"refs/incoming/{next(self._attempts)}"
        remote = repository.remotes.create_anonymous(self.address.url)
        try:
            remote.fetch([f"+refs/heads/{self.branch}:{incoming}"], callbacks=callbacks, proxy=True)
            if incoming not in repository.references:
                raise self._absence(remote)
            return str(_take(repository, incoming))
        except ReconcilerError:
            raise
        except Exception as error:  # libgit2 raises GitError, KeyError, ValueError and others
            raise self._explained(error, callbacks) from None

    def _absence(self, remote: pygit2.Remote) -> ReconcilerError:
        """Why the fetch brought nothing: asks once more, which only a fault costs."""
        heads = [head.name or "" for head in remote.list_heads(callbacks=self._login.callbacks())]
        branches = [name.removeprefix("refs/heads/") for name in heads if name.startswith("refs/heads/")]
        if not branches:
            return EmptyRepository(self.address.url, self.branch)
        return BranchMissing(self.address.url, self.branch, branches)

    def _explained(self, error: Exception, callbacks: Callbacks) -> ReconcilerError:
        return explain(error, self.address.url, self.address.host, self._login.name, callbacks.secrets)

    def _advance(self, previous: str | None, sha: str) -> Fetched:
        repository = self._storage.handle()
        if sha != previous:
            repository.references.create(f"refs/heads/{self.branch}", sha, force=True)
        forced = previous is not None and not self.is_ancestor(previous, sha)
        return Fetched(sha, previous, forced)

    def _commit(self, sha: str) -> pygit2.Commit:
        try:
            return self._storage.handle()[sha].peel(pygit2.Commit)
        except (KeyError, ValueError, pygit2.GitError):
            raise NotFound(f"commit {sha[:12]} is not in the mirror of {self.address.url}") from None

    def _report_damage(self, what: str) -> DamagedMirror:
        self._damaged = True
        return DamagedMirror(f"the cache of {self.address.url} is damaged ({what}); the next fetch builds it anew")


def _take(repository: pygit2.Repository, incoming: str) -> pygit2.Oid:
    """The commit that came in, read once to be sure that it is whole; its temporary ref is removed."""
    commit = repository.references[incoming].peel(pygit2.Commit)
    assert commit.tree is not None
    repository.references.delete(incoming)
    return commit.id


def _has(repository: pygit2.Repository, sha: str) -> bool:
    try:
        return sha in repository
    except ValueError:
        return False


def _clean(text: str) -> str:
    return "".join(char for char in text if char.isprintable())
