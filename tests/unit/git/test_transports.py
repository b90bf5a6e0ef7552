"""Real transports: what gets in, what is refused with a clear reason, and what cannot hang the daemon."""

from __future__ import annotations

import getpass
import os
import threading
import time
from pathlib import Path

import pytest

from reconciler.config.model import Credentials, Secret
from reconciler.errors import NotFound, Refused, Transient, UserError
from reconciler.git.deadlines import Abandoned, within
from reconciler.git.errors import BranchMissing, EmptyRepository
from reconciler.git.mirror import Mirror
from tests.unit.git import servers
from tests.unit.git.upstream import Upstream

PASSWORD = "pa55-w0rd"
LOGIN = Credentials(username="ann", token=Secret(PASSWORD))
HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\nContent-Length: 99999\r\n\r\n"
    b"001e# service=git-upload-pack\n0000"
)
LONG_LINE = HEAD + b"0fff"


def mirror_of(url: str, tmp_path: Path, credentials: Credentials | None = None, **options) -> Mirror:
    return Mirror(url, "main", tmp_path / "cache", credentials or Credentials(), **options)


def test_http_brings_the_branch_and_nothing_else(upstream: Upstream, tmp_path: Path) -> None:
    sha = upstream.commit({"a.yaml": "1"})
    other = upstream.commit({"b.yaml": "1"}, branch="feature")
    with servers.http(tmp_path, "ann:" + PASSWORD) as url:
        mirror = mirror_of(f"{url}/upstream.git", tmp_path, LOGIN)
        assert mirror.fetch().sha == sha
        following = upstream.commit({"a.yaml": "2"})
        assert mirror.fetch().sha == following
    with pytest.raises(NotFound):
        mirror.commit(other)


@pytest.mark.parametrize(
    ("credentials", "says"),
    [
        (Credentials(username="ann", token=Secret("wr0ng-one")), "refused the token: check that it is valid"),
        (Credentials(), "refused anonymous access"),
    ],
    ids=["wrong password", "none"],
)
def test_wrong_credentials_are_refused_by_name_and_the_last_state_stays(
    upstream: Upstream, tmp_path: Path, credentials: Credentials, says: str
) -> None:
    sha = upstream.commit({"a.yaml": "1"})
    with servers.http(tmp_path, "ann:" + PASSWORD) as url:
        mirror_of(f"{url}/upstream.git", tmp_path, LOGIN).fetch()
        mirror = mirror_of(f"{url}/upstream.git", tmp_path, credentials)
        with pytest.raises(Refused, match=says) as caught:
            mirror.fetch()
    assert "wr0ng" not in str(caught.value)
    assert mirror.head() == sha


def test_an_app_token_is_asked_for_at_every_fetch_and_sent_with_githubs_user_name(
    upstream: Upstream, tmp_path: Path
) -> None:
    upstream.commit({"a.yaml": "1"})
    asked: list[int] = []

    def token() -> str:
        asked.append(1)
        return PASSWORD

    with servers.http(tmp_path, f"x-access-token:{PASSWORD}") as url:
        mirror = mirror_of(f"{url}/upstream.git", tmp_path, app_token=token)
        mirror.fetch()
        mirror.fetch()
    assert len(asked) == 2


def test_credentials_do_not_follow_a_redirect_to_another_host(upstream: Upstream, tmp_path: Path) -> None:
    upstream.commit({"a.yaml": "1"})
    with (
        servers.http(tmp_path, "ann:" + PASSWORD) as elsewhere,
        servers.http(tmp_path, redirect_to=elsewhere) as url,
        pytest.raises(Refused),
    ):
        mirror_of(f"{url}/upstream.git", tmp_path, LOGIN).fetch()


def test_a_tls_certificate_that_nobody_vouches_for_is_refused(upstream: Upstream, tmp_path: Path) -> None:
    upstream.commit({"a.yaml": "1"})
    with (
        servers.http(tmp_path, tls=servers.self_signed(tmp_path)) as url,
        pytest.raises(Refused, match=r"the TLS certificate of 127\.0\.0\.1 is not trusted"),
    ):
        mirror_of(f"{url}/upstream.git", tmp_path, LOGIN).fetch()


def test_a_missing_repository_is_refused(tmp_path: Path) -> None:
    with servers.http(tmp_path) as url, pytest.raises(Refused, match="was not found"):
        mirror_of(f"{url}/nope.git", tmp_path).fetch()


def test_empty_and_missing_branch_are_told_apart_over_http(upstream: Upstream, tmp_path: Path) -> None:
    with servers.http(tmp_path) as url:
        mirror = mirror_of(f"{url}/upstream.git", tmp_path)
        with pytest.raises(EmptyRepository):
            mirror.fetch()
        upstream.commit({"a": "1"}, branch="trunk")
        with pytest.raises(BranchMissing, match="trunk"):
            mirror.fetch()


def test_nobody_listening_is_transient(tmp_path: Path) -> None:
    with servers.misbehaving(b"") as url:
        pass
    with pytest.raises(Transient, match=r"fetching .* failed"):
        mirror_of(f"{url}/r.git", tmp_path).fetch()


def test_a_server_error_is_transient(tmp_path: Path) -> None:
    answer = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
    with servers.misbehaving(answer) as url, pytest.raises(Transient):
        mirror_of(f"{url}/r.git", tmp_path, deadline=10).fetch()


@pytest.mark.parametrize(
    ("start", "dribble"),
    [(b"", b""), (LONG_LINE, b"0"), (HEAD, b"")],
    ids=["silent", "dribbling", "stalled in the middle"],
)
def test_a_server_that_never_finishes_costs_the_deadline_and_no_more(
    tmp_path: Path, start: bytes, dribble: bytes
) -> None:
    with servers.misbehaving(start, dribble) as url:
        mirror = mirror_of(f"{url}/r.git", tmp_path, deadline=0.4)
        began = time.monotonic()
        with pytest.raises(Transient, match="took longer than"):
            mirror.fetch()
        assert time.monotonic() - began < 3


def test_hanging_fetches_of_one_mirror_do_not_pile_up(tmp_path: Path) -> None:
    with servers.misbehaving(LONG_LINE, b"0") as url:
        mirror = mirror_of(f"{url}/r.git", tmp_path, deadline=0.1)
        messages = []
        for _ in range(5):
            with pytest.raises(Transient) as caught:
                mirror.fetch()
            messages.append(str(caught.value))
    assert [text.startswith("3 earlier fetches") for text in messages] == [False, False, False, True, True]


def test_an_abandoned_call_is_counted_until_it_ends() -> None:
    counter, release = Abandoned(), threading.Event()
    with pytest.raises(Transient, match="sleeping took longer than"):
        within(0.05, "sleeping", release.wait, counter)
    assert counter.running == 1
    release.set()
    for _ in range(100):
        if counter.running == 0:
            break
        time.sleep(0.01)
    assert counter.running == 0


@pytest.fixture
def ssh(tmp_path: Path):
    if os.geteuid() != 0 and getpass.getuser() == "nobody":
        pytest.skip("needs a user with a login shell")
    server = servers.Ssh(tmp_path / "ssh")
    with server.running():
        yield server


def ssh_url(ssh: servers.Ssh, upstream: Upstream) -> str:
    return f"ssh://{getpass.getuser()}@127.0.0.1:{ssh.port}{upstream.path}"


def test_ssh_works_with_the_right_key_and_the_right_host(ssh: servers.Ssh, upstream: Upstream, tmp_path: Path) -> None:
    sha = upstream.commit({"a.yaml": "1"})
    credentials = Credentials(ssh_key=Secret(ssh.key), known_hosts=f"# a comment\n{ssh.known_hosts}\n")
    assert mirror_of(ssh_url(ssh, upstream), tmp_path, credentials).fetch().sha == sha


def test_ssh_works_with_a_passphrase(ssh: servers.Ssh, upstream: Upstream, tmp_path: Path) -> None:
    sha = upstream.commit({"a.yaml": "1"})
    key = ssh.new_key("locked", "op3n")
    ssh.authorise("locked")
    credentials = Credentials(ssh_key=Secret(key), ssh_passphrase=Secret("op3n"), known_hosts=ssh.known_hosts)
    assert mirror_of(ssh_url(ssh, upstream), tmp_path, credentials).fetch().sha == sha


def test_hashed_known_hosts_work_too(ssh: servers.Ssh, upstream: Upstream, tmp_path: Path) -> None:
    sha = upstream.commit({"a.yaml": "1"})
    credentials = Credentials(ssh_key=Secret(ssh.key), known_hosts=ssh.hashed_known_hosts())
    assert "127.0.0.1" not in credentials.known_hosts
    assert mirror_of(ssh_url(ssh, upstream), tmp_path, credentials).fetch().sha == sha


@pytest.mark.parametrize("host_key", ["wrong", "of another port"])
def test_a_host_key_that_is_wrong_or_unknown_is_refused(
    ssh: servers.Ssh, upstream: Upstream, tmp_path: Path, host_key: str
) -> None:
    upstream.commit({"a.yaml": "1"})
    ssh.new_key("other")
    line = ssh.host_line("other") if host_key == "wrong" else ssh.known_hosts.replace(f":{ssh.port}", ":1")
    mirror = mirror_of(ssh_url(ssh, upstream), tmp_path, Credentials(ssh_key=Secret(ssh.key), known_hosts=line))
    with pytest.raises(Refused, match=r"host key of 127\.0\.0\.1 is unknown or differs .*ssh-keyscan"):
        mirror.fetch()
    assert mirror.head() is None


def test_an_ssh_key_that_is_not_authorised_is_refused_by_name(
    ssh: servers.Ssh, upstream: Upstream, tmp_path: Path
) -> None:
    upstream.commit({"a.yaml": "1"})
    credentials = Credentials(ssh_key=Secret(ssh.new_key("stranger")), known_hosts=ssh.known_hosts)
    with pytest.raises(Refused, match="the ssh key of user"):
        mirror_of(ssh_url(ssh, upstream), tmp_path, credentials).fetch()


def test_a_damaged_ssh_key_is_refused_and_not_shown(ssh: servers.Ssh, upstream: Upstream, tmp_path: Path) -> None:
    broken = ssh.key.replace("\n", "\nAAAA", 1)
    with pytest.raises(Refused) as caught:
        mirror_of(
            ssh_url(ssh, upstream), tmp_path, Credentials(ssh_key=Secret(broken), known_hosts=ssh.known_hosts)
        ).fetch()
    assert ssh.key.splitlines()[1] not in str(caught.value)


def test_ssh_without_known_hosts_does_not_even_start(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"needs known_hosts .*ssh-keyscan h\.example") as caught:
        mirror_of("git@h.example:o/r.git", tmp_path)
    assert len(caught.value.problems) == 2
