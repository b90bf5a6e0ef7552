"""Write reconciler/sandbox/schema/builtin.json: the shapes of the built-in kinds that the sandbox serves.

Input: the `_definitions.json` of the kubernetes-validate package (a development dependency). Kept are facts only: field
names, types, list and map semantics, merge keys, required fields. Run again to follow a newer Kubernetes:

    python scripts/generate_sandbox_schema.py 1.36.0
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate

META = "io.k8s.apimachinery.pkg.apis.meta.v1."
API = "io.k8s.api."
KINDS = {
    "core.v1": "Namespace ConfigMap Secret Service ServiceAccount Pod Event Endpoints PersistentVolumeClaim Node",
    "apps.v1": "Deployment ReplicaSet StatefulSet DaemonSet",
    "batch.v1": "Job CronJob",
    "networking.v1": "Ingress IngressClass NetworkPolicy",
    "autoscaling.v2": "HorizontalPodAutoscaler",
    "policy.v1": "PodDisruptionBudget",
    "coordination.v1": "Lease",
    "discovery.v1": "EndpointSlice",
    "storage.v1": "StorageClass",
    "scheduling.v1": "PriorityClass",
    "rbac.v1": "Role RoleBinding ClusterRole ClusterRoleBinding",
}
CRD = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition"
# A recursive schema of schemas: the sandbox keeps what is written there as it is.
OPAQUE = {"io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps"}
SCALARS = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "int-or-string",
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "quantity",
    META + "FieldsV1": "any",
}


def short(name: str) -> str:
    return name.removeprefix(API).removeprefix(META).rsplit("apiextensions.v1.", 1)[-1]


def plain_type(schema: dict[str, Any]) -> str:
    found = schema.get("type", "any")
    kinds = [kind for kind in found if kind != "null"] if isinstance(found, list) else [found]
    return str(kinds[0])


def list_facts(schema: dict[str, Any]) -> dict[str, Any]:
    facts = {
        "list": schema.get("x-kubernetes-list-type"),
        "keys": schema.get("x-kubernetes-list-map-keys"),
        "atomic": schema.get("x-kubernetes-map-type") == "atomic" or None,
        "merge": schema.get("x-kubernetes-patch-merge-key"),
        "strategy": schema.get("x-kubernetes-patch-strategy"),
    }
    return {key: value for key, value in facts.items() if value}


class Compactor:
    def __init__(self, definitions: dict[str, Any]) -> None:
        self.definitions = definitions
        self.types: dict[str, Any] = {}

    def node(self, schema: dict[str, Any]) -> dict[str, Any]:
        facts = list_facts(schema)
        if reference := schema.get("$ref"):
            return self.reference(reference.rsplit("/", 1)[-1]) | facts
        kind = plain_type(schema)
        if kind == "array":
            return {"t": "array", "i": self.node(schema["items"])} | facts
        if kind == "object" and "additionalProperties" in schema:
            return {"t": "map", "v": self.node(schema["additionalProperties"])} | facts
        return {"t": kind if kind != "object" else "any"} | facts

    def reference(self, name: str) -> dict[str, Any]:
        if name in OPAQUE:
            return {"t": "any"}
        if name in SCALARS:
            return {"t": SCALARS[name]}
        definition = self.definitions[name]
        if "properties" not in definition:
            return self.node({key: value for key, value in definition.items() if key != "$ref"})
        self.define(name, definition)
        return {"r": short(name)}

    def define(self, name: str, definition: dict[str, Any]) -> None:
        if short(name) in self.types:
            return
        entry: dict[str, Any] = {}
        self.types[short(name)] = entry
        entry["p"] = {field: self.node(schema) for field, schema in definition["properties"].items()}
        if definition.get("required"):
            entry["req"] = definition["required"]
        if definition.get("x-kubernetes-map-type") == "atomic":
            entry["atomic"] = True


def main(version: str) -> None:
    package = Path(kubernetes_validate.__file__).parent
    source = package / "kubernetes-json-schema" / f"v{version}-local" / "_definitions.json"
    compactor = Compactor(json.loads(source.read_text())["$defs"])
    for group, names in KINDS.items():
        for name in names.split():
            compactor.reference(f"{API}{group}.{name}")
    compactor.reference(CRD)
    target = Path(__file__).parent.parent / "reconciler/sandbox/schema/builtin.json"
    lines = ",\n".join(
        f'"{name}":{json.dumps(body, separators=(",", ":"))}' for name, body in sorted(compactor.types.items())
    )
    target.write_text(f'{{"kubernetes":"{version}","types":{{\n{lines}\n}}}}\n')
    sys.stdout.write(f"{target}: {len(compactor.types)} types, {target.stat().st_size} bytes\n")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "1.36.0")
