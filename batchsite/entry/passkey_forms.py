"""Forms that a passkey fills in through the browser. Anybody can send any JSON in its place.

allauth and the library behind it reject some of that with their own errors, and crash on the rest.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from django import forms

LONGEST = 100_000
"""Characters. A passkey with its maker's certificates has a tenth of that."""
UNSOUND = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError, struct.error)


@contextmanager
def refused_if_unsound() -> Iterator[None]:
    """Turns what the libraries raise for JSON that is not a passkey's response into a ValidationError."""
    try:
        yield
    except (*UNSOUND, InvalidSignature, UnsupportedAlgorithm) as error:
        raise get_adapter().validation_error("incorrect_code") from error


class CredentialField(forms.JSONField):
    def __init__(self) -> None:
        super().__init__(required=True, widget=forms.HiddenInput)

    def to_python(self, value: Any) -> Any:
        with refused_if_unsound():
            return super().to_python(value[:LONGEST] if isinstance(value, str) else value)

    def bound_data(self, data: Any, initial: Any) -> Any:
        """Never shows again what was sent: the page asks the passkey again."""
        return initial


class _Answered(AuthenticateWebAuthnForm):  # type: ignore[misc]
    credential = CredentialField()

    def clean_credential(self) -> Any:
        with refused_if_unsound():
            return super().clean_credential()


class PasskeySignInForm(_Answered, LoginWebAuthnForm):  # type: ignore[misc]
    """In place of the password."""


class PasskeySecondForm(_Answered):
    """After the password."""


class PasskeyAgainForm(_Answered, ReauthenticateWebAuthnForm):  # type: ignore[misc]
    """Before something dangerous."""


class AddPasskeyForm(AddWebAuthnForm):  # type: ignore[misc]
    credential = CredentialField()
    name = forms.CharField(
        required=False, max_length=80, label="Name", help_text="So that you recognize it, such as “laptop at home”."
    )
    passwordless = forms.BooleanField(
        required=False,
        initial=True,
        label="Sign in with it alone, without the password",
        help_text="It then has to ask for your fingerprint, face or PIN. Otherwise it is asked for after the password.",
    )

    def clean(self) -> Any:
        with refused_if_unsound():
            return super().clean()
