"""The security log: who did what to accounts, roles, keys, links and data, as lines of the logger `batchsite.security`.

A line holds ids, never a password, a key or the token of a link. docs/operations.md lists the events.
"""

from __future__ import annotations

import logging
from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.http import HttpRequest

from batchsite.http import client_address
from batchsite.teams.models import Team, User
from batchsite.teams.signals import security_event

log = logging.getLogger("batchsite.security")


def record(event: str, request: HttpRequest | None, **facts: Any) -> None:
    """Logs an event with the person, the team and the address of the request, and the ids in `facts`."""
    about: dict[str, Any] = {"event": event}
    if request is not None:
        user, team = getattr(request, "user", None), getattr(request, "team", None)
        about["address"] = client_address(request)
        about |= {"user": user.pk} if isinstance(user, User) else {}
        about |= {"team": team.pk} if isinstance(team, Team) else {}
    level = logging.WARNING if event in WARNINGS else logging.INFO
    log.log(level, event.replace("_", " "), extra=about | facts)
    security_event.send(None, event=event, request=request, facts=facts)


WARNINGS = {"too_many_tries", "setup_code_wrong"}
"""Events that the terminal shows."""


def _on_sign_in(request: HttpRequest, user: User, **_: Any) -> None:
    record("signed_in", request, user=user.pk)


def _on_sign_out(request: HttpRequest, user: User | None, **_: Any) -> None:
    if user is not None:
        record("signed_out", request, user=user.pk)


user_logged_in.connect(_on_sign_in)
user_logged_out.connect(_on_sign_out)
