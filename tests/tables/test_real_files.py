"""What the tests of reading say of our own table holds for a real one besides."""

from __future__ import annotations

import csv

from tests.needs import real_table
from tests.tables.tables import opened


def test_a_real_table_is_read_like_the_csv_module_reads_it() -> None:
    """Needs `banking77.csv`: PolyAI's questions of bank customers (repository task-specific-datasets, CC BY 4.0)."""
    path = real_table("banking77.csv")
    with path.open(newline="", encoding="utf-8") as file:
        expected = list(csv.reader(file))
    table = opened(path.read_bytes())

    assert [table.columns, *table.rows()] == expected
