"""The part of a rendered prompt that tells one row from another."""

from __future__ import annotations

from batchsite.datasets.models import Row
from batchsite.recipes.prompt_template import Template

CLIP = 300
"""Characters of the excerpt; the whole prompt is on the row's page."""
SHARED = 20
"""Least characters that all prompts must begin with before that beginning is cut off."""


def excerpt(prompt: Template, cells: Row) -> str:
    """Returns the rendered prompt without what all rows share: its beginning, and the lines below their own values."""
    shared = prompt.parts[0] if prompt.parts and isinstance(prompt.parts[0], str) else ""
    text = _without_ending(prompt, prompt.beginning(cells, len(shared) + CLIP))
    if len(shared) < SHARED or len(prompt.parts) == 1:
        return text[:CLIP]
    start = max(shared.rfind(" ", 0, len(shared) - SHARED // 2), shared.rfind("\n")) + 1
    return f"… {text[start : start + CLIP]}"


def _without_ending(prompt: Template, text: str) -> str:
    """Returns `text` without the lines that stand below the last placeholder, such as `</text>`."""
    last = prompt.parts[-1] if len(prompt.parts) > 1 else None
    if not isinstance(last, str) or "\n" not in last:
        return text
    return text.removesuffix(last[last.index("\n") :])
