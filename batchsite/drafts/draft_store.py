"""Drafts: saving what is typed, the rendered prompt, and the checks before a batch is submitted."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from batchsite.batches.batch_recipe import recipe_of
from batchsite.batches.batchable import answers_for, why_no_batch
from batchsite.batches.models import Batch
from batchsite.batches.states import State
from batchsite.batches.timeline import note
from batchsite.datasets.models import Dataset, DatasetState
from batchsite.drafts.draft_edits import LABELS, Basis, ChangedMeanwhile, follow, is_edit
from batchsite.drafts.models import ValueSearch
from batchsite.media.shelf import why_not_yet
from batchsite.pricing.both_ways import BothWays, both_ways, why_not_live
from batchsite.pricing.budgets import refusal_of
from batchsite.pricing.coverage import values_of
from batchsite.pricing.estimate import Estimate, estimate, rows_to_send
from batchsite.pricing.model_prices import prices_for
from batchsite.recipes import answer_shape, tools
from batchsite.recipes.parameters import check_params
from batchsite.recipes.prompt_template import PromptError, parse
from batchsite.recipes.recipe import check_row
from batchsite.recipes.shape_edits import part_of, with_values
from batchsite.teams import tool_servers
from batchsite.teams.accounts import account_kind
from batchsite.teams.models import Team, User
from batchsite.xai.bodies import CHAT, RESPONSES, Message
from batchsite.xai.catalogue import is_retired

LONGEST_PREVIEW = 1_000_000
"""Characters of a prompt that the page of a draft shows."""
TOO_LONG_TO_SHOW = "The prompt of this row is too long to be shown here."
MOST_PROBLEMS = 20
"""Problems of examples that are listed."""
ANY = Basis()
Problems = dict[str, list[str]]
"""Sentences about what is wrong, by the name of the field; "" stands for the batch as a whole."""


def new_draft(team: Team, user: User | None, dataset: Dataset) -> Batch:
    """Returns a draft for this dataset: an untouched one of the same person if there is one, else a new one.

    Raises Dataset.DoesNotExist if the dataset was deleted meanwhile.
    """
    untouched = Batch.objects.filter(
        team=team, dataset=dataset, created_by=user, state=State.DRAFT, prompt="", system_prompt="", deleted_at=None
    ).first()
    if untouched:
        return untouched
    first = next((price.model for price in prices_for(team) if price.batchable), "")
    with transaction.atomic():
        dataset = Dataset.objects.select_for_update(no_key=True).get(pk=dataset.pk, team=team, deleted_at=None)
        batch = Batch.objects.create(
            team=team,
            dataset=dataset,
            created_by=user,
            name=_name_for(dataset),
            model=first,
            picture_column=dataset.file_column,
        )
        note(batch.pk, "drafted", "Draft created", by=user)
    return batch


def _name_for(dataset: Dataset) -> str:
    """Returns the name of the dataset, with a number if a batch is called so already."""
    called_so = Q(name=dataset.name) | Q(name__startswith=f"{dataset.name[:190]} ")
    had = Batch.objects.filter(called_so, team=dataset.team_id).count()
    return f"{dataset.name[:190]} {had + 1}" if had else dataset.name


class Submitted(RuntimeError):
    """The draft was submitted meanwhile and can no longer change."""


def save(batch: Batch, values: dict[str, Any], basis: Basis = ANY) -> None:
    """Saves what was typed, whether or not it can be sent. Raises Submitted.

    Raises ChangedMeanwhile if another page saved something else since the edit that `basis` knows of. The draft refers
    to the saved prompt that it was filled from for as long as both say the same.
    """
    version = values.get("prompt_version", batch.prompt_version)
    if version and any(
        values.get(own, getattr(batch, own)) != getattr(version, theirs) for own, theirs in _SAME_PROMPT
    ):
        values = values | {"prompt_version": None}
    with transaction.atomic():
        if is_edit(batch, values) and not follow(batch, basis):
            _check_same(batch, values)
        drafts = Batch.objects.filter(pk=batch.pk, state=State.DRAFT, deleted_at=None)
        if not drafts.update(**values):
            raise Submitted(f"“{batch.name}” was already submitted.")
    for name, value in values.items():
        setattr(batch, name, value)


def _check_same(batch: Batch, values: dict[str, Any]) -> None:
    """Raises ChangedMeanwhile unless the draft already says what was typed."""
    stored = Batch.objects.select_related("dataset", "team").get(pk=batch.pk)
    names = [name for name in LABELS if name in values and getattr(stored, name) != values[name]]
    if names:
        raise ChangedMeanwhile(stored, names)


_SAME_PROMPT = (("prompt", "text"), ("system_prompt", "system_prompt"), ("examples", "examples"), ("shape", "shape"))
"""Pairs of fields of a draft and of a prompt version; if all are equal, both are the same prompt."""


def take_values(batch: Batch, column: str) -> str:
    """Makes the values of a column the allowed values of a field of the answer. Returns a sentence about them.

    Raises Submitted, and ValueError with a sentence if the column cannot be used like that.
    """
    values, scope = values_of(batch.dataset, column)
    fields = part_of(batch.shape, batch.shape_aside, "fields") or []
    save(batch, {"shape": with_values({"fields": fields}, column, values)})
    return f"{len(values):,} values of “{column}” {scope}".strip() + " are now the allowed values."


WORTH_SHARING = 400
"""Characters that all rows have in common from which on it matters where they stand."""


@dataclass(frozen=True)
class Preview:
    """The prompt as it will be sent for one row."""

    row: int
    rows: int
    messages: Sequence[Message]
    cells: Sequence[tuple[str, str]]
    """(column, cell) of the row."""
    problem: str
    shared: int
    """Characters with which the messages of all rows begin; 0 for prompts so short that it does not matter."""
    fixed: int
    """Characters that are the same in all rows, wherever they stand."""


def preview(batch: Batch, row: int) -> Preview | None:
    """Returns the prompt of one row (counted from 1). None if the dataset does not have it. Raises ValueError."""
    rows = batch.dataset.row_count
    if not rows:
        return None
    row = max(1, min(row, rows))
    cells = batch.dataset.pick([row]).get(row)
    if cells is None:
        return None
    recipe = recipe_of(batch)
    problem = check_row(recipe, row, cells, 25_000_000) if has_prompt(batch) else None
    pairs = list(zip(batch.dataset.columns, cells, strict=True))
    is_long = recipe.length(cells) > LONGEST_PREVIEW
    messages = [] if is_long else recipe.messages(cells)
    words = problem.message if problem else TOO_LONG_TO_SHOW if is_long else ""
    shared = recipe.shared_characters if recipe.fixed_characters >= WORTH_SHARING else 0
    return Preview(row, rows, messages, pairs, words, shared, recipe.fixed_characters)


def has_prompt(batch: Batch) -> bool:
    """Returns whether there is something to send for a row: a prompt, earlier turns, or rows that are requests."""
    return bool(batch.prompt.strip() or batch.history_column) or batch.dataset.holds_requests


def problems_of(batch: Batch) -> Problems:
    """Returns what keeps a draft from being submitted, apart from its price, without looking at every row."""
    problems: Problems = {}
    if batch.dataset.state != DatasetState.READY:
        problems["dataset"] = ["The dataset is not ready yet."]
    if not batch.name.strip():
        problems["name"] = ["Give the batch a name."]
    for field, text in (("system_prompt", batch.system_prompt), ("prompt", batch.prompt)):
        if words := _unknown(text, batch.dataset.columns):
            problems[field] = words
    if not has_prompt(batch):
        problems["prompt"] = ["Write a prompt."]
    refused = _why_not_sent(batch) if batch.model else "Choose a model."
    if refused:
        problems["model"] = [refused]
    if batch.model:
        kind = CHAT if batch.runs_live else RESPONSES if batch.tools else settings.OPTIONS.xai_request_kind
        wrong = check_params(batch.model, batch.params, kind)
        problems |= {name: [words] for name, words in wrong.items()}
    problems |= {name: words for name, words in _parts(batch) if words}
    if wrong_pictures := _picture_problem(batch):
        problems["picture_column"] = [wrong_pictures]
    problems |= _not_of_pictures(batch)
    if rows_to_send(batch) < 1:
        problems["row_limit"] = ["There are no rows to send."]
    if search_problem := _search_problem(batch):
        problems["value_search"] = [search_problem]
    return problems


def _not_of_pictures(batch: Batch) -> Problems:
    """Returns what a model that makes pictures or videos does not take (facts 7.6, 7.7)."""
    if not batch.makes_media:
        return {}
    problems: Problems = {}
    if batch.system_prompt.strip():
        problems["system_prompt"] = [
            f"{batch.model} makes {batch.media_noun}s from the prompt alone: clear the system prompt."
        ]
    if batch.examples:
        problems["examples"] = [f"{batch.model} makes {batch.media_noun}s from the prompt alone: remove the examples."]
    if batch.history_column:
        problems["history_column"] = [
            f"{batch.model} makes {batch.media_noun}s from the prompt alone: choose no earlier turns."
        ]
    if batch.shape:
        problems["shape"] = [f"{batch.model} answers with {batch.media_noun}s: choose “Text” as the answer format."]
    if batch.tools:
        problems["tools"] = [f"{batch.model} makes {batch.media_noun}s from the prompt alone: remove the tools."]
    if batch.makes_videos and batch.picture_column:
        problems["picture_column"] = [f"{batch.model} makes videos from the prompt alone: choose no pictures."]
    if batch.runs_live:
        problems["model"] = [why_not_live(batch)]
    return problems


def _why_not_sent(batch: Batch) -> str:
    """Returns why the model cannot be used as the draft is to run, in words; "" if it can."""
    is_gone = is_retired(batch.model)
    words = "" if batch.runs_live and not is_gone else why_no_batch(batch.model, answers_for(batch.team))
    if not words or is_gone:
        return words
    return f"{words} Choose another model." if why_not_live(batch) else f"{words} Run it live, or choose another model."


def _picture_problem(batch: Batch) -> str:
    """Returns why the column of pictures cannot be used as it is. Empty if it can, or none is chosen."""
    if not batch.picture_column:
        return ""
    if batch.picture_column not in batch.dataset.columns:
        return "The dataset doesn’t have that column."
    return why_not_yet(batch.dataset)


def _search_problem(batch: Batch) -> str:
    """Returns why the rows with a value cannot be sent yet. Empty if they can, or none are searched for."""
    search = ValueSearch.objects.filter(batch=batch).first()
    if search is None or not search.is_looking:
        return search.problem if search else ""
    return f"Still looking for the rows where {search}."


def problems_with_price(batch: Batch, price: Estimate | None, person: User | None = None) -> Problems:
    """Returns what keeps the person from submitting a draft, budgets included."""
    problems = problems_of(batch)
    if "row_limit" not in problems and (refusal := refusal_of(batch.team, price, person)):
        problems[""] = [refusal]
    return problems


def _parts(batch: Batch) -> Iterator[tuple[str, list[str]]]:
    """Yields the problems of columns, and of the parts with several inputs."""
    wrong = []
    for number, turn in enumerate(batch.examples, 1):
        for who, label in (("user", "what the user says"), ("assistant", "the answer")):
            text = turn.get(who, "")
            if not text.strip():
                wrong.append(f"Example {number} is missing {label}.")
            if len(wrong) < MOST_PROBLEMS:
                wrong += [f"Example {number}: {words}" for words in _unknown(text, batch.dataset.columns)]
    yield "examples", wrong[:MOST_PROBLEMS]
    for name in ("id_column", "history_column"):
        if getattr(batch, name) not in ("", *batch.dataset.columns):
            yield name, ["The dataset doesn’t have that column."]
    yield "shape", answer_shape.problems(batch.shape)
    not_live = why_not_live(batch) if batch.runs_live and batch.tools and not batch.makes_media else ""
    gone = [server for server in tool_servers.chosen(batch.team, batch.tools) if server.removed_at]
    removed = [f"The MCP server “{server}” was removed from the team: choose the others again." for server in gone]
    yield "tools", [*tools.problems(batch.tools), *removed, *filter(None, [not_live])]


def _unknown(text: str, columns: Sequence[str]) -> list[str]:
    """Returns sentences about placeholders that name no column."""
    try:
        parse(text, columns)
    except PromptError as error:
        return error.sentences
    return []


def used_columns(batch: Batch) -> tuple[int, ...]:
    """Returns indexes of the columns that the draft uses. Texts with unknown placeholders are left out."""
    texts = [batch.system_prompt, batch.prompt, *(text for turn in batch.examples for text in turn.values())]
    used: dict[int, None] = {}
    for text in texts:
        with contextlib.suppress(PromptError):
            used |= dict.fromkeys(parse(text, batch.dataset.columns).columns)
    along = [name for name in (batch.history_column, batch.picture_column) if name in batch.dataset.columns]
    used |= dict.fromkeys(batch.dataset.columns.index(name) for name in along)
    return tuple(used)


def ways_of(batch: Batch, price: Estimate | None) -> BothWays | None:
    """Returns the draft in a batch and run live, compared. None if its prompt does not fit its columns yet."""
    try:
        return both_ways(batch, price)
    except (PromptError, ValueError):
        return None


def estimate_of(batch: Batch) -> Estimate | None:
    """Returns the estimate for a draft and stores it there. None if its prompt is blank or does not fit its columns."""
    batch.account = batch.account or account_kind(batch.team)
    try:
        price = estimate(batch, recipe_of(batch)) if has_prompt(batch) else None
    except (PromptError, ValueError):
        price = None
    as_json: dict[str, Any] | None = price.as_json() if price else None
    if batch.pk and batch.state == State.DRAFT:
        Batch.objects.filter(pk=batch.pk, state=State.DRAFT).update(estimate=as_json)
    return price
