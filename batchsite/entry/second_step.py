"""Second steps and passkeys: encrypts what allauth stores about them."""

from __future__ import annotations

import hashlib
import time

from allauth.mfa.adapter import DefaultMFAAdapter, get_adapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import InvalidToken
from django.db import transaction

from batchsite.teams.accounts import decrypt, encrypt, encrypt_anew

SECRETS = ("secret", "seed")
"""Where `Authenticator.data` holds the secret of an app, and that of recovery codes."""


REMEMBERED = 300
"""Seconds for which a used code is remembered: longer than it is valid."""


class SecondStepAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    def encrypt(self, text: str) -> str:
        return encrypt(text).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt(encrypted_text.encode())


def spend(authenticator: Authenticator, code: str) -> None:
    """Writes down that a code of an app was used. Raises ValidationError if it was used before.

    allauth remembers that in a cache of each process; a code is valid for a minute and a half.
    """
    if authenticator.type != Authenticator.Type.TOTP:
        return
    now, mark = int(time.time()), hashlib.sha256(f"{authenticator.pk} {code.strip()}".encode()).hexdigest()
    spent = {one: at for one, at in authenticator.data.get("spent", {}).items() if at > now - REMEMBERED}
    if mark in spent:
        raise get_adapter().validation_error("incorrect_code")
    authenticator.data["spent"] = spent | {mark: now}
    authenticator.save(update_fields=["data"])


def reencrypt_second_steps() -> tuple[int, list[str]]:
    """Encrypts all secrets with the current SECRET_KEY. Returns how many, and whose cannot be read."""
    count, unreadable = 0, []
    for pk in list(Authenticator.objects.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            stored = (
                Authenticator.objects.select_for_update(of=("self",), no_key=True).select_related("user").get(pk=pk)
            )
            try:
                rotations = {
                    name: encrypt_anew(stored.data[name].encode()).decode() for name in SECRETS if name in stored.data
                }
            except InvalidToken:
                unreadable.append(f"the second step of {stored.user.email}")
                continue
            Authenticator.objects.filter(pk=pk).update(data=stored.data | rotations)
            count += bool(rotations)
    return count, unreadable
