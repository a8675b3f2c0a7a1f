"""Pages of results that arrive while earlier ones are stored.

A thread asks for one page after the other and reads them, a few ahead of whoever stores them. What has arrived is
taken together: where storing is slower than the provider, one transaction stores several pages.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass
from types import TracebackType

from batchsite.xai.result_page import RawRow
from batchsite.xai.types import Page

MOST_CIRCLES = 2
"""A cursor that leads back is asked again this often; then the walk ends and is repeated later."""
MOST_PAGES = 4
"""Pages that may wait to be stored."""
MOST_BYTES = 8_000_000
"""Bytes of waiting pages from which no other page is asked for."""


@dataclass(frozen=True)
class Arrival:
    """A page that arrived."""

    page: Page[RawRow]
    circle: bool
    """Whether its token leads back."""
    ended: bool
    """Whether it ends the walk."""


class PageReader:
    """Reads pages from a token on, until the walk ends or `is_over`. Use it as a context manager.

    No page is asked for once `is_over`; one that was asked for before still arrives.
    """

    def __init__(self, ask: Callable[[str | None], Page[RawRow]], token: str, is_over: Callable[[], bool]) -> None:
        self._ask, self._token, self._is_over = ask, token, is_over
        self._waiting: deque[Arrival] = deque()
        self._changed = threading.Condition()
        self._bytes, self._done = 0, False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=copy_context().run, args=(self._read,), daemon=True)

    def __enter__(self) -> PageReader:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._done = True
            self._changed.notify_all()
        self._thread.join()

    def take(self, seconds: float) -> list[Arrival] | None:
        """Returns the pages that arrived, [] if there is none within `seconds`, None after the last one.

        Raises what the call for a page raised, once the pages before it were taken.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._done, seconds)
            arrived = list(self._waiting)
            self._waiting.clear()
            self._bytes = 0
            self._changed.notify_all()
            if not arrived and self._error:
                raise self._error
            return arrived or (None if self._done else [])

    def _read(self) -> None:
        token, circles, asked = self._token, 0, {self._token}
        try:
            while True:
                page = self._ask(token or None)
                circle = page.next_token in asked
                circles += circle
                ended = page.next_token is None or circles > MOST_CIRCLES
                if not self._put(Arrival(page, circle, ended)) or ended or self._is_over():
                    return
                token = token if circle else page.next_token or ""
                asked.add(token)
        except BaseException as error:  # noqa: BLE001  raised by `take`
            self._error = error
        finally:
            with self._changed:
                self._done = True
                self._changed.notify_all()

    def _put(self, arrival: Arrival) -> bool:
        """Hands a page over, and waits until there is room for another. Returns False once nobody takes them."""
        with self._changed:
            self._waiting.append(arrival)
            self._bytes += sum(len(row.json) for row in arrival.page.items)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._done or (len(self._waiting) < MOST_PAGES and self._bytes < MOST_BYTES))
            return not self._done
