"""The address of the API in every way people write it."""

from __future__ import annotations

import pytest

from batchsite.xai.base_url import is_this_machine
from batchsite.xai.client import XaiClient, normalise_base
from tests.xai.fakes import KEY
from tests.xai.wire_server import WireServer, json_reply

BASES = [
    ("https://api.x.ai/v1", "https://api.x.ai/v1"),
    ("https://api.x.ai", "https://api.x.ai/v1"),
    ("https://api.x.ai/", "https://api.x.ai/v1"),
    ("https://api.x.ai/v1/", "https://api.x.ai/v1"),
    (" https://us.api.x.ai \n", "https://us.api.x.ai/v1"),
    ("http://127.0.0.1:8123", "http://127.0.0.1:8123/v1"),
    ("http://[::1]:8123/v1", "http://[::1]:8123/v1"),
    ("https://gate.example/xai/", "https://gate.example/xai/v1"),
    ("https://api.x.ai:443/v1", "https://api.x.ai/v1"),
]


@pytest.mark.parametrize(("written", "base"), BASES)
def test_address_is_accepted_with_or_without_v1(written: str, base: str) -> None:
    assert normalise_base(written) == base
    assert normalise_base(base) == base


@pytest.mark.parametrize(
    "written",
    [
        "",
        "api.x.ai",
        "ftp://api.x.ai",
        "https://",
        "https://api.x.ai/v1?team=1",
        "https://api.x.ai/#a",
        "https://me:secret@api.x.ai",
        "https://api.x.ai:port",
    ],
)
def test_invalid_address_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="address of the API"):
        normalise_base(written)


HOSTS = [
    ("http://127.0.0.1:1/v1", True),
    ("http://127.8.8.8/v1", True),
    ("http://[::1]:1/v1", True),
    ("http://localhost:1/v1", True),
    ("http://sandbox.localhost/v1", True),
    ("https://api.x.ai/v1", False),
    ("http://10.0.0.1/v1", False),
    ("https://localhost.example/v1", False),
]


@pytest.mark.parametrize(("url", "here"), HOSTS)
def test_loopback_addresses_are_recognised(url: str, here: bool) -> None:
    assert is_this_machine(url) is here


def test_proxy_from_the_environment_is_not_used_for_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with WireServer(json_reply({"api_key_id": "k"})) as server, XaiClient(KEY, server.url) as client:
        assert client.check_key().api_key_id == "k"


def test_proxy_from_the_environment_is_used_for_other_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    with WireServer(json_reply({"api_key_id": "k"})) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        with XaiClient(KEY, "http://xai.example/v1") as client:
            assert client.check_key().api_key_id == "k"
        assert proxy.requests[0].startswith(b"GET http://xai.example/v1/api-key HTTP/1.1")


def test_repr_shows_the_address_but_not_the_key() -> None:
    with XaiClient(KEY, "https://api.x.ai") as client:
        assert repr(client) == "XaiClient('https://api.x.ai/v1')"
