"""Going to the provider of single sign-on and coming back: allauth's views, for a provider that may not answer."""

from __future__ import annotations

from urllib.parse import urlsplit

from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.providers.openid_connect import views
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from requests import RequestException

FAULTS = (RequestException, KeyError, ValueError)
"""It does not answer, or not as a provider would."""


def begin(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Leads to the provider through a page: `form-action 'self'` forbids forms to end elsewhere, even by a redirect."""
    try:
        response: HttpResponse = views.login(request, provider_id)
    except FAULTS:
        refused: HttpResponse = render_authentication_error(request, provider_id)
        return refused
    away = response.get("Location", "")
    return render(request, "entry/away.html", {"away": away}) if urlsplit(away).netloc else response


def come_back(request: HttpRequest, provider_id: str) -> HttpResponse:
    try:
        response: HttpResponse = views.callback(request, provider_id)
    except FAULTS:
        response = render_authentication_error(request, provider_id)
    return response
