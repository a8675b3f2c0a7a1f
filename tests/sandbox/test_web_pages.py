"""A web page in the user's browser can neither control nor read the sandbox."""

from __future__ import annotations

import socket

import pytest

from tests.sandbox.calls import LocalSandbox
from tests.sandbox.conftest import Live

RULE = {"what": "vanish"}
READS = ["/", "/admin/ledger", "/admin/faults", "/admin/settings", "/v1/models", "/v1/batches"]

FOREIGN_HOSTS = [
    "attacker.example",
    "attacker.example:8790",
    "127.0.0.1",
    "127.0.0.1:8791",
    "127.0.0.1:8790.attacker.example",
    "localhost.attacker.example:8790",
    "127.0.0.1:8790, attacker.example",
    "user@127.0.0.1:8790",
    "[::2]:8790",
    "",
]


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_foreign_host_is_refused(sandbox: LocalSandbox, host: str, path: str) -> None:
    assert sandbox.get(path, headers={"host": host}).status == 403


def test_missing_host_is_refused(sandbox: LocalSandbox) -> None:
    assert sandbox.get("/admin/ledger", headers={"host": ""}).status == 403


@pytest.mark.parametrize("host", ["127.0.0.1:8790", "localhost:8790", "LOCALHOST:8790", "[::1]:8790"])
def test_own_host_is_accepted(sandbox: LocalSandbox, host: str) -> None:
    assert sandbox.get("/admin/ledger", headers={"host": host}).status == 200


FOREIGN_ORIGINS: list[dict[str, str]] = [
    {"origin": "https://attacker.example"},
    {"origin": "null"},
    {"origin": ""},
    {"origin": "http://127.0.0.1:3000"},
    {"origin": "http://localhost"},
    {"origin": "https://127.0.0.1:8790"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
]


@pytest.mark.parametrize("headers", FOREIGN_ORIGINS, ids=str)
def test_foreign_origin_is_refused(sandbox: LocalSandbox, headers: dict[str, str]) -> None:
    for path in READS:
        assert sandbox.get(path, headers=headers).status == 403
    assert sandbox.post("/admin/faults", RULE, headers=headers).status == 403
    assert sandbox.post("/admin/reset", headers=headers).status == 403
    assert sandbox.post("/v1/batches", {"name": "x"}, headers=headers).status == 403
    assert sandbox.get("/admin/faults").json["faults"] == []


@pytest.mark.parametrize(
    "headers",
    [{"origin": "http://127.0.0.1:8790"}, {"sec-fetch-site": "none"}, {"sec-fetch-site": "same-origin"}],
    ids=str,
)
def test_own_origin_is_accepted(sandbox: LocalSandbox, headers: dict[str, str]) -> None:
    assert sandbox.post("/admin/faults", RULE, headers=headers).status == 201


TYPES_WITHOUT_PREFLIGHT = [
    "text/plain;json",
    "text/plain; charset=application/json",
    "application/x-www-form-urlencoded; json",
    "multipart/form-data; boundary=application/json",
    "application/jsonp",
    "text/plain",
    "",
]


@pytest.mark.parametrize("content_type", TYPES_WITHOUT_PREFLIGHT)
def test_body_of_another_type_is_415(sandbox: LocalSandbox, content_type: str) -> None:
    headers = {"content-type": content_type}
    for path in ("/admin/faults", "/admin/settings", "/admin/advance", "/admin/complete", "/admin/keys"):
        assert sandbox.post(path, RULE, headers=headers).status == 415
    assert sandbox.post("/v1/batches", {"name": "x"}, headers=headers).status == 415
    assert sandbox.get("/admin/faults").json["faults"] == []


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=utf-8"])
def test_json_type_is_accepted(sandbox: LocalSandbox, content_type: str) -> None:
    assert sandbox.post("/admin/faults", RULE, headers={"content-type": content_type}).status == 201


def test_server_passes_its_own_address_and_all_headers(live: Live) -> None:
    port = live.client.base_url.port
    assert live.client.get("/admin/ledger").status_code == 200
    assert live.client.get("/admin/ledger", headers={"host": f"localhost:{port}"}).status_code == 200
    assert live.client.get("/admin/ledger", headers={"host": f"attacker.example:{port}"}).status_code == 403
    assert live.client.get("/admin/ledger", headers={"origin": "https://attacker.example"}).status_code == 403


def test_two_host_headers_are_refused(live: Live) -> None:
    port = live.client.base_url.port
    for hosts in (f"Host: a.example\r\nHost: 127.0.0.1:{port}", f"Host: 127.0.0.1:{port}\r\nHost: a.example"):
        with socket.create_connection(("127.0.0.1", port or 0)) as connection:
            connection.sendall(f"GET /admin/ledger HTTP/1.1\r\n{hosts}\r\nConnection: close\r\n\r\n".encode())
            assert connection.recv(1000).startswith(b"HTTP/1.1 403 ")


def test_preflight_is_never_granted(live: Live) -> None:
    headers = {"origin": "https://attacker.example", "access-control-request-method": "POST"}
    reply = live.client.options("/admin/faults", headers=headers)
    assert reply.status_code == 403
    assert not [name for name in reply.headers if name.startswith("access-control")]
