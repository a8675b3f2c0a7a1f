"""The address of the API: checked, normalised, and whether it is this machine."""

from __future__ import annotations

import ipaddress

import httpx


def normalise_base(url: str) -> str:
    """Returns the base URL with exactly one ``/v1`` at its end, whether it was given with or without.

    Raises ValueError if it is not an http(s) URL with a host, or holds a user name, a query or a fragment.
    """
    try:
        parsed = httpx.URL(url.strip())
    except httpx.InvalidURL as error:
        raise ValueError(f"The address of the API cannot be read: {error}.") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ValueError(f"The address of the API must begin with https:// and name a host, not {url!r}.")
    if parsed.query or parsed.fragment or parsed.userinfo:
        raise ValueError("The address of the API must not contain a user name, ? or #.")
    base = str(parsed).rstrip("/")
    return base if base.endswith("/v1") else f"{base}/v1"


def is_this_machine(url: str) -> bool:
    """Returns True if the host is a loopback address or localhost. Proxies are not used for those."""
    host = httpx.URL(url).host
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
