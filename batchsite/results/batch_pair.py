"""Two batches whose common rows are compared, and how two answers are compared.

Rows are the same if their numbers are. An answer changed if a field that both batches have holds another value; case
and blanks around a value do not count. Answers without common fields are compared as texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from batchsite.batches.models import Batch
from batchsite.recipes.answer_shape import Shape
from batchsite.recipes.row_set import RowSet
from batchsite.results import answer_fields, summaries
from batchsite.results.models import Summary
from batchsite.results.row_filter import RowFilter
from batchsite.results.value_codes import Finder

Values = dict[str, str]


@dataclass(frozen=True)
class BatchPair:
    """Two batches, `one` chosen first, and what they have in common."""

    one: Batch
    other: Batch

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The fields that both have; `answer` if there are none."""
        other_names = set(answer_fields.field_names(self.other))
        return tuple(name for name in answer_fields.field_names(self.one) if name in other_names) or (
            answer_fields.WHOLE,
        )

    @cached_property
    def column(self) -> str:
        """The column with the expected answers; blank if none was named or the datasets differ."""
        same = self.one.dataset_id == self.other.dataset_id
        return (self.one.expected_column or self.other.expected_column) if same else ""

    @cached_property
    def sides(self) -> tuple[Side, Side]:
        return Side.of(self.one, self), Side.of(self.other, self)

    @cached_property
    def rows(self) -> RowSet:
        """The rows of the first batch between the first and last row of the other."""
        return self.one.rows.within(self.other.rows.first, self.other.rows.last)


@dataclass(frozen=True)
class Side:
    """One of the two batches, compared with the same expected column as the other."""

    batch: Batch
    summary: Summary
    shape: Shape | None
    names: Sequence[str]
    compared: str

    @classmethod
    def of(cls, batch: Batch, pair: BatchPair) -> Side:
        compared_batch = batch
        if batch.expected_column != pair.column:
            compared_batch = Batch.objects.select_related("dataset").get(pk=batch.pk)
            compared_batch.expected_column = pair.column
        summary = summaries.summary_of(batch)
        compared = summaries.compared_field(compared_batch, summary) if pair.column else ""
        return cls(compared_batch, summary, answer_fields.shape_in(batch), pair.names, compared)

    def values(self, answer: str) -> Values:
        """Returns the values of the common fields."""
        if self.names == (answer_fields.WHOLE,) and self.shape is not None:
            return {answer_fields.WHOLE: answer.strip()}
        values = answer_fields.values_in(self.shape, answer)
        return {name: values[name] for name in self.names if name in values}

    def is_right(self, answer: str, expected: str) -> bool:
        given = answer_fields.values_in(self.shape, answer).get(self.compared, "")
        return bool(given) and answer_fields.label(given) == answer_fields.label(expected)

    def finder(self, agrees: str) -> Finder:
        """Finds the rows whose answers are right, or wrong, as `agrees` says."""
        return Finder(self.batch, self.summary, RowFilter(agrees=agrees))


def changed_in(names: Sequence[str], one: Values, other: Values) -> list[str]:
    """Returns the fields that hold different values."""
    return [
        name for name in names if answer_fields.label(one.get(name, "")) != answer_fields.label(other.get(name, ""))
    ]
