"""What the headers of a completion say of the key's limits. Only inference replies have them (facts 1.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PREFIX = "x-ratelimit-"


@dataclass(frozen=True)
class RateLimits:
    """Requests and tokens a minute, and what is left of them. None where xAI did not say."""

    requests: int | None = None
    requests_left: int | None = None
    tokens: int | None = None
    tokens_left: int | None = None

    @classmethod
    def from_headers(cls, headers: Mapping[str, str]) -> RateLimits:
        found = {name.lower(): value for name, value in headers.items() if name.lower().startswith(PREFIX)}
        names = ("limit-requests", "remaining-requests", "limit-tokens", "remaining-tokens")
        return cls(*(_count(found.get(PREFIX + name, "")) for name in names))

    @property
    def share_left(self) -> float:
        """Returns the smaller share of a limit that is left, from 0 to 1; 1 where xAI says nothing."""
        pairs = ((self.requests, self.requests_left), (self.tokens, self.tokens_left))
        return min((left / limit for limit, left in pairs if limit and left is not None), default=1.0)


@dataclass(frozen=True)
class StartedDeferred:
    """A completion that xAI works on."""

    request_id: str
    limits: RateLimits


def _count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
