from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.forges.model import Push
from reconciler.forges.urls import concerns, identity, same_repository


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/shop/deploy.git",
        "https://github.com/shop/deploy",
        "https://x-access-token@github.com/Shop/Deploy/",
        "ssh://git@github.com:22/shop/deploy.git",
        "git@github.com:shop/deploy.git",
        "github.com:shop/deploy",
        "http://github.com:8080//shop/deploy.git",
    ],
)
def test_every_way_of_writing_a_repository_is_the_same_repository(url: str):
    assert same_repository(url, "https://github.com/shop/deploy")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://github.com/shop/deploy", "https://github.com/shop/deploys"),
        ("https://github.com/shop/deploy", "https://gitlab.com/shop/deploy"),
        ("/srv/git/deploy.git", "https://github.com/srv/git/deploy"),
        ("", ""),
    ],
)
def test_different_repositories_stay_different(one: str, other: str):
    assert not same_repository(one, other)


def test_a_local_path_and_its_file_url_are_the_same():
    assert same_repository("/srv/git/deploy.git", "file:///srv/git/deploy")


def test_a_push_concerns_a_repository_by_url_or_by_its_name_at_the_forge():
    push = Push(("http://localhost:3000/shop/deploy.git",), "shop/deploy", "main", "")
    assert concerns(push, "http://localhost/shop/deploy")
    assert concerns(push, "http://gitea.internal/shop/deploy", forge_repo="Shop/Deploy")
    assert not concerns(push, "http://gitea.internal/shop/deploy")
    assert not concerns(push, "http://gitea.internal/shop/other", forge_repo="shop/other")


@given(st.text(max_size=60))
def test_no_text_makes_the_comparison_raise(url: str):
    assert identity(url) == identity(url)
