"""Rewrites reconciler/render/patch-schema.json: which lists a strategic merge patch merges, and by which key.

A schema given to kustomize replaces the one it carries, so ours has to hold both: the merge keys of Kubernetes' own
kinds (taken from the document inside kustomize, everything else left out) and those of Rollouts, whose pod template is
a Deployment's. Needs Go. Run from the root of the checkout: python -m tests.golden.render.write_patch_schema
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
OUT = HERE.parents[2] / "reconciler/render/patch-schema.json"
MARKS = (
    "x-kubernetes-patch-merge-key",
    "x-kubernetes-patch-strategy",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type",
)
KIND = "x-kubernetes-group-version-kind"
PREFIX = "#/definitions/"
Schema = dict[str, Any]


class Pruned:
    """The definitions from which a list with a merge key can be reached."""

    def __init__(self, definitions: dict[str, Schema]) -> None:
        self._all = definitions
        self._matters: dict[str, bool] = {}

    def definitions(self) -> dict[str, Schema]:
        typed = [name for name, schema in self._all.items() if schema.get(KIND) and self._has_marks(name)]
        kept: dict[str, Schema] = {}
        while typed:
            name = typed.pop()
            if name not in kept:
                kept[name] = self._definition(name)
                typed += [target for each in kept[name]["properties"].values() if (target := _target(each))]
        return kept

    def _definition(self, name: str) -> Schema:
        schema = self._all[name]
        properties = {key: kept for key, each in schema["properties"].items() if (kept := self._property(each))}
        kind = {KIND: schema[KIND]} if schema.get(KIND) else {}
        return {"type": "object", "properties": properties, **kind}

    def _has_marks(self, name: str, above: tuple[str, ...] = ()) -> bool:
        if name not in self._matters and name not in above:
            properties = self._all[name].get("properties", {}).values()
            self._matters[name] = any(self._property(each, (*above, name)) for each in properties)
        return self._matters.get(name, False)

    def _property(self, schema: Schema, above: tuple[str, ...] = ()) -> Schema | None:
        target = _target(schema)
        reference = {"$ref": PREFIX + target} if target and self._has_marks(target, above) else None
        if schema.get("type") != "array":
            return reference
        marks = {mark: schema[mark] for mark in MARKS if mark in schema}
        if not marks and not reference:
            return None
        return {"type": "array", "items": reference or {"type": schema["items"].get("type", "object")}, **marks}


def _target(schema: Schema) -> str:
    return str(schema.get("$ref") or schema.get("items", {}).get("$ref") or "").removeprefix(PREFIX)


def ours() -> dict[str, Schema]:
    metadata = {"$ref": f"{PREFIX}io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}
    by_name = {"type": "array", "items": {"type": "object"}, MARKS[0]: "name", MARKS[1]: "merge"}
    specs: dict[str, Schema] = {
        "Rollout": {"template": {"$ref": f"{PREFIX}io.k8s.api.core.v1.PodTemplateSpec"}},
        "AnalysisTemplate": {"args": by_name, "metrics": by_name},
        "ClusterAnalysisTemplate": {"args": by_name, "metrics": by_name},
    }
    return {
        f"io.argoproj.v1alpha1.{kind}": {
            "type": "object",
            "properties": {"metadata": metadata, "spec": {"type": "object", "properties": properties}},
            KIND: [{"group": "argoproj.io", "kind": kind, "version": "v1alpha1"}],
        }
        for kind, properties in specs.items()
    }


def main() -> None:
    answer = subprocess.run(["go", "run", "."], cwd=HERE / "swagger", capture_output=True, check=True)
    definitions = Pruned(yaml.load(answer.stdout, yaml.CSafeLoader)["definitions"]).definitions() | ours()
    OUT.write_text(json.dumps({"definitions": definitions}, separators=(",", ":"), sort_keys=True) + "\n")
    print(f"{len(definitions)} definitions, {OUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
