"""Fetching a table from a web address: streamed to disk within the limits of an upload, errors as sentences."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import IO
from urllib.parse import unquote

import httpx

from batchsite.datasets import web_address
from batchsite.datasets.web_address import Fault, NotFetched
from batchsite.timeouts import timeouts

MOST_REDIRECTS = 5
_HTML = (b"<!doctype html", b"<html", b"<head")
_SHARE = "In Google Sheets choose Share, “Anyone with the link”, or File, Share, Publish to web; then try again."
HEADERS = {"Accept": "text/csv, */*;q=0.5", "Accept-Encoding": "identity", "User-Agent": "batchsite"}
Beat = Callable[[int], None]
"""Called with the number of bytes so far; may raise to stop."""


class TooSlow(Exception):
    """The head of an answer did not come in time."""


@dataclass(frozen=True)
class Outgoing:
    """What is sent to an address."""

    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=lambda: HEADERS)
    body: bytes | None = None
    seconds: float | None = None
    """Until the head of the answer has to be there."""


GET = Outgoing()


@dataclass(frozen=True)
class Limits:
    """What a fetch may be."""

    size: int
    """Most bytes, as they come: what a server sends packed is unpacked when it is read, within the limits for that."""
    words: str
    """`size` for people."""
    allow_private: bool
    ports: Collection[str]


def fetch(text: str, target: IO[bytes], limits: Limits, beat: Beat) -> str:
    """Writes what is at the address to `target`. Returns its file name. Raises NotFetched with a sentence."""
    url = web_address.of_csv(web_address.parse(text))
    until = time.monotonic() + timeouts().fetch
    for _ in range(MOST_REDIRECTS + 1):
        beat(0)
        with answer_of(url, limits) as answer:
            if not answer.has_redirect_location:
                _check(url, answer, limits)
                _write(url, answer, target, limits, beat, until)
                return _name(url, answer)
            following = following_of(url, answer)
        url = following
    raise NotFetched(f"{url.host} redirects in an endless loop. Check the address.")


def following_of(url: httpx.URL, answer: httpx.Response) -> httpx.URL:
    """Returns where a redirect leads. Raises NotFetched unless that is on the web."""
    try:
        following = url.join(answer.headers["Location"])
    except httpx.InvalidURL:
        raise NotFetched(f"{url.host} redirects to an address that can’t be read. Check the address.") from None
    if following.scheme not in ("http", "https") or not following.host:
        raise NotFetched(f"{url.host} redirects to an address that isn’t on the web. Check the address.")
    return following


@contextmanager
def answer_of(url: httpx.URL, limits: Limits, sent: Outgoing = GET) -> Iterator[httpx.Response]:
    """The answer of one address, connected to the very IP address that was checked. Its body is not read yet.

    No redirect is followed. Raises NotFetched.
    """
    address = web_address.public_address(url, allow_private=limits.allow_private, ports=limits.ports)
    pinned = url.copy_with(host=address, userinfo=b"")
    headers = {**sent.headers, "Host": url.netloc.decode()}
    timeout = httpx.Timeout(timeouts().fetch_idle)
    server_name = {"sni_hostname": url.raw_host.decode()}
    try:
        with (
            httpx.Client(timeout=timeout, trust_env=False, follow_redirects=False) as client,
            _hurried(client, sent.seconds or timeouts().fetch_head),
            client.stream(sent.method, pinned, headers=headers, content=sent.body, extensions=server_name) as answer,
        ):
            yield answer
    except (httpx.TimeoutException, TooSlow) as error:
        raise NotFetched(_late(url), Fault.TIMEOUT) from error
    except httpx.RequestError as error:
        raise _unreachable(url, error) from error


@contextmanager
def _hurried(client: httpx.Client, seconds: float) -> Iterator[None]:
    """Ends a connection whose head does not come in time: byte by byte it would never be idle for too long.

    Raises TooSlow then. Once the head is there, `_write` looks at the clock.
    """
    is_late = threading.Event()

    def close() -> None:
        is_late.set()
        client.close()

    timer = threading.Timer(seconds, close)
    timer.daemon = True
    client.event_hooks = {"response": [lambda _: timer.cancel()]}
    timer.start()
    try:
        yield
    except (httpx.RequestError, ValueError):  # what reading a closed connection raises
        if is_late.is_set():
            raise TooSlow from None
        raise
    finally:
        timer.cancel()


def _late(url: httpx.URL) -> str:
    return f"{url.host} took too long to answer. Try again, or download the file and upload it here."


def _unreachable(url: httpx.URL, error: Exception) -> NotFetched:
    causes = [error, error.__cause__, error.__context__]
    if any(isinstance(cause, ssl.SSLError) or "certificate" in str(cause).lower() for cause in causes if cause):
        words = f"The connection to {url.host} is not secure: its certificate could not be checked."
        return NotFetched(words, Fault.CERTIFICATE)
    words = f"We can’t reach {url.host}, or the connection broke. Check the address and try again."
    return NotFetched(words, Fault.UNREACHABLE)


def _check(url: httpx.URL, answer: httpx.Response, limits: Limits) -> None:
    """Raises NotFetched unless a file of a fitting size comes."""
    status, is_google = answer.status_code, url.host.endswith(".google.com")
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        more = _SHARE if is_google else "Download the file and upload it here."
        raise NotFetched(f"{url.host} lets in only people who are signed in (error {status}). {more}")
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        raise NotFetched(f"There is nothing at this address (error {status}). Open it in your browser to check it.")
    if status != HTTPStatus.OK:
        raise NotFetched(f"{url.host} answered with error {status}. Try again later, or upload the file here.")
    if "text/html" in answer.headers.get("Content-Type", "").lower():
        raise NotFetched(_page_instead(url))
    length = answer.headers.get("Content-Length", "")
    if length.isdecimal() and len(length) < 20 and int(length) > limits.size:
        raise NotFetched(_too_big(limits))


def _page_instead(url: httpx.URL) -> str:
    if url.host.endswith(".google.com"):
        return f"This Google Sheet is not shared: Google shows a sign-in page instead. {_SHARE}"
    return "This address is a web page, not a file. Use the address of the file itself, such as a link to a CSV."


def _too_big(limits: Limits) -> str:
    return f"The file has more than {limits.words}, which is the limit. Split it, or ask whoever runs batchsite."


def _write(url: httpx.URL, answer: httpx.Response, target: IO[bytes], limits: Limits, beat: Beat, until: float) -> None:
    count = 0
    # As they come: bytes that are collected into pieces, or unpacked, may not show for ever while they drip in.
    for piece in answer.iter_raw():
        if not count and piece.lstrip(b"\xef\xbb\xbf \t\r\n")[:20].lower().startswith(_HTML):
            raise NotFetched(_page_instead(url))
        count += len(piece)
        if count > limits.size:
            raise NotFetched(_too_big(limits))
        if time.monotonic() > until:
            raise NotFetched(_late(url))
        target.write(piece)
        beat(count)
    if not count:
        raise NotFetched("The file at this address is empty.")


def _name(url: httpx.URL, answer: httpx.Response) -> str:
    """Returns the file's name: as the server says, else the end of the address, else the host."""
    header = Message()
    header["Content-Disposition"] = answer.headers.get("Content-Disposition", "")
    said = header.get_filename("") or PurePosixPath(unquote(url.path)).name
    name = PurePosixPath(said.replace("\\", "/")).name.strip()
    return "".join(sign for sign in name if sign.isprintable())[-200:] or f"{url.host}.csv"
