"""What a request reads of a table is bounded in characters, not in rows alone.

An upload of 2 MB, packed, has 6,000 rows of 60 kB: its draft took 3 s of processor time to look at, for every choice of
rows once more, and a batch file of a few megabytes would have taken minutes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from batchsite.batches.batch_recipe import recipe_of
from batchsite.datasets import blocks
from batchsite.datasets.block_reach import rows_in_blocks, within_reach
from batchsite.datasets.models import Block, Dataset
from batchsite.datasets.row_text_search import find_rows
from batchsite.drafts import draft_store
from batchsite.exports.download_choice import DownloadChoice
from batchsite.exports.export_build import is_small
from batchsite.pricing import coverage, prompt_lengths, repeated_rows
from batchsite.recipes.row_set import RowSet
from batchsite.teams.models import Team, User
from tests.factories import make_dataset
from tests.submission.stories import a_draft

pytestmark = pytest.mark.django_db
ROWS = 600


@pytest.fixture
def dataset(team: Team) -> Dataset:
    """A table with three rows in a block, as if they were huge; each row is different."""
    cells = [[str(number), f"text {number}"] for number in range(1, ROWS + 1)]
    dataset = make_dataset(team, ["id", "text"], cells)
    dataset.blocks.all().delete()
    for first in range(0, ROWS, 3):
        some = cells[first : first + 3]
        Block.objects.create(dataset=dataset, first=first + 1, count=len(some), data=blocks.packed(some))
    return dataset


def test_the_rows_within_reach_are_those_of_the_first_blocks(dataset: Dataset) -> None:
    assert within_reach(dataset, RowSet([(1, ROWS)]), 4).spans == ((1, 12),)
    assert within_reach(dataset, RowSet([(2, 2), (3, 5), (100, 400)]), 3).spans == ((2, 5), (100, 102))
    assert within_reach(dataset, RowSet([(2, 2), (600, 600)]), 2).spans == ((2, 2), (600, 600))
    assert within_reach(dataset, RowSet([(1, 3)]), 1).spans == ((1, 3),)
    assert within_reach(dataset, RowSet(()), 3).spans == ()
    assert rows_in_blocks(dataset, 10) == 30


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The blocks that are unpacked, one after the other."""
    seen: list[int] = []
    unpack = Block.rows

    def watched(block: Block) -> Any:
        seen.append(block.first)
        return unpack(block)

    monkeypatch.setattr(Block, "rows", watched)
    return seen


LOOKS: dict[str, Callable[[Any], object]] = {
    "gaps": lambda draft: coverage.gaps(draft.dataset, [1], draft.rows),
    "lengths": lambda draft: prompt_lengths.measure(draft, recipe_of(draft)),
    "repeats": lambda draft: repeated_rows.repeated_rows(draft, recipe_of(draft)),
    "page": lambda draft: draft_store.estimate_of(draft),
}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("ranges", [None, [[row, row] for row in range(1, ROWS, 2)]], ids=["all rows", "many ranges"])
def test_a_look_at_a_draft_reads_few_blocks_however_big_they_are(
    look: str, ranges: Any, team: Team, alice: User, dataset: Dataset, read: list[int]
) -> None:
    draft = a_draft(team, alice, dataset, prompt="{{text}} of {{id}}", ranges=ranges)
    LOOKS[look](draft)
    assert len(read) < 150  # of 200, and of 300 before, where each range was read by itself


def test_a_search_looks_at_the_clock_after_some_blocks(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batchsite.datasets.row_text_search.BUDGET", 0)
    assert find_rows(dataset, "nowhere", 1, 50).reached == 30


def test_a_file_of_big_rows_is_built_by_a_worker(team: Team, alice: User, dataset: Dataset) -> None:
    assert not is_small(a_draft(team, alice, dataset, total=ROWS), DownloadChoice())
    assert is_small(a_draft(team, alice, dataset, total=60, ranges=[[1, 60]]), DownloadChoice())
