"""From a stored batch to the recipe of its requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache, partial

from batchsite.batches.batchable import answers_for, why_no_batch
from batchsite.batches.models import Batch, Submission
from batchsite.batches.states import State
from batchsite.media.shelf import shelf_of
from batchsite.recipes.answer_shape import Shape, problems, shape_of
from batchsite.recipes.attachments import Pictures
from batchsite.recipes.given_requests import given_recipe
from batchsite.recipes.history import History
from batchsite.recipes.prompt_template import parse
from batchsite.recipes.recipe import Recipe
from batchsite.recipes.tools import sent
from batchsite.teams import tool_servers
from batchsite.xai.bodies import CHAT, EDIT, GENERATION, RESPONSES, VIDEO, Kind
from batchsite.xai.catalogue import makes_videos, picture_model


def recipe_of(batch: Batch) -> Recipe:
    """Returns the recipe of the batch's requests. Raises PromptError, for drafts only.

    A draft whose answer shape cannot be sent is read as if its answers were text; its problems are shown elsewhere.
    """
    columns = batch.dataset.columns
    kind: Kind = "responses" if batch.request_kind == "responses" else "chat_get_completion"
    if batch.dataset.holds_requests:
        known = partial(why_no_batch, answers=answers_for(batch.team))
        why_not = _any_model if batch.runs_live else cache(known)
        approved = frozenset(tool_servers.servers_of(batch.team).values_list("url", flat=True))
        return given_recipe(columns, batch.model, kind, why_not, servers=approved, is_live=batch.runs_live)
    pictures, shape = pictures_of(batch), _shape(batch)
    tools = (*sent(batch.tools), *tool_servers.sent(tool_servers.chosen(batch.team, batch.tools)))
    if makes_videos(batch.model):
        kind = VIDEO
    elif picture_model(batch.model):
        kind = EDIT if pictures else GENERATION
    elif tools:
        kind = RESPONSES
    return Recipe(
        id_prefix=batch.id_prefix,
        id_column=columns.index(batch.id_column) if batch.id_column else None,
        system=parse(batch.system_prompt, columns) if batch.system_prompt.strip() else None,
        prompt=parse(batch.prompt, columns),
        model=batch.model,
        params=batch.params | ({"response_format": shape.response_format()} if shape and not shape.function else {}),
        examples=tuple((parse(one["user"], columns), parse(one["assistant"], columns)) for one in batch.examples),
        kind=kind,
        pictures=pictures,
        tools=tools,
        function=shape.as_function() if shape else None,
        cache_key=batch.cache_key,
        history=History(columns.index(batch.history_column)) if batch.history_column in columns else None,
    )


def pictures_of(batch: Batch) -> Pictures | None:
    """Returns what is attached to each prompt. A missing column counts as none; drafts report it elsewhere."""
    columns = batch.dataset.columns
    if batch.picture_column not in columns:
        return None
    shelf = shelf_of(batch.dataset)
    return Pictures(columns.index(batch.picture_column), batch.picture_detail, shelf, batch.document_form)


def recipe_sent(submission: Submission) -> Recipe:
    """Returns the recipe of a submission's requests: the batch's, with the cap on output tokens that a retry has.

    What runs live is a chat completion: only those can be deferred (facts 5). Only this recipe has the tokens of MCP
    servers. Raises AccountMissing if one of them is not available.
    """
    recipe, output_cap = recipe_of(submission.batch), (submission.retry_of or {}).get("output_cap")
    recipe = recipe.capped(output_cap) if output_cap else recipe
    recipe = replace(recipe, tools=tool_servers.with_tokens(submission.batch.team, recipe.tools))
    return replace(recipe, kind=CHAT) if submission.is_live and not recipe.tools else recipe


def with_file_ids(recipe: Recipe, file_ids: Mapping[str, str]) -> Recipe:
    """Returns the recipe with xAI's ids of files of ours, {name: id}."""
    return replace(recipe, pictures=replace(recipe.pictures, file_ids=file_ids)) if recipe.pictures else recipe


def _any_model(_: str) -> str:
    """Any model may run live: xAI refuses it when asked, if it has to."""
    return ""


def _shape(batch: Batch) -> Shape | None:
    broken = batch.state == State.DRAFT and problems(batch.shape)
    return None if broken else shape_of(batch.shape)
