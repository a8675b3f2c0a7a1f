"""What a person says of an answer: good or bad, what it should have been, and a comment. The last word counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from batchsite.batches.models import Batch, Result
from batchsite.batches.states import RowState
from batchsite.results import answer_fields, summaries
from batchsite.results.models import Judgement, Summary, Verdict
from batchsite.teams.models import User

LONGEST = 20_000
"""Characters of a corrected value or a comment."""


class NotThere(LookupError):
    """The row has no answer that could be judged."""


@dataclass(frozen=True)
class Correctable:
    """One field that a person may correct."""

    name: str
    answered: str
    corrected: str
    options: tuple[str, ...] = ()
    """The values to choose from; free text where there are none."""

    @property
    def is_long(self) -> bool:
        return not self.options and (len(self.answered) > 80 or self.name == answer_fields.WHOLE)


def judge(batch: Batch, row: int, by: User, verdict: str) -> Judgement:
    """Say good or bad; the same again takes it back. Raises NotThere."""
    with transaction.atomic():
        said = _said(batch, row)
        said.verdict = verdict if verdict in Verdict.values and verdict != said.verdict else ""
        return _keep(said, by)


def correct(batch: Batch, row: int, by: User, *, verdict: str, corrected: Mapping[str, str], comment: str) -> Judgement:
    """Say all of it at once. What is corrected to what was answered is not corrected. Raises NotThere."""
    with transaction.atomic():
        said = _said(batch, row)
        before = said.corrected
        answered = answered_in(batch, row)
        changed = {
            name: text.strip()[:LONGEST]
            for name, text in corrected.items()
            if name in answer_fields.field_names(batch) and text.strip() and text.strip() != answered.get(name, "")
        }
        said.verdict = verdict if verdict in Verdict.values else ""
        said.corrected, said.comment = changed or None, comment.replace("\0", "").strip()[:LONGEST]
        kept = _keep(said, by)
        if kept.corrected != before and batch.expected_column:
            summaries.nudge(Summary.objects.get_or_create(batch=batch)[0])
        return kept


def _said(batch: Batch, row: int) -> Judgement:
    has_answer = Result.objects.filter(batch_id=batch.pk, row=row, state=RowState.SUCCEEDED).exists()
    if not has_answer:
        raise NotThere(f"row {row} has no answer")
    known = Judgement.objects.select_for_update(no_key=True).filter(batch=batch, row=row).first()
    return known or Judgement(batch=batch, row=row)


def _keep(said: Judgement, by: User) -> Judgement:
    """Write it down; a judgement that says nothing any more is removed."""
    if not (said.verdict or said.corrected or said.comment):
        Judgement.objects.filter(batch_id=said.batch_id, row=said.row).delete()
        return said
    said.by, said.at = by, timezone.now()
    values = {"verdict": said.verdict, "corrected": said.corrected, "comment": said.comment, "by": by, "at": said.at}
    Judgement.objects.update_or_create(batch_id=said.batch_id, row=said.row, defaults=values)
    return said


def answered_in(batch: Batch, row: int) -> dict[str, str]:
    """{field: value} of the row's answer."""
    answer = Result.objects.filter(batch_id=batch.pk, row=row).values_list("answer", flat=True).first()
    return answer_fields.values_in(answer_fields.shape_in(batch), answer or "")


def correctables(batch: Batch, row: int, said: Judgement | None) -> list[Correctable]:
    """The fields of the row's answer as a person may correct them."""
    answered, named = answered_in(batch, row), answer_fields.kinds_of(batch)
    corrected = (said.corrected if said else None) or {}
    return [
        Correctable(name, answered.get(name, ""), corrected.get(name, ""), tuple(named.get(name, ())))
        for name in answer_fields.field_names(batch)
    ]
