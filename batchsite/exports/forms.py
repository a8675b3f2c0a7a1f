"""The download form, and the form of a link to it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.http import urlencode

from batchsite.batches.models import Batch
from batchsite.exports.download_choice import ROWS, DownloadChoice, names_of
from batchsite.exports.result_files import ALL_FORMS, refusal
from batchsite.exports.share_links import DAYS
from batchsite.results import filtered_rows
from batchsite.results.row_filter import filter_in, pairs_of, query_of, unknown_filter


class DownloadForm(forms.Form):
    """The form of the file, its rows and its columns."""

    form = forms.ChoiceField(
        label="Format",
        initial="csv",
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": "That file format doesn’t exist."},
    )
    rows = forms.ChoiceField(
        label="Rows",
        initial="all",
        required=False,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": "That choice of rows doesn’t exist."},
    )
    ranges = forms.CharField(
        label="Only these rows of the dataset",
        required=False,
        max_length=2_000,
        widget=forms.TextInput(attrs={"placeholder": "1-100, 205"}),
    )
    column = forms.MultipleChoiceField(
        label="Columns",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "The file doesn’t have that column: %(value)s."},
    )

    def __init__(self, data: QueryDict | None, batch: Batch, query: QueryDict) -> None:
        """`query` is that of the address, which may hold a row filter whether the form was sent or not."""
        self.batch, names = batch, names_of(batch)
        self.query, self.row_filter = query, filter_in(query)
        self.kept, self.kept_query = pairs_of(self.row_filter), query_of(self.row_filter)
        self.sort = self.row_filter.sort
        super().__init__(data, initial={"column": names, "rows": "filter" if self.kept else "all"})
        offered = [(name, ROWS[name]) for name in ROWS if _is_offered(batch, name)]
        if self.kept:
            offered.insert(0, ("filter", ROWS["filter"]))
        forms = [(form.name, f"{form.label}: {refusal(batch, form) or form.hint}") for form in ALL_FORMS.values()]
        self.fields["form"].choices = forms  # type: ignore[attr-defined]
        self.fields["rows"].choices = offered  # type: ignore[attr-defined]
        self.fields["column"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]
        self.names = names

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        try:
            self.choice.within(self.batch)
            form = ALL_FORMS.get(cleaned.get("form", ""))
            if form and (why_not := refusal(self.batch, form, self.choice)):
                self.add_error("form", why_not)
        except ValueError as error:
            self.add_error("ranges", str(error))
        if self.choice.rows == "filter" and (wrong := unknown_filter(self.query, self.row_filter)):
            self.add_error("rows", f"“{wrong}” is not a row filter.")
        return cleaned

    def count(self) -> None:
        """Adds the number of rows of the filter to its label; only for a page, as it takes a moment."""
        if self.kept:
            count, rows = filtered_rows.counted(self.batch, self.kept_query), self.fields["rows"]
            others = [choice for choice in rows.choices if choice[0] != "filter"]  # type: ignore[attr-defined]
            rows.choices = [("filter", f"{count}: {count.words}"), *others]  # type: ignore[attr-defined]

    @property
    def table_query(self) -> str:
        """The query of the table whose rows it is about, with their order."""
        return urlencode([*self.kept, *([("sort", self.sort)] if self.sort else [])])

    @property
    def choice(self) -> DownloadChoice:
        given = self.cleaned_data
        columns = tuple(given.get("column") or ())
        chosen = () if set(columns) == set(self.names) else columns
        rows, ranges = given.get("rows") or "all", (given.get("ranges") or "").strip()
        if rows != "filter":
            return DownloadChoice(rows, ranges, chosen)
        return DownloadChoice(rows, ranges, chosen, self.kept_query, self.row_filter.sort)


def _is_offered(batch: Batch, rows: str) -> bool:
    pending = not batch.is_terminal or batch.pending > 0
    return {"misfit": bool(batch.shape), "pending": pending, "filter": False}.get(rows, True)


class LinkForm(forms.Form):
    """What a shared link may do."""

    days = forms.ChoiceField(label="Works for", choices=DAYS.items(), initial="7")
    with_comments = forms.BooleanField(label="Reviewers’ comments", required=False)
