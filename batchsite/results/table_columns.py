"""The columns of the table of results: which there are, which are shown, and how their heads sort."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.http import QueryDict

from batchsite.batches.models import Batch
from batchsite.key_pages import SortLink
from batchsite.results import answer_fields
from batchsite.results.models import ColumnChoice
from batchsite.results.row_filter import MEASURES, SORTED, SORTS, RowFilter, without

SHORT = 160
"""Characters of a text that the table shows; more is folded."""
LEAD = 30
"""Characters of a shortened text before the first place that was searched for."""
OURS = {
    "prompt": "Prompt",
    "answer": "Answer",
    "sources": "Sources",
    "state": "State",
    "judgement": "Judgement",
    "tokens": "Tokens",
    "cost": "Cost",
    "calls": "Tool calls",
    "length": "Characters",
    "finish": "Finish reason",
    "model": "Answered by",
    "attempt": "Attempt",
}
ROOM = 5
"""Most default columns beside which tokens and cost still have room."""
WIDTHS = {"narrow": "Narrow", "medium": "Medium", "wide": "Wide", "widest": "Very wide"}
"""Classes of the stylesheet: 110, 200, 340 and 560 pixels."""
PIXELS = dict(zip(WIDTHS, (110, 200, 340, 560), strict=True))
NUMBERS = frozenset({"tokens", "cost", "calls", "length", "attempt"})
TEXTS = frozenset({"text", "prompt", "answer"})
OF_TOOLS = frozenset({"sources", "calls"})
"""Ours that only batches with tools have."""


@dataclass(frozen=True)
class TableColumn:
    """`key` is its name in the address: one of ours, `f.<field>` or `c.<column>`."""

    key: str
    label: str
    chosen: bool = False
    has_values: bool = False
    """It holds short values rather than texts."""
    width: str = ""
    """One of `WIDTHS`; blank: by itself."""

    @property
    def pixels(self) -> int:
        """About how wide it is."""
        return PIXELS.get(self.width, 240 if self.key in {"prompt", "answer"} else 130)

    @property
    def kind(self) -> str:
        return "text" if self.key[:2] in {"f.", "c."} else self.key

    @property
    def is_number(self) -> bool:
        return self.key in NUMBERS

    @cached_property
    def is_text(self) -> bool:
        return self.kind in TEXTS

    @cached_property
    def stacked_label(self) -> str:
        """The label before the text when cells are stacked. Blank: none is needed."""
        return self.label if self.kind == "text" else ""

    @cached_property
    def css(self) -> str:
        """The classes of its cells of text."""
        said = "" if self.kind == "text" else " said"
        return f"text{said}{' value' if self.has_values else ''}{f' is-{self.width}' if self.width else ''}"


@dataclass(frozen=True)
class TableCell:
    """One text or number, with its column."""

    column: TableColumn
    value: Any
    verdict: str = ""
    """`right` or `wrong` against the expected value; blank if there is none."""
    answered: str | None = None
    """What the model answered, if `value` is what a person corrected it to."""
    begin: int = 0
    """Where the shortened text begins: at the first character, or just before what was searched for."""

    @property
    def short(self) -> str:
        return ("… " if self.begin else "") + str(self.value)[self.begin : self.begin + SHORT]

    @property
    def correction(self) -> str:
        """What was corrected, for people."""
        return f"Answered: {self.answered}" if self.answered else "Not answered"

    @cached_property
    def is_long(self) -> bool:
        return isinstance(self.value, str) and (self.begin > 0 or len(self.value) > SHORT or "\n" in self.value.strip())

    @property
    def css(self) -> str:
        """The classes of a cell of text."""
        return f"{self.column.css} {'folds' if self.is_long else 'clip'}{'' if self.value else ' none'}"


def columns_of(batch: Batch, query: QueryDict, choice: ColumnChoice | None = None) -> list[TableColumn]:
    """Returns all columns; those to be shown are `chosen`: by the address, else by the person, else the usual ones."""
    names = answer_fields.field_names(batch) if answer_fields.shape_in(batch) else ()
    known = {"prompt": OURS["prompt"]}
    known |= {f"f.{name}": name for name in names}
    expected = batch.expected_column if batch.expected_column in batch.dataset.columns else ""
    known |= {f"c.{expected}": f"{expected}, expected"} if expected else {}
    unused = {"prompt"} if batch.has_sources else {"prompt", *OF_TOOLS}
    known |= {key: label for key, label in OURS.items() if key not in unused}
    known |= {f"c.{name}": name for name in batch.dataset.columns if name != expected}
    usual = {"prompt", *([f"f.{name}" for name in names[:4]] or ["answer"]), "state", "judgement"}
    usual |= {f"c.{expected}"} if expected else set()
    usual |= {"sources"} if batch.has_sources else set()
    if len(usual) <= ROOM:
        usual |= {"cost"} if batch.has_sources else {"tokens", "cost"}
    own = set(choice.columns) if choice else set()
    chosen = set(query.getlist("col")) & set(known) or own & set(known) or usual
    widths = choice.widths if choice else {}
    named = {*(f"f.{name}" for name in answer_fields.kinds_of(batch)), f"c.{expected}"}
    return [TableColumn(key, label, key in chosen, key in named, widths.get(key, "")) for key, label in known.items()]


def lead_of(text: str, searched: str) -> int:
    """Returns where a shortened text has to begin so that what was searched for is in view."""
    at = text.casefold().find(searched.casefold()) if searched else -1
    return at - LEAD if at > SHORT // 2 else 0


# ---- heads that sort ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class ColumnHead:
    """A column that is shown, with its link if rows can be sorted by it."""

    column: TableColumn
    link: SortLink | None


def row_link(row_filter: RowFilter, query: QueryDict) -> SortLink:
    """Returns the link of the row numbers: from the first on, then from the last."""
    if row_filter.measure:
        return SortLink(without(query, "sort"), "")
    if row_filter.direction < 0:
        return SortLink(without(query, "sort"), "descending")
    return SortLink(without(query, sort="-row"), "ascending")


def heads_of(
    columns: Collection[TableColumn], row_filter: RowFilter, query: QueryDict, *, can_sort: bool
) -> list[ColumnHead]:
    """Returns the heads of the columns. Not `can_sort`: there are too many rows to sort, so nothing is offered."""
    return [ColumnHead(column, _sort_link(column.key, row_filter, query) if can_sort else None) for column in columns]


def _sort_link(key: str, row_filter: RowFilter, query: QueryDict) -> SortLink | None:
    """Returns the link of a column: numbers from the highest at first, everything else from A. None if it has none."""
    if key not in SORTED and key[:2] not in {"f.", "c."}:
        return None
    rises, falls = key, f"-{key}"
    first, second = (falls, rises) if key in MEASURES else (rises, falls)
    direction = {rises: "ascending", falls: "descending"}.get(row_filter.sort, "")
    return SortLink(without(query, sort=second if row_filter.sort == first else first), direction)


def sort_choices(columns: Collection[TableColumn], sort: str) -> dict[str, str]:
    """Returns {order: words} to choose from: the usual ones, and the one in use if it is of another column."""
    key = sort.removeprefix("-")
    label = next((column.label for column in columns if column.key == key), "")
    if sort in SORTS or not label:
        return SORTS
    return {**SORTS, sort: f"{label}, {'Z to A' if sort.startswith('-') else 'A to Z'}"}
