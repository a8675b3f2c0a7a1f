"""What the page of a draft and its review page show."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.conf import settings
from django.http import QueryDict

from batchsite.batches.batch_recipe import recipe_of
from batchsite.batches.draft_fingerprint import draft_fingerprint
from batchsite.batches.models import Batch
from batchsite.drafts import dead_links, draft_store, undo, value_rows
from batchsite.drafts.draft_edits import number_of
from batchsite.drafts.draft_stages import stages_of
from batchsite.drafts.draft_warnings import warnings_of
from batchsite.drafts.forms import DraftField, DraftForm
from batchsite.drafts.starter_prompts import STARTERS
from batchsite.drafts.tool_fields import tool_inputs
from batchsite.media.shelf import FileGone
from batchsite.pricing.both_ways import why_not_live
from batchsite.pricing.budgets import limiting_budget
from batchsite.pricing.cap_form import SpendCapForm
from batchsite.pricing.coverage import Coverage, Gaps, coverage, gaps
from batchsite.pricing.estimate import Estimate, rows_to_send
from batchsite.pricing.model_prices import prices_for
from batchsite.pricing.repeated_rows import repeated_rows, sends_once
from batchsite.prompts import prompt_queries as prompts
from batchsite.recipes import answer_shape
from batchsite.recipes.attachments import PAGES
from batchsite.recipes.parameters import NAMES, parameters_of
from batchsite.recipes.recipe import Recipe
from batchsite.recipes.shape_fields import TYPES
from batchsite.teams import tool_servers
from batchsite.teams.accounts import AccountKind, account_words, payer_of
from batchsite.teams.key_choice import PayingKeyForm
from batchsite.teams.requests import TeamRequest

SHOWN_OF_A_REQUEST = 20_000
"""Most characters of the example request on the review page."""


LABELS_SHOWN = 6
"""Most columns whose values are offered as the allowed values of a field."""


@dataclass(frozen=True)
class Chip:
    """A column as the page shows it."""

    number: int
    name: str
    placeholder: str
    filled: str
    """“980 of 1,000”."""
    has_gaps: bool
    used: bool
    values: int | None
    """Number of distinct values. None if they cannot be the allowed values of a field."""


def draft_context(request: TeamRequest, form: DraftForm, row: int, *, at_submit: bool = False) -> dict[str, Any]:
    """What the page and its live parts show of a draft as it stands now."""
    batch, price = form.batch, draft_store.estimate_of(form.batch)
    problems = draft_store.problems_with_price(batch, price, request.user)
    problems |= {name: [str(error) for error in errors] for name, errors in form.errors.items()}
    fields = form.with_problems(problems, at_submit=at_submit)
    try:
        preview = draft_store.preview(batch, row)
    except ValueError:
        preview = None  # the problems are named at their fields
    used = draft_store.used_columns(batch)
    filled = coverage(batch.dataset)
    chips = _chips(filled, used)
    params = shown_params(batch, fields)
    swap_params = request.method == "POST" and request.POST.get("params-of", batch.model) != batch.model
    taken = request.POST.get("do", "").startswith("values-")
    rows_changed = request.method == "POST" and request.POST.get("do", "").startswith("rows-")
    return _costs(request, batch, price) | {
        "swap_rows": rows_changed,
        "value_options": value_rows.offered_values(batch.dataset),
        "fields": fields,
        "noted": _noted(fields, params if swap_params else [], request.POST),
        "params": params,
        "swap_params": swap_params,
        "swap_how": request.method == "POST" and bool(request.POST.get("no-live")) != bool(why_not_live(batch)),
        "shape_form": DraftForm(batch=batch) if taken else form,
        "swap_shape": taken,
        "tools": tool_inputs(batch.tools),
        "servers": tool_servers.servers_of(batch.team),
        "servers_chosen": [server.pk for server in tool_servers.chosen(batch.team, batch.tools)],
        "types": TYPES.items(),
        "form": form,
        "refused": at_submit and bool(problems),
        "wrong": _wrong(fields, problems),
        "unsaved": bool(form.errors),
        "revision": draft_fingerprint(batch),
        "edit": number_of(batch),
        "row": preview.row if preview else row,
        "preview": preview,
        "problems": problems,
        "prompted": draft_store.has_prompt(batch),
        "stages": stages_of(batch, problems),
        "scope": filled.scope,
        "chips": chips,
        "labels": [chip for chip in chips if chip.values][:LABELS_SHOWN],
        "set_params": any(parameter.problems for parameter in params) or bool(batch.params.keys() & set(NAMES)),
        "gaps": _gaps(batch, used),
        "schema": _schema(batch),
        "offers": prices_for(request.team),
        "kept": prompts.offered(request.team),
        "starters": [] if draft_store.has_prompt(batch) or batch.system_prompt.strip() else STARTERS,
        "undo": undo.is_possible(batch),
    }


def _costs(request: TeamRequest, batch: Batch, price: Estimate | None) -> dict[str, Any]:
    """What a draft comes to, for its page and its review."""
    (kind, key), budget = payer_of(request.team), limiting_budget(request.team, request.user)
    return {
        "batch": batch,
        "search": value_rows.search_of(batch),
        "rows": rows_to_send(batch),
        "turns": 1 + bool(batch.system_prompt.strip()) + 2 * len(batch.examples),
        "estimate": price,
        "ways": draft_store.ways_of(batch, price),
        "no_live": why_not_live(batch),
        "warnings": warnings_of(batch),
        "simulated": kind == AccountKind.SANDBOX,
        "paid_by": account_words(kind, key.name if key else ""),
        "budget": budget,
        "budget_left": budget.left if budget else None,
    }


def _wrong(fields: dict[str, DraftField], problems: draft_store.Problems) -> list[tuple[str, str]]:
    """Returns (id of the field, sentence) of everything that is wrong; no id for what concerns the whole batch."""
    marked = [(field.field.auto_id, words) for field in fields.values() for words in field.problems]
    return [*marked, *(("", words) for name in problems.keys() - fields.keys() for words in problems[name])]


def shown_params(batch: Batch, fields: dict[str, DraftField]) -> list[DraftField]:
    """Returns the parameters that the model takes, and those that are set although it refuses them."""
    taken = {parameter.name for parameter in parameters_of(batch.model)}
    shown = [name for name in NAMES if name in taken or batch.params.get(name) is not None]
    return [fields[name] for name in shown]


def _noted(fields: dict[str, DraftField], swapped: list[DraftField], typed: QueryDict) -> list[DraftField]:
    """Returns the fields whose problems htmx can fill in on the page, without those that are swapped as a whole."""
    without = {*NAMES, "skip_empty", "repeats", "runs_live", "shape_kind"}
    plain = [field for name, field in fields.items() if name not in without]
    return plain if swapped else [*plain, *(fields[name] for name in NAMES if name in typed)]


def _chips(filled: Coverage, used: Sequence[int]) -> list[Chip]:
    used_numbers = set(used)
    return [
        Chip(
            number,
            column.name,
            column.placeholder,
            column.words,
            column.empty > 0,
            number in used_numbers,
            column.distinct if column.repeats else None,
        )
        for number, column in enumerate(filled.columns)
    ]


def _gaps(batch: Batch, used: Sequence[int]) -> Gaps | None:
    """Returns the gaps in the draft's rows. None if its prompt uses no column. A row may have no earlier turns."""
    used = [column for column in used if batch.dataset.columns[column] != batch.history_column]
    return gaps(batch.dataset, used, batch.rows) if used and len(batch.rows) else None


def _schema(batch: Batch) -> str:
    """Returns the JSON schema that is sent, indented. Empty if there is none yet."""
    if not batch.shape or answer_shape.problems(batch.shape):
        return ""
    return orjson.dumps(answer_shape.json_schema(batch.shape), option=orjson.OPT_INDENT_2).decode()


# ---- the review --------------------------------------------------------------------------------------


SUBMIT_FORM = "submit-form"
"""The id of the form below the review, to which fields further up belong."""


def review_context(
    request: TeamRequest,
    batch: Batch,
    price: Estimate | None,
    cap_form: SpendCapForm | None = None,
    key_form: PayingKeyForm | None = None,
) -> dict[str, Any]:
    """What is about to be sent, and an example of it. The draft has no problems."""
    used = draft_store.used_columns(batch)
    row = _first_row(batch)
    text, curl = _example(recipe_of(batch), row, batch.dataset.row(row))
    return _costs(request, batch, price) | {
        "row": row,
        "preview": draft_store.preview(batch, row),
        "stages": stages_of(batch, {}, reviewing=True),
        "gaps": _gaps(batch, used),
        "repeated": repeated_rows(batch, recipe_of(batch)),
        "once": sends_once(batch),
        "schema": _schema(batch),
        "links": dead_links.check_of(batch),
        "request_text": text[:SHOWN_OF_A_REQUEST],
        "cut": len(text) > SHOWN_OF_A_REQUEST,
        "curl": curl,
        "revision": draft_fingerprint(batch),
        "cap_form": cap_form or SpendCapForm(None, batch),
        "key_form": key_form or PayingKeyForm(request.team, form_id=SUBMIT_FORM),
    }


def _example(recipe: Recipe, row: int, cells: Sequence[str]) -> tuple[str, str]:
    """Returns (the request of a row as JSON, the same request as a shell command)."""
    is_paged = recipe.pictures is not None and recipe.pictures.documents == PAGES
    if is_paged or recipe.length(cells) + recipe.carried(cells) > draft_store.LONGEST_PREVIEW:
        return draft_store.TOO_LONG_TO_SHOW, ""
    try:
        [(kind, body)] = recipe.request(row, cells)["batch_request"].items()
    except FileGone as error:
        return str(error), ""
    return orjson.dumps(body, option=orjson.OPT_INDENT_2).decode(), _curl(kind, body)


def _first_row(batch: Batch) -> int:
    return batch.rows.first or 1


def _curl(kind: str, body: dict[str, Any]) -> str:
    """Returns the same request as a shell command; the key comes from XAI_API_KEY, it is never shown."""
    path = "responses" if kind == "responses" else "chat/completions"
    base = settings.OPTIONS.xai_api_base.rstrip("/").removesuffix("/v1")
    return (
        f"curl {shlex.quote(f'{base}/v1/{path}')} \\\n"
        '  -H "Authorization: Bearer $XAI_API_KEY" \\\n'
        "  -H 'Content-Type: application/json' \\\n"
        f"  -d {shlex.quote(orjson.dumps(body).decode())}"
    )
