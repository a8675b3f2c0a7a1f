"""The rows of the table of results: what stands in each cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db.models.functions import Left

from batchsite.batches.batch_recipe import recipe_of
from batchsite.batches.models import Result
from batchsite.batches.states import ROW_TONES, RowState
from batchsite.batches.tool_use import ToolUse
from batchsite.datasets.models import Row
from batchsite.gallery.models import GeneratedPicture
from batchsite.gallery.picture_page import pictures_of
from batchsite.recipes.answer_shape import as_cell
from batchsite.results import answer_fields, summaries
from batchsite.results.models import Judgement, Summary
from batchsite.results.prompt_excerpt import excerpt
from batchsite.results.row_search import Search
from batchsite.results.table_columns import TableCell, TableColumn, lead_of
from batchsite.xai.wire_json import encode_json

MOST_SHOWN = 3_000
"""Characters of a folded text; the whole text is on the row's page."""
READABLE = 100_000
"""Characters of an answer that are read to find its fields."""


@dataclass(frozen=True)
class TableRow:
    """A row of the table."""

    row: int
    state: RowState
    result: Any
    cells: Sequence[TableCell]
    judgement: Judgement | None = None
    label: str = ""
    """The state for people."""
    picture: str = ""
    """The file that went along with the prompt, where we hold it."""
    drawn: GeneratedPicture | None = None
    """The first of the pictures that were generated."""

    @property
    def tone(self) -> str:
        return ROW_TONES[self.state]


def rows_of(search: Search, rows: list[int], shown: list[TableColumn]) -> list[TableRow]:
    """Returns some rows of the batch of a search, with the cells of these columns."""
    batch = search.batch
    cells, known = batch.dataset.pick(rows), Result.objects.filter(batch_id=batch.pk, row__in=rows)
    results = {
        result.row: result for result in known.defer("answer", "earlier").annotate(start=Left("answer", READABLE))
    }
    judged = {judgement.row: judgement for judgement in Judgement.objects.filter(batch=batch, row__in=rows)}
    drawn = {picture.row: picture for picture in reversed(pictures_of(batch, rows))}
    cell_maker = CellMaker(search, shown)
    lines = []
    for row in rows:
        result, judgement = results.get(row), judged.get(row)
        state = RowState(result.state) if result else RowState.PENDING
        line = cell_maker.cells(cells.get(row, []), result, judgement)
        picture = cell_maker.picture(cells.get(row))
        lines.append(TableRow(row, state, result, line, judgement, batch.row_label(state), picture, drawn.get(row)))
    return lines


class CellMaker:
    """Makes the cells of one row after another."""

    def __init__(self, search: Search, shown: list[TableColumn]) -> None:
        batch = search.batch
        self.shown, self.text = shown, search.row_filter.text
        self.recipe, self.shape = recipe_of(batch), answer_fields.shape_in(batch)
        self.places = {name: number for number, name in enumerate(batch.dataset.columns)}
        compared = summaries.compared_field(batch, search.summary or Summary())
        self.expected = self.places.get(batch.expected_column) if compared else None
        self.compared = self._key_of(compared)

    def _key_of(self, field: str) -> str:
        """Returns the column in which a field of the answers stands."""
        return f"f.{field}" if self.shape else field

    def cells(self, cells: Row, result: Any, judgement: Judgement | None) -> list[TableCell]:
        texts = self._texts(cells, result)
        corrected = {self._key_of(name): text for name, text in ((judgement and judgement.corrected) or {}).items()}
        return [self._cell(column, cells, result, texts, corrected) for column in self.shown]

    def picture(self, cells: Row | None) -> str:
        """Returns the name of the first file that went along with a row. Empty if there is none that we hold."""
        pictures = self.recipe.pictures
        return next((held.name for held in pictures.held(cells)), "") if pictures and cells else ""

    def _texts(self, cells: Row, result: Any) -> dict[str, str]:
        """Returns {key of a column: text} of what was asked and answered."""
        values = self.shape.values(result.start) if self.shape and result else {}
        texts = {f"f.{name}": as_cell(value)[:MOST_SHOWN] for name, value in values.items()}
        texts["prompt"] = excerpt(self.recipe.prompt, cells) if cells else ""
        texts["answer"] = pretty(result.start)[:MOST_SHOWN] if result else ""
        return texts

    def _cell(
        self, column: TableColumn, cells: Row, result: Any, texts: dict[str, str], corrected: dict[str, str]
    ) -> TableCell:
        if not column.is_text:
            return TableCell(column, _number(column, result))
        if column.key[:2] == "c.":
            value = cells[self.places[column.key[2:]]][:MOST_SHOWN] if cells else ""
        else:
            value = texts.get(column.key, "")
        answered = value if column.key in corrected else None
        value = corrected.get(column.key, value)[:MOST_SHOWN]
        return TableCell(
            column, value, self._verdict(column, value, cells, result), answered, lead_of(value, self.text)
        )

    def _verdict(self, column: TableColumn, value: str, cells: Row, result: Any) -> str:
        """Returns whether what is shown agrees with the expected value, as `tallies` counts it."""
        if column.key != self.compared or self.expected is None or not cells:
            return ""
        expected = answer_fields.label(cells[self.expected])
        if not expected or result is None or result.state != RowState.SUCCEEDED:
            return ""
        return "right" if answer_fields.label(value) == expected else "wrong"


def _number(column: TableColumn, result: Any) -> Any:
    read = NUMBER_OF.get(column.key)
    return read(result) if read and result is not None else None


NUMBER_OF: dict[str, Callable[[Any], Any]] = {
    "tokens": lambda result: result.prompt_tokens + result.completion_tokens + result.reasoning_tokens,
    "cost": lambda result: result.cost_ticks,
    "sources": lambda result: ToolUse.of(result.tool_use),
    "calls": lambda result: ToolUse.of(result.tool_use).count,
    "length": lambda result: len(result.start),
    "finish": lambda result: result.finish_reason,
    "model": lambda result: result.answered_by,
    "attempt": lambda result: result.attempt,
}


def pretty(answer: str) -> str:
    """Returns an answer that is JSON indented, any other as it is."""
    if not answer.lstrip().startswith(("{", "[")):
        return answer
    try:
        return encode_json(orjson.loads(answer), indent=True).decode()
    except ValueError:
        return answer
