"""Moves prompts between a draft and the team's saved prompts or the starter prompts."""

from __future__ import annotations

from typing import Any

from batchsite.batches.batchable import answers_for, why_no_batch
from batchsite.batches.models import Batch
from batchsite.drafts import draft_store
from batchsite.prompts import library
from batchsite.prompts.library import Contents
from batchsite.prompts.models import PromptVersion
from batchsite.teams.models import User


def contents_of(batch: Batch) -> Contents:
    """Returns the part of a batch that a saved prompt holds."""
    return Contents(
        text=batch.prompt,
        system_prompt=batch.system_prompt,
        examples=batch.examples,
        shape=batch.shape,
        model=batch.model,
        params=batch.params,
    )


def keep(batch: Batch, user: User | None, name: str, comment: str) -> tuple[PromptVersion, bool]:
    """Saves the draft's prompt; the draft refers to that version from then on. Raises draft_store.Submitted."""
    version, is_new = library.keep(batch.team, user, name, comment, contents_of(batch))
    draft_store.save(batch, {"prompt_version": version})
    return version, is_new


def fill(batch: Batch, contents: Contents, version: PromptVersion | None = None) -> None:
    """Replaces the contents of the draft. Raises draft_store.Submitted.

    The draft keeps its model if the one in `contents` cannot run in batches.
    """
    values: dict[str, Any] = {
        "prompt": contents.text,
        "system_prompt": contents.system_prompt,
        "examples": contents.examples,
        "shape": contents.shape,
        "params": contents.params,
        "prompt_version": version,
    }
    if contents.model and not why_no_batch(contents.model, answers_for(batch.team)):
        values["model"] = contents.model
    draft_store.save(batch, values)
