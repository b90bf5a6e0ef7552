"""What is known of a repository survives faults, and changes are told once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from reconciler.apps.repositories import Repositories, key_of
from reconciler.config.model import Repository
from reconciler.errors import ReconcilerError
from reconciler.git.commits import commit_files, create_repository
from reconciler.runtime.clock import VirtualClock


class Watched:
    """A repository in a folder, watched."""

    def __init__(self, folder: Path) -> None:
        self.url = str(folder / "repo")
        self.told: list[str] = []
        create_repository(folder / "repo")
        self.repositories = Repositories(
            [Repository(self.url)],
            folder / "cache",
            VirtualClock(),
            lambda repository: self.told.append(repository.url),
        )

    def push(self, text: str) -> str:
        return commit_files(Path(self.url), {"a": text.encode()}, text)

    def refresh(self) -> None:
        self.repositories.refresh(key_of(self.url, "main"))


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def test_a_new_commit_is_told_once(watched: Watched) -> None:
    sha = watched.push("one")
    watched.refresh()
    watched.refresh()
    assert watched.repositories.head(watched.url, "main") == sha
    assert len(watched.told) == 1


def test_a_fault_is_shown_and_the_last_good_commit_stays(watched: Watched) -> None:
    sha = watched.push("one")
    watched.refresh()
    shutil.move(watched.url, watched.url + ".away")
    for _ in range(2):
        with pytest.raises(ReconcilerError):
            watched.refresh()
    state = watched.repositories.state(watched.url, "main")
    assert state.head == sha
    assert watched.url in state.error
    assert len(watched.told) == 2
    shutil.move(watched.url + ".away", watched.url)
    watched.refresh()
    assert watched.repositories.error(watched.url, "main") == ""
    assert len(watched.told) == 3


def test_an_empty_repository_says_what_to_do_and_is_no_failure(watched: Watched) -> None:
    watched.refresh()
    assert "push a first commit" in watched.repositories.error(watched.url, "main")


def test_a_restart_begins_with_the_mirrored_commit(watched: Watched, tmp_path: Path) -> None:
    sha = watched.push("one")
    watched.refresh()
    again = Repositories([Repository(watched.url)], tmp_path / "cache", VirtualClock(), lambda _: None)
    assert again.head(watched.url, "main") == sha
