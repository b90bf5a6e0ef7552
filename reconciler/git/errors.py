"""What the git door raises beyond the common taxonomy, and how libgit2's texts become those errors.

libgit2 reports most failures as one class with an English text. The table below is the only place that reads such
texts; every entry was seen with a real server (tests/unit/git). Texts never contain a secret: credentials travel in
callbacks, not in URLs, and `explain` removes them all the same.
"""

from __future__ import annotations

from collections.abc import Iterable

import pygit2

from reconciler.errors import Problem, ReconcilerError, Refused, Transient, UserError


class EmptyRepository(UserError):
    """The repository has no commit at all."""

    def __init__(self, url: str, branch: str) -> None:
        super().__init__(Problem(f"repository {url} is empty", f"push a first commit to {branch}"))


class BranchMissing(UserError):
    """The repository has branches, but not the one that is configured (never made, renamed or deleted)."""

    def __init__(self, url: str, branch: str, others: Iterable[str]) -> None:
        self.others = tuple(sorted(others))
        shown = ", ".join(self.others[:5]) + (", …" if len(self.others) > 5 else "")
        fix = f"push it, or configure one of: {shown}" if shown else "push it, or configure another branch"
        super().__init__(Problem(f"repository {url} has no branch {branch!r}", fix))


class DamagedMirror(Transient):
    """An object of the local cache cannot be read; the next fetch builds the cache anew."""


_CREDENTIALS = (
    "authentication replays",
    "authentication required",
    "failed to authenticate",
    "authentication failed",
    "callback returned unsupported credentials type",
    "status code: 401",
    "status code: 403",
    "http status 401",
    "http status 403",
    "permission denied",
    "unable to extract public key",
    "username does not match",
)
_ABSENT = (
    "status code: 404",
    "http status 404",
    "repository not found",
    "failed to resolve path",
    "unsupported url protocol",
)
_HOST_KEY = ("certificate", "host key", "hostkey")
_LOCAL = ("not owned by current user", "unsupported", "unknown object format", "is not a valid repository")


def explain(error: Exception, url: str, host: str, login: str, secrets: Iterable[str] = ()) -> ReconcilerError:
    """The taxonomy's error for one failure of libgit2 while talking to `url`.

    `login` describes the configured credential without its value, e.g. "the token". Unknown texts are `Transient`:
    the last good state is kept and the next poll tries again.
    """
    text = redact(str(error), secrets) or type(error).__name__
    lower = text.lower()
    if isinstance(error, pygit2.CertificateError) or any(sign in lower for sign in _HOST_KEY):
        return Refused(_distrust(url, host, text))
    if isinstance(error, pygit2.AuthError) or any(sign in lower for sign in _CREDENTIALS):
        return Refused(f"{url} refused {login}: check that it is valid and may read this repository ({text})")
    if any(sign in lower for sign in _ABSENT):
        return Refused(f"{url} was not found: check the URL, and that {login} may see it ({text})")
    if any(sign in lower for sign in _LOCAL):
        return Refused(f"{url} cannot be read: {text}")
    return Transient(f"fetching {url} failed: {text}")


def _distrust(url: str, host: str, text: str) -> str:
    if url.startswith("https:"):
        return f"the TLS certificate of {host} is not trusted: name its authority's file in SSL_CERT_FILE ({text})"
    return (
        f"the ssh host key of {host} is unknown or differs from known_hosts: "
        f"compare the output of `ssh-keyscan {host}` with the key that the host's owner publishes, "
        f"then put it into known_hosts ({text})"
    )


def redact(text: str, secrets: Iterable[str]) -> str:
    """`text` without any of `secrets`."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "••••")
    return text
