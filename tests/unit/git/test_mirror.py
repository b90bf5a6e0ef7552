"""What a fetch promises: the new state whole, or the last good state and a clear error."""

from __future__ import annotations

import random
import shutil
import threading
from pathlib import Path

import pytest

from reconciler.config.model import Credentials
from reconciler.errors import Problem, Refused, UserError
from reconciler.git import credentials, storage
from reconciler.git.errors import BranchMissing, DamagedMirror, EmptyRepository
from reconciler.git.mirror import Fetched, Mirror, directory_for
from tests.unit.git import servers
from tests.unit.git.upstream import Upstream


def test_a_push_is_seen_with_the_state_before_it(upstream: Upstream, mirror: Mirror) -> None:
    first = upstream.commit({"a.yaml": "1"})
    assert mirror.fetch() == Fetched(first, None)
    second = upstream.commit({"a.yaml": "2"})
    assert mirror.fetch() == Fetched(second, first)
    assert mirror.fetch() == Fetched(second, second)
    assert mirror.head() == second


def test_a_file_url_works_like_a_path(upstream: Upstream, tmp_path: Path) -> None:
    sha = upstream.commit({"a.yaml": "1"})
    assert Mirror(f"file://{upstream.path}", "main", tmp_path / "c", Credentials()).fetch().sha == sha


def test_a_restart_keeps_the_mirror_and_knows_the_previous_commit(
    upstream: Upstream, mirror: Mirror, tmp_path: Path
) -> None:
    first = upstream.commit({"a.yaml": "1"})
    mirror.fetch()
    second = upstream.commit({"a.yaml": "2"})
    assert Mirror(str(upstream.path), "main", tmp_path / "cache", Credentials()).fetch() == Fetched(second, first)


def test_a_force_push_is_reported_as_data(upstream: Upstream, mirror: Mirror) -> None:
    old = upstream.commit({"a.yaml": "1"})
    mirror.fetch()
    new = upstream.rewrite({"a.yaml": "2"})
    assert mirror.fetch() == Fetched(new, old, forced=True)
    assert not mirror.is_ancestor(old, new)
    assert mirror.changed_paths(old, new) == {"a.yaml"}


def test_an_empty_repository_says_so(upstream: Upstream, mirror: Mirror) -> None:
    with pytest.raises(EmptyRepository, match=r"is empty.*push a first commit to main"):
        mirror.fetch()
    assert mirror.head() is None


def test_a_deleted_branch_is_an_error_that_keeps_the_last_state(upstream: Upstream, mirror: Mirror) -> None:
    sha = upstream.commit({"a.yaml": "1"})
    mirror.fetch()
    upstream.commit({"a.yaml": "1"}, branch="trunk")
    upstream.delete("main")
    with pytest.raises(BranchMissing, match=r"has no branch 'main'.*trunk"):
        mirror.fetch()
    assert mirror.head() == sha
    assert mirror.tree(sha).id("a.yaml")


def test_a_repository_that_is_not_there_is_refused_and_keeps_the_last_state(upstream: Upstream, mirror: Mirror) -> None:
    sha = upstream.commit({"a.yaml": "1"})
    mirror.fetch()
    shutil.rmtree(upstream.path)
    with pytest.raises(Refused, match="was not found"):
        mirror.fetch()
    assert mirror.head() == sha


def test_ancestry_follows_the_history(upstream: Upstream, mirror: Mirror) -> None:
    first, second = upstream.commit({"a": "1"}), upstream.commit({"a": "2"})
    mirror.fetch()
    assert mirror.is_ancestor(first, second)
    assert mirror.is_ancestor(second, second)
    assert not mirror.is_ancestor(second, first)
    assert not mirror.is_ancestor("0" * 40, second)


def test_commit_metadata_is_safe_to_show(upstream: Upstream, mirror: Mirror) -> None:
    first = upstream.commit({"a": "1"})
    sha = upstream.commit({"a": "2"}, message="fix \x1b[31mred\x07\n\nbody")
    mirror.fetch()
    commit = mirror.commit(sha)
    assert (commit.subject, commit.author, commit.parents) == ("fix [31mred", "Ann Author", (first,))
    assert commit.when.tzinfo is not None


@pytest.mark.parametrize("damage", ["nothing is left", "no objects", "garbage head"])
def test_a_damaged_cache_is_built_anew(upstream: Upstream, mirror: Mirror, tmp_path: Path, damage: str) -> None:
    sha = upstream.commit({"a": "1"})
    mirror.fetch()
    cache = tmp_path / "cache"
    if damage == "nothing is left":
        shutil.rmtree(cache)
    elif damage == "no objects":
        shutil.rmtree(cache / "objects")
        (cache / "objects").mkdir()
    else:
        (cache / "HEAD").write_bytes(b"\0")
        (cache / "config").write_bytes(b"[core")
    assert mirror.fetch() == Fetched(sha, None)
    assert mirror.tree(sha).read(mirror.tree(sha).list("")[0]) == b"1"


def test_a_lost_object_is_transient_and_repaired_by_the_next_fetch(upstream: Upstream, mirror: Mirror) -> None:
    sha = upstream.commit({"a": "1"})
    mirror.fetch()
    with pytest.raises(DamagedMirror, match="builds it anew"):
        mirror.tree(sha).read("0" * 40)
    assert mirror.fetch() == Fetched(sha, None)


def test_the_cache_of_another_repository_is_not_mistaken_for_ours(
    upstream: Upstream, mirror: Mirror, tmp_path: Path
) -> None:
    upstream.commit({"a": "1"})
    mirror.fetch()
    other = Upstream(tmp_path / "other.git")
    sha = other.commit({"b": "1"})
    assert Mirror(str(other.path), "main", tmp_path / "cache", Credentials()).fetch() == Fetched(sha, None)


def test_the_cache_directory_is_private(mirror: Mirror, tmp_path: Path) -> None:
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700


def test_a_cache_directory_that_is_a_link_is_refused(upstream: Upstream, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="not a directory"):
        Mirror(str(upstream.path), "main", tmp_path / "link", Credentials())


def test_directories_of_different_branches_differ(tmp_path: Path) -> None:
    names = {directory_for(tmp_path, "https://h/r", "main"), directory_for(tmp_path, "https://h/r", "../x")}
    assert len(names) == 2
    assert all(name.parent == tmp_path for name in names)


def test_many_threads_read_while_commits_arrive(upstream: Upstream, mirror: Mirror) -> None:
    upstream.commit({f"d{n}/f.yaml": "0" for n in range(20)})
    mirror.fetch()
    errors: list[Exception] = []

    def read() -> None:
        try:
            for _ in range(30):
                tree = mirror.tree(mirror.head() or "")
                assert len({tree.read(entry) for entry in tree.list("", recursive=True)}) == 1
        except Exception as error:
            errors.append(error)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for generation in range(1, 6):
        upstream.commit({f"d{n}/f.yaml": str(generation) for n in range(20)})
        mirror.fetch()
    for reader in readers:
        reader.join()
    assert errors == []


def test_many_packs_are_joined_and_everything_stays_readable(
    upstream: Upstream, mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "MAX_PACKS", 3)
    shas = []
    for n in range(8):
        shas.append(upstream.commit({f"f{n}": "x" * n}))
        mirror.fetch()
        assert len(list((tmp_path / "cache/objects/pack").glob("*.pack"))) <= 4
    for sha in shas:
        tree = mirror.tree(sha)
        assert all(tree.read(entry) is not None for entry in tree.list("", recursive=True))
    assert mirror.is_ancestor(shas[0], shas[-1])


def test_a_download_that_never_ends_is_stopped(
    upstream: Upstream, mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha = upstream.commit({"a": "1"})
    mirror.fetch()
    upstream.commit({f"big{n}": random.Random(n).randbytes(50_000) for n in range(5)})
    monkeypatch.setattr(credentials, "MAX_FETCH_BYTES", 100_000)
    with servers.http(tmp_path) as url:
        fresh = Mirror(f"{url}/upstream.git", "main", tmp_path / "other", Credentials())
        with pytest.raises(UserError, match="at once"):
            fresh.fetch()
    assert fresh.head() is None
    assert mirror.head() == sha


def test_errors_are_problems_that_the_page_can_show() -> None:
    assert BranchMissing("https://h/r", "main", ["b", "a"]).problems == (
        Problem("repository https://h/r has no branch 'main'", "push it, or configure one of: a, b"),
    )
