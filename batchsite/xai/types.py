"""What xAI's answers hold, as frozen values. Tokens are counts, money is ticks (1e-10 USD).

`from_wire` readers take decoded JSON of any shape. A field that is missing or odd reads as absent; only an
object without the id that makes it what it is raises ValueError.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Generic, Literal, TypeVar

from batchsite.xai.wire_json import count, is_table, number, table, text

T = TypeVar("T")
Outcome = Literal["succeeded", "failed", "cancelled", "not_ready"]

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def parse_date(value: object) -> date | None:
    """The day (in UTC) of a date-only or RFC 3339 text; None for anything else.

    REST sends days without a time (facts 2.2): show them, but never compute a duration from them.
    """
    words = text(value).strip()
    if not DAY.match(words):
        return None
    try:
        moment = datetime.fromisoformat(words)
        return (moment.astimezone(UTC) if moment.tzinfo else moment).date()
    except (ValueError, OverflowError):
        return _first_ten(words)


def _first_ten(words: str) -> date | None:
    try:
        return date.fromisoformat(words[:10])
    except ValueError:
        return None


@dataclass(frozen=True)
class Counters:
    """xAI's own counts of a batch. They are hints: they start at zero, trail, and can go back (facts 2.9)."""

    num_requests: int = 0
    num_pending: int = 0
    num_success: int = 0
    num_error: int = 0
    num_cancelled: int = 0

    @classmethod
    def from_wire(cls, value: object) -> Counters | None:
        """None if there is no `state`, which is not the same as an empty batch (facts 2.1)."""
        if not is_table(value):
            return None
        return cls(
            num_requests=count(value.get("num_requests")),
            num_pending=count(value.get("num_pending")),
            num_success=count(value.get("num_success")),
            num_error=count(value.get("num_error")),
            num_cancelled=count(value.get("num_cancelled")),
        )


@dataclass(frozen=True)
class RemoteBatch:
    """One batch at xAI. It has no status: derive one from the counters and dates (facts 2.11)."""

    batch_id: str
    name: str = ""
    create_time: date | None = None
    expire_time: date | None = None
    cancel_time: date | None = None  # asked for; rows may still turn out to have succeeded
    cancel_by_xai_message: str = ""  # the only sign that xAI itself ended the batch (facts 2.10)
    create_api_key_id: str = ""
    input_file_id: str = ""  # only of a batch made from a file
    counters: Counters | None = None  # None: unknown, not zero
    cost_ticks: int | None = None  # of the whole batch; REST has never been seen to send it (facts 2.1)

    @classmethod
    def from_wire(cls, value: object) -> RemoteBatch:
        raw = table(value)
        return cls(
            batch_id=_named(raw.get("batch_id"), "batch_id"),
            name=text(raw.get("name")),
            create_time=parse_date(raw.get("create_time")),
            expire_time=parse_date(raw.get("expire_time")),
            cancel_time=parse_date(raw.get("cancel_time")),
            cancel_by_xai_message=text(raw.get("cancel_by_xai_message")),
            create_api_key_id=text(raw.get("create_api_key_id")),
            input_file_id=text(raw.get("input_file_id")),
            counters=Counters.from_wire(raw.get("state")),
            cost_ticks=number(table(raw.get("cost_breakdown")).get("total_cost_usd_ticks")),
        )


def _named(value: object, field: str) -> str:
    if not text(value):
        raise ValueError(f"it holds no {field}")
    return text(value)


@dataclass(frozen=True)
class RequestMeta:
    """One admitted request, without its content or answer (facts 2.6)."""

    batch_request_id: str
    state: str = "unknown"  # unknown, pending, succeeded, failed, cancelled
    endpoint: str = ""
    model: str = ""

    @classmethod
    def from_wire(cls, value: object) -> RequestMeta:
        raw = table(value)
        return cls(
            batch_request_id=_named(raw.get("batch_request_id"), "batch_request_id"),
            state=text(raw.get("state")) or "unknown",
            endpoint=text(raw.get("endpoint")),
            model=text(raw.get("model")),
        )


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a list."""

    items: list[T]
    next_token: str | None  # opaque; None on the last page, where xAI says null or ""


@dataclass(frozen=True)
class LanguageModel:
    """A model and its list prices, before any batch discount (facts 7.2)."""

    id: str
    aliases: tuple[str, ...] = ()
    input_ticks: int | None = None  # ticks per prompt token; None: xAI named no price, which is not free
    cached_ticks: int | None = None  # ticks per cached prompt token
    output_ticks: int | None = None  # ticks per completion token and per reasoning token
    context_length: int | None = None  # tokens
    created: int | None = None  # seconds since 1970

    @classmethod
    def from_wire(cls, value: object) -> LanguageModel:
        raw = table(value)
        return cls(
            id=_named(raw.get("id"), "id"),
            aliases=_texts(raw.get("aliases")),
            input_ticks=number(raw.get("prompt_text_token_price")),
            cached_ticks=number(raw.get("cached_prompt_text_token_price")),
            output_ticks=number(raw.get("completion_text_token_price")),
            context_length=number(raw.get("context_length")),
            created=number(raw.get("created")),
        )


def _texts(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


@dataclass(frozen=True)
class KeyInfo:
    """What xAI tells of the key in use (facts 7.5)."""

    api_key_id: str
    team_id: str = ""
    name: str = ""
    redacted: str = ""  # the key with its middle left out, fit to be shown
    blocked: bool = False
    reason: str = ""  # why it is blocked, in words
    acls: tuple[str, ...] = ()

    @classmethod
    def from_wire(cls, value: object) -> KeyInfo:
        if not is_table(value) or not (value.get("api_key_id") or value.get("redacted_api_key")):
            raise ValueError("it does not describe a key")
        reason = _why_blocked(value)
        return cls(
            api_key_id=text(value.get("api_key_id")),
            team_id=text(value.get("team_id")),
            name=text(value.get("name")),
            redacted=text(value.get("redacted_api_key")),
            blocked=bool(reason),
            reason=reason,
            acls=_texts(value.get("acls")),
        )


def _why_blocked(raw: dict[str, object]) -> str:
    """REST and proto name the disabled flag differently; either counts."""
    said = {
        "The team is blocked at xAI.": ("team_blocked",),
        "The key is blocked at xAI.": ("api_key_blocked",),
        "The key is disabled in the xAI console.": ("api_key_disabled", "disabled"),
    }
    return " ".join(words for words, flags in said.items() if any(raw.get(flag) is True for flag in flags))


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens and cost of one answer."""

    prompt_tokens: int  # with xAI's hidden overhead, and with the cached ones
    completion_tokens: int  # without reasoning (facts 2.13)
    reasoning_tokens: int  # billed like completion tokens
    cached_tokens: int  # the part of the prompt that was cheaper
    cost_ticks: int | None  # after the batch discount; None: xAI did not say


@dataclass(frozen=True, slots=True)
class ResultRow:
    """What became of one request."""

    batch_request_id: str  # "" if the row named none
    outcome: Outcome  # not_ready: xAI will show it later, read again
    content: str = ""
    reasoning: str = ""
    finish_reason: str = ""  # "length" means the answer was cut
    model: str = ""  # the one that answered, which may differ from the one asked
    usage: Usage | None = None  # None for every row without an answer
    error: str = ""  # xAI's words
    error_code: str = ""  # a gRPC number where xAI gave one
    refusal: str = ""
