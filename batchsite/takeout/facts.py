"""What a takeout's files say about a thing: chosen field by field, so that nothing secret is included by chance."""

from __future__ import annotations

import re
from typing import Any

import orjson
from django.db.models import Model

from batchsite.asks.models import Ask
from batchsite.batches.models import Batch, Event
from batchsite.datasets.models import Dataset
from batchsite.prompts.models import PromptVersion
from batchsite.results.models import Judgement
from batchsite.retention.removal import retention_of
from batchsite.teams.models import Team, User

_DATASET = (
    *("id", "name", "filename", "address", "size", "digest", "state", "form", "encoding", "delimiter", "columns"),
    *("row_count", "left_out", "file_rows", "problem_count", "questions", "answers", "understood", "created_at"),
    *("replaces_id", "stays", "remove_at"),
)
_BATCH = (
    *("id", "name", "dataset_id", "state", "held_reason", "failure", "notes", "tags", "created_at", "started_at"),
    *("ended_at", "archived_at", "model", "system_prompt", "prompt", "examples", "params", "shape", "tools"),
    *("row_limit", "ranges", "skip_empty", "sent_once", "runs_live", "auto_retries", "deadline_hours"),
    *("spend_cap_ticks", "prompt_version_id", "expected_column", "picture_column", "picture_detail"),
    *("document_form", "history_column", "id_column", "id_prefix", "account", "request_kind", "estimate", "total"),
    *("succeeded", "failed", "cancelled", "missing", "skipped", "copies", "misfits", "no_answer", "truncated"),
    *("declined", "several", "prompt_tokens", "completion_tokens", "reasoning_tokens", "cached_tokens"),
    *("cost_ticks", "tool_calls", "tool_ticks", "stays", "remove_at"),
)
_VERSION = ("id", "number", "comment", "system_prompt", "text", "examples", "shape", "model", "params", "created_at")
_ASK = (
    *("id", "at", "model", "system_prompt", "prompt", "params", "state", "answer", "reasoning", "error"),
    *("finish_reason", "answered_by", "prompt_tokens", "completion_tokens", "reasoning_tokens", "cost_ticks"),
    *("stays", "remove_at"),
)
_JUDGEMENT = ("row", "verdict", "corrected", "comment", "at")
_EVENT = ("kind", "text", "detail", "outcome", "at", "last_at", "times")
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]+')


def json_of(facts: dict[str, Any]) -> bytes:
    return orjson.dumps(facts, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def safe_name(name: str) -> str:
    """Returns a file name that is valid on every system, and never leads into another folder."""
    return _UNSAFE.sub("_", name).strip(". ")[-120:] or "file"


def team(one: Team) -> dict[str, Any]:
    people = one.memberships.select_related("user").order_by("joined_at", "pk")
    retention = retention_of(one)
    return {
        "id": one.pk,
        "name": one.name,
        "created_at": one.created_at,
        "budget_ticks": one.budget_ticks,
        "retention_days": retention.days,
        "people": [
            {
                "name": member.user.name,
                "email": member.user.email,
                "role": member.role,
                "joined_at": member.joined_at,
                "budget_ticks": member.budget_ticks,
            }
            for member in people
        ],
    }


def dataset(one: Dataset) -> dict[str, Any]:
    return _some(one, _DATASET) | {"created_by": _person(one.created_by)}


def batch(one: Batch) -> dict[str, Any]:
    people = {"created_by": _person(one.created_by), "started_by": _person(one.started_by)}
    return _some(one, _BATCH) | people | {"dataset": one.dataset.name, "xai_key": one.key.name if one.key else None}


def version(one: PromptVersion) -> dict[str, Any]:
    prompt = {"prompt_id": one.prompt_id, "name": one.prompt.name}
    return prompt | _some(one, _VERSION) | {"created_by": _person(one.created_by)}


def ask(one: Ask) -> dict[str, Any]:
    return _some(one, _ASK) | {"by": _person(one.by)}


def judgement(one: Judgement) -> dict[str, Any]:
    return _some(one, _JUDGEMENT) | {"by": _person(one.by)}


def event(one: Event) -> dict[str, Any]:
    return _some(one, _EVENT) | {"by": _person(one.by)}


def _some(one: Model, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(one, name) for name in names}


def _person(user: User | None) -> str | None:
    return user.email if user else None
