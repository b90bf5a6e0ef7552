"""When two repository URLs mean the same repository: scheme, user, port, `.git` and letter case do not count."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from reconciler.forges.model import Push

_SCP_LIKE = re.compile(r"(?:[^@/:]+@)?(?P<host>[^/:@]{2,}):(?P<path>(?!//).+)")


def identity(url: str) -> str:
    """A comparable form, `host/path`, of an https, ssh, scp-like or file URL; the path alone for a local one."""
    host, path = _split(url.strip())
    path = re.sub(r"/{2,}", "/", path).strip("/").removesuffix(".git")
    return f"{host}/{path}".casefold()


def same_repository(one: str, other: str) -> bool:
    return bool(one and other) and identity(one) == identity(other)


def concerns(push: Push, repository_url: str, forge_repo: str = "") -> bool:
    """Whether a push speaks of this repository: by any of its URLs, or by its OWNER/NAME at the configured forge.

    The name counts because a forge behind a proxy may announce URLs that differ from the one we fetch from.
    """
    named = bool(forge_repo) and push.full_name.casefold() == forge_repo.casefold()
    return named or any(same_repository(url, repository_url) for url in push.repo_urls)


def _split(url: str) -> tuple[str, str]:
    if "://" in url:
        try:
            parts = urlsplit(url)
            return parts.hostname or "", parts.path
        except ValueError:
            return "", url
    scp = _SCP_LIKE.fullmatch(url)
    return (scp["host"], scp["path"]) if scp else ("", url)
