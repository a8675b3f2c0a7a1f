"""The e-mail of an account: allauth keeps whether it is confirmed."""

from __future__ import annotations

from collections.abc import Iterable

from allauth.account.internal.flows.email_verification import send_verification_email_to_address
from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest

from batchsite.teams.models import User


def keep_address(user: User) -> EmailAddress:
    """Returns the primary e-mail as allauth stores it. Adds it as unconfirmed if it is missing."""
    address, _ = EmailAddress.objects.get_or_create(
        user=user, primary=True, defaults={"email": user.email, "verified": False}
    )
    return address


def change_email(request: HttpRequest, user: User, email: str) -> bool:
    """Changes the e-mail, through a link sent to it if there is a mail server. Returns whether it is changed now."""
    if settings.OPTIONS.email_url:
        with transaction.atomic():
            EmailAddress.objects.filter(user=user, primary=False).delete()
            pending = EmailAddress.objects.create(user=user, email=email)
        send_verification_email_to_address(request, pending)
        return False
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(email=email)
        EmailAddress.objects.filter(user=user).delete()
        user.email = email
        keep_address(user)
    return True


def confirm_by_sign_on(user: User, addresses: Iterable[EmailAddress]) -> None:
    """Marks the e-mail as confirmed if it is among `addresses`, which a single sign-on provider confirmed."""
    if any(address.verified and address.email.strip().lower() == user.email for address in addresses):
        EmailAddress.objects.filter(user=user, email=user.email).update(verified=True)


def ask_to_confirm(request: HttpRequest, user: User) -> bool:
    """Sends a link to the account's e-mail, at most once in some minutes. Returns whether it was sent."""
    address = keep_address(user)
    return not address.verified and bool(send_verification_email_to_address(request, address))
