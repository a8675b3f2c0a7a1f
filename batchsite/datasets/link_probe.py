"""Whether there is anything at a web address: asked politely, a few addresses of a host at a time.

Nothing is read: a HEAD, and where a server does not like that, the first byte. An address in a private network is not
asked for, as for any fetch (see web_fetch.py); xAI could not read it either.
"""

from __future__ import annotations

import enum
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

import httpx

from batchsite.datasets import web_address
from batchsite.datasets.web_address import NotFetched
from batchsite.datasets.web_fetch import HEADERS, MOST_REDIRECTS, Limits, Outgoing, answer_of, following_of

AT_ONCE, OF_A_HOST = 12, 3
"""Addresses that are asked at the same time, in all and of one host."""
PAUSE = 2.0
"""Seconds between two signs of life while answers are awaited."""
_ASKED = {
    "HEAD": Outgoing("HEAD"),
    "GET": Outgoing(headers=HEADERS | {"Range": "bytes=0-0"}),  # the first byte is enough
}
_PASSING = frozenset({408, 425, 429})
"""Statuses that say nothing of the address; those of 500 and more say nothing either."""


class Verdict(enum.Enum):
    ALIVE = "alive"
    DEAD = "dead"
    UNSURE = "unsure"  # it may answer another time


@dataclass(frozen=True)
class Probe:
    """What came of asking for an address; `words` say why it is not alive."""

    verdict: Verdict
    words: str = ""


def probe(address: str, limits: Limits) -> Probe:
    """Asks for one address."""
    head = _ask("HEAD", address, limits)
    return head if head.verdict is Verdict.ALIVE else _ask("GET", address, limits)


def _ask(method: str, address: str, limits: Limits) -> Probe:
    try:
        url = web_address.parse(address)
        for _ in range(MOST_REDIRECTS + 1):
            with answer_of(url, limits, _ASKED[method]) as answer:
                if not answer.has_redirect_location:
                    return _judged(answer.status_code)
                url = following_of(url, answer)
    except NotFetched as error:
        return Probe(Verdict.DEAD if error.is_lasting else Verdict.UNSURE, str(error))
    return Probe(Verdict.DEAD, "It leads from one address to the next without end.")


def _judged(status: int) -> Probe:
    if status < 400 or status == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
        return Probe(Verdict.ALIVE)
    verdict = Verdict.UNSURE if status in _PASSING or status >= 500 else Verdict.DEAD
    return Probe(verdict, f"It answers {status}.")


def probe_all(
    addresses: Iterable[str], limits: Limits, is_over: Callable[[], bool]
) -> Iterator[list[tuple[str, Probe]]]:
    """Yields (address, what came of it) as answers come in, and an empty list as a sign of life.

    Nothing more is asked once `is_over`; what was asked by then is still yielded.
    """
    waiting: dict[str, deque[str]] = {}
    for address in addresses:
        waiting.setdefault(_host(address), deque()).append(address)
    flying: dict[Future[Probe], tuple[str, str]] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while True:
            if not is_over():
                for host, address in _next(
                    waiting, Counter(host for host, _ in flying.values()), AT_ONCE - len(flying)
                ):
                    flying[pool.submit(probe, address, limits)] = (host, address)
            if not flying:
                return
            done, _ = wait(flying, PAUSE, FIRST_COMPLETED)
            yield [(flying.pop(future)[1], future.result()) for future in done]


def _next(waiting: dict[str, deque[str]], busy: Counter[str], free: int) -> Iterator[tuple[str, str]]:
    """Yields (host, address) of what may be asked now, a host after the other."""
    for host, queue in list(waiting.items()):
        while queue and free > 0 and busy[host] < OF_A_HOST:
            busy[host] += 1
            free -= 1
            yield host, queue.popleft()
        if not queue:
            del waiting[host]


def _host(address: str) -> str:
    try:
        return httpx.URL(address).host
    except httpx.InvalidURL:
        return ""
