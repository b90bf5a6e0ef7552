"""The HTTP door over TLS: whom it trusts, and that its deadline holds there too."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from reconciler.errors import Transient
from reconciler.http.client import HttpClient
from reconciler.http.model import Request

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate and its key for 127.0.0.1, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    plain = serialization.NoEncryption()
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path.write_bytes(signed.public_bytes(encoding) + key.private_bytes(encoding, form, plain))
    return path


@pytest.fixture
def serve(certificate: Path) -> Iterator[Callable[[Callable[[ssl.SSLSocket], None]], str]]:
    listener = socket.create_server(("127.0.0.1", 0))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def start(script: Callable[[ssl.SSLSocket], None]) -> str:
        def answer() -> None:
            try:
                with context.wrap_socket(listener.accept()[0], server_side=True) as peer:
                    peer.recv(65536)
                    script(peer)
            except OSError:
                return

        threading.Thread(target=answer, daemon=True).start()
        return f"https://127.0.0.1:{listener.getsockname()[1]}/"

    yield start
    listener.close()


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> HttpClient:
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return HttpClient("reconciler/test")


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(
    client: HttpClient, serve: Callable[[Callable[[ssl.SSLSocket], None]], str]
) -> None:
    with pytest.raises(Transient, match=r"TLS: .*CERTIFICATE_VERIFY_FAILED"):
        client.send(Request("GET", serve(lambda peer: peer.sendall(ANSWER))))


def test_it_is_trusted_only_by_a_request_that_says_so(
    client: HttpClient, serve: Callable[[Callable[[ssl.SSLSocket], None]], str]
) -> None:
    url = serve(lambda peer: peer.sendall(ANSWER))
    assert client.send(Request("GET", url, insecure=True)).body == b"ok"
    with pytest.raises(Transient, match="TLS"):
        client.send(Request("GET", serve(lambda peer: peer.sendall(ANSWER))))


def test_a_dribbling_server_is_cut_off_under_tls_too(
    client: HttpClient, serve: Callable[[Callable[[ssl.SSLSocket], None]], str]
) -> None:
    def dribble(peer: ssl.SSLSocket) -> None:
        peer.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        for _ in range(200):
            peer.sendall(b"a")
            time.sleep(0.02)

    started = time.monotonic()
    with pytest.raises(Transient, match=r"no complete answer within 0\.4 s"):
        client.send(Request("GET", serve(dribble), timeout=0.4, insecure=True))
    assert time.monotonic() - started < 3
