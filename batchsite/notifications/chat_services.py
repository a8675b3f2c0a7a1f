"""The chats that a notification can go to, and addresses of theirs as Apprise writes them.

Apprise knows some 140 services; those that are not in `SERVICES` are refused. Each of these speaks HTTPS, and only by
the library `requests`. What runs commands, writes files, sends mail or talks to devices nearby is not among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from apprise.asset import AppriseAsset
from apprise.exception import AppriseException

from batchsite.notifications.guarded_requests import GuardedRequests

ASSET = AppriseAsset(
    app_id="batchsite",
    app_desc="batchsite",
    app_url="",
    image_url_mask="",
    image_url_logo="",
    image_path_mask=False,
    allow_templates=False,
    secure_logging=True,
    async_mode=False,
)
"""No pictures from elsewhere, no templates, nothing kept on the disk."""


class NoSuchChat(Exception):
    """Nothing can be sent to the address. The message says why, and never contains the address."""


@dataclass(frozen=True)
class Service:
    """`options` are what may follow the `?` of an address: some options of Apprise read files or wait."""

    label: str
    module: str
    plugin: str
    options: frozenset[str] = frozenset()
    has_host: bool = False
    """Whether people run it on hosts of their own."""

    def load(self) -> Any:
        """Returns the plugin, which can send by guarded requests only."""
        module = import_module(f"apprise.plugins.{self.module}")
        module.__dict__["requests"] = GuardedRequests()
        return getattr(module, self.plugin)


_POWER_AUTOMATE = frozenset({"api-version", "sp", "sv", "sig", "pa"})
_NTFY = Service("ntfy", "ntfy", "NotifyNtfy", frozenset({"priority", "mode", "auth"}), has_host=True)
_GOTIFY = Service("Gotify", "gotify", "NotifyGotify", frozenset({"priority"}), has_host=True)
_MATTERMOST = Service("Mattermost", "mattermost", "NotifyMattermost", frozenset({"channel", "to"}), has_host=True)
_ROCKET = Service("Rocket.Chat", "rocketchat", "NotifyRocketChat", frozenset({"mode", "to"}), has_host=True)
_TEAMS = Service("Microsoft Teams", "workflows", "NotifyWorkflows", _POWER_AUTOMATE)
SERVICES: Mapping[str, Service] = {
    "slack": Service("Slack", "slack", "NotifySlack", frozenset({"mode", "to"})),
    "workflow": _TEAMS,
    "workflows": _TEAMS,
    "discord": Service("Discord", "discord", "NotifyDiscord", frozenset({"thread"})),
    "tgram": Service("Telegram", "telegram", "NotifyTelegram", frozenset({"to", "silent", "topic", "thread"})),
    "gchat": Service("Google Chat", "google_chat", "NotifyGoogleChat", frozenset({"key", "token", "workspace"})),
    "zulip": Service("Zulip", "zulip", "NotifyZulip", frozenset({"to", "token"})),
    "pover": Service("Pushover", "pushover", "NotifyPushover", frozenset({"priority", "sound", "to"})),
    "ntfys": _NTFY,
    "gotifys": _GOTIFY,
    "mmosts": _MATTERMOST,
    "rockets": _ROCKET,
}
"""By how an address of Apprise begins."""
PLAIN: Mapping[str, Service] = {"ntfy": _NTFY, "gotify": _GOTIFY, "mmost": _MATTERMOST, "rocket": _ROCKET}
"""The same without HTTPS, where the operator allows that."""
NAMES = ", ".join(sorted({service.label for service in SERVICES.values()}))


@dataclass(frozen=True)
class Chat:
    """An address that was read. `plugin` is Apprise's, ready to send."""

    service: Service
    plugin: Any
    host: str
    """Empty where the service is run by its makers."""

    @property
    def hint(self) -> str:
        return f"{self.service.label}, {self.host}" if self.host else self.service.label


def read_chat(text: str, *, allow_plain: bool) -> Chat:
    """Returns what an address stands for. Raises NoSuchChat. Asks nobody."""
    begin = text.partition("://")[0].strip().lower()
    known = {**SERVICES, **(PLAIN if allow_plain else {})}
    for service in {known[begin]} if begin in known else set(_native(begin, known)):
        plugin = service.load()
        read = plugin.parse_url(text) if begin in known else plugin.parse_native_url(text)
        if read:
            return _chat(service, plugin, read)
    if begin in PLAIN:
        raise NoSuchChat(f"This address isn’t encrypted. Start it with {begin}s://.")
    raise NoSuchChat(f"Notifications can’t be sent to this address. These services work: {NAMES}.")


def _native(begin: str, known: Mapping[str, Service]) -> Iterator[Service]:
    """Addresses as the services themselves show them, such as https://hooks.slack.com/…"""
    return iter(known.values()) if begin == "https" else iter(())


def _chat(service: Service, plugin: Any, read: dict[str, Any]) -> Chat:
    """Raises NoSuchChat."""
    given = set(read.get("qsd") or {})
    others = [name for name in ("qsd+", "qsd-", "qsd:") if read.get(name)]
    if others or given - service.options:
        names = ", ".join(sorted(given - service.options)) or "+, - and :"
        raise NoSuchChat(f"{service.label} has options that aren’t supported here: {names[:100]}. Leave them out.")
    try:
        made = plugin(**{**read, "asset": ASSET, "overflow": "truncate"})
    except (AppriseException, TypeError, ValueError):
        raise NoSuchChat(f"This address of {service.label} is incomplete. Copy it again.") from None
    host = str(read.get("host") or "")
    return Chat(service, made, host[:80] if service.has_host and "." in host else "")
