"""The daemon's configuration as plain data. Field names of an Application are those of Argo CD's `Application.spec`.

Durations are seconds. Everything is immutable; `config/load.py` makes it from YAML, `config/flags.py` from a command
line.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

LogFormat = Literal["auto", "human", "json"]
"""`auto`: for people on a terminal, JSON otherwise."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that must never be printed. Only the doors call `reveal()`."""

    _value: str = field(repr=False)

    def reveal(self) -> str:
        return self._value

    def __str__(self) -> str:
        return "••••"

    def __bool__(self) -> bool:
        return bool(self._value)


@dataclass(frozen=True, slots=True)
class Directory:
    """`source.directory`: which files of a plain directory are manifests."""

    recurse: bool = False
    include: str = ""
    exclude: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    repo_url: str
    path: str = "."
    target_revision: str = "main"
    directory: Directory = Directory()


@dataclass(frozen=True, slots=True)
class Destination:
    namespace: str = "default"


@dataclass(frozen=True, slots=True)
class Automated:
    prune: bool = False
    self_heal: bool = False
    allow_empty: bool = False


@dataclass(frozen=True, slots=True)
class Retry:
    """`limit` -1 retries for ever; delays grow by `factor` from `duration` to `max_duration` seconds."""

    limit: int = -1
    duration: float = 5.0
    factor: float = 2.0
    max_duration: float = 180.0


@dataclass(frozen=True, slots=True)
class SyncPolicy:
    """`automated` None: differences are shown, nothing is applied by itself."""

    automated: Automated | None = None
    sync_options: tuple[str, ...] = ()
    retry: Retry = Retry()


@dataclass(frozen=True, slots=True)
class IgnoreDifference:
    """Paths of matching objects that belong to somebody else; in diff and in apply alike."""

    group: str = ""
    kind: str = "*"
    name: str = ""
    namespace: str = ""
    json_pointers: tuple[str, ...] = ()
    managed_fields_managers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Application:
    """One unit of sync: what to render from git and where to put it."""

    name: str
    source: Source
    destination: Destination = Destination()
    sync_policy: SyncPolicy = SyncPolicy()
    ignore_differences: tuple[IgnoreDifference, ...] = ()


@dataclass(frozen=True, slots=True)
class GitHubApp:
    app_id: str
    installation_id: str
    private_key: Secret
    api_url: str = "https://api.github.com"


@dataclass(frozen=True, slots=True)
class Credentials:
    """At most one way in. `ssh_key` is a PEM/OpenSSH private key; `known_hosts` is its file's text, needed for ssh."""

    username: str = "git"
    token: Secret | None = None
    github_app: GitHubApp | None = None
    ssh_key: Secret | None = None
    ssh_passphrase: Secret | None = None
    known_hosts: str = ""


@dataclass(frozen=True, slots=True)
class Forge:
    """Where commit statuses go. `repo` is OWNER/NAME."""

    kind: str = "github"
    api_url: str = "https://api.github.com"
    repo: str = ""
    token: Secret | None = None
    github_app: GitHubApp | None = None
    webhook_secret: Secret | None = None


@dataclass(frozen=True, slots=True)
class Repository:
    """One branch of one repository. `insecure_http` allows plain http to other machines (it always is to this one)."""

    url: str
    branch: str = "main"
    poll_seconds: float = 60.0
    credentials: Credentials = Credentials()
    forge: Forge | None = None
    insecure_http: bool = False


@dataclass(frozen=True, slots=True)
class Kubernetes:
    """Empty: in-cluster when inside a pod, else the default kubeconfig.

    `namespace` holds the daemon's own records and lease; `watch_namespace` limits everything to one namespace.
    """

    kubeconfig: str = ""
    context: str = ""
    namespace: str = ""
    watch_namespace: str = ""


@dataclass(frozen=True, slots=True)
class RolloutsEngine:
    """How Rollouts are driven. `only`: by themselves, without any repository.

    `instance_id`: only objects whose label says this id, or that have no such label when it is empty (spec rollouts
    §11.6). `shards`: into how many parts the work is divided among replicas that work at the same time; 0: one replica
    works, the others wait. `disabled_step_plugins`: steps with one of these plugins are passed over.
    """

    only: bool = False
    instance_id: str = ""
    shards: int = 0
    disabled_step_plugins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """All of the daemon's configuration. `public_url` is where people reach the page; statuses link there."""

    repositories: tuple[Repository, ...]
    applications: tuple[Application, ...]
    kubernetes: Kubernetes = Kubernetes()
    rollouts: RolloutsEngine = RolloutsEngine()
    listen: str = "127.0.0.1:8080"
    public_url: str = ""
    prometheus_url: str = ""
    cache_dir: str = ""
    log_format: LogFormat = "auto"
