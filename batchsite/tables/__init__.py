"""From the bytes of a file to its columns and a stream of rows, to questions, or to a list of its problems. Pure.

    table = open_table(stream, filename=…, answers=…, limits=limits)   # raises ReadingError, Asks
    for row in table.rows():                       # the cells as text, as they stand in the file
        ...                                        # raises ReadingError or Asks at the end of a damaged file

Nothing is padded, trimmed or guessed silently. The whole file is checked even after the first bad row, but no more rows
are returned from there on. Memory stays flat at any size.
"""

from __future__ import annotations

from batchsite.tables.opener import open_table
from batchsite.tables.table_types import (
    BAD_ROWS,
    LEAVE,
    Answers,
    Asks,
    ByteStream,
    Choice,
    Format,
    Limits,
    Problem,
    Question,
    ReadingError,
    Skipped,
    Table,
    Understood,
)

__all__ = [
    "BAD_ROWS",
    "LEAVE",
    "Answers",
    "Asks",
    "ByteStream",
    "Choice",
    "Format",
    "Limits",
    "Problem",
    "Question",
    "ReadingError",
    "Skipped",
    "Table",
    "Understood",
    "open_table",
]
