"""Small HTTP questions to components, asked from inside their network."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from typing import Any

from tests.testbed.network import Network


def answers(network: Network, url: str, user: str = "") -> bool:
    """Whether the URL answers with success right now; `user` is "name:password"."""
    token = base64.b64encode(user.encode()).decode()
    request = urllib.request.Request(url, headers={"Authorization": f"Basic {token}"} if user else {})
    try:
        with network.entered(), urllib.request.urlopen(request, timeout=2) as response:
            return bool(200 <= response.status < 300)
    except (urllib.error.URLError, OSError):
        return False


def text(network: Network, url: str) -> str:
    """What one GET answers. Raises urllib.error.HTTPError."""
    with network.entered(), urllib.request.urlopen(url, timeout=5) as response:
        return str(response.read().decode())


def ask(network: Network, method: str, url: str, body: object = None, token: str = "") -> Any:
    """One JSON request and its decoded answer (None when empty). Raises urllib.error.HTTPError."""
    headers = {"Content-Type": "application/json", **({"Authorization": f"token {token}"} if token else {})}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers=headers, method=method)
    with network.entered(), urllib.request.urlopen(request, timeout=20) as response:
        raw = response.read()
    return json.loads(raw) if raw else None
