"""Health of one object from its own JSON: which rule applies to which kind (spec gitops §4.2-4.4).

Every rule is a pure function in the file of its API group. A kind without a rule gets the generic one, which goes by
`observedGeneration` and the usual conditions; an object without either has no opinion to give and counts as healthy.
"""

from __future__ import annotations

from reconciler.sync.health import apiextensions, apps, argoproj, batch, core, generic, networking
from reconciler.sync.health.model import Assessment, JsonObject, Rule, progressing

RULES: dict[tuple[str, str], Rule] = {
    ("", "Namespace"): core.namespace,
    ("", "PersistentVolumeClaim"): core.persistent_volume_claim,
    ("", "Pod"): core.pod,
    ("", "Service"): core.service,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): apiextensions.custom_resource_definition,
    ("apps", "DaemonSet"): apps.daemon_set,
    ("apps", "Deployment"): apps.deployment,
    ("apps", "ReplicaSet"): apps.replica_set,
    ("apps", "StatefulSet"): apps.stateful_set,
    ("argoproj.io", "AnalysisRun"): argoproj.analysis_run,
    ("argoproj.io", "Experiment"): argoproj.analysis_run,
    ("argoproj.io", "Rollout"): argoproj.rollout,
    ("batch", "CronJob"): batch.cron_job,
    ("batch", "Job"): batch.job,
    ("networking.k8s.io", "Ingress"): networking.ingress,
}


def group_of(api_version: str) -> str:
    """`apps/v1` -> `apps`; `v1` -> the core group, which is empty."""
    return api_version.rpartition("/")[0]


def health(obj: JsonObject) -> Assessment:
    """Assesses a live object. An object that is being deleted is on its way, whatever its status says."""
    metadata = obj.get("metadata") or {}
    if metadata.get("deletionTimestamp"):
        return progressing("is being deleted")
    rule = RULES.get((group_of(obj.get("apiVersion", "")), obj.get("kind", "")), generic.by_conditions)
    return rule(obj)
