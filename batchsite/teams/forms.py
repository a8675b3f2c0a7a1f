"""Forms about people and their teams."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import QueryDict

from batchsite.setup import setup_code
from batchsite.teams.models import Role, Team, User
from batchsite.teams.sign_in import TooManyTries, is_password_of

TICKS_PER_DOLLAR = 10_000_000_000
TYPE_PASSWORD = "Type your password to change the e-mail."
TAKEN = "There is already an account with this e-mail."


def _name(label: str = "Your name") -> forms.CharField:
    return forms.CharField(label=label, max_length=120, widget=forms.TextInput({"autocomplete": "name"}))


def _email(**attributes: Any) -> forms.EmailField:
    attributes.setdefault("autocomplete", "username")
    return forms.EmailField(label="E-mail", max_length=254, widget=forms.EmailInput(attributes))


def _password(label: str, kind: str, help_text: str = "", *, required: bool = True) -> forms.CharField:
    """`kind` is the autocomplete token for password managers."""
    widget = forms.PasswordInput({"autocomplete": kind})
    return forms.CharField(label=label, strip=False, widget=widget, help_text=help_text, required=required)


def _new_password(label: str = "Password") -> forms.CharField:
    return _password(label, "new-password", "At least 10 characters; a few unrelated words work well.")


def _team_name() -> forms.CharField:
    widget = forms.TextInput({"autocomplete": "organization"})
    return forms.CharField(label="Team name", max_length=120, widget=widget)


class SignUpForm(forms.Form):
    """A new account."""

    name = _name()
    email = _email()
    password = _new_password()

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].strip().lower()
        if User.objects.filter(email=email).exists():
            raise ValidationError(TAKEN + " Sign in with it instead; the link brings you back here.")
        return email

    def clean(self) -> None:
        _check_password(self, "password", User(email=self.data.get("email", ""), name=self.data.get("name", "")))


class SetupForm(SignUpForm):
    """The first account, and its team. On a server that others can reach it asks for the code of the terminal."""

    code = forms.CharField(
        label="Setup code",
        max_length=40,
        help_text="Shown in the terminal where batchsite starts, and by “manage.py setupcode”.",
        widget=forms.TextInput({"autocomplete": "off", "autofocus": True}),
    )
    team_name = _team_name()
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


class SignInForm(forms.Form):
    email = _email(autofocus=True)
    password = _password("Password", "current-password")


class TeamForm(forms.Form):
    """A team's name."""

    name = _team_name()


class InvitationForm(forms.Form):
    """A link for one person. It offers the roles that whoever makes it may give."""

    role = forms.ChoiceField(initial=Role.MEMBER, widget=forms.RadioSelect, label="Role")

    def __init__(self, roles: Sequence[Role], data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.fields["role"].choices = [(role.value, role.label) for role in roles]  # type: ignore[attr-defined]


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices)


class KeyForm(forms.Form):
    """A team's xAI key. It is tested before it is stored, and never rendered back into the page."""

    key = forms.CharField(
        label="xAI key",
        max_length=400,
        widget=forms.PasswordInput({"autocomplete": "off", "spellcheck": "false", "placeholder": "xai-…"}),
        help_text="From console.x.ai. It is tested first, stored encrypted, and never shown again.",
    )
    other_account = forms.BooleanField(required=False, label="Yes, use this key from now on")
    asks_other_account = False
    """Set if the key belongs to another xAI team than the stored one."""

    def clean_key(self) -> str:
        key: str = self.cleaned_data["key"]
        if len(key.split()) != 1 or not key.isascii() or not key.isprintable():
            raise ValidationError("A key is a single word of letters, digits and dashes. Copy the whole key again.")
        return key


def dollar_field(label: str, help_text: str) -> forms.DecimalField:
    """An amount in dollars, which may be left blank."""
    return forms.DecimalField(
        label=label,
        required=False,
        min_value=Decimal(0),
        max_value=Decimal(10_000_000),
        max_digits=14,
        decimal_places=4,
        help_text=help_text,
        widget=forms.NumberInput({"min": 0, "step": "any", "inputmode": "decimal"}),
        error_messages=dict.fromkeys(
            ("invalid", "min_value", "max_value", "max_digits", "max_decimal_places", "max_whole_digits"),
            "Enter an amount in dollars, such as 25 or 12.50.",
        ),
    )


def ticks_of(amount: Decimal | None) -> int | None:
    """Returns dollars as ticks."""
    return None if amount is None else int(amount * TICKS_PER_DOLLAR)


def typed_dollars(ticks: int | None) -> str:
    """Returns ticks as a field of dollars shows them. Blank for None."""
    if ticks is None:
        return ""
    amount = Decimal(ticks) / TICKS_PER_DOLLAR
    return f"{amount:.4f}" if amount % Decimal("0.01") else f"{amount:.2f}"


class BudgetForm(forms.Form):
    """The limit of spending in a calendar month, in dollars. Empty: no limit."""

    budget = dollar_field(
        "Monthly budget, in dollars",
        "Leave blank for no limit. Months are counted in UTC. Admins and owners can change it at any time.",
    )

    def ticks(self) -> int | None:
        return ticks_of(self.cleaned_data["budget"])


def budget_form(team: Team) -> BudgetForm:
    return BudgetForm(initial={"budget": typed_dollars(team.budget_ticks)})


class AccountForm(forms.Form):
    """Name and e-mail. Changing the e-mail takes the password, as the e-mail opens the account."""

    name = _name()
    email = _email(autocomplete="email")
    password = _password("Your password", "current-password", "Only needed to change the e-mail.", required=False)

    def __init__(self, data: QueryDict | None = None, *, user: User, address: str = "") -> None:
        self.user, self.address = user, address
        super().__init__(data, initial={"name": user.name, "email": user.email})

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].strip().lower()
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
    """Why this is not accepted as the person's password. Empty if it is."""
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


def team_name_form(team: Team) -> TeamForm:
    return TeamForm(initial={"name": team.name})
