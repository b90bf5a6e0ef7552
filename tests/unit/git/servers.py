"""Real servers on loopback for the mirror to talk to: git over http with a password, sshd, and two that misbehave."""

from __future__ import annotations

import base64
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

BACKEND = Path("/usr/lib/git-core/git-http-backend")
SSHD = shutil.which("sshd") or "/usr/sbin/sshd"


def require(path: str | Path) -> None:
    """Skips where a program is missing, but never in CI."""
    if not Path(path).exists():
        if os.environ.get("CI"):
            pytest.fail(f"{path} is missing")
        pytest.skip(f"{path} is missing")


class _GitHandler(BaseHTTPRequestHandler):
    """Smart HTTP through git's own CGI program."""

    protocol_version = "HTTP/1.1"
    root: Path
    login: str
    redirect_to: str

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self._body())

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer(self, body: bytes) -> None:
        if self.redirect_to:
            self._reply(302, b"", {"Location": self.redirect_to + self.path})
        elif self.login and self.headers.get("Authorization") != self._expected():
            self._reply(401, b"no", {"WWW-Authenticate": 'Basic realm="git"'})
        else:
            self._run(body)

    def _expected(self) -> str:
        return "Basic " + base64.b64encode(self.login.encode()).decode()

    def _run(self, body: bytes) -> None:
        path, _, query = self.path.partition("?")
        env = {
            "GIT_PROJECT_ROOT": str(self.root), "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path, "QUERY_STRING": query,
            "REQUEST_METHOD": self.command, "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*",
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""), "PATH": os.environ["PATH"],
        }  # fmt: skip
        done = subprocess.run([BACKEND], input=body, env=env, capture_output=True, check=False)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines() if ": " in line)
        self._reply(int(headers.pop("Status", "200").split()[0]), content, headers)

    def _reply(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def http(root: Path, login: str = "", redirect_to: str = "", tls: Path | None = None) -> Iterator[str]:
    """Serves the repositories below `root`; `login` is USER:PASSWORD. Yields the base URL."""
    require(BACKEND)
    handler = type("Handler", (_GitHandler,), {"root": root, "login": login, "redirect_to": redirect_to})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def self_signed(directory: Path) -> Path:
    """A key and a certificate for 127.0.0.1 that nobody trusts, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = directory / "tls.pem"
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return file


@contextmanager
def misbehaving(start: bytes, dribble: bytes = b"", every: float = 0.05) -> Iterator[str]:
    """Sends `start`, then `dribble` again and again; nothing more when it is empty. Yields the base URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve(connection: socket.socket) -> None:
        with connection:
            connection.recv(65536)
            try:
                connection.sendall(start)
                while not over.wait(every):
                    connection.sendall(dribble)
            except OSError:
                pass

    def accept() -> None:
        while not over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        over.set()
        listener.close()


class Ssh:
    """An sshd for one user with one key. `known_hosts` is its line for clients."""

    def __init__(self, directory: Path) -> None:
        for tool in (SSHD, shutil.which("ssh-keygen") or "ssh-keygen"):
            require(tool)
        self.directory = directory
        directory.mkdir(mode=0o700)
        self.key = self.new_key("client")
        self.new_key("host")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.known_hosts = self.host_line("host")
        (directory / "authorized_keys").write_bytes((directory / "client.pub").read_bytes())
        (directory / "config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {directory / 'host'}\nPidFile none\n"
            f"AuthorizedKeysFile {directory / 'authorized_keys'}\nStrictModes no\nUsePAM no\n"
            "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n"
        )

    def new_key(self, name: str, passphrase: str = "") -> str:
        """Makes a key pair; returns the private part."""
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", str(self.directory / name)]
        subprocess.run(command, check=True, capture_output=True)
        return (self.directory / name).read_text()

    def host_line(self, name: str) -> str:
        kind, key = (self.directory / f"{name}.pub").read_text().split()[:2]
        return f"[127.0.0.1]:{self.port} {kind} {key}"

    def hashed_known_hosts(self) -> str:
        """`known_hosts` with the host's name hashed, as ssh clients write it by default on some systems."""
        file = self.directory / "hashed"
        file.write_text(self.known_hosts + "\n")
        subprocess.run(["ssh-keygen", "-H", "-f", str(file)], check=True, capture_output=True)
        return file.read_text()

    def authorise(self, name: str) -> None:
        with (self.directory / "authorized_keys").open("a") as file:
            file.write((self.directory / f"{name}.pub").read_text())

    @contextmanager
    def running(self) -> Iterator[None]:
        Path("/run/sshd").mkdir(exist_ok=True)
        command = [SSHD, "-D", "-e", "-f", str(self.directory / "config")]
        with (self.directory / "log").open("wb") as log, subprocess.Popen(command, stderr=log, stdout=log) as server:
            try:
                self._wait()
                yield
            finally:
                server.terminate()

    def _wait(self) -> None:
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        pytest.fail(f"sshd did not start: {(self.directory / 'log').read_text()}")
