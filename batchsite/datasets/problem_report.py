"""What is wrong with a refused file, to take along."""

from __future__ import annotations

import csv
import io
from typing import Any

COLUMNS = ("line", "row", "column", "message", "excerpt")


def problems_csv(problems: list[dict[str, Any]]) -> str:
    """The recorded problems as CSV, to be opened in a spreadsheet: no excerpt of a file is run as a formula."""
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(COLUMNS)
    for problem in problems:
        writer.writerow([_harmless(problem.get(column)) for column in COLUMNS])
    return target.getvalue()


def _harmless(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
