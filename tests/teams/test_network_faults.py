"""A name that cannot be resolved, a certificate nobody trusts, a proxy's page: a sentence, and the detail."""

from __future__ import annotations

import datetime
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from batchsite.teams.key_checks import KeyCheck, KeyVerdict, check_key

PAGE = b"<!doctype html><title>Access denied by the proxy of Example Ltd</title>"


def serve(status: int, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server that answers everything with a web page. Yields its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(PAGE)))
            self.end_headers()
            self.wfile.write(PAGE)

        def log_message(self, *args: object) -> None:
            """Silent."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def untested(base_url: str, words: str) -> KeyCheck:
    check = check_key("xai-secret-0123456789abcd", base_url)
    assert (check.verdict, check.words) == (KeyVerdict.UNKNOWN, f"The key could not be tested. {words}")
    return check


def test_a_name_that_cannot_be_resolved() -> None:
    words = "The name api.x.invalid cannot be resolved. Check the network and DNS of this machine, and XAI_API_BASE."
    check = untested("https://api.x.invalid/v1", words)
    assert "could not be reached" in check.detail
    assert "Errno" not in check.words


def test_a_machine_that_refuses_connections() -> None:
    words = "127.0.0.1 refuses connections. Check XAI_API_BASE, and whether a firewall or proxy is in the way."
    untested("http://127.0.0.1:9/v1", words)


@pytest.mark.parametrize("status", [200, 403, 407, 502])
def test_the_page_of_a_proxy_says_nothing_about_the_key(status: int) -> None:
    for port in serve(status):
        check = check_key("xai-secret-0123456789abcd", f"http://127.0.0.1:{port}/v1")
    assert check.verdict == KeyVerdict.UNKNOWN
    assert "A web page came back instead of xAI’s answer" in check.words


def test_a_certificate_that_nobody_trusts(tmp_path: Path) -> None:
    for port in serve(200, self_signed(tmp_path)):
        check = check_key("xai-secret-0123456789abcd", f"https://localhost:{port}/v1")
    assert "The certificate of localhost is not trusted, so nothing was sent." in check.words
    assert "certificate" in check.detail


def self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    pem = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    (folder / "cert.pem").write_bytes(pem)
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context
