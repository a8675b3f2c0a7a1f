"""Checks politely whether web addresses lead anywhere: a few of a host at a time, at a limited pace.

Nothing is read: a HEAD, and where a server does not like that, the first byte. An address in a private network is not
asked for, as for any fetch (see web_fetch.py); xAI could not read it either. Each request counts for the host that it
goes to, redirects too, so that no host is asked more often because others redirect to it.
"""

from __future__ import annotations

import enum
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Literal

import httpx

from batchsite.datasets import web_address
from batchsite.datasets.web_address import NotFetched
from batchsite.datasets.web_fetch import HEADERS, MOST_REDIRECTS, Limits, Outgoing, answer_of, following_of

AT_ONCE, OF_A_HOST = 12, 3
"""Requests at the same time, in all and to one host."""
LOT = 10
"""Requests for which the pace of a host is asked at a time."""
PAUSE = 2.0
"""Seconds between two signs of life while answers are awaited."""
Pace = Callable[[str], float | None]
"""Returns seconds until the next LOT of requests may go to a host. None: it is not asked any more for now."""
_ASKED = {
    "HEAD": Outgoing("HEAD"),
    "GET": Outgoing(headers=HEADERS | {"Range": "bytes=0-0"}),  # the first byte is enough
}
_SLOW_DOWN = frozenset({429, 503})
"""Statuses with which a host asks for fewer requests: it gets none any more."""
_PASSING = frozenset({408, 425, 429})
"""Statuses that say nothing about the address; neither do those from 500 on."""


class LinkState(enum.Enum):
    ALIVE = "alive"
    DEAD = "dead"
    UNSURE = "unsure"  # it may answer another time


@dataclass(frozen=True)
class Probe:
    """The outcome of asking for an address; `words` say why it is not alive."""

    state: LinkState
    words: str = ""
    is_too_much: bool = False
    """Whether the host asks for fewer requests."""


@dataclass(frozen=True)
class LinkRequest:
    """One request that is to be made for an address."""

    address: str
    url: str
    method: Literal["HEAD", "GET"] = "HEAD"
    hops: int = 0
    """Redirects that led here."""

    @property
    def host(self) -> str:
        try:
            return httpx.URL(self.url).host
        except httpx.InvalidURL:
            return ""


def make(ask: LinkRequest, limits: Limits) -> Probe | LinkRequest:
    """Makes one request. Returns what came of it, or the request that follows."""
    try:
        url = web_address.parse(ask.url)
        with answer_of(url, limits, _ASKED[ask.method]) as answer:
            if not answer.has_redirect_location:
                found = _judged(answer.status_code)
            elif ask.hops < MOST_REDIRECTS:
                return replace(ask, url=str(following_of(url, answer)), hops=ask.hops + 1)
            else:
                found = Probe(LinkState.DEAD, "It leads from one address to the next without end.")
    except NotFetched as error:
        found = Probe(LinkState.DEAD if error.is_lasting else LinkState.UNSURE, str(error))
    if ask.method == "GET" or found.state is LinkState.ALIVE or found.is_too_much:
        return found
    return LinkRequest(ask.address, ask.address, "GET")


def _judged(status: int) -> Probe:
    if status < 400 or status == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
        return Probe(LinkState.ALIVE)
    state = LinkState.UNSURE if status in _PASSING or status >= 500 else LinkState.DEAD
    return Probe(state, f"It answers {status}.", status in _SLOW_DOWN)


@dataclass
class _Host:
    """The requests that wait for a host."""

    waiting: deque[LinkRequest] = field(default_factory=deque)
    flying: int = 0
    left: int = 0
    """Requests of the lot that may be made from `ready_at` on."""
    ready_at: float = 0.0
    closed: str = ""
    """Why nothing more is asked of it."""


class Prober:
    """Asks for addresses until all are known, or it is over."""

    def __init__(self, addresses: Iterable[str], limits: Limits, pace: Pace) -> None:
        self._limits, self._pace = limits, pace
        self._hosts: dict[str, _Host] = {}
        self._idle: dict[str, _Host] = {}
        """Hosts with nothing to do for now. What is left of their lots counts when a redirect leads to them."""
        self._flying: dict[Future[Probe | LinkRequest], LinkRequest] = {}
        self._found: list[tuple[str, Probe]] = []
        for address in addresses:
            self._queue(LinkRequest(address, address))

    def probe_all(self, is_over: Callable[[], bool]) -> Iterator[list[tuple[str, Probe]]]:
        """Yields (address, what came of it) as answers come in, and an empty list as a sign of life.

        Nothing more is asked once `is_over`; what was asked by then is still yielded.
        """
        with ThreadPoolExecutor(AT_ONCE) as pool:
            while True:
                going_on = not is_over()
                for ask in self._next() if going_on else ():
                    self._flying[pool.submit(make, ask, self._limits)] = ask
                if not self._flying and not (going_on and self._hosts):
                    break
                self._receive()
                yield self._taken()
        yield self._taken()

    def _queue(self, ask: LinkRequest) -> None:
        if ask.host not in self._hosts:
            self._hosts[ask.host] = self._idle.pop(ask.host, _Host())
        host = self._hosts[ask.host]
        host.waiting.append(ask)
        if host.closed:
            self._close(host, host.closed)

    def _next(self) -> Iterator[LinkRequest]:
        """Yields what may be asked now, a host after the other."""
        for name, host in list(self._hosts.items()):
            while host.waiting and len(self._flying) < AT_ONCE and host.flying < OF_A_HOST:
                if not host.left and not self._may_go_on(name, host):
                    break
                if time.monotonic() < host.ready_at:
                    break
                host.left -= 1
                host.flying += 1
                yield host.waiting.popleft()
            if not host.waiting and not host.flying:
                self._idle[name] = self._hosts.pop(name)

    def _may_go_on(self, name: str, host: _Host) -> bool:
        """Takes a lot of requests. False if the host is not asked any more."""
        seconds = self._pace(name)
        if seconds is None:
            self._close(host, f"{name} has had too many of its addresses checked recently. Check again later.")
            return False
        host.left, host.ready_at = LOT, time.monotonic() + seconds
        return True

    def _close(self, host: _Host, words: str) -> None:
        host.closed = words
        self._found += [(ask.address, Probe(LinkState.UNSURE, words)) for ask in host.waiting]
        host.waiting.clear()

    def _receive(self) -> None:
        """Takes in the answers that came, or waits for a while."""
        if not self._flying:
            time.sleep(min(PAUSE, max(0.0, min(host.ready_at for host in self._hosts.values()) - time.monotonic())))
            return
        done, _ = wait(self._flying, PAUSE, FIRST_COMPLETED)
        for future in done:
            ask, came = self._flying.pop(future), future.result()
            host = self._hosts[ask.host]
            host.flying -= 1
            if isinstance(came, LinkRequest):
                self._queue(came)
                continue
            self._found.append((ask.address, came))
            if came.is_too_much:
                self._close(host, f"{ask.host} asks for fewer requests, so this one was not made.")

    def _taken(self) -> list[tuple[str, Probe]]:
        found, self._found = self._found, []
        return found
