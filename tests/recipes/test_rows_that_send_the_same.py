"""Rows count as the same only if all that their requests depend on is: else one would get another one's answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from batchsite.batches.batch_recipe import recipe_of
from batchsite.batches.models import Batch
from batchsite.recipes.recipe import Recipe
from batchsite.teams.models import Team
from tests.factories import make_dataset

COLUMNS = ["prompt", "system", "user", "assistant", "id", "other"]


class Watched(Sequence[str]):
    """The cells of a row, and which of them were read."""

    def __init__(self, cells: Sequence[str]) -> None:
        self.cells, self.read = cells, set[int]()

    def __getitem__(self, place: Any) -> Any:
        self.read |= {place} if isinstance(place, int) else set(range(len(self.cells))[place])
        return self.cells[place]

    def __len__(self) -> int:
        return len(self.cells)

    def __iter__(self) -> Iterator[str]:
        self.read |= set(range(len(self.cells)))
        return iter(self.cells)


def read_by_a_request(recipe: Recipe, cells: Sequence[str]) -> set[int]:
    watched = Watched(cells)
    recipe.request(1, watched)
    return watched.read


@pytest.mark.django_db
def test_all_that_a_request_reads_is_compared(team: Team) -> None:
    named = [field.name for field in Batch._meta.fields if field.name.endswith("_column")]
    kept_apart = {"id_column", "expected_column"}
    columns = [*COLUMNS, *(name for name in named if name not in kept_apart)]
    cells = [f"https://example.org/{name}" if "picture" in name else "[]" for name in columns]
    cells[: len(COLUMNS)] = COLUMNS
    batch = Batch(
        team=team,
        dataset=make_dataset(team, columns, [cells]),
        prompt="{{prompt}}",
        system_prompt="{{system}}",
        examples=[{"user": "{{user}}", "assistant": "{{assistant}}"}],
        model="grok-4.3",
        id_column="id",
        expected_column="other",
        **{name: name for name in named if name not in kept_apart},
    )
    recipe = recipe_of(batch)
    assert read_by_a_request(recipe, cells) - {columns.index("id")} <= set(recipe.depends_on)
    other = [*cells[:5], "elsewhere", *cells[6:]]
    assert recipe.likeness(cells) == recipe.likeness(other)
    for place in recipe.depends_on:
        assert recipe.likeness([*cells[:place], "different", *cells[place + 1 :]]) != recipe.likeness(cells)


@pytest.mark.django_db
def test_cells_do_not_run_into_each_other(team: Team) -> None:
    batch = Batch(team=team, dataset=make_dataset(team, ["a", "b"], [["", ""]]), prompt="{{a}}{{b}}", model="grok-4.3")
    recipe = recipe_of(batch)
    assert recipe.likeness(["ab", "c"]) != recipe.likeness(["a", "bc"])
    assert recipe.likeness(["1:", ""]) != recipe.likeness(["", "1:"])
