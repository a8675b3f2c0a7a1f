"""Forms about people and their teams."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import QueryDict

from batchsite.teams.accounts import keys_of
from batchsite.teams.models import FIRST_KEY, ProviderKey, Role, Team

TICKS_PER_DOLLAR = 10_000_000_000


def team_name_field() -> forms.CharField:
    widget = forms.TextInput({"autocomplete": "organization"})
    return forms.CharField(label="Team name", max_length=120, widget=widget)


class TeamForm(forms.Form):
    """A team's name."""

    name = team_name_field()


class InvitationForm(forms.Form):
    """A link for one person, sent by mail where there is a server for it. It offers the roles that may be given."""

    email = forms.EmailField(
        label="E-mail", required=False, help_text="The link is sent there. Leave it blank to pass the link on yourself."
    )

    role = forms.ChoiceField(initial=Role.MEMBER, widget=forms.RadioSelect, label="Role")

    def __init__(self, roles: Sequence[Role], data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.fields["role"].choices = [(role.value, role.label) for role in roles]  # type: ignore[attr-defined]
        if not settings.OPTIONS.email_url:
            del self.fields["email"]


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices)


class KeyForm(forms.Form):
    """A team's xAI key. It is tested before it is stored, and never rendered back into the page."""

    name = forms.CharField(
        max_length=40,
        required=False,
        widget=forms.TextInput({"autocomplete": "off", "placeholder": FIRST_KEY}),
        help_text="What it is for, such as Production. People choose keys by their names.",
    )
    key = forms.CharField(
        label="xAI key",
        max_length=400,
        widget=forms.PasswordInput({"autocomplete": "off", "spellcheck": "false", "placeholder": "xai-…"}),
        help_text="From console.x.ai. It is tested first, stored encrypted, and never shown again.",
    )

    def __init__(self, team: Team, data: QueryDict | None = None, *, stored: ProviderKey | None = None) -> None:
        super().__init__(data)
        self._team, self._stored = team, stored

    def clean_name(self) -> str:
        """Two keys of a team have two names, whatever their case."""
        name = str(self.cleaned_data["name"]) or FIRST_KEY
        if keys_of(self._team).exclude(pk=self._stored.pk if self._stored else 0).filter(name__iexact=name).exists():
            raise ValidationError(f"There is a key called “{name}” already. Choose another name, or change that key.")
        return name

    def clean_key(self) -> str:
        key: str = self.cleaned_data["key"]
        if key and (len(key.split()) != 1 or not key.isascii() or not key.isprintable()):
            raise ValidationError("A key is a single word of letters, digits and dashes. Copy the whole key again.")
        return key


class KeyChangeForm(KeyForm):
    """Changes a stored key: its name, whether it is the default one, and what is behind it."""

    is_default = forms.BooleanField(required=False, label="Use it where nobody chooses a key")
    other_account = forms.BooleanField(required=False, label="Yes, use this key from now on")
    asks_other_account = False
    """Set if the new key belongs to another xAI team than the stored one."""

    def __init__(self, stored: ProviderKey, data: QueryDict | None = None) -> None:
        super().__init__(stored.team, data, stored=stored)
        self.initial = {"name": stored.name, "is_default": stored.is_default}
        new: forms.CharField = self.fields["key"]  # type: ignore[assignment]
        new.label, new.required = "New xAI key", False
        new.help_text = "Leave blank to keep the key. Batches that run under it go on with the new one."
        if stored.is_default:
            del self.fields["is_default"]  # another one takes its place


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


def team_name_form(team: Team) -> TeamForm:
    return TeamForm(initial={"name": team.name})
