"""Which URLs and branch names are taken."""

from __future__ import annotations

import pytest

from reconciler.errors import UserError
from reconciler.git.address import Address, check_branch, parse


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://h.example/o/r.git", ("https", "h.example", None, "")),
        ("https://h.example:8443/r", ("https", "h.example", 8443, "")),
        ("http://127.0.0.1:3000/r", ("http", "127.0.0.1", 3000, "")),
        ("http://localhost/r", ("http", "localhost", None, "")),
        ("http://[::1]:3000/r", ("http", "::1", 3000, "")),
        ("ssh://git@h.example:2222/r", ("ssh", "h.example", 2222, "git")),
        ("git@h.example:o/r.git", ("ssh", "h.example", None, "git")),
        ("h.example:o/r.git", ("ssh", "h.example", None, "")),
        ("file:///srv/r.git", ("file", "", None, "")),
        ("/srv/r.git", ("path", "", None, "")),
    ],
)
def test_a_url_is_taken_apart(url: str, address: tuple) -> None:
    assert parse(url) == Address(url, *address)


@pytest.mark.parametrize(
    "url",
    [
        "", "-oProxyCommand=x", "ssh://-oProxyCommand=x/r", "ssh://-l@h/r", "-u@h:r", "relative/path", "git://h/r",
        "ext::sh -c x", "https://", "https:///r", "http://h.example/r", "https://h/\x00", "https://h/a b",
        "https://h:99999/r", "ftp://h/r", "https://u:p@h/r", "https://tok3n@h/r", "ssh://git:pw@h/r", "::r",
    ],
)  # fmt: skip
def test_any_other_url_is_refused(url: str) -> None:
    with pytest.raises(UserError):
        parse(url)


@pytest.mark.parametrize("url", ["https://me:s3cret@h.example/r", "https://s3cret@h.example/r"])
def test_a_password_in_a_url_is_not_repeated(url: str) -> None:
    with pytest.raises(UserError, match=r"h\.example contains a user name or password") as caught:
        parse(url)
    assert "s3cret" not in str(caught.value)


def test_plain_http_needs_an_explicit_word() -> None:
    assert parse("http://gitea.internal/r", insecure_http=True).scheme == "http"


@pytest.mark.parametrize("branch", ["main", "release/1.2", "feature_x", "ünïcode", "a@b", "v1"])
def test_branch_names_are_those_of_git(branch: str) -> None:
    assert check_branch(branch) == branch


@pytest.mark.parametrize(
    "branch",
    ["", "-x", "--upload-pack=x", "a..b", "a b", "a~1", "a^", "a:b", "a?", "a*", "[a", "a\\b", "/a", "a/", "a//b",
     ".a", "a/.b", "a.", "a.lock", "a.lock/b", "a@{1}", "HEAD", "@", "a\x00", "a\n"],
)  # fmt: skip
def test_anything_else_is_not_a_branch(branch: str) -> None:
    with pytest.raises(UserError):
        check_branch(branch)
