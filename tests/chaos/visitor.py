"""A person at a browser: signed in, on one of the machines, pressing things over HTTP."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from tests.running import Running

PATIENCE = 20.0
"""Seconds that a person waits for a page."""


class Visitor:
    """Somebody with a session. What they press is done by the machine that they are on."""

    def __init__(self, name: str, site: Running) -> None:
        self.name, self._site = name, site
        self._web = httpx.Client(follow_redirects=True, timeout=PATIENCE, trust_env=False)

    @property
    def account(self) -> dict[str, str]:
        return {"name": self.name, "email": f"{self.name.lower()}@example.org", "password": "correct horse battery"}

    def get(self, path: str, **params: str) -> httpx.Response:
        return self._web.get(f"{self._site.url}{path}", params=params)

    def post(self, path: str, data: Mapping[str, str | Sequence[str]] | None = None, **options: Any) -> httpx.Response:
        """Press a button. The token of the session is sent along."""
        form = {**(data or {}), "csrfmiddlewaretoken": self._web.cookies.get("csrftoken", "")}
        return self._web.post(f"{self._site.url}{path}", data=form, **options)

    def set_up(self, team: str) -> None:
        """The first visit of all."""
        self.get("/setup")
        reply = self.post("/setup", {**self.account, "team_name": team})
        assert reply.status_code == 200, reply.text

    def sign_in(self) -> None:
        self.get("/sign-in")
        reply = self.post("/sign-in", {"email": self.account["email"], "password": self.account["password"]})
        assert reply.status_code == 200, reply.text
        assert "/sign-in" not in str(reply.url), reply.text


def press_together(
    visitors: Sequence[Visitor], path: str, data: Mapping[str, str | Sequence[str]] | None
) -> list[httpx.Response]:
    """Let all of them press at the same moment, and each once more. Returns the replies. Raises what one ran into."""
    barrier, replies, raised = threading.Barrier(len(visitors)), list[httpx.Response](), list[Exception]()

    def press(visitor: Visitor) -> None:
        try:
            barrier.wait()
            replies.extend(visitor.post(path, data) for _ in range(2))
        except Exception as error:  # noqa: BLE001  raised below
            raised.append(error)

    threads = [threading.Thread(target=press, args=(visitor,)) for visitor in visitors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for error in raised:
        raise error
    return replies
