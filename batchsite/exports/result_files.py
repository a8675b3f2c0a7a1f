"""The forms in which results are taken home: name, ending, type, writer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from batchsite.batches.models import Batch
from batchsite.exports import table_writers, text_writers
from batchsite.exports.download_choice import STATES, Choice
from batchsite.exports.row_streams import Line, columns_of, lines
from batchsite.exports.table_writers import Beat, Builder, TooBig, build_parquet, build_xlsx
from batchsite.exports.text_writers import Fields
from batchsite.recipes.recipe import id_prefix
from batchsite.results import filtered_rows
from batchsite.results.result_rows import field_names


@dataclass(frozen=True)
class Form:
    """One form of a download."""

    name: str
    label: str
    hint: str
    ending: str
    content_type: str
    writer: text_writers.Writer


FORMS = {
    form.name: form
    for form in (
        Form(
            "csv", "CSV, exact", "UTF-8, every cell as it is", "csv", "text/csv; charset=utf-8", text_writers.csv_exact
        ),
        Form(
            "excel",
            "CSV for Excel",
            "with a mark that Excel needs; cells that look like formulas start with '",
            "csv",
            "text/csv; charset=utf-8",
            text_writers.csv_excel,
        ),
        Form("json", "JSON", "one array of objects", "json", "application/json", text_writers.json_array),
        Form("jsonl", "JSON Lines", "one object a line", "jsonl", "application/x-ndjson", text_writers.jsonl),
    )
}


@dataclass(frozen=True)
class Built:
    """A form that is built as a whole before it is sent."""

    name: str
    label: str
    hint: str
    ending: str
    content_type: str
    build: Builder


BUILT = {
    form.name: form
    for form in (
        Built(
            "xlsx",
            "Excel workbook",
            "cells are text, so 007 stays 007; up to 1,048,575 rows",
            "xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            build_xlsx,
        ),
        Built(
            "parquet",
            "Parquet",
            "for data tools: texts, whole numbers, exact decimals",
            "parquet",
            "application/vnd.apache.parquet",
            build_parquet,
        ),
    )
}
AnyForm = Form | Built
ALL_FORMS: dict[str, AnyForm] = {**FORMS, **BUILT}
WHOLE = Choice()
Pulse = Callable[[], None]
"""Called again and again while rows are looked through, also where none of them is written."""


def content(batch: Batch, form: Form, choice: Choice = WHOLE) -> Iterator[bytes]:
    """The file, piece by piece. Raises ValueError for ranges that are none, before the first piece."""
    columns = columns_of(batch)
    return form.writer(columns, _lines(batch, choice, columns), _fields(batch), choice.only)


def refusal(batch: Batch, form: AnyForm, choice: Choice = WHOLE) -> str:
    """Why so many rows are no file of this form, in words; "" where they are, or where only building it tells."""
    count = choice.count(batch) if form.name == "xlsx" else None
    return table_writers.too_many(f"{count:,}") if count is not None and count >= table_writers.MOST_EXCEL_ROWS else ""


def build(
    batch: Batch,
    form: Built,
    path: Path,
    choice: Choice = WHOLE,
    beat: Beat = lambda _: None,
    pulse: Pulse = lambda: None,
) -> None:
    """Write the whole file to `path`. Raises TooBig, and ValueError for ranges that are none."""
    if why_not := refusal(batch, form, choice):
        raise TooBig(why_not)
    columns = columns_of(batch)
    form.build(path, columns, _lines(batch, choice, columns, pulse), _fields(batch), choice.only, beat)


def _lines(batch: Batch, choice: Choice, columns: Sequence[str], pulse: Pulse = lambda: None) -> Iterator[Line]:
    within, judged = choice.within(batch), len(columns) > len(batch.dataset.columns)
    if choice.rows == "filter":
        windows = filtered_rows.windows(batch, choice.filter, within, pulse)
        return chain.from_iterable(lines(batch, within=some, judged=judged, pulse=pulse) for some in windows)
    misfits = choice.rows == "misfit"
    return lines(batch, STATES[choice.rows], within=within, misfits=misfits, judged=judged, pulse=pulse)


def _fields(batch: Batch) -> Fields:
    return field_names(batch) if batch.shape else None


def filename(batch: Batch, form: AnyForm, choice: Choice = WHOLE) -> str:
    """`banking77-12-failed.csv`: sorts by batch, says what is in it, and fits every file system."""
    parts = [id_prefix(batch.name), str(batch.pk)]
    parts += ["filtered" if choice.rows == "filter" else choice.rows] if choice.rows != "all" else []
    parts += ["some"] if choice.ranges or choice.columns else []
    parts += ["excel"] if form.name == "excel" else []
    parts += ["partial"] if not batch.is_terminal else []
    return "-".join(parts) + f".{form.ending}"


def write_file(batch: Batch, form: AnyForm, path: Path) -> None:
    """Write the whole file, or nothing: it appears under its name only when it is complete. Raises TooBig."""
    draft = path.with_name(f".{path.name}.part")
    try:
        if isinstance(form, Built):
            build(batch, form, draft)
        else:
            with draft.open("wb") as file:
                for piece in content(batch, form):
                    file.write(piece)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def form_for(path: Path) -> AnyForm | None:
    """The form that a file's ending asks for; None where there is none of that ending."""
    return next((form for form in ALL_FORMS.values() if f".{form.ending}" == path.suffix.lower()), None)
