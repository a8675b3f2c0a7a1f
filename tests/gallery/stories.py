"""Batches that make pictures, and a worker that brings them home."""

from __future__ import annotations

import contextlib
from typing import Any

from batchsite.batches.models import Batch
from batchsite.drafts import draft_store
from batchsite.gallery import harvest
from batchsite.gallery.models import GeneratedPicture, Harvest, PictureState
from batchsite.processes.leases import Busy, LeaseLost
from batchsite.submission import actions
from batchsite.teams.models import Team
from tests.clock import wait_until
from tests.factories import make_dataset

MODEL = "grok-imagine-image"


def drawn(team: Team, rows: int = 5, **fields: Any) -> Batch:
    """A queued batch that makes a picture of each row."""
    dataset = make_dataset(team, ["animal"], [[f"cat {number}"] for number in range(1, rows + 1)], name="animals")
    batch = draft_store.new_draft(team, None, dataset)
    for name, value in {"prompt": "A photo of {{animal}}", "model": MODEL, "name": "Animals", **fields}.items():
        setattr(batch, name, value)
    batch.save()
    assert draft_store.problems_of(batch) == {}
    price = draft_store.estimate_of(batch)
    assert price is not None
    actions.start(batch, None, price)
    batch.refresh_from_db()
    return batch


def bring_home(batch: Batch) -> list[GeneratedPicture]:
    """Steps of the worker until every picture is kept or lost."""
    for _ in range(100):
        work = Harvest.objects.get(batch=batch)
        if work.next_look_at is None:
            break
        wait_until(work.next_look_at)
        with contextlib.suppress(Busy, LeaseLost):
            harvest.harvest_step(work.pk)
    pictures = list(GeneratedPicture.objects.filter(batch=batch).order_by("row", "number"))
    assert PictureState.WAITING not in {picture.state for picture in pictures}
    return pictures
