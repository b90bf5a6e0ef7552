"""The watched repositories: each one's mirror, the last good commit, and what is wrong with it now.

A fetch that fails changes nothing but the error text: Applications keep working from the last good commit, and nothing
is pruned. `refresh` is the reconcile of the repository engine; polls and webhooks only enqueue a key.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from reconciler.config.model import Repository
from reconciler.errors import NotFound, ReconcilerError
from reconciler.git.credentials import TokenSource
from reconciler.git.errors import BranchMissing, EmptyRepository
from reconciler.git.mirror import Commit, Mirror, directory_for
from reconciler.git.trees import Tree
from reconciler.runtime.clock import Clock

Ref = tuple[str, str]
"""URL and branch."""

OnChange = Callable[[Repository], None]
"""Told after the branch moved, or its error came, changed or went."""


@dataclass(frozen=True, slots=True)
class RepositoryState:
    """`error` is empty when the last fetch went well; `since` is when the present error (or good state) began."""

    head: str = ""
    error: str = ""
    since: datetime | None = None
    fetched_at: datetime | None = None


class Repositories:
    """All mirrors. Reading never touches the network; only `refresh` does."""

    def __init__(
        self,
        repositories: Iterable[Repository],
        cache_dir: Path,
        clock: Clock,
        on_change: OnChange,
        app_token: Callable[[Repository], TokenSource | None] = lambda _: None,
    ) -> None:
        self._clock = clock
        self._on_change = on_change
        self._lock = threading.Lock()
        self._configured = {key_of(repository.url, repository.branch): repository for repository in repositories}
        self._mirrors = {
            key: _mirror(repository, cache_dir, app_token(repository)) for key, repository in self._configured.items()
        }
        self._states = {key: RepositoryState(head=mirror.head() or "") for key, mirror in self._mirrors.items()}

    def keys(self) -> list[str]:
        return list(self._configured)

    def repository(self, key: str) -> Repository:
        return self._configured[key]

    def refresh(self, key: str) -> None:
        """Fetches once. Raises what the fetch raised, after remembering it for people to see.

        That a first commit or the branch is still to come is an answer, not a failure: the next poll asks again.
        """
        try:
            fetched = self._mirrors[key].fetch()
        except (EmptyRepository, BranchMissing) as error:
            self._note(key, error=str(error))
            return
        except ReconcilerError as error:
            self._note(key, error=str(error))
            raise
        self._note(key, head=fetched.sha)

    def state(self, url: str, branch: str) -> RepositoryState:
        """Empty for a repository that is not configured."""
        with self._lock:
            return self._states.get(key_of(url, branch), RepositoryState())

    def head(self, repo_url: str, branch: str) -> str | None:
        return self.state(repo_url, branch).head or None

    def error(self, repo_url: str, branch: str) -> str:
        return self.state(repo_url, branch).error

    def tree(self, repo_url: str, branch: str, sha: str) -> Tree:
        """Raises `NotFound` for a commit that the mirror does not hold."""
        return self._mirror(repo_url, branch).tree(sha)

    def commit(self, repo_url: str, branch: str, sha: str) -> Commit:
        return self._mirror(repo_url, branch).commit(sha)

    def changed_paths(self, repo_url: str, branch: str, old: str, new: str) -> frozenset[str]:
        return self._mirror(repo_url, branch).changed_paths(old, new)

    def is_ancestor(self, repo_url: str, branch: str, old: str, new: str) -> bool:
        return self._mirror(repo_url, branch).is_ancestor(old, new)

    def _mirror(self, url: str, branch: str) -> Mirror:
        try:
            return self._mirrors[key_of(url, branch)]
        except KeyError:
            raise NotFound(f"repository {url} with branch {branch} is not configured") from None

    def _note(self, key: str, *, head: str = "", error: str = "") -> None:
        now = self._clock.now()
        with self._lock:
            before = self._states[key]
            after = replace(before, head=head or before.head, error=error)
            if after == before:
                self._states[key] = replace(after, fetched_at=before.fetched_at if error else now)
                return
            since = now if error != before.error else before.since
            self._states[key] = replace(after, since=since, fetched_at=before.fetched_at if error else now)
        self._on_change(self._configured[key])


def key_of(url: str, branch: str) -> str:
    """The queue key of a branch of a repository."""
    return f"{branch} {url}"


def _mirror(repository: Repository, cache_dir: Path, token: TokenSource | None) -> Mirror:
    directory = directory_for(cache_dir, repository.url, repository.branch)
    return Mirror(
        repository.url,
        repository.branch,
        directory,
        repository.credentials,
        insecure_http=repository.insecure_http,
        app_token=token,
    )
