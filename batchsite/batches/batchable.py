"""Which models run in batches: those of the setting XAI_BATCH_MODELS, else those known to (xai/catalogue.py)."""

from __future__ import annotations

from django.conf import settings

from batchsite.xai.catalogue import batch_reason, is_batchable


def takes_batches(model: str) -> bool:
    """Whether the model may be chosen. An unknown model may be tried."""
    chosen = settings.OPTIONS.xai_batch_models
    return model in chosen if chosen else is_batchable(model) is not False


def why_no_batch(model: str) -> str:
    """Returns why a model cannot be chosen for a batch, in words; "" if it can."""
    return "" if takes_batches(model) else batch_reason(model)
