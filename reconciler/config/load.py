"""`reconciler.yaml` → `Settings`, or every problem of the file at once.

Fields that we do not know are errors with the nearest name: a misspelt `selfHeal` must not silently mean "no".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

from reconciler.config.application import application, is_dns_label
from reconciler.config.fields import Fields, Notes
from reconciler.config.model import Application, Kubernetes, LogFormat, Repository, Settings
from reconciler.config.repository import is_http_url, repository, same_repository
from reconciler.config.rollouts import PROMETHEUS_VARIABLE, rollouts_engine
from reconciler.config.secrets import Vault
from reconciler.errors import Problem, UserError
from reconciler.git import address
from reconciler.yaml.loader import load

MAX_BYTES = 8 * 1024 * 1024


def load_settings(path: Path, env: Mapping[str, str]) -> Settings:
    """Reads the file and the secrets that it names (files relative to its directory). Raises `UserError`."""
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UserError(Problem(f"{path} cannot be read: {error.strerror}", "give the file with --config")) from None
    if len(text) > MAX_BYTES:
        raise UserError(Problem(f"{path} is larger than {MAX_BYTES:,} bytes"))
    return parse_settings(text, str(path), Vault(path.parent, env))


def parse_settings(text: bytes, file: str, vault: Vault) -> Settings:
    """Decodes the text of a configuration. Raises `UserError` with every problem, placed in `file`."""
    documents = load(text, file)
    if len(documents) != 1:
        what = "the configuration is empty" if not documents else "the configuration has more than one document"
        raise UserError(Problem(what, "write one document with repositories and applications"))
    notes = Notes(file, documents[0].positions)
    settings = _settings(Fields(documents[0].value, (), notes), vault)
    if notes.problems:
        raise UserError(sorted(notes.problems, key=lambda problem: problem.at or notes.at(())))
    return settings


def check_listen(listen: str) -> str:
    """HOST:PORT, the host being possibly empty. Raises `ValueError`."""
    host, colon, port = listen.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535 or any(char.isspace() for char in host):
        raise ValueError(f"{listen!r} is not HOST:PORT, such as 127.0.0.1:8080")
    return listen


def _settings(top: Fields, vault: Vault) -> Settings:
    repositories = [repository(fields, vault) for fields in top.mappings("repositories")]
    entries = top.items("applications")
    applications = [application(value, path, top.notes) for value, path in entries]
    _check_unique(top, repositories, applications)
    if not entries and "applications" not in top:
        top.problem("applications", "there are no applications", "list at least one")
    repositories, applications = _join(top, repositories, applications)
    made = Settings(
        repositories=tuple(repositories),
        applications=tuple(applications),
        kubernetes=_kubernetes(top.fields("kubernetes")),
        rollouts=rollouts_engine(top.fields("rollouts")),
        listen=_listen(top),
        public_url=_http_url(top, "publicURL"),
        prometheus_url=_http_url(top, "prometheusURL") or vault.env.get(PROMETHEUS_VARIABLE, "").rstrip("/"),
        cache_dir=top.text("cacheDir"),
        log_format=_log_format(top),
    )
    top.finish()
    return made


def _kubernetes(fields: Fields) -> Kubernetes:
    namespaces = {name: fields.text(name) for name in ("namespace", "watchNamespace")}
    for name, value in namespaces.items():
        if value and not is_dns_label(value):
            fields.problem(name, f"{value!r} is not a namespace's name")
    made = Kubernetes(fields.text("kubeconfig"), fields.text("context"), *namespaces.values())
    fields.finish()
    return made


def _log_format(top: Fields) -> LogFormat:
    known: tuple[LogFormat, ...] = get_args(LogFormat)
    asked = top.one_of("logFormat", known, "auto")
    return next(name for name in known if name == asked)


def _listen(top: Fields) -> str:
    listen = top.text("listen", "127.0.0.1:8080")
    try:
        return check_listen(listen)
    except ValueError as error:
        top.problem("listen", f"listen: {error}")
        return listen


def _http_url(top: Fields, name: str) -> str:
    url = top.text(name)
    if url and not is_http_url(url):
        top.problem(name, f"{name} is {url!r}, not a URL", "write for example http://prometheus:9090")
    return url.rstrip("/")


def _check_unique(top: Fields, repositories: Sequence[Repository], applications: Sequence[Application]) -> None:
    _report_repeats(top, "applications", [app.name for app in applications], "an Application named")
    branches = [f"{each.url.rstrip('/').removesuffix('.git')} {each.branch}" for each in repositories]
    _report_repeats(top, "repositories", branches, "the repository and branch")


def _report_repeats(top: Fields, field: str, names: Iterable[str], what: str) -> None:
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name.strip() and name in seen:
            top.notes.add((field, index), f"{what} {name} is there twice", "rename or remove one")
        seen.add(name)


def _join(
    top: Fields, repositories: list[Repository], applications: list[Application]
) -> tuple[list[Repository], list[Application]]:
    """Every Application gets its repository's URL and branch as they are configured; missing repositories are added.

    A URL that is listed with credentials and another branch lends them; an unlisted URL is read without any.
    """
    joined: list[Application] = []
    for index, app in enumerate(applications):
        found = _find(repositories, app)
        if found is None:
            found = _implied(top, index, repositories, app)
            repositories = [*repositories, found] if found else repositories
        if found:
            source = replace(app.source, repo_url=found.url, target_revision=found.branch)
            joined.append(replace(app, source=source))
    return repositories, joined


def _find(repositories: Iterable[Repository], app: Application) -> Repository | None:
    same = [each for each in repositories if same_repository(each.url, app.source.repo_url)]
    if not app.source.target_revision:
        return same[0] if same else None
    return next((each for each in same if each.branch == app.source.target_revision), None)


def _implied(top: Fields, index: int, repositories: Iterable[Repository], app: Application) -> Repository | None:
    url, branch = app.source.repo_url, app.source.target_revision or "main"
    known = next((each for each in repositories if same_repository(each.url, url)), None)
    try:
        address.check_branch(branch)
        if known is None and url:
            address.parse(url)
    except UserError as error:
        top.notes.adopt(("applications", index, "source"), error)
        return None
    if known:
        return replace(known, branch=branch)
    return Repository(url, branch) if url else None
