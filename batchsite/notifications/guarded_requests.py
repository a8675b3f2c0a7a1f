"""What a plugin of Apprise takes for the library `requests`: it decides where a message may go.

A host is looked up once, the connection goes to the very address that was checked (`apprise.utils.http` pins it), no
redirect is followed, no proxy asked, and the answer has to be there in time.
"""

from __future__ import annotations

import time
from contextvars import ContextVar
from typing import Any
from urllib.parse import urlsplit

import requests
from apprise.utils import http as _http
from django.conf import settings

from batchsite.datasets.web_address import ANY_PORT, Fault, is_public
from batchsite.timeouts import timeouts

pinned: Any = _http
"""Its functions have no types."""
MOST_BYTES = 100_000
"""Of an answer."""


class Way:
    """Where one message may go, and what came of its last request."""

    def __init__(self) -> None:
        self._until = time.monotonic() + timeouts().delivery
        self._policy: Any = pinned.HTTPPolicy(self._may_ask, self._may_connect, resolve_timeout=timeouts().delivery)
        self.code = ""
        """A status, or the name of a fault."""

    def _may_ask(self, url: str) -> bool:
        parts, options = urlsplit(url), settings.OPTIONS
        if options.notify_private:
            return True
        port = str(parts.port or 443)
        if ANY_PORT not in options.fetch_ports and port not in options.fetch_ports:
            self.code = Fault.PORT
            return False
        self.code = "" if parts.scheme == "https" else Fault.ADDRESS
        return parts.scheme == "https"

    def _may_connect(self, address: str) -> bool:
        """Raises PermissionError: a name of which one address is private is asked at none of them."""
        if not settings.OPTIONS.notify_private and not is_public(address):
            self.code = Fault.PRIVATE
            raise PermissionError
        return True

    def send(self, method: str, url: str, options: dict[str, Any]) -> requests.Response:
        """Raises requests.RequestException, as a plugin expects."""
        self.code = ""
        options |= {"allow_redirects": False, "verify": True, "stream": True, "timeout": timeouts().delivery}
        tracker = pinned.ConnectionTracker()
        try:
            with pinned.HTTPPolicySession(self._policy) as session, pinned.track_connections(tracker, self._until):
                answer: requests.Response = session.request(method, url, **options)
                self.code = str(answer.status_code)
                body = pinned.read_bounded_response(answer, MOST_BYTES)
        except requests.RequestException as error:
            self.code = self.code or (Fault.TIMEOUT if tracker.expired else _fault(error))
            raise
        if tracker.expired:
            self.code = Fault.TIMEOUT
            raise requests.Timeout
        answer._content = body or b""
        return answer


def _fault(error: requests.RequestException) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        return Fault.CERTIFICATE
    if isinstance(error, requests.Timeout):
        return Fault.TIMEOUT
    return Fault.UNKNOWN_HOST if "resolve" in str(error).lower() else Fault.UNREACHABLE


current_way: ContextVar[Way] = ContextVar("where a message may go")


OTHER_WAYS_OUT = frozenset(
    ("Session", "session", "sessions", "adapters", "api", "put", "patch", "delete", "head", "options")
)
"""What of the library no plugin in use needs."""


class GuardedRequests:
    """What a plugin takes for the library `requests`. Outside of a call nothing can be sent: a LookupError says so."""

    def __getattr__(self, name: str) -> Any:
        if name in OTHER_WAYS_OUT:
            raise AttributeError(name)
        return getattr(requests, name)

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        return current_way.get().send(method, url, options)

    def get(self, url: str, **options: Any) -> requests.Response:
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> requests.Response:
        return self.request("POST", url, **options)
