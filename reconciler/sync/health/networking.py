"""Health of the networking group: Ingress (spec gitops §4.2)."""

from __future__ import annotations

from reconciler.apps.delivery import Health
from reconciler.sync.health.model import HEALTHY, Assessment, JsonObject, status_of


def ingress(obj: JsonObject) -> Assessment:
    """Healthy with or without an address, and says which.

    Whether an address ever appears depends on the ingress controller, and many never write one: waiting for it would
    hold a commit's verdict for ever where traffic flows well.
    """
    has_address = (status_of(obj).get("loadBalancer") or {}).get("ingress")
    return HEALTHY if has_address else Assessment(Health.HEALTHY, "no address was published")
