"""What was understood of a file, and what people decided about it, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from batchsite.datasets.models import Dataset
from batchsite.tables import BAD_ROWS, LEAVE, dialects
from batchsite.tables.language_evidence import LABELS

MOST_COMMON = 20
"""Values shown of a column that has few."""
NO_TEXT = (".json", ".jsonl", ".ndjson", ".xlsx", ".parquet", ".gz", ".zip")
FORMS = {
    "csv": "Delimited text",
    "jsonl": "JSON Lines",
    "json": "JSON",
    "xlsx": "Excel",
    "parquet": "Parquet",
    "requests": "Batch API requests",
    "files": "One row a file",
}
DELIMITERS = {sign: name[:1].upper() + name[1:] for sign, name in dialects.NAMES.items()}
ENCODINGS = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "ascii": "UTF-8"}
DETECTED = "Detected automatically"
QUOTES = {'"': "Double quotes", "'": "Single quotes", "none": "None"}
WAYS: dict[str, list[tuple[str, str]]] = {
    "encoding": [("utf-8", "UTF-8"), *((codec, label) for codec, label in LABELS.items() if codec != "utf-8")],
    "delimiter": [(dialects.NAMES[sign], label) for sign, label in DELIMITERS.items() if sign != dialects.ONE_COLUMN]
    + [("none", "Nothing: one column")],
    "header": [("first row", "Column names"), ("none", "Data, like the other rows")],
    "header_line": [],
    "quoting": [('"', "Double"), ("'", "Single"), ("none", "None: they are text"), ("backslash", 'Double, or \\"')],
    "title": [("set aside", "Not part of the table"), ("part", "Part of the table")],
    "below_header": [("leave", "Part of the header"), ("rows", "Data")],
    "footer": [("leave", "Footnote or total"), ("part", "Data")],
    "repeated": [("leave", "Skipped"), ("keep", "Data")],
    "trailing": [("leave", "Skipped"), ("rows", "Data")],
    "quotes": [("text", "Text"), ("damage", "Damage")],
    "sheet": [],
}
"""What a person may set without being asked: (answer, words) by key. None if it is typed instead of chosen."""
COMMON_WAYS = ("encoding", "delimiter", "sheet", "header", "header_line")
"""Shown at once; the others on demand."""
_NAMED_ELSEWHERE = ["below_header", "footer", "repeated"]
_WAYS_OF = {
    "csv": [key for key in WAYS if key != "sheet"],
    "xlsx": ["sheet", "header", "header_line", "title", "below_header", "footer", "repeated"],
    "json": _NAMED_ELSEWHERE,
    "jsonl": _NAMED_ELSEWHERE,
    "parquet": _NAMED_ELSEWHERE,
}


@dataclass(frozen=True)
class Fact:
    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Decision:
    """What a person decided: the question, the answer in words, who and when."""

    text: str
    label: str
    by: int | None
    at: datetime


def facts(dataset: Dataset) -> list[Fact]:
    """Returns how the file was read, in the order in which people would ask. Rows and columns are shown elsewhere."""
    return [fact for fact in _facts(dataset, dataset.understood) if fact.value]


def _facts(dataset: Dataset, understood: Mapping[str, Any]) -> Iterator[Fact]:
    form = dataset.form or "csv"
    packed = str(understood.get("packed", ""))
    yield Fact("File", FORMS.get(form, form), _packing(packed))
    yield Fact("Sheet", str(understood.get("sheet", "")))
    if form == "csv":
        yield Fact("Separator", _delimiter(dataset.delimiter))
        quoting = str(understood.get("quoting", ""))
        yield Fact("Quotes", QUOTES.get(quoting, quoting))
    if count := understood.get("files"):
        yield Fact("Files", f"{count:,}", _files_from(understood))
    note = "with byte order mark" if dataset.encoding == "utf-8-sig" else ""
    yield Fact("Encoding", _encoding(dataset.encoding), note)
    if understood.get("header") == "none":
        yield Fact("Column names", "Ours", "none in the file")
    elif (line := understood.get("header_line") or 1) > 1:
        yield Fact("Column names", f"Line {line:,}")


def _encoding(codec: str) -> str:
    return ENCODINGS.get(codec) or LABELS.get(codec, codec)


def _files_from(understood: Mapping[str, Any]) -> str:
    column = understood.get("file_column")
    return f"named in “{column}”" if column else "named by no column"


def _delimiter(sign: str) -> str:
    return DELIMITERS.get(sign, f"“{sign}”") if sign else "None: one column"


def shown(dataset: Dataset) -> dict[str, str]:
    """What the file itself showed, by the keys of `WAYS`."""
    names = "No column names" if dataset.understood.get("header") == "none" else "Column names"
    found = {"encoding": _encoding(dataset.encoding), "delimiter": _delimiter(dataset.delimiter), "header": names}
    detected = {key: f"{words} (detected)" for key, words in found.items()} if dataset.form else {}
    return {key: detected.get(key, DETECTED) for key in WAYS}


def _packing(packed: str) -> str:
    kind, _, name = packed.partition(": ")
    if kind == "zip":
        return f"{name} in a zip" if name else "in a zip"
    return "compressed with gzip" if kind == "gz" else packed


def decisions(dataset: Dataset) -> list[Decision]:
    return [
        Decision(_question_of(one), _label_of(one), one["by"], datetime.fromisoformat(one["at"]))
        for one in dataset.answers
    ]


def _question_of(one: Mapping[str, Any]) -> str:
    if one["question"]:
        return str(one["question"]["text"])
    return KEYS.get(str(one["key"]), str(one["key"]))


def _label_of(one: Mapping[str, Any]) -> str:
    choices = one["question"]["choices"] if one["question"] else ()
    words = dict(WAYS.get(one["key"], ())) | {str(choice["value"]): str(choice["label"]) for choice in choices}
    if one["key"] == BAD_ROWS and one["value"] == LEAVE:
        words.setdefault(LEAVE, "Skip them")
    return words.get(str(one["value"]), str(one["value"]))


def profile(dataset: Dataset) -> dict[str, Any]:
    """The kept profile with what a table of columns shows besides: shares in per cent, the commonest values."""
    found, rows = dataset.profile, dataset.row_count
    if not found or not rows:
        return {}
    columns = [
        {**one, "share": f"{100 * one['filled'] / rows:.2f}", "common": _common(one)} for one in found["columns"]
    ]
    return {**found, "columns": columns}


def open_to_change(dataset: Dataset) -> list[dict[str, Any]]:
    """The questions that were asked, as they were asked, and going without bad rows where that was chosen."""
    asked = [one["question"] for one in dataset.answers if one["question"]]
    if BAD_ROWS in dataset.given and BAD_ROWS not in {one["key"] for one in asked}:
        asked.append(_BAD_ROWS)
    return asked


def _common(column: Mapping[str, Any]) -> list[list[Any]]:
    """Returns the commonest values of a column; none if no value repeats."""
    repeats = column["distinct"] < column["filled"]
    return list(column["values"][:MOST_COMMON]) if repeats else []


def may_differ(dataset: Dataset) -> bool:
    """Whether there is another way to read the file: it is a text with lines, or something was answered before."""
    has_lines = any(problem["line"] for problem in dataset.problems) or not dataset.problems
    return bool(dataset.answers) or (form_of(dataset) in {"csv", "xlsx"} and has_lines)


def whole_file_problem(dataset: Dataset) -> str:
    """Returns the problem, if there is just one and it concerns the whole file; else blank."""
    if len(dataset.problems) != 1 or any(dataset.problems[0][where] for where in ("line", "row", "column", "excerpt")):
        return ""
    return str(dataset.problems[0]["message"])


def form_of(dataset: Dataset) -> str:
    """Returns the format of the file; guessed from its name if it was refused before anything was understood."""
    name = dataset.filename.lower()
    if dataset.form or not name.endswith(NO_TEXT):
        return dataset.form or "csv"
    return "xlsx" if name.endswith(".xlsx") else ""


def ways_of(dataset: Dataset) -> list[str]:
    """The keys of `WAYS` that mean something for a file of this form."""
    return _WAYS_OF.get(form_of(dataset), [])


KEYS = {
    BAD_ROWS: "Damaged rows",
    "encoding": "Encoding",
    "delimiter": "Separator",
    "header": "The first row",
    "header_line": "Line with column names",
    "quoting": "Quotes",
    "title": "Lines above the table",
    "below_header": "Lines below the column names",
    "footer": "Last rows",
    "repeated": "Header repeated below",
    "trailing": "Blank lines at the end",
    "quotes": "Quotes within cells",
    "sheet": "Sheet",
}
_BAD_ROWS: dict[str, Any] = {
    "key": BAD_ROWS,
    "text": "What should happen to damaged rows?",
    "guess": LEAVE,
    "evidence": [],
    "choices": [
        {"value": LEAVE, "label": "Skip them", "rows": []},
        {"value": "refuse", "label": "Reject the file", "rows": []},
    ],
}
