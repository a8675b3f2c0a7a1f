"""Which ways of signing in this installation offers, for the pages that name them."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest

SIGN_ON = "sso"
"""How the one provider of single sign-on is called in addresses."""


@dataclass(frozen=True)
class Ways:
    mail: bool
    """Whether anything can be sent by mail."""
    passkeys: bool
    """Whether the browser can make passkeys at the address that it shows."""
    sign_on: str
    """What the provider of single sign-on is called. Empty: there is none."""
    sign_on_only: bool
    sign_up: bool
    """Whether anybody may make an account."""
    sign_on_id: str = SIGN_ON


def ways(request: HttpRequest) -> dict[str, Ways]:
    """The template context `ways`."""
    return {"ways": ways_of(request)}


def ways_of(request: HttpRequest) -> Ways:
    options = settings.OPTIONS
    host = request.get_host().rpartition(":")[0] or request.get_host()
    return Ways(
        mail=bool(options.email_url),
        passkeys=not _is_number(host) and (request.is_secure() or host == "localhost"),
        sign_on=options.oidc_name if options.oidc_url else "",
        sign_on_only=options.is_sign_on_only,
        sign_up=options.anyone_may_sign_up,
    )


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
