"""Web addresses of tables: what may be fetched, and where a Google Sheet gives its CSV. Pure, but for look-ups.

An address that people type is read by our server, inside its network. So every address is looked up, and refused
unless all that it stands for is public, right before each connection, redirects included.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Collection
from enum import StrEnum
from urllib.parse import parse_qs, urlencode

import httpx

LONGEST = 2000
ANY_PORT = "any"
_SHEET = re.compile(r"/spreadsheets/(?:u/\d+/)?d/(e/)?([\w-]{20,100})(?:/|$)")
_NAT64, _LOCAL_NAT64 = ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48")
_COMPATIBLE = ipaddress.ip_network("::/96")
"""How IPv4 addresses were embedded before ::ffff:0:0/96."""
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Fault(StrEnum):
    """Why there is no answer, for callers with their own words."""

    ADDRESS = "address"
    PORT = "port"
    UNKNOWN_HOST = "unknown host"
    PRIVATE = "private address"
    TIMEOUT = "timeout"
    CERTIFICATE = "certificate"
    UNREACHABLE = "unreachable"


class NotFetched(Exception):
    """Nothing could be fetched; the text says why and what to do."""

    def __init__(self, words: str, fault: Fault = Fault.ADDRESS) -> None:
        super().__init__(words)
        self.fault = fault

    @property
    def is_lasting(self) -> bool:
        """Whether the address cannot be reached from the internet by anybody."""
        return self.fault in {Fault.UNKNOWN_HOST, Fault.PRIVATE}


def parse(text: str) -> httpx.URL:
    """Returns the address that a person typed. Raises NotFetched if it is none that can be fetched."""
    typed = text.strip()
    if "://" not in typed and re.match(r"[\w-]+(\.[\w-]+)+([:/]|$)", typed):
        typed = f"https://{typed}"
    try:
        url = httpx.URL(typed)
    except httpx.InvalidURL:
        raise NotFetched("This is not a web address. It looks like https://example.org/table.csv.") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise NotFetched("Enter an address that begins with https:// or http://.")
    if url.userinfo:
        raise NotFetched("Leave out the user name and password: the address is shown to your team.")
    return url.copy_with(fragment=None) if not is_sheet(url) else url


def is_sheet(url: httpx.URL) -> bool:
    """Returns whether this is an address of a Google Sheet."""
    return url.host == "docs.google.com" and bool(_SHEET.match(url.path))


def of_csv(url: httpx.URL) -> httpx.URL:
    """Returns where a Google Sheet gives its CSV, for the sheet that the address shows; other addresses as they are."""
    found = _SHEET.match(url.path) if is_sheet(url) else None
    if found is None:
        return url
    asked = {**parse_qs(url.fragment), **parse_qs(url.query.decode())}
    sheet = {"gid": asked["gid"][0]} if "gid" in asked else {}
    if found[1]:
        return _google(f"/spreadsheets/d/e/{found[2]}/pub", {"output": "csv", "single": "true", **sheet})
    return _google(f"/spreadsheets/d/{found[2]}/export", {"format": "csv", **sheet})


def _google(path: str, asked: dict[str, str]) -> httpx.URL:
    return httpx.URL(f"https://docs.google.com{path}?{urlencode(asked)}")


def public_address(url: httpx.URL, *, allow_private: bool, ports: Collection[str]) -> str:
    """Returns the IP address to connect to. Raises NotFetched if the host is unknown or not public, or its port shut.

    `ports` are those that are open; "any" opens all.
    """
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        known = socket.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotFetched(f"There is no website at {url.host}. Check the address.", Fault.UNKNOWN_HOST) from None
    addresses = [str(entry[4][0]) for entry in known]
    if not allow_private and not all(is_public(address) for address in addresses):
        raise NotFetched(
            f"{url.host} is in a private network, and batchsite reads public addresses only. Download the file and "
            "upload it here, or ask whoever runs batchsite to allow private addresses.",
            Fault.PRIVATE,
        )
    if ANY_PORT not in ports and str(port) not in ports:
        raise NotFetched(
            f"This address uses port {port}, and batchsite reads from port {' and '.join(ports)} only. Download the "
            "file and upload it here, or ask whoever runs batchsite to allow the port (BATCHSITE_FETCH_PORTS).",
            Fault.PORT,
        )
    return addresses[0]


def is_public(text: str) -> bool:
    """Returns whether an IP address is one that anybody on the internet can reach."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if address in _LOCAL_NAT64:
        return False
    return all(part.is_global and not part.is_multicast for part in (address, *_inside(address)))


def _inside(address: Address) -> list[Address]:
    """Returns the IPv4 addresses that an IPv6 address stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    is_inside = address in _NAT64 or address in _COMPATIBLE
    nat64 = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if is_inside else None
    tunnels = address.teredo or ()
    return [part for part in (address.ipv4_mapped, address.sixtofour, nat64, *tunnels) if part is not None]
