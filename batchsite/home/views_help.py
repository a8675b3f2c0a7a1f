"""The guide: keys, first steps, and what the words mean. It needs no network and no team's data."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from batchsite.teams.requests import TeamRequest


@require_GET
def guide(request: TeamRequest) -> HttpResponse:
    return render(request, "home/help.html")
