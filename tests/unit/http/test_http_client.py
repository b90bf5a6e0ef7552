from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from reconciler.errors import Transient, UserError
from reconciler.http.client import BodyTooLarge, HttpClient, printable_url, proxy_for, redact
from reconciler.http.model import Request

Script = Callable[[socket.socket], None]


@contextmanager
def a_server(*scripts: Script) -> Iterator[tuple[str, list[bytes]]]:
    """Answers the n-th connection with the n-th script, after reading the request's head. Yields (url, heads)."""
    heads: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for script in scripts:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with peer:
                heads.append(head(peer))
                try:
                    script(peer)
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", heads
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(10)


def head(peer: socket.socket) -> bytes:
    got = b""
    while b"\r\n\r\n" not in got and (more := peer.recv(65536)):
        got += more
    return got


def still_there(peer: socket.socket) -> bool:
    try:
        return peer.recv(1) != b""
    except TimeoutError:
        return True


def says(raw: bytes) -> Script:
    return lambda peer: peer.sendall(raw)


def dribbles(first: bytes, drop: bytes) -> Script:
    def script(peer: socket.socket) -> None:
        peer.sendall(first)
        peer.settimeout(0.05)
        for _ in range(200):
            peer.sendall(drop)
            if not still_there(peer):
                return

    return script


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> HttpClient:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return HttpClient("reconciler/test", max_body=100_000)


def test_an_answer_comes_back_as_data_whatever_its_status(client: HttpClient) -> None:
    with a_server(says(b'HTTP/1.1 503 No\r\nRetry-After: 7\r\nContent-Length: 8\r\n\r\n{"a": 1}')) as (url, heads):
        answer = client.send(Request("POST", f"{url}/x?q=1", {"X-Mine": "1"}, b"{}"))
    assert (answer.status, answer.headers["retry-after"], answer.json()) == (503, "7", {"a": 1})
    assert heads[0].startswith(b"POST /x?q=1 HTTP/1.1\r\n")
    assert b"User-Agent: reconciler/test" in heads[0]
    assert b"X-Mine: 1" in heads[0]


def test_a_redirect_is_handed_to_the_caller_and_not_followed(client: HttpClient) -> None:
    with a_server(says(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")) as (
        url,
        _,
    ):
        assert client.send(Request("GET", url)).status == 302


@pytest.mark.parametrize(
    ("first", "drop"),
    [
        pytest.param(b"", b"", id="silence"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: ", b"a", id="dribbled headers"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", b"a", id="dribbled body"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n", id="dribbled chunks"),
    ],
)
def test_the_timeout_covers_the_whole_exchange(client: HttpClient, first: bytes, drop: bytes) -> None:
    with a_server(dribbles(first, drop)) as (url, _):
        started = time.monotonic()
        with pytest.raises(Transient, match=r"no complete answer within 0\.4 s"):
            client.send(Request("GET", url, timeout=0.4))
        assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"a" * 200_000, id="with length"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n" + b"a" * 200_000, id="until close"),
    ],
)
def test_an_endless_body_is_cut_off(client: HttpClient, raw: bytes) -> None:
    with a_server(says(raw)) as (url, _), pytest.raises(BodyTooLarge, match="100000 bytes"):
        client.send(Request("GET", url))


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="closed without an answer"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", id="closed in the body"),
        pytest.param(b"SSH-2.0-OpenSSH\r\n", id="not HTTP"),
    ],
)
def test_a_broken_exchange_is_transient(client: HttpClient, raw: bytes) -> None:
    with a_server(says(raw)) as (url, _), pytest.raises(Transient):
        client.send(Request("GET", url))


def test_a_refused_connection_is_transient_and_says_where(client: HttpClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(Transient, match=f"GET http://127.0.0.1:{port}/x: cannot connect"):
        client.send(Request("GET", f"http://127.0.0.1:{port}/x?token=t0p"))


def test_secrets_appear_in_no_error(client: HttpClient) -> None:
    secret = "t0p-s3cret"
    requests = [
        Request("GET", f"http://user:{secret}@127.0.0.1:1/{secret}?token={secret}", secrets=(secret,)),
        Request("GET", "http://127.0.0.1:1/", {"Authorization": f"Bearer {secret}\n"}),
        Request("GET", f"ftp://{secret}@127.0.0.1/"),
    ]
    for request in requests:
        with pytest.raises((Transient, UserError)) as caught:
            client.send(request)
        assert secret not in str(caught.value)
        assert caught.value.__cause__ is None


def test_a_connection_that_died_while_idle_is_replaced(client: HttpClient) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    with a_server(says(answer), says(answer)) as (url, _):
        assert client.send(Request("GET", url)).body == b"ok"
        time.sleep(0.1)  # the server's end of the first connection is closed by now
        assert client.send(Request("GET", url)).body == b"ok"


def test_the_longest_secret_is_masked_first() -> None:
    assert redact("abc-def", ("abc", "abc-def", "")) == "••••"


def test_printable_urls_have_neither_user_nor_query() -> None:
    assert printable_url("https://u:p@h.example:8/a/b?x=1#f") == "https://h.example:8/a/b"


@pytest.mark.parametrize(
    ("headers", "sent"),
    [({}, b"Basic bWU6cC93"), ({"authorization": "Bearer t"}, b"Bearer t")],
    ids=["from the address", "a header of its own"],
)
def test_credentials_in_an_address_are_sent_unless_there_are_others(
    client: HttpClient, headers: dict[str, str], sent: bytes
) -> None:
    with a_server(says(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) as (url, heads):
        client.send(Request("GET", url.replace("http://", "http://me:p%2Fw@"), headers))
    (line,) = [line for line in heads[0].split(b"\r\n") if line.lower().startswith(b"authorization:")]
    assert line.partition(b": ")[2] == sent
    assert b"me:" not in heads[0].split(b"\r\n")[0]


def test_the_proxy_environment_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "inside.example")
    assert proxy_for("https://outside.example/") == "http://proxy.example:3128"
    assert proxy_for("https://inside.example/") == ""


def test_a_request_goes_through_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with a_server(says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")) as (proxy, heads):
        monkeypatch.setenv("http_proxy", proxy)
        assert HttpClient("test").send(Request("GET", "http://outside.example/x")).body == b"ok"
    assert heads[0].startswith(b"GET http://outside.example/x HTTP/1.1\r\n")
