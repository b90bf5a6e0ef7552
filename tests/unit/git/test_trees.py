"""Reading a commit without a checkout: what is there, what changed, and links that stay inside."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.errors import UserError
from reconciler.git.entries import clean_path
from reconciler.git.mirror import Mirror
from reconciler.git.trees import Tree
from tests.unit.git.upstream import Upstream


def tree_of(mirror: Mirror) -> Tree:
    return mirror.tree(mirror.fetch().sha)


def test_listing_is_in_byte_order_and_recursive_when_asked(upstream: Upstream, mirror: Mirror) -> None:
    upstream.commit({"d/b.yaml": "1", "d/a/x.yaml": "2", "d.yaml": "3", "d/a.yaml": "4"})
    tree = tree_of(mirror)
    assert [entry.path for entry in tree.list("", recursive=True)] == ["d.yaml", "d/a.yaml", "d/a/x.yaml", "d/b.yaml"]
    assert [entry.path for entry in tree.list("d")] == ["d/a", "d/a.yaml", "d/b.yaml"]
    assert tree.list("d.yaml") == [] == tree.list("nowhere")


def test_files_are_read_and_measured_without_a_checkout(upstream: Upstream, mirror: Mirror) -> None:
    upstream.commit({"a/b.yaml": "hello"})
    tree = tree_of(mirror)
    entry = tree.entry("./a//b.yaml")
    assert entry is not None
    assert (tree.read(entry), tree.read(entry.id), tree.size(entry)) == (b"hello", b"hello", 5)
    assert tree.id("a/b.yaml") == entry.id
    assert tree.id("a/c.yaml") is None


def test_a_file_over_the_limit_is_refused_by_its_size_alone(upstream: Upstream, mirror: Mirror) -> None:
    upstream.commit({"big.yaml": b"x" * 1001})
    tree = tree_of(mirror)
    entry = tree.entry("big.yaml")
    assert entry is not None
    with pytest.raises(UserError, match=r"big\.yaml has 1,001 bytes; the limit is 1,000"):
        tree.read(entry, limit=1000)


def test_equal_directories_have_equal_ids_across_commits(upstream: Upstream, mirror: Mirror) -> None:
    upstream.commit({"app/a.yaml": "1", "other/b.yaml": "1"})
    before = tree_of(mirror)
    upstream.commit({"other/b.yaml": "2"})
    after = tree_of(mirror)
    assert before.id("app") == after.id("app")
    assert before.id("other") != after.id("other")


@pytest.mark.parametrize(
    ("link", "target", "asked", "found"),
    [
        ("app/now.yaml", "v1.yaml", "app/now.yaml", "app/v1.yaml"),
        ("app/now", "../shared", "app/now/s.yaml", "shared/s.yaml"),
        ("now", "app/.//", "now/v1.yaml", "app/v1.yaml"),
        ("app/gone.yaml", "nothing.yaml", "app/gone.yaml", None),
        ("top", "app/..", "top/app/v1.yaml", "app/v1.yaml"),
    ],
    ids=["file", "directory on the way", "odd slashes", "dangling", "the root itself"],
)
def test_links_are_followed_inside_the_repository(
    upstream: Upstream, mirror: Mirror, link: str, target: str, asked: str, found: str | None
) -> None:
    upstream.commit({"app/v1.yaml": "1", "shared/s.yaml": "2"})
    upstream.commit_link(link, target)
    entry = tree_of(mirror).resolve(asked)
    assert (entry.path if entry else None) == found


@pytest.mark.parametrize("target", ["/etc/passwd", "../../etc/passwd", "..", "x/../../y", "/proc/self/environ"])
def test_a_link_out_of_the_repository_is_an_error(upstream: Upstream, mirror: Mirror, target: str) -> None:
    upstream.commit_link("evil.yaml", target)
    with pytest.raises(UserError, match=r"evil\.yaml is a symbolic link out of the repository"):
        tree_of(mirror).resolve("evil.yaml")


def test_links_in_a_circle_are_an_error(upstream: Upstream, mirror: Mirror) -> None:
    upstream.commit_link("a", "b")
    upstream.commit_link("b", "a")
    with pytest.raises(UserError, match="more than 10 symbolic links"):
        tree_of(mirror).resolve("a")


def test_submodules_are_listed_and_not_entered(upstream: Upstream, mirror: Mirror) -> None:
    sha = upstream.commit({"a": "1"})
    upstream.commit_submodule("vendor/lib", sha)
    (lib,) = tree_of(mirror).list("vendor", recursive=True)
    assert (lib.path, lib.mode, lib.is_file, lib.is_directory) == ("vendor/lib", 0o160000, False, False)


@pytest.mark.parametrize("path", ["../x", "/etc", "a/../../b", "a\0b"])
def test_paths_out_of_the_tree_are_refused(path: str) -> None:
    with pytest.raises(UserError, match="not a path inside the repository"):
        clean_path(path)


def test_a_file_that_becomes_a_directory_changes_both(upstream: Upstream, mirror: Mirror) -> None:
    upstream.commit({"x": "file", "same/y": "1"})
    old = mirror.fetch().sha
    upstream.commit({"x": None})
    upstream.commit({"x/inside": "1"})
    assert mirror.changed_paths(old, mirror.fetch().sha) == {"x", "x/inside"}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_the_pruned_walk_finds_what_libgit2s_diff_finds(upstream: Upstream, mirror: Mirror, seed: int) -> None:
    dice = random.Random(seed)
    paths = [f"{a}/{b}/{c}" for a in "pqr" for b in "st" for c in "uvw"]
    upstream.commit({path: str(dice.random()) for path in dice.sample(paths, 9)})
    old = mirror.fetch().sha
    upstream.commit({path: str(dice.random()) for path in dice.sample(paths, 5)})
    new = mirror.fetch().sha
    diff = upstream.repository.diff(old, new)
    expected = {delta.new_file.path for delta in diff.deltas} | {delta.old_file.path for delta in diff.deltas}
    assert mirror.changed_paths(old, new) == expected
