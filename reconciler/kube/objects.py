"""The part of every object that engines read: metadata, as a struct that is cheap to keep.

Engines declare their own partial structs with `metadata: Meta` and the fields they read; msgspec skips the rest
(managedFields above all), which is what keeps memory proportional to what is used.
"""

from __future__ import annotations

from datetime import datetime
from sys import intern

import msgspec
from msgspec.structs import force_setattr

from reconciler.kube.api import Resource


class OwnerReference(msgspec.Struct, frozen=True, rename="camel", gc=False):
    api_version: str = msgspec.field(default="", name="apiVersion")
    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool = False

    def __post_init__(self) -> None:
        """The same few words in every object."""
        force_setattr(self, "api_version", intern(self.api_version))
        force_setattr(self, "kind", intern(self.kind))


class Meta(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """metadata of any object (Kubernetes API conventions)."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    owner_references: tuple[OwnerReference, ...] = ()

    def __post_init__(self) -> None:
        """One text for all objects of a namespace."""
        force_setattr(self, "namespace", intern(self.namespace))

    @property
    def controller(self) -> OwnerReference | None:
        """The one owner that manages this object, if any."""
        return next((owner for owner in self.owner_references if owner.controller), None)


# Resource types that the product itself reads and writes.
CONFIG_MAPS = Resource("", "v1", "ConfigMap", "configmaps")
EVENTS = Resource("", "v1", "Event", "events")
NAMESPACES = Resource("", "v1", "Namespace", "namespaces", namespaced=False)
PODS = Resource("", "v1", "Pod", "pods")
POD_TEMPLATES = Resource("", "v1", "PodTemplate", "podtemplates")
SECRETS = Resource("", "v1", "Secret", "secrets")
SERVICES = Resource("", "v1", "Service", "services")
DEPLOYMENTS = Resource("apps", "v1", "Deployment", "deployments")
REPLICA_SETS = Resource("apps", "v1", "ReplicaSet", "replicasets")
SCALERS = Resource("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers")
DISRUPTION_BUDGETS = Resource("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets")
JOBS = Resource("batch", "v1", "Job", "jobs")
LEASES = Resource("coordination.k8s.io", "v1", "Lease", "leases")
INGRESSES = Resource("networking.k8s.io", "v1", "Ingress", "ingresses")
ROLLOUTS = Resource("argoproj.io", "v1alpha1", "Rollout", "rollouts")
EXPERIMENTS = Resource("argoproj.io", "v1alpha1", "Experiment", "experiments")
ANALYSIS_RUNS = Resource("argoproj.io", "v1alpha1", "AnalysisRun", "analysisruns")
ANALYSIS_TEMPLATES = Resource("argoproj.io", "v1alpha1", "AnalysisTemplate", "analysistemplates")
CLUSTER_ANALYSIS_TEMPLATES = Resource(
    "argoproj.io", "v1alpha1", "ClusterAnalysisTemplate", "clusteranalysistemplates", namespaced=False
)
TRAEFIK_SERVICES = Resource("traefik.io", "v1alpha1", "TraefikService", "traefikservices")
