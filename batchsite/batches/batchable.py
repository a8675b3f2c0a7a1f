"""Which models run in batches: those known to (xai/catalogue.py), as the setting XAI_BATCH_MODELS changes them."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings

from batchsite.xai.catalogue import batch_reason, is_batchable

CLOSED_HERE = "This installation keeps {model} out of batches (XAI_BATCH_MODELS)."


def takes_batches(model: str) -> bool:
    """Whether the model may be chosen. An unknown model may be tried."""
    return _answer(model) is not False


def is_known(model: str) -> bool:
    """Whether it is known that the model runs in batches."""
    return _answer(model) is True


def why_no_batch(model: str) -> str:
    """Returns why a model cannot be chosen for a batch, in words; "" if it can."""
    if takes_batches(model):
        return ""
    return CLOSED_HERE.format(model=model) if _chosen(model) is False else batch_reason(model)


def _answer(model: str) -> bool | None:
    """Whether xAI runs the model in batches; None if unknown."""
    chosen = _chosen(model)
    return is_batchable(model) if chosen is None else chosen


def _chosen(model: str) -> bool | None:
    """What the setting says of the model. None if nothing.

    `+model` and `-model` change what is known; names without a sign are a list that takes its place.
    """
    names: Sequence[str] = settings.OPTIONS.xai_batch_models
    if f"-{model}" in names:
        return False
    if model in names or f"+{model}" in names:
        return True
    return False if any(name[0] not in "+-" for name in names) else None
