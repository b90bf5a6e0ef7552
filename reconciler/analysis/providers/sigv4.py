"""Requests signed for AWS: `authentication.sigv4` of Amazon's managed Prometheus (spec rollouts §7.6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from reconciler.analysis.providers.contract import Answer, Provider, Surroundings
from reconciler.aws.signing import signed
from reconciler.http.model import Request, Response

SERVICE = "aps"
MARK = "aps-workspaces"
"""What addresses of the service contain; the settings are without effect for any other, as users expect."""


@dataclass(frozen=True, slots=True)
class WithSignatures:
    """Signs the provider's requests where its settings ask for it."""

    provider: Provider

    def measure(self, config: Mapping[str, Any], now: datetime, around: Surroundings) -> Answer:
        settings = (config.get("authentication") or {}).get("sigv4") or {}
        if not any(settings.values()):
            return self.provider.measure(config, now, around)
        region, profile, role = (str(settings.get(key) or "") for key in ("region", "profile", "roleArn"))

        def send(request: Request) -> Response:
            asked = signed(request, SERVICE, region, profile, role) if MARK in request.url else request
            return around.send(asked)

        return self.provider.measure(config, now, replace(around, send=send))
