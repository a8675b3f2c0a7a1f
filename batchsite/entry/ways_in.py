"""Which ways of signing in this installation offers, for the pages that name them."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.http.request import split_domain_port

SIGN_ON = "sso"
"""The name of the single sign-on provider in addresses."""


@dataclass(frozen=True)
class Ways:
    mail: bool
    """Whether anything can be sent by mail."""
    passkeys: bool
    """Whether the browser can make passkeys at the address that it shows."""
    sign_on: str
    """The name of the single sign-on provider for people. Empty: there is none."""
    sign_on_only: bool
    sign_up: bool
    """Whether anybody may make an account."""
    sign_on_id: str = SIGN_ON


def ways(request: HttpRequest) -> dict[str, Ways]:
    """The template context `ways`."""
    return {"ways": ways_of(request)}


def ways_of(request: HttpRequest) -> Ways:
    options = settings.OPTIONS
    return Ways(
        mail=bool(options.email_url),
        passkeys=_can_make_passkeys(request),
        sign_on=options.oidc_name if options.oidc_url else "",
        sign_on_only=options.is_sign_on_only,
        sign_up=options.anyone_may_sign_up,
    )


def _can_make_passkeys(request: HttpRequest) -> bool:
    try:
        host, _ = split_domain_port(request.get_host())
    except DisallowedHost:  # the page that says so has this context, too
        return False
    return not _is_number(host) and (request.is_secure() or host == "localhost")


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
