"""The open incidents of a service that has a public status page: no release while a supplier is on fire.

The API is that of Atlassian Statuspage, GET /api/v2/summary.json. Settings: `url` of the page; optional `component`, a
name, to count only incidents that affect it; optional `tokenSecret`, the name of a Secret whose key `token` opens a
page that is not public.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from reconciler.analysis.providers.contract import Answer, ProviderError, Surroundings
from reconciler.http.model import Request, Response


def request(config: Mapping[str, Any], now: datetime, around: Surroundings) -> Request:
    """The question. Raises ProviderError for settings that cannot be used."""
    url = str(config.get("url") or "").rstrip("/")
    if not url.startswith(("https://", "http://")):
        raise ProviderError("acme/statuspage: url must be the http(s) address of a status page")
    headers, secrets = {"Accept": "application/json"}, ()
    if name := str(config.get("tokenSecret") or ""):
        token = around.secret(around.namespace, name).get("token", "")
        headers["Authorization"], secrets = f"OAuth {token}", (token,)
    return Request("GET", f"{url}/api/v2/summary.json", headers, timeout=5, secrets=secrets)


def value(config: Mapping[str, Any], response: Response) -> Answer:
    """How many incidents are open, as a number; their names are shown beside it."""
    if response.status != 200:
        raise ProviderError(f"acme/statuspage: the page answered {response.status}")
    try:
        incidents = [
            each for each in response.json()["incidents"] if _concerns(each, str(config.get("component") or ""))
        ]
        names = "; ".join(str(each["name"]) for each in incidents)
    except (ValueError, LookupError, TypeError, AttributeError):
        raise ProviderError("acme/statuspage: the answer is not that of a status page") from None
    return Answer.of_json(float(len(incidents)), str(len(incidents)), {"incidents": names} if names else {})


def _concerns(incident: Mapping[str, Any], component: str) -> bool:
    return not component or any(each["name"] == component for each in incident.get("components") or ())
