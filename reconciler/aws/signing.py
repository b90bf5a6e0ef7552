"""Signature version 4 on a request of the HTTP door."""

from __future__ import annotations

from dataclasses import replace

from reconciler.aws import access
from reconciler.http.model import Request


def signed(request: Request, service: str, region: str = "", profile: str = "", role: str = "") -> Request:
    """The request as AWS takes it from us. Its query must be percent-encoded, spaces as `%20`.

    Raises `UserError` without credentials or a region, and what getting credentials raises.
    """
    region = access.region_of(profile, region)
    credentials = access.credentials(profile, role, region)
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    with access.explained():
        known = credentials.get_frozen_credentials()
        asked = AWSRequest(request.method, request.url, dict(request.headers), request.body)
        SigV4Auth(known, service, region).add_auth(asked)
    secrets = (*request.secrets, known.secret_key, known.token or "")
    return replace(request, headers=dict(asked.headers.items()), secrets=secrets)
