"""The file formats of downloads: name, ending, content type, writer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from batchsite.batches.models import Batch
from batchsite.exports import further_cells, table_writers, text_writers
from batchsite.exports.download_choice import STATES, DownloadChoice
from batchsite.exports.row_streams import FileRow, columns_of, file_rows, rows_in_order
from batchsite.exports.table_writers import Beat, Builder, TooBig, build_parquet, build_xlsx
from batchsite.recipes.download_columns import Fields
from batchsite.recipes.recipe import id_prefix
from batchsite.results import filtered_rows
from batchsite.results.answer_fields import shape_fields


@dataclass(frozen=True)
class Form:
    """A format that is streamed."""

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
            "csv",
            "CSV, exact",
            "UTF-8 for programs; every cell as it is, formulas too",
            "csv",
            "text/csv; charset=utf-8",
            text_writers.csv_exact,
        ),
        Form(
            "excel",
            "CSV for Excel",
            "with the byte-order mark that Excel needs, and a ' before anything that would run as a formula",
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
    """A format that is built as a whole before it is sent."""

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
WHOLE = DownloadChoice()
KeepAlive = Callable[[], None]
"""Called repeatedly while rows are scanned, even if none of them is written."""


def content(batch: Batch, form: Form, choice: DownloadChoice = WHOLE) -> Iterator[bytes]:
    """Yields the file piece by piece. Raises ValueError for bad ranges, before the first piece."""
    columns = columns_of(batch)
    return form.writer(columns, _file_rows(batch, choice, columns), _fields(batch), choice.only)


def refusal(batch: Batch, form: AnyForm, choice: DownloadChoice = WHOLE) -> str:
    """Returns why the rows do not fit this format. Blank if they do, or if only building the file can tell."""
    count = choice.count(batch) if form.name == "xlsx" else None
    return table_writers.too_many(f"{count:,}") if count is not None and count >= table_writers.MOST_EXCEL_ROWS else ""


def build(
    batch: Batch,
    form: Built,
    path: Path,
    choice: DownloadChoice = WHOLE,
    beat: Beat = lambda _: None,
    keep_alive: KeepAlive = lambda: None,
) -> None:
    """Writes the whole file to `path`. Raises TooBig, and ValueError for bad ranges."""
    if why_not := refusal(batch, form, choice):
        raise TooBig(why_not)
    columns = columns_of(batch)
    form.build(path, columns, _file_rows(batch, choice, columns, keep_alive), _fields(batch), choice.only, beat)


def _file_rows(
    batch: Batch, choice: DownloadChoice, columns: Sequence[str], keep_alive: KeepAlive = lambda: None
) -> Iterator[FileRow]:
    extra = len(columns) - len(batch.dataset.columns)
    within, judged = choice.within(batch), extra > len(further_cells.columns_of(batch))
    if choice.rows == "filter" and choice.sort:
        ordered = filtered_rows.in_order(batch, choice.filter, choice.sort, within, keep_alive)
        return rows_in_order(batch, ordered, judged=judged, keep_alive=keep_alive)
    if choice.rows == "filter":
        windows = filtered_rows.windows(batch, choice.filter, within, keep_alive)
        return chain.from_iterable(
            file_rows(batch, within=window, judged=judged, keep_alive=keep_alive) for window in windows
        )
    misfits = choice.rows == "misfit"
    return file_rows(batch, STATES[choice.rows], within=within, misfits=misfits, judged=judged, keep_alive=keep_alive)


def _fields(batch: Batch) -> Fields:
    return shape_fields(batch) if batch.shape else None


def filename(batch: Batch, form: AnyForm, choice: DownloadChoice = WHOLE) -> str:
    """Returns a name such as `banking77-12-failed.csv`: sorts by batch, names the content, fits every file system."""
    parts = [id_prefix(batch.name), str(batch.pk)]
    parts += ["filtered" if choice.rows == "filter" else choice.rows] if choice.rows != "all" else []
    parts += ["some"] if choice.ranges or choice.columns else []
    parts += ["excel"] if form.name == "excel" else []
    parts += ["partial"] if not batch.is_terminal else []
    return "-".join(parts) + f".{form.ending}"


def write_file(batch: Batch, form: AnyForm, path: Path) -> None:
    """Writes the whole file or nothing: it gets its name only when complete. Raises TooBig."""
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
    """Returns the format for the ending of a path. None if there is none."""
    return next((form for form in ALL_FORMS.values() if f".{form.ending}" == path.suffix.lower()), None)
