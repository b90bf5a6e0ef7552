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
"""What addresses of the service contain. Those are signed also without any settings, and no others with them."""


@dataclass(frozen=True, slots=True)
class WithSignatures:
    """Signs the provider's requests to that service, unless its settings have another authentication."""

    provider: Provider

    def measure(self, config: Mapping[str, Any], now: datetime, around: Surroundings) -> Answer:
        authentication: Mapping[str, Any] = config.get("authentication") or {}
        settings = authentication.get("sigv4") or {}
        if any(any((authentication.get(other) or {}).values()) for other in ("basicAuth", "oauth2")):
            return self.provider.measure(config, now, around)
        region, profile, role = (str(settings.get(key) or "") for key in ("region", "profile", "roleArn"))

        def send(request: Request) -> Response:
            ours = MARK in request.url.partition("?")[0]
            return around.send(signed(request, SERVICE, region, profile, role) if ours else request)

        return self.provider.measure(config, now, replace(around, send=send))
