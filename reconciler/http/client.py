"""Sends a `Request`, returns a `Response`; raises `Transient` when there was no answer that can be used.

The status code is the caller's to judge. No redirects are followed, so credentials never travel to another host. One
request is one attempt; only a kept-alive connection that is found dead before anything was sent is replaced.
"""

from __future__ import annotations

import base64
import ssl
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    InsecureRequestWarning,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)

from reconciler.errors import Transient, UserError
from reconciler.http.deadline import Alarm, guarded
from reconciler.http.model import Request, Response

MAX_BODY_BYTES = 8 << 20
CHUNK_BYTES = 64 << 10
CONNECT_SECONDS = 5.0
MASK = "••••"


def redact(text: str, secrets: tuple[str, ...]) -> str:
    """The text with every secret replaced; the longest first, so that no rest of one shows."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text


def printable_url(url: str) -> str:
    """Scheme, host, port and path: user info and query often carry credentials and are left out."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def credentials_in(url: str) -> tuple[str, str]:
    """The user and the password of `https://user:password@host`; both empty without them."""
    user, _, password = urlsplit(url).netloc.rpartition("@")[0].partition(":")
    return unquote(user), unquote(password)


def _authorization(credentials: tuple[str, str]) -> dict[str, str]:
    token = base64.b64encode(":".join(credentials).encode()).decode()
    return {"Authorization": f"Basic {token}"} if any(credentials) else {}


class BodyTooLarge(Transient):
    """The answer is longer than this client accepts; what was read of it is thrown away."""


class HttpClient:
    """Pools connections per host and honours the proxy environment. Safe to use from many threads."""

    def __init__(self, user_agent: str, max_body: int = MAX_BODY_BYTES, pool_size: int = 16) -> None:
        self._user_agent = user_agent
        self._max_body = max_body
        self._pool_size = pool_size
        self._managers: dict[tuple[str, bool], urllib3.PoolManager] = {}
        self._proxies: dict[tuple[str, str], str] = {}

    def send(self, request: Request) -> Response:
        """One exchange within `request.timeout` seconds.

        Raises `Transient` for network, TLS and time, `BodyTooLarge`, and `UserError` for a URL or header that cannot
        be sent. Messages carry neither the query nor `request.secrets`.
        """
        where = redact(f"{request.method} {printable_url(request.url)}", request.secrets)
        if urlsplit(request.url).scheme not in ("http", "https"):
            raise UserError(f"{where}: only http and https addresses can be asked")
        try:
            return self._exchange(request, where)
        except (HTTPError, OSError) as error:
            raise Transient(f"{where}: {redact(reason(error, request.timeout), request.secrets)}") from None
        except (ValueError, UnicodeError):  # its text would show the value of the header
            raise UserError(f"{where}: the address or a header has characters that HTTP does not allow") from None

    def close(self) -> None:
        """Closes the connections that are not in use; a later request opens a new one."""
        for manager in list(self._managers.values()):
            for key in list(manager.pools.keys()):
                manager.pools[key].close()
            manager.clear()

    def _exchange(self, request: Request, where: str) -> Response:
        headers = {"User-Agent": self._user_agent, "Accept-Encoding": "identity", **request.headers}
        if not any(name.lower() == "authorization" for name in headers):
            headers |= _authorization(credentials_in(request.url))
        response = self._manager(request).urlopen(
            request.method,
            request.url,
            body=request.body or None,
            headers=headers,
            redirect=False,
            retries=False,
            preload_content=False,
            decode_content=False,
            timeout=urllib3.Timeout(connect=min(CONNECT_SECONDS, request.timeout), total=request.timeout),
        )
        alarm: Alarm = response.connection.alarm  # type: ignore[union-attr]  # every pool here makes guarded ones
        try:
            body = self._body(response.read, where)
        except BaseException:
            response.close()
            alarm.disarm()
            raise
        alarm.disarm()
        return Response(response.status, {name.lower(): value for name, value in response.headers.items()}, body)

    def _body(self, read: Callable[[int], bytes], where: str) -> bytes:
        chunks, size = [], 0
        while chunk := read(CHUNK_BYTES):
            chunks.append(chunk)
            size += len(chunk)
            if size > self._max_body:
                raise BodyTooLarge(f"{where}: the answer is larger than {self._max_body} bytes")
        return b"".join(chunks)

    def _manager(self, request: Request) -> urllib3.PoolManager:
        proxy = self._proxy(request.url)
        key = (proxy, request.insecure)
        if key not in self._managers:  # a race makes two; the later one stays, and both work
            self._managers[key] = self._new_manager(proxy, request.insecure)
        return self._managers[key]

    def _proxy(self, url: str) -> str:
        """As `proxy_for`, which reads the whole environment, once per server."""
        parts = urlsplit(url)
        server = (parts.scheme, parts.hostname or "")
        if server not in self._proxies:
            self._proxies[server] = proxy_for(url)
        return self._proxies[server]

    def _new_manager(self, proxy: str, insecure: bool) -> urllib3.PoolManager:
        options: dict[str, Any] = {"maxsize": self._pool_size, "cert_reqs": ssl.CERT_REQUIRED}
        if insecure:  # the user's own words; a warning at each request would tell nothing new
            urllib3.disable_warnings(InsecureRequestWarning)
            options |= {"cert_reqs": ssl.CERT_NONE, "assert_hostname": False}
        if proxy:
            return guarded(urllib3.ProxyManager(proxy, **options))
        return guarded(urllib3.PoolManager(**options))


def proxy_for(url: str) -> str:
    """The proxy that the environment (`http_proxy`, `https_proxy`, `no_proxy`) asks for, or "" for none."""
    parts = urlsplit(url)
    if urllib.request.proxy_bypass(parts.hostname or ""):
        return ""
    return urllib.request.getproxies().get(parts.scheme, "")


def reason(error: Exception, timeout: float) -> str:
    """Why there was no answer, in a few words."""
    if isinstance(error, NameResolutionError):
        return "the host name is not known"
    if isinstance(error, NewConnectionError):
        return f"cannot connect: {error.__cause__ or 'refused'}"
    if isinstance(error, ConnectTimeoutError):
        return "no connection in time"
    if isinstance(error, (ReadTimeoutError, TimeoutError)):
        return f"no complete answer within {timeout:g} s"
    if isinstance(error, SSLError):
        return f"TLS: {error}"
    if isinstance(error, ProtocolError):
        return "the connection broke before the answer was complete"
    return f"{type(error).__name__}: {error}"
