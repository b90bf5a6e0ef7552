"""The one-line case: safe defaults, secrets from the environment only, all problems at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.config.flags import default_name, settings_from_flags
from reconciler.config.model import Automated
from reconciler.errors import UserError


def test_one_line_gives_one_automated_application() -> None:
    settings = settings_from_flags("https://github.com/acme/shop", "deploy", env={"GITHUB_TOKEN": "t0ken"})
    (app,), (repository,) = settings.applications, settings.repositories
    assert (app.name, app.source.path, app.destination.namespace) == ("deploy", "deploy", "default")
    assert app.sync_policy.automated == Automated(prune=True, self_heal=True)
    assert (repository.poll_seconds, repository.branch) == (60.0, "main")
    assert repository.forge is not None
    assert (repository.forge.kind, repository.forge.repo) == ("github", "acme/shop")
    assert repository.credentials.token is not None
    assert "t0ken" not in repr(settings)


def test_secrets_may_come_from_files_that_the_environment_names(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("abc\n")
    (tmp_path / "hook").write_text("xyz")
    env = {"GITHUB_TOKEN_FILE": str(tmp_path / "token"), "RECONCILER_WEBHOOK_SECRET_FILE": str(tmp_path / "hook")}
    forge = settings_from_flags("https://github.com/acme/shop", env=env).repositories[0].forge
    assert forge is not None
    assert forge.token is not None
    assert forge.webhook_secret is not None
    assert (forge.token.reveal(), forge.webhook_secret.reveal()) == ("abc", "xyz")


@pytest.mark.parametrize(
    ("repo", "forge_api", "sent"),
    [
        ("https://github.com/a/b", "", True),
        ("https://git.example.org/a/b", "https://git.example.org/api/v1", True),
        ("https://elsewhere.example/a/b", "https://git.example.org/api/v1", False),
        ("https://github.com.evil.example/a/b", "", False),
        ("/srv/repository.git", "https://git.example.org/api/v1", False),
    ],
)
def test_the_forges_token_is_shown_to_the_forges_own_host_only(repo: str, forge_api: str, sent: bool) -> None:
    settings = settings_from_flags(repo, forge_api=forge_api, forge_repo="a/b", env={"GITHUB_TOKEN": "x"})
    assert bool(settings.repositories[0].credentials.token) is sent


def test_a_gitea_api_is_recognised_by_its_path() -> None:
    settings = settings_from_flags(
        "http://127.0.0.1:3000/o/r.git", forge_api="http://127.0.0.1:3000/api/v1", env={"GITHUB_TOKEN": "x"}
    )
    forge = settings.repositories[0].forge
    assert forge is not None
    assert (forge.kind, forge.repo) == ("gitea", "o/r")


def test_a_local_repository_needs_nothing_else() -> None:
    settings = settings_from_flags("/srv/demo.git", "apps/shop", namespace="demo")
    assert settings.repositories[0].forge is None
    assert settings.applications[0].name == "shop"


def test_all_flags_are_checked_at_once() -> None:
    with pytest.raises(UserError) as caught:
        settings_from_flags(
            "git.example.org", branch="a..b", namespace="N", prometheus="x", forge_api="y", forge_repo="z", poll="soon",
            listen="1", name="A",
        )  # fmt: skip
    flags = {problem.what.split()[0].rstrip(":") for problem in caught.value.problems}
    assert flags >= {"--repo", "--branch", "--namespace", "--prometheus", "--forge-api", "--forge-repo", "--poll"}
    assert flags >= {"--listen", "--name", "the"}


@pytest.mark.parametrize(
    ("repo", "path", "name"),
    [
        ("https://h/o/My_Shop.git", ".", "my-shop"),
        ("git@h:shop.git", "", "shop"),
        ("https://h/o/r", "deploy/Web.UI/", "web-ui"),
        ("https://h/o/---", "", "app"),
    ],
)
def test_the_name_is_the_last_part(repo: str, path: str, name: str) -> None:
    assert default_name(repo, path) == name


@pytest.mark.parametrize(
    ("flag", "expected"), [("", "http://theirs:9090"), ("http://ours:9090", "http://ours:9090")], ids=["unset", "set"]
)
def test_prometheus_is_the_one_that_the_family_of_tools_uses_unless_it_is_named(flag: str, expected: str) -> None:
    env = {"ARGO_ROLLOUTS_PROMETHEUS_ADDRESS": "http://theirs:9090/"}
    assert settings_from_flags("https://github.com/a/b", prometheus=flag, env=env).prometheus_url == expected
