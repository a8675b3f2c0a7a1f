"""Forms of second steps that need more than allauth's."""

from __future__ import annotations

from allauth.mfa.base.forms import AuthenticateForm, BaseAuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction

from batchsite.entry.account_adapter import TOO_MANY
from batchsite.entry.second_step import spend
from batchsite.entry.sign_in import TooManyTries, count_code, forget


def _code(help_text: str = "") -> forms.CharField:
    widget = forms.TextInput({"autocomplete": "one-time-code", "autofocus": True, "spellcheck": "false"})
    return forms.CharField(label="Code", max_length=40, widget=widget, help_text=help_text)


class TurnOnForm(ActivateTOTPForm):  # type: ignore[misc]
    code = _code("The six digits that the app shows now.")


class LimitedCode(BaseAuthenticateForm):  # type: ignore[misc]
    """allauth counts attempts in each process's own cache; we count them in the database."""

    def clean_code(self) -> str:
        try:
            failure = count_code(self.user)
        except TooManyTries as refusal:
            raise ValidationError(str(refusal), code=TOO_MANY) from refusal
        with transaction.atomic():
            list(Authenticator.objects.select_for_update(no_key=True).filter(user=self.user))  # one attempt at a time
            code: str = super().clean_code()
            spend(self.authenticator, code)
        forget(failure)
        return code


class CodeForm(LimitedCode, AuthenticateForm):  # type: ignore[misc]
    code = _code()


class CodeAgainForm(LimitedCode, ReauthenticateForm):  # type: ignore[misc]
    code = _code()
