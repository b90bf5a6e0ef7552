"""A configuration is taken whole or refused with every problem, each at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.config.load import load_settings
from reconciler.config.model import (
    Application,
    Automated,
    Destination,
    Directory,
    IgnoreDifference,
    Retry,
    Settings,
    Source,
    SyncPolicy,
)
from reconciler.errors import UserError

FULL = """
repositories:
- url: https://git.example.org/acme/shop.git
  branch: main
  poll: 2m
  credentials: {username: bot, tokenEnv: CLONE_TOKEN}
  forge:
    kind: gitea
    apiURL: https://git.example.org/api/v1/
    tokenFile: forge-token
    webhookSecretEnv: HOOK
applications:
- name: shop
  source:
    repoURL: https://git.example.org/acme/shop
    path: deploy/shop
    targetRevision: HEAD
    directory: {recurse: true, include: '*.yaml', exclude: '{test,old}/*'}
  destination: {namespace: shop, server: https://kubernetes.default.svc}
  syncPolicy:
    automated: {prune: true, selfHeal: true}
    syncOptions: [CreateNamespace=true]
    retry: {limit: 5, backoff: {duration: 10s, factor: 3, maxDuration: 5m}}
  ignoreDifferences:
  - {group: apps, kind: Deployment, jsonPointers: [/spec/replicas], managedFieldsManagers: [hpa]}
- apiVersion: argoproj.io/v1alpha1
  kind: Application
  metadata: {name: tools, namespace: argocd}
  spec:
    project: default
    source: {repoURL: https://git.example.org/acme/shop, path: tools, targetRevision: next}
kubernetes: {kubeconfig: kube.yaml, context: prod, namespace: reconciler}
listen: 0.0.0.0:9000
publicURL: https://cd.example.org/
prometheusURL: http://prometheus:9090
cacheDir: /var/cache/reconciler
logFormat: json
"""
MINIMAL = "applications:\n- name: a\n  source: {repoURL: https://h.example/o/r}\n"


@pytest.fixture
def load(tmp_path: Path):
    def load(text: str, **env: str) -> Settings:
        (tmp_path / "reconciler.yaml").write_text(text)
        (tmp_path / "forge-token").write_text("s3cret-forge\n")
        return load_settings(tmp_path / "reconciler.yaml", env)

    return load


def problems(load, text: str, **env: str) -> list[str]:
    with pytest.raises(UserError) as caught:
        load(text, **env)
    return [
        str(problem).replace(str(problem.at), f"{problem.at.line}:{problem.at.column}" if problem.at else "")
        for problem in caught.value.problems
    ]


def test_everything_that_can_be_written_is_read(load) -> None:
    settings = load(FULL, CLONE_TOKEN="s3cret-clone", HOOK="s3cret-hook")
    shop, tools = settings.applications
    assert shop == Application(
        name="shop",
        source=Source(
            "https://git.example.org/acme/shop.git", "deploy/shop", "main", Directory(True, "*.yaml", "{test,old}/*")
        ),
        destination=Destination("shop"),
        sync_policy=SyncPolicy(Automated(True, True, False), ("CreateNamespace=true",), Retry(5, 10.0, 3.0, 300.0)),
        ignore_differences=(IgnoreDifference("apps", "Deployment", "", "", ("/spec/replicas",), ("hpa",)),),
    )
    assert (tools.name, tools.source.target_revision, tools.sync_policy.automated) == ("tools", "next", None)
    first, implied = settings.repositories
    assert (first.url, first.branch, first.poll_seconds) == ("https://git.example.org/acme/shop.git", "main", 120.0)
    assert (implied.url, implied.branch, implied.credentials) == (first.url, "next", first.credentials)
    assert first.credentials.token is not None
    assert first.credentials.token.reveal() == "s3cret-clone"
    forge = first.forge
    assert forge is not None
    assert (forge.kind, forge.api_url, forge.repo) == ("gitea", "https://git.example.org/api/v1", "acme/shop")
    assert forge.token is not None
    assert forge.token.reveal() == "s3cret-forge"
    assert settings.public_url == "https://cd.example.org"
    assert "s3cret" not in repr(settings)


def test_a_minimal_configuration_has_defaults(load) -> None:
    settings = load(MINIMAL)
    (repository,) = settings.repositories
    assert (repository.url, repository.branch, repository.poll_seconds) == ("https://h.example/o/r", "main", 60.0)
    assert settings.applications[0].source == Source("https://h.example/o/r", ".", "main")
    assert settings.listen == "127.0.0.1:8080"


def test_all_problems_come_at_once_with_line_column_and_the_nearest_name(load) -> None:
    text = """repositories:
- url: git@h.example:o/r.git
  pol: 60s
  poll: 60
applications:
- name: Shop_1
  source: {repoURL: https://h.example/o/x, pth: a}
  syncPolicy: {automated: {selfheal: true, prune: 'yes'}, syncOptions: [CreateNamspace=true]}
- name: b
  source: {repoURL: https://h.example/o/x, helm: {}}
listen: 8080
"""
    assert problems(load, text) == [
        "2:3: git@h.example:o/r.git needs an ssh key (set sshKeyFile or sshKeyEnv)",
        "2:3: git@h.example:o/r.git needs known_hosts (set knownHostsFile or knownHosts)",
        "3:3: unknown field 'pol' (did you mean 'poll'?)",
        '4:3: poll must be a duration, not a number (write for example "60s")',
        "6:3: 'Shop_1' cannot name an Application (use at most 63 of a-z, 0-9 and '-')",
        "7:44: unknown field 'pth' (did you mean 'path'?)",
        "8:28: unknown field 'selfheal' (did you mean 'selfHeal'?)",
        "8:44: prune must be true or false, not text",
        "8:73: unknown sync option 'CreateNamspace=true' (did you mean CreateNamespace=true?)",
        "10:44: helm is a field of Argo CD that is not supported yet: remove it",
        "11:1: listen must be text, not a number (quote it)",
    ]


APP = "applications:\n- name: a\n  {field}\n  source: {{repoURL: https://h.example/o/r}}\n"
REPO = MINIMAL.replace("{", "{{").replace("}", "}}") + "repositories:\n- url: https://h.example/o/r\n  {field}\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the configuration is empty"),
        ("a: 1\n---\nb: 1\n", "more than one document"),
        ("[]", "the file must be a mapping, not a list"),
        ("{}", "there are no applications"),
        ("applications: {}", "applications must be a list, not a mapping"),
        ("applications: [3]", "the item must be a mapping, not a number"),
        ("applications: [{name: a}]", "source is missing"),
        ("applications: [{name: a, source: {path: x}}]", "repoURL is missing"),
        (MINIMAL + "- name: a\n  source: {repoURL: https://h.example/o/r}\n", "an Application named a is there twice"),
        (APP.format(field="project: prod"), "projects are not supported yet"),
        (APP.format(field="destination: {namespace: A}"), "'A' is not a namespace's name"),
        (APP.format(field="destination: {server: https://1.2.3.4}"), "names another cluster"),
        (APP.format(field="syncPolicy: {retry: {backoff: {duration: soon}}}"), "duration: 'soon' is not a duration"),
        (APP.format(field="syncPolicy: {syncOptions: [Prune]}"), "'Prune' has no value (write Prune=true)"),
        (APP.format(field="ignoreDifferences: [{kind: X}]"), "this entry ignores nothing"),
        (APP.format(field="ignoreDifferences: [{jsonPointers: [spec.x]}]"), "not a JSON pointer (write /spec/x)"),
        (APP.format(field="ignoreDifferences: [{jqPathExpressions: [.x]}]"), "not supported yet"),
        (MINIMAL.replace("r}", "r, targetRevision: v1.*}"), "is not a branch"),
        (MINIMAL.replace("https:", "ftp:"), "has the scheme 'ftp'"),
        (MINIMAL.replace("https:", "http:"), "is not encrypted"),
        (MINIMAL.replace("//h", "//me:pw@h"), "contains a user name or password"),
        (REPO.format(field="poll: 10ms"), "'10ms' is shorter than 1s"),
        (REPO.format(field="branch: -x"), "'-x' is not a branch name"),
        (REPO.format(field="credentials: {token: abc}"), "token must not be written here: use tokenFile or tokenEnv"),
        (REPO.format(field="credentials: {tokenEnv: NOPE}"), "the environment variable NOPE is not set"),
        (REPO.format(field="credentials: {tokenFile: nope}"), "cannot be read: No such file"),
        (REPO.format(field="credentials: {tokenEnv: T, tokenFile: forge-token}"), "are both set (keep one)"),
        (REPO.format(field="credentials: {tokenEnv: T, githubApp: {appID: 1, installationID: 2, privateKeyEnv: T}}"),
         "credentials name token and githubApp"),
        (REPO.format(field="credentials: {githubApp: {appID: 1, privateKeyEnv: T}}"), "installationID is missing"),
        (REPO.format(field="credentials: {sshKeyEnv: T}"), "an ssh key is of no use"),
        (REPO.format(field="forge: {}\n  forge: {kind: github}"), "key 'forge' is there twice"),
        (REPO.format(field="forge: {kind: githb, tokenEnv: T}"), "kind is 'githb' (write github)"),
        (REPO.format(field="forge: {repo: x, tokenEnv: T}"), "repo is 'x' (write OWNER/NAME)"),
        (REPO.format(field="forge: {kind: gitea, tokenEnv: T}"), "apiURL is missing"),
        (REPO.format(field="forge: {repo: o/r}"), "the forge has no token for commit statuses"),
        (REPO.format(field="forge: {tokenEnv: T, webhookSecret: abc}"), "webhookSecret must not be written here"),
        (MINIMAL + "listen: nowhere\n", "is not HOST:PORT"),
        (MINIMAL + "prometheusURL: prometheus:9090\n", "is 'prometheus:9090', not a URL"),
        (MINIMAL + "logFormat: xml\n", "logFormat is 'xml'"),
        (MINIMAL + "kubernetes: {namespace: A_b}\n", "'A_b' is not a namespace's name"),
    ],
)  # fmt: skip
def test_a_mistake_is_named(load, text: str, says: str) -> None:
    found = problems(load, text, T="value")
    assert len(found) == 1
    assert says in found[0]


def test_no_problem_repeats_a_literal_secret(load) -> None:
    found = problems(load, REPO.format(field="credentials: {token: s3cret, password: s3cret, sshKey: s3cret}"))
    assert found
    assert "s3cret" not in "".join(found)


def test_a_missing_file_says_how_to_name_it(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"No such file.*--config"):
        load_settings(tmp_path / "nope.yaml", {})


@pytest.mark.parametrize(
    ("line", "expected"),
    [("", "http://theirs:9090"), ("prometheusURL: http://ours:9090\n", "http://ours:9090")],
    ids=["unset", "set"],
)
def test_prometheus_is_the_one_that_the_family_of_tools_uses_unless_it_is_named(load, line: str, expected: str) -> None:
    found = load(MINIMAL + line, ARGO_ROLLOUTS_PROMETHEUS_ADDRESS="http://theirs:9090")
    assert found.prometheus_url == expected
