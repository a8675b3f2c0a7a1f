"""The contents of xAI's answers as frozen values. Money is in ticks (1e-10 USD).

`from_wire` takes decoded JSON of any shape. A field that is missing or of the wrong type gets its default; only an
object without its id raises ValueError.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Generic, Literal, TypeVar

import msgspec

from batchsite.xai.wire_json import count, few, is_table, number, table, text

T = TypeVar("T")
Outcome = Literal["succeeded", "failed", "cancelled", "not_ready"]

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def parse_date(value: object) -> date | None:
    """Returns the day in UTC of a date or RFC 3339 timestamp. None for anything else.

    REST sends days without a time (facts 2.2), so never compute a duration from them.
    """
    stripped = text(value).strip()
    if not DAY.match(stripped):
        return None
    try:
        moment = datetime.fromisoformat(stripped)
        return (moment.astimezone(UTC) if moment.tzinfo else moment).date()
    except (ValueError, OverflowError):
        return _first_ten(stripped)


def _first_ten(timestamp: str) -> date | None:
    try:
        return date.fromisoformat(timestamp[:10])
    except ValueError:
        return None


@dataclass(frozen=True)
class Counters:
    """xAI's own counts of a batch. Only hints: they start at zero, lag behind, and can decrease (facts 2.9)."""

    num_requests: int = 0
    num_pending: int = 0
    num_success: int = 0
    num_error: int = 0
    num_cancelled: int = 0

    @classmethod
    def from_wire(cls, value: object) -> Counters | None:
        """Returns None if there is no `state`, which does not mean that the batch is empty (facts 2.1)."""
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
    """One batch at xAI. xAI sends no status: derive it from counters and dates (facts 2.11)."""

    batch_id: str
    name: str = ""
    create_time: date | None = None
    expire_time: date | None = None
    cancel_time: date | None = None  # when it was asked for; rows may still turn out to have succeeded
    cancel_by_xai_message: str = ""  # the only sign that xAI itself ended the batch (facts 2.10)
    create_api_key_id: str = ""
    input_file_id: str = ""  # only if made from a file
    counters: Counters | None = None  # None: unknown, not zero
    cost_ticks: int | None = None  # of the whole batch; not seen in any REST reply so far (facts 2.1)

    @classmethod
    def from_wire(cls, value: object) -> RemoteBatch:
        raw = table(value)
        return cls(
            batch_id=_required_text(raw.get("batch_id"), "batch_id"),
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


def _required_text(value: object, field: str) -> str:
    if not text(value):
        raise ValueError(f"it holds no {field}")
    return text(value)


@dataclass(frozen=True)
class RemoteFile:
    """A file at xAI (facts 3)."""

    file_id: str
    filename: str = ""
    created_at: int = 0
    """Seconds since 1970; 0 if xAI does not say."""

    @classmethod
    def from_wire(cls, value: object) -> RemoteFile:
        raw = table(value)
        return cls(_required_text(raw.get("id"), "id"), text(raw.get("filename")), count(raw.get("created_at")))


@dataclass(frozen=True)
class RequestMeta:
    """One admitted request without its content and answer (facts 2.6)."""

    batch_request_id: str
    state: str = "unknown"  # unknown, pending, succeeded, failed, cancelled
    endpoint: str = ""
    model: str = ""

    @classmethod
    def from_wire(cls, value: object) -> RequestMeta:
        raw = table(value)
        return cls(
            batch_request_id=_required_text(raw.get("batch_request_id"), "batch_request_id"),
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
    input_ticks: int | None = None  # ticks per prompt token; None = no price given, which does not mean free
    cached_ticks: int | None = None  # ticks per cached prompt token
    output_ticks: int | None = None  # ticks per completion token and per reasoning token
    context_length: int | None = None  # tokens
    created: int | None = None  # seconds since 1970

    @classmethod
    def from_wire(cls, value: object) -> LanguageModel:
        raw = table(value)
        return cls(
            id=_required_text(raw.get("id"), "id"),
            aliases=_texts(raw.get("aliases")),
            input_ticks=few(raw.get("prompt_text_token_price")),
            cached_ticks=few(raw.get("cached_prompt_text_token_price")),
            output_ticks=few(raw.get("completion_text_token_price")),
            context_length=few(raw.get("context_length")),
            created=number(raw.get("created")),
        )


def _texts(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


@dataclass(frozen=True)
class KeyInfo:
    """What xAI says about the key in use (facts 7.5)."""

    api_key_id: str
    team_id: str = ""
    name: str = ""
    redacted: str = ""  # the key without its middle, safe to show
    blocked: bool = False
    reason: str = ""  # why it is blocked, for people
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
    """Returns the reasons as sentences, "" if the key works. REST and proto name the disabled flag differently."""
    reasons = {
        "The team is blocked at xAI.": ("team_blocked",),
        "The key is blocked at xAI.": ("api_key_blocked",),
        "The key is disabled in the xAI console.": ("api_key_disabled", "disabled"),
    }
    return " ".join(sentence for sentence, flags in reasons.items() if any(raw.get(flag) is True for flag in flags))


class Usage(msgspec.Struct, frozen=True, gc=False):
    """Tokens and cost of one answer."""

    prompt_tokens: int  # including xAI's hidden overhead and the cached tokens
    completion_tokens: int  # without reasoning (facts 2.13)
    reasoning_tokens: int  # billed like completion tokens
    cached_tokens: int  # the cheaper part of the prompt
    cost_ticks: int | None  # after the batch discount, calls of tools included; None if not given
    sources_used: int = 0  # as xAI counts them, which may be 0 although there are sources
    calls: tuple[tuple[str, int], ...] = ()  # (kind, number) of calls of xAI's own tools

    @property
    def tool_calls(self) -> int:
        return sum(number for _, number in self.calls)


@dataclass(frozen=True, slots=True)
class Source:
    """What an answer cites: texts of strangers. See `tool_turns.is_web_address` before making a link of one."""

    url: str
    title: str = ""  # "" if there is none that says more than the address


class ResultRow(msgspec.Struct, frozen=True, gc=False):
    """The result of one request."""

    batch_request_id: str  # "" if the row has none
    outcome: Outcome  # not_ready: xAI will show it later; read it again
    content: str = ""
    reasoning: str = ""
    finish_reason: str = ""  # "length" = the answer was cut off
    model: str = ""  # the one that answered, which may differ from the one requested
    usage: Usage | None = None  # None for rows without an answer
    error: str = ""  # xAI's message
    error_code: str = ""  # a gRPC number where xAI gave one
    refusal: str = ""  # what the model said instead of an answer
    others: tuple[str, ...] = ()  # further answers, where several were asked for (n > 1)
    sources: tuple[Source, ...] = ()  # what it cites
    function_calls: tuple[str, ...] = ()  # what the client is asked to call, as JSON
    pictures: tuple[str, ...] = ()  # addresses of generated pictures, good for an hour (facts 2.7)
