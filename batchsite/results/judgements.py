"""Judgements of answers: good or bad, a correction, and a comment. The latest replaces earlier ones.

If identical requests were sent once, a judgement applies to the answer, and so to all rows that have it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from batchsite.batches.models import Batch, Result
from batchsite.batches.states import RowState
from batchsite.results import answer_fields, summaries
from batchsite.results.models import Judgement, Summary, Verdict
from batchsite.teams.models import User

LONGEST = 20_000
"""Characters of a corrected value or a comment."""
MOST_CARRIED = 1_000
"""Rows that share an answer and get its judgement with one press, the first ones."""

_SAID = ["verdict", "corrected", "comment", "by", "at"]


class NotThere(LookupError):
    """The row has no answer to judge."""


class JudgedMeanwhile(Exception):
    """Somebody judged the row since the page was opened, and said something else. Nothing was stored."""

    def __init__(self, stored: Judgement, fields: Sequence[str]) -> None:
        super().__init__("judged meanwhile")
        self.stored, self.fields = stored, fields
        """`fields`: those that can be corrected."""


@dataclass(frozen=True)
class Correctable:
    """One field that a person may correct."""

    name: str
    answered: str
    corrected: str
    options: tuple[str, ...] = ()
    """The values to choose from; empty: free text."""

    @property
    def is_long(self) -> bool:
        return not self.options and (len(self.answered) > 80 or self.name == answer_fields.WHOLE)


def judge(batch: Batch, row: int, by: User, verdict: str) -> Judgement:
    """Stores good or bad; the same verdict again withdraws it. Raises NotThere."""
    with transaction.atomic():
        judgement = _stored(batch, row)
        judgement.verdict = verdict if verdict in Verdict.values and verdict != judgement.verdict else ""
        return _save(judgement, by)


def correct(
    batch: Batch,
    row: int,
    by: User,
    *,
    verdict: str,
    corrected: Mapping[str, str],
    comment: str,
    known: str | None = None,
) -> Judgement:
    """Stores a whole judgement. A correction equal to the answer is dropped. Raises NotThere, JudgedMeanwhile.

    `known`: the mark of the judgement that the person saw, None where nobody looked.
    """
    with transaction.atomic():
        judgement = _stored(batch, row)
        before, seen = judgement.corrected, _content(judgement)
        is_new_to_them = known is not None and known != mark_of(judgement)
        answered = answered_in(batch, row)
        changed = {
            name: text.strip()[:LONGEST]
            for name, text in corrected.items()
            if name in answer_fields.field_names(batch) and text.strip() and text.strip() != answered.get(name, "")
        }
        judgement.verdict = verdict if verdict in Verdict.values else ""
        judgement.corrected, judgement.comment = changed or None, comment.replace("\0", "").strip()[:LONGEST]
        if is_new_to_them and _content(judgement) != seen:
            raise JudgedMeanwhile(_stored(batch, row), answer_fields.field_names(batch))
        stored = _save(judgement, by)
        if stored.corrected != before and batch.expected_column:
            summaries.nudge(Summary.objects.get_or_create(batch=batch)[0])
        return stored


def mark_of(judgement: Judgement | None) -> str:
    """Returns what tells one judgement of a row from a later one; "" where nobody judged it."""
    return judgement.at.astimezone(UTC).isoformat() if judgement and judgement.by_id else ""


def _content(judgement: Judgement) -> tuple[str, dict[str, str], str]:
    return judgement.verdict, judgement.corrected or {}, judgement.comment


def _stored(batch: Batch, row: int) -> Judgement:
    """The judgement of a row, whose answer is locked: of two people who judge it first, one waits for the other."""
    answers = Result.objects.select_for_update(no_key=True).filter(batch_id=batch.pk, row=row)
    if not answers.filter(state=RowState.SUCCEEDED).values_list("row").first():
        raise NotThere(f"row {row} has no answer")
    known = Judgement.objects.select_for_update(no_key=True).filter(batch=batch, row=row).first()
    return known or Judgement(batch=batch, row=row)


def carry(batch_id: int, copies: Mapping[int, int]) -> None:
    """Copies judgements, which may be older, to rows that just got another row's answer. `copies`: {row: other row}."""
    judged = {one.row: one for one in Judgement.objects.filter(batch_id=batch_id, row__in=set(copies.values()))}
    _write(
        Judgement(batch_id=batch_id, row=row, **{name: getattr(judged[source], name) for name in _SAID})
        for row, source in copies.items()
        if source in judged
    )


def _write(judgements: Iterable[Judgement]) -> None:
    unique = ["batch", "row"]
    Judgement.objects.bulk_create(judgements, update_conflicts=True, unique_fields=unique, update_fields=_SAID)


def _save(judgement: Judgement, by: User) -> Judgement:
    """Stores a judgement for all rows that share the answer, or deletes one that has become empty."""
    rows = [judgement.row, *sharing(judgement.batch, judgement.row)]
    if not (judgement.verdict or judgement.corrected or judgement.comment):
        Judgement.objects.filter(batch_id=judgement.batch_id, row__in=rows).delete()
        return judgement
    judgement.by, judgement.at = by, timezone.now()
    values = {name: getattr(judgement, name) for name in _SAID}
    _write(Judgement(batch_id=judgement.batch_id, row=row, **values) for row in rows)
    return judgement


def sharing(batch: Batch, row: int) -> list[int]:
    """Returns the other rows that have the row's answer because they repeat its request, or both another one's."""
    if not batch.copies:
        return []
    original = Result.objects.filter(batch_id=batch.pk, row=row).values_list("copy_of", flat=True).first() or row
    answered = Result.objects.filter(batch_id=batch.pk, state=RowState.SUCCEEDED).exclude(row=row)
    same = answered.filter(Q(copy_of=original) | Q(row=original)).order_by("row")
    return list(same.values_list("row", flat=True)[:MOST_CARRIED])


def answered_in(batch: Batch, row: int) -> dict[str, str]:
    """Returns {field: value} of the row's answer."""
    answer = Result.objects.filter(batch_id=batch.pk, row=row).values_list("answer", flat=True).first()
    return answer_fields.values_in(answer_fields.shape_in(batch), answer or "")


def correctables(batch: Batch, row: int, judgement: Judgement | None) -> list[Correctable]:
    """Returns the fields of the row's answer with their corrections."""
    answered, named = answered_in(batch, row), answer_fields.kinds_of(batch)
    corrected = (judgement.corrected if judgement else None) or {}
    return [
        Correctable(name, answered.get(name, ""), corrected.get(name, ""), tuple(named.get(name, ())))
        for name in answer_fields.field_names(batch)
    ]
