"""CustomResourceDefinitions become kinds that are served.

Known limit: CEL rules (`x-kubernetes-validations`) are kept in the definition and not evaluated; the answer to whoever
writes such a definition says so in a Warning.
"""

from __future__ import annotations

from typing import Any

from reconciler.sandbox.kinds import Kind, Scale
from reconciler.sandbox.schema.structural import custom_root

Object = dict[str, Any]


def kinds_of(definition: Object) -> list[Kind]:
    """One kind for each served version."""
    spec = definition["spec"]
    return [kind_of(spec, version) for version in spec.get("versions", []) if version.get("served")]


def kind_of(spec: Object, version: Object) -> Kind:
    names = spec["names"]
    subresources = version.get("subresources") or {}
    return Kind(
        group=spec["group"],
        version=version["name"],
        kind=names["kind"],
        plural=names["plural"],
        namespaced=spec.get("scope") == "Namespaced",
        schema=custom_root(version["schema"]["openAPIV3Schema"]),
        singular=names.get("singular", names["kind"].lower()),
        short_names=tuple(names.get("shortNames", ())),
        categories=tuple(names.get("categories", ())),
        has_status="status" in subresources,
        scale=scale_of(subresources.get("scale")),
        counts_generations=True,
        custom=True,
        columns=tuple(version.get("additionalPrinterColumns", ())),
        selectable=tuple(field["jsonPath"].lstrip(".") for field in version.get("selectableFields", ())),
    )


def scale_of(facts: Object | None) -> Scale | None:
    if not facts:
        return None
    return Scale(
        path_of(facts["specReplicasPath"]),
        path_of(facts["statusReplicasPath"]),
        path_of(facts.get("labelSelectorPath", "")),
    )


def path_of(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(".") if part)


def storage_version(definition: Object) -> str:
    return str(next(version["name"] for version in definition["spec"]["versions"] if version.get("storage")))


def established(definition: Object, now: str) -> Object:
    """The status of a definition that is served."""
    conditions = [
        {
            "type": "NamesAccepted",
            "status": "True",
            "lastTransitionTime": now,
            "reason": "NoConflicts",
            "message": "no conflicts found",
        },
        {
            "type": "Established",
            "status": "True",
            "lastTransitionTime": now,
            "reason": "InitialNamesAccepted",
            "message": "the initial names have been accepted",
        },
    ]
    return {
        "conditions": conditions,
        "acceptedNames": definition["spec"]["names"],
        "storedVersions": [storage_version(definition)],
    }
