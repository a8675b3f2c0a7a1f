"""Forms of second steps, where allauth's words are not enough."""

from __future__ import annotations

from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms


class AddPasskeyForm(AddWebAuthnForm):  # type: ignore[misc]
    name = forms.CharField(required=False, label="Name", help_text="Tells where it is kept, such as: laptop at home.")
    passwordless = forms.BooleanField(
        required=False,
        initial=True,
        label="Sign in with it alone, without the password",
        help_text="It then has to ask for your fingerprint, face or PIN. Otherwise it is asked for after the password.",
    )
