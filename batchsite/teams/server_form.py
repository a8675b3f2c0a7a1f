"""The form with which an admin approves a remote MCP server."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError


class ToolServerForm(forms.Form):
    """A remote MCP server to approve. Its token is never rendered back into the page."""

    label = forms.RegexField(
        r"^[a-z0-9][a-z0-9_-]{0,39}$",
        label="Name",
        help_text="Short: xAI puts it before the names of the server’s tools.",
        widget=forms.TextInput({"placeholder": "docs", "spellcheck": "false"}),
        error_messages={"invalid": "Use 1 to 40 of a–z 0–9 _ -, such as docs."},
    )
    url = forms.URLField(
        label="Address",
        max_length=500,
        assume_scheme="https",
        help_text="xAI connects to it, not this machine: it must be reachable from the internet.",
        widget=forms.URLInput({"placeholder": "https://example.org/mcp", "spellcheck": "false"}),
    )
    sentence = forms.CharField(
        label="What it offers",
        required=False,
        max_length=300,
        help_text="One sentence, for the people who choose it and for the model.",
    )
    token = forms.CharField(
        label="Token",
        required=False,
        max_length=4_000,
        widget=forms.PasswordInput({"autocomplete": "off", "spellcheck": "false"}),
        help_text="If the server asks for one. It is stored encrypted and never shown again; it travels with every "
        "request, so xAI has it for 30 days.",
    )

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        parts = urlsplit(url)
        if parts.scheme != "https" or not is_public_name(parts.hostname or "") or parts.username:
            raise ValidationError("Enter an https address that xAI can reach from the internet, without a user name.")
        return url

    def clean_token(self) -> str:
        token: str = self.cleaned_data["token"]
        if token and (not token.isascii() or not token.isprintable()):
            raise ValidationError("A token is one line of plain characters. Copy it again, whole.")
        return token


def is_public_name(host: str) -> bool:
    """Returns whether a host may be one on the internet, without looking it up: it is xAI that connects."""
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".local", ".localhost", ".internal", ".lan"))
