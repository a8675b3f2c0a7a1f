"""The sessions of a person, one for each browser."""

from __future__ import annotations

from allauth.usersessions.models import UserSession
from django.http import HttpRequest


def end_others(request: HttpRequest) -> None:
    """Ends the sessions of the person in all other browsers."""
    for session in UserSession.objects.filter(user=request.user).exclude(session_key=request.session.session_key):
        session.end()
