"""A table of our own as a download: CSV line by line, or an Excel workbook."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from django.conf import settings
from django.http import FileResponse, Http404, StreamingHttpResponse
from django.http.response import HttpResponseBase

from batchsite.tables.sheet_writers import Cell, csv_lines, write_workbook

FORMS = ("csv", "xlsx")


def table_answer(
    form: str, name: str, title: str, head: Sequence[str], rows: Iterable[Sequence[Cell]]
) -> HttpResponseBase:
    """Returns the download `name`.csv or `name`.xlsx with one sheet called `title`. Raises Http404 for other forms."""
    if form not in FORMS:
        raise Http404
    if form == "csv":
        disposition = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
        return StreamingHttpResponse(csv_lines(head, rows), content_type="text/csv; charset=utf-8", headers=disposition)
    with tempfile.TemporaryDirectory(dir=settings.DATA) as folder:
        path = Path(folder) / "table.xlsx"
        write_workbook(path, title, head, rows)
        return FileResponse(path.open("rb"), as_attachment=True, filename=f"{name}.xlsx")  # lives on until it is sent
