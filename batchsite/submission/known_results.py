"""What the database holds of rows whose results arrive."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import orjson
from django.db import connection

from batchsite.batches.models import Result, Submission


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored of a row."""

    row: int
    state: str
    submission_id: int | None
    attempt: int
    cost_ticks: int
    error: str
    cause: str
    misfit: str
    others: str | None
    raw_page_id: int | None
    fingerprint: int | None
    earlier: str | None
    copy_of: int | None

    def pages_of(self, submission: Submission) -> list[int]:
        """Returns the primary keys of the raw pages that hold results of this submission for the row."""
        earlier = self.earlier if isinstance(self.earlier, list) else orjson.loads(self.earlier or "[]")
        pages = [attempt.get("raw_page") for attempt in earlier if attempt.get("submission") == submission.pk]
        if self.submission_id == submission.pk:
            pages.append(self.raw_page_id)
        return [page for page in pages if page is not None]


def known_results(batch_id: int, rows: Iterable[int]) -> dict[int, Known]:
    """Returns what is stored of these rows, by row.

    Raw SQL: Django takes longer to build a query with a thousand values than the database to answer it.
    """
    wanted = list(rows)
    if not wanted:
        return {}
    names = ", ".join(map(connection.ops.quote_name, Known.__dataclass_fields__))
    marks = ", ".join(["%s"] * len(wanted))
    sql = f"SELECT {names} FROM {Result._meta.db_table} WHERE batch_id = %s AND {connection.ops.quote_name('row')}"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} IN ({marks})", [batch_id, *wanted])
        return {values[0]: Known(*values) for values in cursor.fetchall()}
