"""Who we are to AWS: credentials from the default chain, a profile or a role, and the region."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import Any

from reconciler.errors import Problem, Refused, Transient, UserError

CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 3, 5, 2
"""Bounds of each request that botocore sends to get credentials."""

MOST_ACCOUNTS = 32
ROLE_SESSION = "reconciler"
_LATER = frozenset(
    {"Throttling", "ThrottlingException", "RequestLimitExceeded", "InternalServiceFault", "InternalFailure"}
)


@lru_cache(maxsize=MOST_ACCOUNTS)
def session(profile: str = "") -> Any:
    """botocore's session of a profile, or of the default chain; it keeps credentials and renews them.

    Raises `UserError` when botocore is not installed.
    """
    try:
        from botocore.config import Config
        from botocore.session import Session
    except ImportError:
        raise UserError(
            Problem("AWS's library is not installed", "pip install 'reconciler[aws]', or use the image, which has it")
        ) from None
    made = Session(profile=profile or None)
    retries = {"total_max_attempts": ATTEMPTS, "mode": "standard"}
    made.set_default_client_config(Config(connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries=retries))
    return made


def region_of(profile: str = "", named: str = "") -> str:
    """The named region, else that of the environment or the profile. Raises `UserError` when there is none."""
    asked = session(profile)
    with explained():
        region = named or os.environ.get("AWS_REGION") or asked.get_config_variable("region")
    if not region:
        raise UserError(
            Problem("no AWS region is configured", "set AWS_REGION for the daemon, or a region in the profile")
        )
    return str(region)


@lru_cache(maxsize=MOST_ACCOUNTS)
def credentials(profile: str = "", role: str = "", region: str = "") -> Any:
    """botocore's credentials of the profile, or those of the role that it may take on. They renew themselves.

    Raises `UserError` when the chain has none, or would run a program for them.
    """
    asked = session(profile)
    with explained():
        if profile or "AWS_ACCESS_KEY_ID" not in os.environ:
            _refuse_programs(asked.full_config.get("profiles", {}), asked.profile or "default")
        own = asked.get_credentials()
    if own is None:
        fix = "give the daemon's service account a role, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        raise UserError(Problem("no AWS credentials were found", fix))
    return _of_role(asked, own, role, region) if role else own


def _refuse_programs(profiles: Mapping[str, Mapping[str, Any]], name: str) -> None:
    """For the profile and those that it builds upon. botocore would run `credential_process` without any limit."""
    seen: set[str] = set()
    while name in profiles and name not in seen:
        seen.add(name)
        if profiles[name].get("credential_process"):
            fix = "use a role, a web identity, SSO or keys in the profile"
            raise UserError(Problem(f'the AWS profile "{name}" asks to run a program (credential_process)', fix))
        name = str(profiles[name].get("source_profile") or "")


def _of_role(asked: Any, own: Any, role: str, region: str) -> Any:
    from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials

    fetcher = AssumeRoleCredentialFetcher(
        client_creator=partial(asked.create_client, region_name=region),
        source_credentials=own,
        role_arn=role,
        extra_args={"RoleSessionName": ROLE_SESSION},
    )
    return DeferredRefreshableCredentials(method="assume-role", refresh_using=fetcher.fetch_credentials)


@contextmanager
def explained() -> Iterator[None]:
    """Turns what botocore raises into the taxonomy, by what a caller can do about it."""
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

    try:
        yield
    except ClientError as error:
        told = error.response.get("Error", {})
        code, message = str(told.get("Code", "")), str(told.get("Message", ""))
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        text = f"AWS {error.operation_name}: {code}: {message}"
        if code in _LATER or status == 429 or status >= 500:
            raise Transient(text) from None
        raise Refused(text) from None
    except HTTPClientError as error:
        raise Transient(f"AWS: {error}") from None
    except BotoCoreError as error:
        raise UserError(f"AWS: {error}") from None
