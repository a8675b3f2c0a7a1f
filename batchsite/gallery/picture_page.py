"""A page of a batch's pictures, and how many of them are kept, waiting and lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q

from batchsite.batches.models import Batch
from batchsite.gallery.models import GeneratedPicture, Harvest, PictureState

PAGE = 60
LOST_SHOWN = 50


@dataclass(frozen=True)
class PicturePage:
    """Some pictures in the order of their rows."""

    pictures: Sequence[GeneratedPicture]
    kept: int
    waiting: int
    lost: int
    next: str
    """Where the next page begins; empty on the last."""
    is_first: bool
    lost_pictures: Sequence[GeneratedPicture]
    is_open: bool
    """Whether a worker still has pictures to look for or to fetch."""

    @property
    def total(self) -> int:
        return self.kept + self.waiting + self.lost


def page_of(batch: Batch, after: str) -> PicturePage:
    """Returns the page behind the picture `after` (`row-number`); the first one for anything else."""
    of_batch = GeneratedPicture.objects.filter(batch=batch)
    counts = of_batch.aggregate(
        **{state.value: Count("pk", filter=Q(state=state)) for state in PictureState}  # a few thousand at most
    )
    row, number = _place(after)
    behind = of_batch.filter(Q(row__gt=row) | Q(row=row, number__gt=number))
    found = list(behind.order_by("row", "number").defer("thumb", "address")[: PAGE + 1])
    shown = found[:PAGE]
    return PicturePage(
        shown,
        counts["kept"],
        counts["waiting"],
        counts["lost"],
        f"{shown[-1].row}-{shown[-1].number}" if len(found) > PAGE else "",
        not row,
        list(of_batch.filter(state=PictureState.LOST).order_by("row", "number").defer("thumb")[:LOST_SHOWN]),
        batch.is_running or Harvest.objects.filter(batch=batch).exclude(next_look_at=None).exists(),
    )


def _place(after: str) -> tuple[int, int]:
    row, _, number = after.partition("-")
    known = all(part.isascii() and part.isdigit() and len(part) <= 15 for part in (row, number))
    return (int(row), int(number)) if known else (0, 0)
