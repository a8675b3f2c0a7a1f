"""System checks of the sign-in settings: what would lock people out, or let the wrong ones in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from batchsite.options import is_loopback
from batchsite.teams.models import Role

SIGN_UP = ("invited", "anyone")


@register("batchsite")
def check_signing_in(**_: Any) -> list[CheckMessage]:
    return [*_sign_up(), *_sign_on()]


def _sign_up() -> Iterator[CheckMessage]:
    options = settings.OPTIONS
    if options.sign_up not in SIGN_UP:
        yield Error(
            f"BATCHSITE_SIGN_UP is {options.sign_up!r}.",
            hint=f"Write {' or '.join(SIGN_UP)}, or unset it.",
            id="batchsite.E014",
        )
    elif options.anyone_may_sign_up and not options.email_url:
        yield Error(
            "BATCHSITE_SIGN_UP is anyone, but without EMAIL_URL nobody can show that an e-mail is theirs.",
            hint="Set EMAIL_URL, or leave accounts to invitations.",
            id="batchsite.E015",
        )


def _sign_on() -> Iterator[CheckMessage]:
    options = settings.OPTIONS
    if options.oidc_only and not options.oidc_url:
        yield Error(
            "OIDC_ONLY is set without OIDC_URL: nobody could sign in.",
            hint="Set OIDC_URL, or unset OIDC_ONLY.",
            id="batchsite.E016",
        )
    if not options.oidc_url:
        return
    parts = urlsplit(options.oidc_url)
    is_local = parts.scheme == "http" and is_loopback(parts.hostname or "")
    if not parts.hostname or not (parts.scheme == "https" or is_local) or not options.oidc_client_id:
        yield Error(
            "OIDC_URL has to begin with https:// (http:// to this machine only), and takes OIDC_CLIENT_ID.",
            hint="Both stand where this site is registered at the provider.",
            id="batchsite.E017",
        )
    unknown = sorted(set(options.roles_by_group.values()) - set(Role.values))
    if unknown or "" in options.roles_by_group:
        yield Error(
            f"OIDC_ROLES has what is no role: {', '.join(unknown) or 'a group without a name'}.",
            hint=f"Write group=role, comma separated. Roles are {', '.join(Role.values)}.",
            id="batchsite.E018",
        )
