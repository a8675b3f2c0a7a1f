"""Which models may be used in a batch: by the setting XAI_BATCH_MODELS, else by what is known of xAI's models."""

from __future__ import annotations

from django.conf import settings

from batchsite.xai.catalogue import batch_reason, is_batchable


def takes_batches(model: str) -> bool:
    """Whether the model may be chosen; a model that nobody knows may be tried."""
    chosen = settings.OPTIONS.xai_batch_models
    return model in chosen if chosen else is_batchable(model) is not False


def why_no_batch(model: str) -> str:
    """Returns why a model cannot be chosen for a batch, in words; "" where it can."""
    return "" if takes_batches(model) else batch_reason(model)
