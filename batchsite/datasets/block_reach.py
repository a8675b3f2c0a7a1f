"""Rows that a request may read, limited by blocks: a number of rows says nothing about their size.

A block closes at `BLOCK_BYTES` characters. The first 20,000 rows of a table are 40 blocks, or, with 100 kB in each row,
2 GB in 500 of them, out of a packed upload of a few megabytes.
"""

from __future__ import annotations

from bisect import bisect_right

from batchsite.datasets.models import Dataset
from batchsite.recipes.row_set import RowSet, Span

MOST_BLOCKS = 40
"""20,000 rows of usual size; 160 MB at most, half a second."""


def within_reach(dataset: Dataset, rows: RowSet, most: int = MOST_BLOCKS) -> RowSet:
    """Returns the first of some rows: those in the first `most` blocks that hold any of them."""
    firsts = list(dataset.blocks.order_by("first").values_list("first", flat=True))
    kept: list[Span] = []
    used, last_block = 0, -1
    for first, last in rows.spans:
        begin, end = bisect_right(firsts, first) - 1, bisect_right(firsts, last) - 1
        room = most - used + (begin == last_block)
        if end - begin >= room:
            if room > 0:
                kept.append((first, firsts[begin + room] - 1))
            break
        kept.append((first, last))
        used, last_block = used + end - begin + (begin != last_block), end
    return RowSet(kept)


def rows_in_blocks(dataset: Dataset, blocks: int) -> int:
    """Returns about how many rows so many blocks have, 1 at least."""
    return max(1, blocks * dataset.row_count // max(1, dataset.blocks.count()))
