"""Forms about destinations: where to, and what."""

from __future__ import annotations

import ipaddress
from typing import Any

import httpx
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import QueryDict

from batchsite.datasets.web_address import LONGEST, is_public
from batchsite.notifications.chat_services import NAMES, NoSuchChat, read_chat
from batchsite.notifications.models import CHOSEN_KINDS, Audience, Channel, Destination

NO_ADDRESS = "Enter a web address, such as https://example.org/hooks/batches."
PRIVATE = (
    "This address is in a private network, and notifications go to public addresses only. Whoever runs batchsite can "
    "allow private ones (BATCHSITE_NOTIFY_PRIVATE)."
)


class ChoiceForm(forms.Form):
    """What is told at a destination."""

    kinds = forms.MultipleChoiceField(
        label="Tell me when",
        choices=[(kind.value, kind.label) for kind in CHOSEN_KINDS],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one, or remove the destination."},
    )
    of_others = forms.BooleanField(label="Also batches of others in my teams", required=False)
    audience = forms.ChoiceField(label="Send to", choices=Audience.choices, widget=forms.RadioSelect)

    def __init__(self, destination: Destination, data: QueryDict | None = None) -> None:
        kinds = destination.kinds if destination.pk else [kind.value for kind in CHOSEN_KINDS]
        initial = {"kinds": kinds, "of_others": destination.of_others, "audience": destination.audience}
        super().__init__(data, initial=initial)
        if destination.team_id is not None:
            del self.fields["of_others"]
            self.fields["kinds"].label = "Tell the team when"
        if destination.team_id is None or destination.channel != Channel.MAIL:
            del self.fields["audience"]


class MailForm(ChoiceForm):
    """Mails go to the addresses of accounts only, so nothing is to be typed."""

    address, hint = "", ""


class WebhookForm(ChoiceForm):
    url = forms.CharField(
        label="Address",
        max_length=LONGEST,
        widget=forms.URLInput({"autocomplete": "off", "placeholder": "https://example.org/hooks/batches"}),
        help_text="Stored encrypted; only its host is shown later. You get a secret next, which signs the requests.",
    )
    field_order = ("url",)

    def clean_url(self) -> str:
        url = _web_address(self.cleaned_data["url"])
        if url.userinfo:
            raise ValidationError("Leave out the user name and password: the signature identifies the sender.")
        if _is_private(url.host) and not settings.OPTIONS.notify_private:
            raise ValidationError(PRIVATE)
        if url.scheme != "https" and not settings.OPTIONS.notify_private:
            raise ValidationError("Enter an address that begins with https://.")
        return str(url.copy_with(fragment=None))

    @property
    def address(self) -> str:
        return str(self.cleaned_data["url"])

    @property
    def hint(self) -> str:
        return httpx.URL(self.address).host[:120]


def _web_address(text: str) -> httpx.URL:
    """Raises ValidationError."""
    try:
        url = httpx.URL(text.strip())
    except httpx.InvalidURL:
        raise ValidationError(NO_ADDRESS) from None
    if url.scheme not in ("http", "https") or not url.host:
        raise ValidationError(NO_ADDRESS)
    return url


def _is_private(host: str) -> bool:
    """Whether it can be seen without asking anybody; what a name stands for is looked up before each connection."""
    try:
        return not is_public(str(ipaddress.ip_address(host.strip("[]"))))
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".local", ".internal"))


class ChatForm(ChoiceForm):
    url = forms.CharField(
        label="Address",
        max_length=LONGEST,
        widget=forms.TextInput(
            {"autocomplete": "off", "spellcheck": "false", "placeholder": "https://hooks.slack.com/services/…"}
        ),
        help_text=f"{NAMES}: the address that the service shows, or one as Apprise writes it. Stored encrypted.",
    )
    field_order = ("url",)

    def clean_url(self) -> str:
        text = str(self.cleaned_data["url"]).strip()
        try:
            self._chat = read_chat(text, allow_plain=settings.OPTIONS.notify_private)
        except NoSuchChat as error:
            raise ValidationError(str(error)) from None
        if self._chat.host and _is_private(self._chat.host) and not settings.OPTIONS.notify_private:
            raise ValidationError(PRIVATE)
        return text

    @property
    def address(self) -> str:
        return str(self.cleaned_data["url"])

    @property
    def hint(self) -> str:
        return self._chat.hint


FORMS: dict[str, Any] = {Channel.MAIL: MailForm, Channel.WEBHOOK: WebhookForm, Channel.CHAT: ChatForm}
"""The form that makes a destination of each channel that can be chosen."""
