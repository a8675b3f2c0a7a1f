"""Says in a sentence why xAI was not reached: no name, no trusted certificate, a proxy's page. Decided by types."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from enum import StrEnum
from urllib.parse import urlsplit

from batchsite.xai.errors import ConnectionFailed, TimedOut, XaiError


class NetworkFault(StrEnum):
    """The sentence for people. `{host}` is the host of the API."""

    NAME = "The name {host} cannot be resolved. Check the network and DNS of this machine, and XAI_API_BASE."
    CERTIFICATE = (
        "The certificate of {host} is not trusted, so nothing was sent. A proxy that inspects HTTPS has to let {host} "
        "through, or this machine has to trust its certificate."
    )
    REFUSED = "{host} refuses connections. Check XAI_API_BASE, and whether a firewall or proxy is in the way."
    UNREACHABLE = "{host} cannot be reached. Check the network and the proxy of this machine, and XAI_API_BASE."
    SLOW = "{host} did not answer in time. Check the network and the proxy of this machine, or try again later."
    WEB_PAGE = (
        "A web page came back instead of xAI’s answer, probably from a proxy or a network’s sign-in page. "
        "Allow {host} there, or check XAI_API_BASE."
    )

    @property
    def passes(self) -> bool:
        """Whether it is often temporary. People have to know about the others."""
        return self is NetworkFault.SLOW


def fault_of(error: XaiError) -> NetworkFault | None:
    """None if it was xAI itself that answered."""
    if error.body.lstrip().startswith("<"):
        return NetworkFault.WEB_PAGE
    if isinstance(error, TimedOut):
        return NetworkFault.SLOW
    if not isinstance(error, ConnectionFailed):
        return None
    for cause in _causes(error):
        for kind, fault in _BY_CAUSE.items():
            if isinstance(cause, kind):
                return fault
    return NetworkFault.UNREACHABLE


_BY_CAUSE: dict[type[BaseException], NetworkFault] = {
    socket.gaierror: NetworkFault.NAME,
    ssl.SSLCertVerificationError: NetworkFault.CERTIFICATE,
    ConnectionRefusedError: NetworkFault.REFUSED,
}


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def sentence(fault: NetworkFault, base_url: str) -> str:
    return fault.format(host=urlsplit(base_url).hostname or base_url)
