"""What the sandbox serves: one `Kind` per resource, built in or made by a CustomResourceDefinition."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from reconciler.sandbox.schema.builtin import root
from reconciler.sandbox.schema.node import Node

Object = dict[str, Any]


@dataclass(frozen=True)
class Scale:
    """Where the scale subresource finds its numbers: paths of field names."""

    spec: tuple[str, ...] = ("spec", "replicas")
    status: tuple[str, ...] = ("status", "replicas")
    selector: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Kind:
    """A resource in one version.

    `storage` names where its objects live: versions of one resource share it. `counts_generations` says whether
    metadata.generation exists; `shows_deleted` whether DELETE answers with the object instead of a Status.
    """

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool
    schema: Node
    singular: str = ""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    has_status: bool = False
    scale: Scale | None = None
    counts_generations: bool = False
    shows_deleted: bool = False
    custom: bool = False
    columns: tuple[Object, ...] = ()
    selectable: tuple[str, ...] = field(default=())

    @property
    def storage(self) -> str:
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version


WORKLOAD_SCALE = Scale(selector=("spec", "selector"))
NAMESPACED = "namespaced"
# group, version, schema package, kind, plural, scope, short names,
# flags: s(tatus), g(eneration), d(eleted object shown), x (scale)
BUILT_IN = """
- v1 core.v1 Namespace namespaces cluster ns sd
- v1 core.v1 ConfigMap configmaps namespaced cm
- v1 core.v1 Secret secrets namespaced -
- v1 core.v1 Service services namespaced svc sd
- v1 core.v1 ServiceAccount serviceaccounts namespaced sa d
- v1 core.v1 Pod pods namespaced po sgd
- v1 core.v1 Event events namespaced ev
- v1 core.v1 Endpoints endpoints namespaced ep
- v1 core.v1 PersistentVolumeClaim persistentvolumeclaims namespaced pvc sd
- v1 core.v1 Node nodes cluster no s
apps v1 apps.v1 Deployment deployments namespaced deploy sgx
apps v1 apps.v1 ReplicaSet replicasets namespaced rs sgx
apps v1 apps.v1 StatefulSet statefulsets namespaced sts sgx
apps v1 apps.v1 DaemonSet daemonsets namespaced ds sg
batch v1 batch.v1 Job jobs namespaced - sg
batch v1 batch.v1 CronJob cronjobs namespaced cj sg
networking.k8s.io v1 networking.v1 Ingress ingresses namespaced ing sg
networking.k8s.io v1 networking.v1 IngressClass ingressclasses cluster - g
networking.k8s.io v1 networking.v1 NetworkPolicy networkpolicies namespaced netpol g
autoscaling v2 autoscaling.v2 HorizontalPodAutoscaler horizontalpodautoscalers namespaced hpa s
policy v1 policy.v1 PodDisruptionBudget poddisruptionbudgets namespaced pdb sg
coordination.k8s.io v1 coordination.v1 Lease leases namespaced -
discovery.k8s.io v1 discovery.v1 EndpointSlice endpointslices namespaced - g
storage.k8s.io v1 storage.v1 StorageClass storageclasses cluster sc d
scheduling.k8s.io v1 scheduling.v1 PriorityClass priorityclasses cluster pc g
rbac.authorization.k8s.io v1 rbac.v1 Role roles namespaced -
rbac.authorization.k8s.io v1 rbac.v1 RoleBinding rolebindings namespaced -
rbac.authorization.k8s.io v1 rbac.v1 ClusterRole clusterroles cluster -
rbac.authorization.k8s.io v1 rbac.v1 ClusterRoleBinding clusterrolebindings cluster -
apiextensions.k8s.io v1 - CustomResourceDefinition customresourcedefinitions cluster crd,crds sg
"""
IN_ALL = {
    "Pod",
    "Service",
    "Deployment",
    "ReplicaSet",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "CronJob",
    "HorizontalPodAutoscaler",
}


def built_in() -> list[Kind]:
    return [parsed(line) for line in BUILT_IN.strip().splitlines()]


def parsed(line: str) -> Kind:
    group, version, package, kind, plural, scope, short, *rest = line.split()
    flags = rest[0] if rest else ""
    return Kind(
        group="" if group == "-" else group,
        version=version,
        kind=kind,
        plural=plural,
        namespaced=scope == NAMESPACED,
        schema=root(kind if package == "-" else f"{package}.{kind}"),
        singular=kind.lower(),
        short_names=() if short == "-" else tuple(short.split(",")),
        categories=("all",) if kind in IN_ALL else (),
        has_status="s" in flags,
        scale=WORKLOAD_SCALE if "x" in flags else None,
        counts_generations="g" in flags,
        shows_deleted="d" in flags,
    )
