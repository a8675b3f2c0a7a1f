"""The browsers in which a person is signed in, and ending them."""

from __future__ import annotations

from allauth.usersessions import views
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from batchsite.teams import security_log
from batchsite.teams.requests import PersonRequest

sessions = views.list_usersessions


@require_POST
def session_end(request: PersonRequest, session_id: int) -> HttpResponse:
    get_object_or_404(UserSession, pk=session_id, user=request.user).end()
    security_log.record("session_ended", request)
    messages.success(request, "That session is ended.")
    return redirect("usersessions_list")
