"""The pictures of a batch for its pages: of some rows, or a page of all with how many are kept, waiting and lost."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from batchsite.batches.models import Batch
from batchsite.gallery.models import GeneratedPicture, Harvest, PictureState
from batchsite.wording import many

PAGE = 60
LOST_SHOWN = 50


@dataclass(frozen=True)
class PicturePage:
    """Some pictures in the order of their rows."""

    shown: Sequence[GeneratedPicture]
    kept: int
    waiting: int
    lost: int
    next: str
    """Where the next page begins; empty on the last."""
    is_first: bool
    lost_pictures: Sequence[GeneratedPicture]
    is_open: bool
    noun: str
    """What each of them is called."""

    @property
    def total(self) -> int:
        return self.kept + self.waiting + self.lost

    @property
    def words(self) -> str:
        """How many there are, for people."""
        rest = [(self.waiting, "on the way"), (self.lost, "lost")]
        return ", ".join([many(self.kept, self.noun), *(f"{count:,} {word}" for count, word in rest if count)])


def page_of(batch: Batch, after: str) -> PicturePage:
    """Returns the page behind the picture `after` (`row-number`); the first one for anything else."""
    of_batch = _light(batch)
    counts = of_batch.aggregate(
        **{state.value: Count("pk", filter=Q(state=state)) for state in PictureState}  # a few thousand at most
    )
    row, number = _place(after)
    found = list(of_batch.filter(Q(row__gt=row) | Q(row=row, number__gt=number))[: PAGE + 1])
    shown = found[:PAGE]
    return PicturePage(
        shown,
        counts["kept"],
        counts["waiting"],
        counts["lost"],
        f"{shown[-1].row}-{shown[-1].number}" if len(found) > PAGE else "",
        not row,
        list(of_batch.filter(state=PictureState.LOST)[:LOST_SHOWN]),
        is_open(batch),
        batch.media_noun,
    )


def pictures_of(batch: Batch, rows: Collection[int]) -> list[GeneratedPicture]:
    """Returns the pictures of some rows, those of a row beside each other."""
    return list(_light(batch).filter(row__in=rows)) if batch.makes_media else []


def is_open(batch: Batch) -> bool:
    """Whether a worker still has pictures to look for or to fetch."""
    return batch.is_running or Harvest.objects.filter(batch=batch).exclude(next_look_at=None).exists()


def _light(batch: Batch) -> QuerySet[GeneratedPicture]:
    """Returns all pictures in the order of their rows, without what is long."""
    return GeneratedPicture.objects.filter(batch=batch).order_by("row", "number").defer("thumb", "address")


def _place(after: str) -> tuple[int, int]:
    row, _, number = after.partition("-")
    known = all(part.isascii() and part.isdigit() and len(part) <= 15 for part in (row, number))
    return (int(row), int(number)) if known else (0, 0)
