"""The part of a rendered prompt that tells one row from another."""

from __future__ import annotations

from batchsite.datasets.models import Row
from batchsite.recipes.prompt_template import Template

CLIP = 300
"""Characters of the excerpt; the whole prompt is on the row's page."""
SHARED = 20
"""Least characters that all prompts must begin with before that beginning is cut off."""


def excerpt(prompt: Template, cells: Row) -> str:
    """Returns the rendered prompt from just before the row's first own value: the shared beginning says nothing."""
    shared = prompt.parts[0] if prompt.parts and isinstance(prompt.parts[0], str) else ""
    text = prompt.beginning(cells, len(shared) + CLIP)
    if len(shared) < SHARED or len(prompt.parts) == 1:
        return text[:CLIP]
    start = max(shared.rfind(" ", 0, len(shared) - SHARED // 2), shared.rfind("\n")) + 1
    return f"… {text[start : start + CLIP]}"
