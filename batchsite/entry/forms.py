"""Forms of people about themselves: the first account, an accepted invitation, signing in, one's own account."""

from __future__ import annotations

import hmac
from typing import Any

from allauth.account.forms import (
    LoginForm,
    ReauthenticateForm,
    RequestLoginCodeForm,
    ResetPasswordForm,
    ResetPasswordKeyForm,
    SignupForm,
)
from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import QueryDict

from batchsite.entry.sign_in import TooManyTries, is_password_of
from batchsite.setup import setup_code
from batchsite.teams.forms import team_name_field
from batchsite.teams.models import User

TYPE_PASSWORD = "Type your password to change the e-mail."
TAKEN = "There is already an account with this e-mail."


def _name(label: str = "Your name") -> forms.CharField:
    return forms.CharField(label=label, max_length=120, widget=forms.TextInput({"autocomplete": "name"}))


class EmailField(forms.EmailField):
    """An e-mail as it is stored: in lower case."""

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value) or "").strip().lower()


def _email(**attributes: Any) -> EmailField:
    attributes.setdefault("autocomplete", "username")
    return EmailField(label="E-mail", max_length=254, widget=forms.EmailInput(attributes))


def _password(label: str, kind: str, help_text: str = "", *, required: bool = True) -> forms.CharField:
    """`kind` is the autocomplete token for password managers."""
    widget = forms.PasswordInput({"autocomplete": kind})
    return forms.CharField(label=label, strip=False, widget=widget, help_text=help_text, required=required)


def _new_password(label: str = "Password") -> forms.CharField:
    return _password(label, "new-password", "At least 10 characters; a few unrelated words work well.")


class SignUpForm(forms.Form):
    """A new account."""

    name = _name()
    email = _email()
    password = _new_password()

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        if User.objects.filter(email=email).exists():
            raise ValidationError(TAKEN + " Sign in with it instead; the link brings you back here.")
        return email

    def clean(self) -> None:
        _check_password(self, "password", User(email=self.data.get("email", ""), name=self.data.get("name", "")))


class SetupForm(SignUpForm):
    """The first account and its team. On a server that others can reach, it asks for the code shown in the terminal."""

    code = forms.CharField(
        label="Setup code",
        max_length=40,
        help_text="Shown in the terminal where batchsite starts, and by “manage.py setupcode”.",
        widget=forms.TextInput({"autocomplete": "off", "autofocus": True}),
    )
    team_name = team_name_field()
    field_order = ("code", "team_name", "name", "email", "password")

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data)
        if not settings.OPTIONS.is_reachable:
            del self.fields["code"]

    def clean_code(self) -> str:
        typed = "".join(filter(str.isalnum, self.cleaned_data["code"])).upper()
        if not hmac.compare_digest(typed.encode(), setup_code(settings.SECRET_KEY).replace("-", "").encode()):
            raise ValidationError("That is not the code. “manage.py setupcode” shows it again.")
        return typed


class SignInForm(LoginForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields = {"email": _email(autofocus=True), "password": _password("Password", "current-password")}

    def clean(self) -> dict[str, Any]:
        self.cleaned_data["login"] = self.cleaned_data.get("email", "")  # allauth's name of the field
        cleaned: dict[str, Any] = super().clean()
        return cleaned

    def user_credentials(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in ("email", "password")}


class OpenSignUpForm(SignupForm):  # type: ignore[misc]
    """An account without an invitation, if the operator allows it."""

    name = _name()
    field_order = ("name", "email", "password1")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"] = _email()
        self.fields["password1"] = _new_password()


class MailLinkForm(ResetPasswordForm):  # type: ignore[misc]
    """Where a link to set a new password goes."""

    email = _email(autofocus=True)


class MailCodeForm(RequestLoginCodeForm):  # type: ignore[misc]
    """Where a code to sign in goes."""

    email = _email(autofocus=True)


class NewPasswordForm(ResetPasswordKeyForm):  # type: ignore[misc]
    """A new password through a link. It is typed once, as everywhere here: another link corrects a typo."""

    password1 = _new_password("New password")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"] = _new_password("New password")
        self.fields.pop("password2")


class ConfirmForm(ReauthenticateForm):  # type: ignore[misc]
    """The password once more, before what is dangerous."""

    password = _password("Your password", "current-password")


class AccountForm(forms.Form):
    """Name and e-mail. Changing the e-mail takes the password, as the e-mail opens the account."""

    name = _name()
    email = _email(autocomplete="email")
    password = _password("Your password", "current-password", "Only needed to change the e-mail.", required=False)

    def __init__(self, data: QueryDict | None = None, *, user: User, address: str = "") -> None:
        self.user, self.address = user, address
        super().__init__(data, initial={"name": user.name, "email": user.email})
        if not user.has_usable_password():
            del self.fields["password"]
            self.fields["email"].disabled = True

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        if User.objects.filter(email=email).exclude(pk=self.user.pk).exists():
            raise ValidationError(TAKEN)
        return email

    def clean(self) -> None:
        email = self.cleaned_data.get("email", self.user.email)
        if email == self.user.email:
            return
        words = _why_wrong(self.user, self.cleaned_data.get("password", ""), self.address)
        if words:
            self.add_error("password", words if self.cleaned_data.get("password") else TYPE_PASSWORD)


class PasswordForm(forms.Form):
    current = _password("Current password", "current-password")
    new = _new_password("New password")

    def __init__(self, data: QueryDict | None = None, *, user: User, address: str = "") -> None:
        self.user, self.address = user, address
        super().__init__(data)

    def clean_current(self) -> str:
        current: str = self.cleaned_data["current"]
        words = _why_wrong(self.user, current, self.address)
        if words:
            raise ValidationError(words)
        return current

    def clean(self) -> None:
        _check_password(self, "new", self.user)


def _why_wrong(user: User, password: str, address: str) -> str:
    """Returns why this is not accepted as the person's password. Empty if it is."""
    try:
        return "" if is_password_of(user, password, address) else "That is not your current password."
    except TooManyTries as refusal:
        return str(refusal)


def _check_password(form: forms.Form, field: str, user: User) -> None:
    """Applies the password rules of the settings, with errors at the field."""
    if field not in form.cleaned_data:
        return
    try:
        validate_password(form.cleaned_data[field], user)
    except ValidationError as error:
        form.add_error(field, error)
