"""One picture or video from its signed address: within limits, without the key, and never from a private network."""

from __future__ import annotations

import time
from dataclasses import dataclass

import httpx
from django.conf import settings

from batchsite.datasets import web_fetch
from batchsite.datasets.web_address import ANY_PORT, NotFetched
from batchsite.recipes.attachments import is_address
from batchsite.wording import size


@dataclass(frozen=True)
class Most:
    """The limits for fetching a kind of file."""

    bytes: int
    seconds: float
    """Seconds for the whole body: a byte at a time, it would keep a worker busy for ever."""
    at_once: int
    """Each is held in memory, twice for a moment."""


PICTURE = Most(40_000_000, 30.0, 8)
VIDEO = Most(100_000_000, 120.0, 2)


@dataclass(frozen=True)
class Dead:
    """The address no longer works, or never did."""

    words: str


@dataclass(frozen=True)
class NotNow:
    """The address may answer later."""

    words: str


def fetch(address: str, provider: str, most: Most = PICTURE) -> bytes | Dead | NotNow:
    """Returns the file. `provider` is the API's address: there alone any port is open, and a private network."""
    if address.startswith("data:") or not is_address(address):
        return Dead("xAI gave no web address for it.")
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL:
        return Dead("xAI gave no web address for it.")
    is_provider = bool(provider) and url.netloc == httpx.URL(provider).netloc
    allowed = settings.OPTIONS.fetch_private or is_provider
    ports = (ANY_PORT,) if is_provider else settings.OPTIONS.fetch_ports
    limits = web_fetch.Limits(most.bytes, size(most.bytes), allowed, ports)
    try:
        with web_fetch.answer_of(url, limits) as answer:
            if answer.status_code in {401, 403, 404, 410}:
                return Dead(f"Its address answered {answer.status_code}: it has expired.")
            if answer.status_code != 200:
                return NotNow(f"Its address answered {answer.status_code}.")
            return _body(answer, most)
    except NotFetched as error:
        return NotNow(str(error))


def _body(answer: httpx.Response, most: Most) -> bytes | Dead | NotNow:
    """Returns what comes, as it comes: such files are not packed, and what is could be anything, many times over."""
    data, until = bytearray(), time.monotonic() + most.seconds
    try:
        for piece in answer.iter_raw():
            data += piece
            if time.monotonic() > until:
                return NotNow("It arrived too slowly.")
            if len(data) > most.bytes:
                return Dead(f"It has more than {size(most.bytes)}, which is the limit.")
    except httpx.RequestError:
        return NotNow("The connection broke while it was fetched.")
    expected = answer.headers.get("content-length", "")
    if expected.isdecimal() and len(expected) < 20 and len(data) != int(expected):
        return NotNow("The connection broke while it was fetched.")
    return bytes(data) if data else NotNow("Its address returned nothing.")
