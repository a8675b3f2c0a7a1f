"""Second steps and passkeys: what allauth keeps of them is encrypted."""

from __future__ import annotations

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import InvalidToken
from django.db import transaction

from batchsite.teams.accounts import decrypt, encrypt, encrypt_anew

SECRETS = ("secret", "seed")
"""Where `Authenticator.data` holds the secret of an app, and that of recovery codes."""


class SecondStepAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    def encrypt(self, text: str) -> str:
        return encrypt(text).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt(encrypted_text.encode())


def reencrypt_second_steps() -> tuple[int, list[str]]:
    """Encrypts all secrets with the current SECRET_KEY. Returns how many, and whose it cannot read."""
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
