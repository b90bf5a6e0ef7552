"""Whose object is it: the annotation and the label that sync puts on everything it applies (spec gitops §2.5).

The annotation describes the object that carries it, so a copy made by somebody else proves nothing. The label is for
the server's selectors: watches transfer only objects that have it. Both are on the object's own metadata, never on a
pod template, so they restart nothing.
"""

from __future__ import annotations

import hashlib
import re

from reconciler.apps.record import Key
from reconciler.kube.api import Object

OWNER = "reconciler.dev/owner"
"""Annotation: `<app>;<group>/<kind>/<namespace>/<name>`."""
APP_LABEL = "reconciler.dev/app"
"""Label: the Application's name, or a shortened one with a digest where the name is no valid label value."""


def label_value(app: str) -> str:
    """Label values have at most 63 characters of a small alphabet; other names get a digest so they cannot collide."""
    if re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?", app):
        return app
    short = re.sub(r"[^A-Za-z0-9_.-]+", "-", app).strip("-._")[:50]
    return f"{short or 'app'}-{hashlib.sha256(app.encode()).hexdigest()[:8]}"


def owner_value(app: str, key: Key) -> str:
    return f"{app};{key.group}/{key.kind}/{key.namespace}/{key.name}"


def owner_of(obj: Object, key: Key) -> str:
    """The Application that claims this object; "" when nobody does or the claim is about another object."""
    claim = ((obj.get("metadata") or {}).get("annotations") or {}).get(OWNER, "")
    app, _, described = claim.partition(";")
    return app if described and claim == owner_value(app, key) else ""


def mark(obj: Object, app: str, key: Key) -> None:
    """Adds the claim to an object that is about to be applied, in place."""
    metadata = obj["metadata"]
    metadata["labels"] = {**(metadata.get("labels") or {}), APP_LABEL: label_value(app)}
    metadata["annotations"] = {**(metadata.get("annotations") or {}), OWNER: owner_value(app, key)}
