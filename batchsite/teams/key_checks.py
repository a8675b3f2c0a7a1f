"""Asks xAI whether a key works, and puts the answer into words."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models

from batchsite.teams.network_faults import fault_of, sentence
from batchsite.xai.client import XaiClient
from batchsite.xai.errors import KeyRejected, OutOfCredits, PermissionDenied, XaiError
from batchsite.xai.types import KeyInfo

TIMEOUT = 15.0
"""Seconds; short, as a person waits for the answer."""


class KeyVerdict(models.TextChoices):
    WORKS = "works"
    NO_CREDITS = "no credits"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class KeyCheck:
    """The outcome. `words` say what is wrong and what to do, and never contain the key."""

    verdict: KeyVerdict
    words: str
    provider_team_id: str = ""
    """The xAI team of the key. Empty if xAI did not say."""
    detail: str = ""
    """What the network said, for whoever looks after it."""

    @property
    def words_and_detail(self) -> str:
        return f"{self.words} Details: {self.detail}" if self.detail else self.words

    @property
    def usable(self) -> bool:
        """Whether the key is worth storing: it is right, even if its account has no credits."""
        return self.verdict in {KeyVerdict.WORKS, KeyVerdict.NO_CREDITS}

    @property
    def tone(self) -> str:
        return {KeyVerdict.WORKS: "good", KeyVerdict.REFUSED: "bad"}.get(self.verdict, "warn")


def check_key(api_key: str, base_url: str) -> KeyCheck:
    """Asks xAI. Costs nothing and needs no model (facts 7.5). Never raises an XaiError."""
    try:
        with XaiClient(api_key, base_url, retries=1, total_timeout=TIMEOUT) as client:
            return _judge(client.check_key())
    except XaiError as error:
        return _failed(error, base_url)


def _failed(error: XaiError, base_url: str) -> KeyCheck:
    if fault := fault_of(error):  # first: a proxy's page may come with status 403, which says nothing about the key
        words = f"The key could not be tested. {sentence(fault, base_url)}"
        return KeyCheck(KeyVerdict.UNKNOWN, words, detail=error.message)
    if isinstance(error, OutOfCredits):
        words = "The key is right, but its xAI team has no credits left. Batches wait until there are some."
        return KeyCheck(KeyVerdict.NO_CREDITS, words)
    if isinstance(error, KeyRejected):
        words = "xAI does not accept this key. Copy it again from console.x.ai, whole and without spaces."
        return KeyCheck(KeyVerdict.REFUSED, words)
    if isinstance(error, PermissionDenied):
        return KeyCheck(KeyVerdict.REFUSED, f"xAI refuses this key. {error.message}")
    return KeyCheck(KeyVerdict.UNKNOWN, f"The key could not be tested. {error.message}")


def _judge(info: KeyInfo) -> KeyCheck:
    if info.blocked:
        words = f"xAI knows this key and blocks it: {info.reason}. Unblock it at console.x.ai, or use another."
        return KeyCheck(KeyVerdict.REFUSED, words, info.team_id)
    named = f" It is named “{info.name}” there." if info.name else ""
    return KeyCheck(KeyVerdict.WORKS, f"xAI accepts the key.{named}", info.team_id)
