"""Writing a batch: the draft that keeps what is typed, the rendered prompt, and the checks before submitting."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction

from batchsite.batches.estimating import Estimate, estimate, rows_to_send
from batchsite.batches.models import Batch
from batchsite.batches.moving import note
from batchsite.batches.offers import offers, why_not
from batchsite.batches.planning import check_params, check_row
from batchsite.batches.prompts import PromptError, parse
from batchsite.batches.states import State
from batchsite.batches.turns import recipe_of
from batchsite.datasets.models import Dataset, DatasetState
from batchsite.teams.keys import account_kind
from batchsite.teams.models import Team, User
from batchsite.xai.bodies import Message
from batchsite.xai.catalogue import batch_reason, is_batchable

Problems = dict[str, list[str]]
"""What is wrong, in words, by the name of the field where it stands; "" for the batch as a whole."""


def new_draft(team: Team, user: User | None, dataset: Dataset) -> Batch:
    """A draft for this dataset: the person's own untouched one where there is one, else a new one.

    Raises Dataset.DoesNotExist where the dataset was deleted meanwhile.
    """
    untouched = Batch.objects.filter(
        team=team, dataset=dataset, created_by=user, state=State.DRAFT, prompt="", system_prompt="", deleted_at=None
    ).first()
    if untouched:
        return untouched
    first = next((offer.model for offer in offers(team) if offer.batchable), "")
    with transaction.atomic():
        dataset = Dataset.objects.select_for_update().get(pk=dataset.pk, team=team, deleted_at=None)
        batch = Batch.objects.create(team=team, dataset=dataset, created_by=user, name=dataset.name, model=first)
        note(batch.pk, "drafted", "Draft begun", by=user)
    return batch


class Submitted(RuntimeError):
    """The draft was submitted meanwhile: what is sent does not change any more."""


def save(batch: Batch, values: dict[str, Any]) -> None:
    """Keep what was typed, also where it is not fit to be sent yet. Raises Submitted."""
    drafts = Batch.objects.filter(pk=batch.pk, state=State.DRAFT, deleted_at=None)
    if not drafts.update(**values):
        raise Submitted(f"“{batch.name}” was submitted already.")
    for name, value in values.items():
        setattr(batch, name, value)


@dataclass(frozen=True)
class Preview:
    """The prompt as it will be sent for one row."""

    row: int
    rows: int
    messages: Sequence[Message]
    cells: Sequence[tuple[str, str]]
    """(column, cell) of the row."""
    problem: str


def preview(batch: Batch, row: int) -> Preview | None:
    """The rendered prompt of one row, counted from 1; None while the dataset has no rows. Raises PromptError."""
    rows = batch.dataset.row_count
    if not rows:
        return None
    row = max(1, min(row, rows))
    cells = batch.dataset.row(row)
    recipe = recipe_of(batch)
    problem = check_row(recipe, row, cells, 25_000_000)
    pairs = list(zip(batch.dataset.columns, cells, strict=True))
    return Preview(row, rows, recipe.messages(cells), pairs, problem.message if problem else "")


def problems_of(batch: Batch) -> Problems:
    """All that keeps a draft from being submitted, as far as it can be told without looking at every row."""
    found: Problems = {}
    if batch.dataset.state != DatasetState.READY:
        found["dataset"] = ["The dataset is not ready yet."]
    if not batch.name.strip():
        found["name"] = ["Give the batch a name."]
    for field, text in (("system_prompt", batch.system_prompt), ("prompt", batch.prompt)):
        try:
            parse(text, batch.dataset.columns)
        except PromptError as error:
            found[field] = [str(unknown) for unknown in error.unknown]
    if not batch.prompt.strip():
        found["prompt"] = ["Write a prompt."]
    refused = why_not(batch.team, batch.model) if batch.model else "Choose a model."
    if refused:
        found["model"] = [refused]
    for name, words in check_params(batch.params).items():
        found[name] = [words]
    if batch.id_column and batch.id_column not in batch.dataset.columns:
        found["id_column"] = ["The dataset has no such column."]
    if rows_to_send(batch) < 1:
        found["row_limit"] = ["There are no rows to send."]
    return found


def warnings_of(batch: Batch) -> list[str]:
    """What does not keep a draft from being submitted, and should be known before."""
    found = []
    with contextlib.suppress(PromptError):
        recipe = recipe_of(batch)
        used = recipe.prompt.columns or (recipe.system and recipe.system.columns)
        if batch.prompt.strip() and not used:
            found.append("No column is used: every row gets the same prompt.")
    if batch.model and batch.model not in settings.OPTIONS.xai_batch_models and is_batchable(batch.model) is None:
        found.append(batch_reason(batch.model))
    size, rows = settings.OPTIONS.requests_per_submission, rows_to_send(batch)
    if rows > size:
        found.append(f"More than {size:,} rows are sent as {-(-rows // size)} batches at xAI; here they stay one.")
    return found


def estimate_of(batch: Batch) -> Estimate | None:
    """The estimate for a draft, None while its prompt does not fit its columns. Stored with the draft."""
    batch.account = batch.account or account_kind(batch.team)
    try:
        found = estimate(batch, recipe_of(batch))
    except (PromptError, ValueError):
        found = None
    as_json: dict[str, Any] | None = found.as_json() if found else None
    if batch.pk and batch.state == State.DRAFT:
        Batch.objects.filter(pk=batch.pk, state=State.DRAFT).update(estimate=as_json)
    return found
