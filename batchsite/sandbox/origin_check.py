"""Keeps web pages out: any page in the user's browser can send requests to a port of this machine.

The Host must be this machine's (a page may let its own name resolve to 127.0.0.1), and the request must not come from
a page of another origin. Request bodies must also be ``application/json``, which a page cannot send without asking
first (see ``exchange.Call.json``).
"""

from __future__ import annotations

from collections.abc import Mapping

from batchsite.sandbox.wire_shapes import refuse

_OWN_NAMES = ("localhost", "127.0.0.1", "[::1]")
_OWN_FETCHES = ("same-origin", "none")
"""Values of Sec-Fetch-Site for requests of our own origin, and of the user's address bar."""


def refuse_web_pages(headers: Mapping[str, str], server_name: str, server_port: str) -> None:
    """Raises Refused (403) for a foreign Host, Origin or Sec-Fetch-Site. ``headers`` has lower-case names."""
    own_hosts = _own_hosts(server_name, server_port)
    if headers.get("host", "").lower() not in own_hosts:
        refuse(403, f"The sandbox is only available at http://127.0.0.1:{server_port}.")
    origin = headers.get("origin")
    if origin is not None and origin.lower() not in {f"http://{host}" for host in own_hosts}:
        refuse(403, "The sandbox does not answer requests of other web pages.")
    if headers.get("sec-fetch-site", "none") not in _OWN_FETCHES:
        refuse(403, "The sandbox does not answer requests of other web pages.")


def _own_hosts(server_name: str, server_port: str) -> set[str]:
    """Returns the valid values of Host: our names with the port, which clients omit if it is 80."""
    bound = f"[{server_name}]" if ":" in server_name else server_name.lower()
    names = {*_OWN_NAMES, bound}
    hosts = {f"{name}:{server_port}" for name in names}
    return hosts | names if server_port == "80" else hosts
