"""A fingerprint of everything that a draft would send."""

from __future__ import annotations

import hashlib

from batchsite.batches.models import Batch
from batchsite.recipes.json_bytes import json_bytes

_FIELDS = (
    *("name", "prompt", "system_prompt", "examples", "shape", "model", "params", "id_column"),
    *("picture_column", "picture_detail", "document_form", "history_column", "tools"),
    *("row_limit", "ranges", "skip_empty", "repeats", "auto_retries", "deadline_hours", "runs_live"),
)


def draft_fingerprint(batch: Batch) -> str:
    """Returns 16 hex digits. Two drafts with the same fingerprint send the same requests."""
    values = [getattr(batch, name) for name in _FIELDS]
    return hashlib.sha256(json_bytes(values, sort_keys=True)).hexdigest()[:16]
