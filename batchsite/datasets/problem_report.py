"""The problems of a refused file as a download."""

from __future__ import annotations

import csv
import io
from typing import Any

from batchsite.tables.formulas import without_formulas

COLUMNS = ("line", "row", "column", "message", "excerpt")


def problems_csv(problems: list[dict[str, Any]]) -> str:
    """The recorded problems as CSV, to be opened in a spreadsheet: no excerpt of a file is run as a formula."""
    target = io.StringIO()
    writer = csv.writer(target, quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    for problem in problems:
        values = [problem.get(column) for column in COLUMNS]
        writer.writerow(without_formulas("" if value is None else str(value) for value in values))
    return target.getvalue()
