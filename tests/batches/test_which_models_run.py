"""Which models run in batches: what is known, as the setting changes it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from batchsite.batches.batchable import is_known, takes_batches, why_no_batch

KNOWN, CLOSED, NEW = "grok-4.3", "grok-4.6", "grok-9"


@pytest.mark.parametrize(
    ("names", "taken", "known"),
    [
        ((), (KNOWN, NEW), (KNOWN,)),
        (("+grok-9",), (KNOWN, NEW), (KNOWN, NEW)),
        (("+grok-4.6", "-grok-4.3"), (CLOSED, NEW), (CLOSED,)),
        (("grok-9",), (NEW,), (NEW,)),
        (("grok-9", "+grok-4.6"), (CLOSED, NEW), (CLOSED, NEW)),
    ],
)
def test_the_setting_adds_and_takes_away(
    names: tuple[str, ...], taken: tuple[str, ...], known: tuple[str, ...], settings: Any
) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, xai_batch_models=names)
    every = (KNOWN, CLOSED, NEW)
    assert tuple(model for model in every if takes_batches(model)) == taken
    assert tuple(model for model in every if is_known(model)) == known
    assert all(bool(why_no_batch(model)) is not takes_batches(model) for model in every)


def test_what_the_setting_closed_is_said_to_be_closed_here(settings: Any) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, xai_batch_models=("-grok-4.3",))
    assert "XAI_BATCH_MODELS" in why_no_batch(KNOWN)
    assert "xAI does not offer" in why_no_batch(CLOSED)
