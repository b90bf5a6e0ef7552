"""Where a repository lives: which URLs are allowed, and their parts.

Allowed are https, ssh (also written user@host:path), file and absolute paths. Plain http would let anyone on the way
choose what is deployed, so it is allowed only to this machine itself or when the user says so (`insecure_http`).
A password inside the URL is refused: URLs end up in logs and pages, credentials must not.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from reconciler.errors import Problem, UserError

_SCP_LIKE = re.compile(
    r"^(?:(?P<user>[A-Za-z0-9_][A-Za-z0-9_.-]*)@)?(?P<host>[A-Za-z0-9][A-Za-z0-9.-]*):(?P<path>[^:].*)$"
)
_BRANCH = re.compile(r"^(?![-/.])(?!.*(?:\.\.|//|@\{|\.lock$|\.lock/|/\.))[^\x00-\x20\x7f~^:?*\[\\]+(?<![/.])$")
_SCHEMES = ("https", "http", "ssh", "file")


@dataclass(frozen=True, slots=True)
class Address:
    """A checked URL. `host` is empty for file and path; `user` is what the URL names, if anything."""

    url: str
    scheme: str
    host: str = ""
    port: int | None = None
    user: str = ""


def parse(url: str, *, insecure_http: bool = False) -> Address:
    """Checks `url` and takes it apart. Raises `UserError` with the fix."""
    if not url or url.startswith("-") or any(ord(char) < 33 or ord(char) == 127 for char in url):
        raise _wrong(url, "is not a repository URL")
    if url.startswith("/"):
        return Address(url, "path")
    if "://" not in url:
        return _scp_like(url)
    parts, port = _split(url)
    if parts.scheme not in _SCHEMES:
        raise _wrong(url, f"has the scheme {parts.scheme!r}", "use https, ssh, file or an absolute path")
    if parts.password is not None or (parts.username and parts.scheme in ("http", "https")):
        raise UserError(
            Problem(
                f"the URL for host {parts.hostname} contains a user name or password",
                "remove it from the URL and configure credentials instead",
            )
        )
    return _checked(Address(url, parts.scheme, parts.hostname or "", port, parts.username or ""), insecure_http)


def check_branch(branch: str) -> str:
    """`branch` if it is a branch name (rules of git-check-ref-format). Raises `UserError`."""
    if not _BRANCH.fullmatch(branch) or branch in ("HEAD", "@"):
        raise UserError(Problem(f"{branch!r} is not a branch name", "give the short name of a branch, such as main"))
    return branch


def _split(url: str) -> tuple[SplitResult, int | None]:
    try:
        parts = urlsplit(url)
        return parts, parts.port
    except ValueError as error:
        raise _wrong(url, f"is not a URL ({error})") from None


def _checked(address: Address, insecure_http: bool) -> Address:
    if address.scheme == "file":
        return address
    if not address.host or address.host.startswith("-") or address.user.startswith("-"):
        raise _wrong(address.url, "has no valid host name")
    if address.scheme == "http" and not (insecure_http or _is_loopback(address.host)):
        raise _wrong(
            address.url,
            "is not encrypted",
            "use https; or, if the network is trusted, insecureHTTP: true (--insecure-http)",
        )
    return address


def _scp_like(url: str) -> Address:
    match = _SCP_LIKE.fullmatch(url)
    if not match:
        raise _wrong(
            url, "is not a repository URL", "use https://…, ssh://…, user@host:path, file://… or an absolute path"
        )
    return Address(url, "ssh", match["host"], None, match["user"] or "")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _wrong(url: str, what: str, fix: str = "") -> UserError:
    return UserError(Problem(f"{url!r} {what}", fix or "use https://…, ssh://…, file://… or an absolute path"))
