"""The forms in which results are taken home: name, ending, type, writer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from batchsite.batches.models import Batch
from batchsite.batches.planning import id_prefix
from batchsite.batches.results_selectors import field_names
from batchsite.exports import writers
from batchsite.exports.streams import lines


@dataclass(frozen=True)
class Form:
    """One form of a download."""

    name: str
    label: str
    hint: str
    ending: str
    content_type: str
    writer: writers.Writer


FORMS = {
    form.name: form
    for form in (
        Form("csv", "CSV, exact", "UTF-8, every cell as it is", "csv", "text/csv; charset=utf-8", writers.csv_exact),
        Form(
            "excel",
            "CSV for Excel",
            "with a mark that Excel needs; cells that look like formulas start with '",
            "csv",
            "text/csv; charset=utf-8",
            writers.csv_excel,
        ),
        Form("json", "JSON", "one array of objects", "json", "application/json", writers.json_array),
        Form("jsonl", "JSON Lines", "one object a line", "jsonl", "application/x-ndjson", writers.jsonl),
    )
}

CHOICES: dict[str, frozenset[str] | None] = {
    "all": None,
    "succeeded": frozenset({"succeeded"}),
    "failed": frozenset({"failed", "cancelled", "missing", "skipped"}),
}
"""Which rows are taken: all, those with an answer, or those that ended without one."""


def content(batch: Batch, form: Form, rows: str = "all") -> Iterator[bytes]:
    """The file, piece by piece. `rows` is a key of CHOICES."""
    fields = field_names(batch) if batch.shape else None
    return form.writer(batch.dataset.columns, lines(batch, CHOICES[rows]), fields)


def filename(batch: Batch, form: Form, rows: str = "all") -> str:
    """`banking77-12-failed.csv`: sorts by batch, says what is in it, and fits every file system."""
    parts = [id_prefix(batch.name), str(batch.pk)]
    parts += [rows] if rows != "all" else []
    parts += ["excel"] if form.name == "excel" else []
    parts += ["partial"] if not batch.is_terminal else []
    return "-".join(parts) + f".{form.ending}"


def write_file(batch: Batch, form: Form, path: Path) -> None:
    """Write the whole file, or nothing: it appears under its name only when it is complete."""
    draft = path.with_name(f".{path.name}.part")
    try:
        with draft.open("wb") as file:
            for piece in content(batch, form):
                file.write(piece)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def form_for(path: Path) -> Form | None:
    """The form that a file's ending asks for; None where there is none of that ending."""
    return next((form for form in FORMS.values() if f".{form.ending}" == path.suffix.lower()), None)
