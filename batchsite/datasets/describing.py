"""What was understood of a file, and what people decided about it, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from batchsite.datasets.keeping import BAD_ROWS, LEAVE
from batchsite.datasets.models import Dataset

MOST_COMMON = 20
"""Values shown of a column that has few."""
FORMS = {
    "csv": "Delimited text",
    "jsonl": "JSON Lines",
    "json": "JSON",
    "xlsx": "Excel",
    "parquet": "Parquet",
    "requests": "Requests of the Batch API",
}
DELIMITERS = {",": "Comma", ";": "Semicolon", "\t": "Tab", "|": "Bar", " ": "Space", ":": "Colon"}
ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16, little endian",
    "utf-16-be": "UTF-16, big endian",
    "cp1250": "Windows-1250, Central European",
    "cp1251": "Windows-1251, Cyrillic",
    "cp1252": "Windows-1252, Western European",
    "cp1253": "Windows-1253, Greek",
    "cp1254": "Windows-1254, Turkish",
    "cp437": "DOS 437",
    "cp850": "DOS 850, Western European",
    "latin-1": "ISO 8859-1, Western European",
    "iso8859-1": "ISO 8859-1, Western European",
    "iso8859-15": "ISO 8859-15, Western European",
    "mac-roman": "Mac Roman",
    "shift_jis": "Shift JIS, Japanese",
    "cp932": "Shift JIS, Japanese",
    "gb18030": "GB 18030, Chinese",
    "big5": "Big5, Chinese",
    "euc-kr": "EUC-KR, Korean",
}
QUOTES = {'"': "Double quotes", "'": "Single quotes", "none": "None"}


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
    """How the file was read, in the order in which one would ask. Rows and columns stand apart."""
    return [fact for fact in _facts(dataset, dataset.understood) if fact.value]


def _facts(dataset: Dataset, understood: Mapping[str, Any]) -> Iterator[Fact]:
    form = dataset.form or "csv"
    packed = str(understood.get("packed", ""))
    yield Fact("File", FORMS.get(form, form), _packing(packed))
    yield Fact("Sheet", str(understood.get("sheet", "")))
    if form == "csv":
        yield Fact("Between the cells", DELIMITERS.get(dataset.delimiter, f"“{dataset.delimiter}”"))
        quoting = str(understood.get("quoting", ""))
        yield Fact("Quotes", QUOTES.get(quoting, quoting))
    note = "with byte order mark" if dataset.encoding == "utf-8-sig" else ""
    yield Fact("Encoding", ENCODINGS.get(dataset.encoding, dataset.encoding), note)
    if understood.get("header") == "none":
        yield Fact("Names of columns", "Ours", "the file has none")
    elif (line := understood.get("header_line") or 1) > 1:
        yield Fact("Names of columns", f"Line {line:,}")


def _packing(packed: str) -> str:
    kind, _, name = packed.partition(": ")
    if kind == "zip":
        return f"{name} in a zip"
    return "compressed with gzip" if kind == "gz" else packed


def decisions(dataset: Dataset) -> list[Decision]:
    return [
        Decision(_question_of(one), _label_of(one), one["by"], datetime.fromisoformat(one["at"]))
        for one in dataset.answers
    ]


def _question_of(one: Mapping[str, Any]) -> str:
    if one["question"]:
        return str(one["question"]["text"])
    return "The rows that are at fault" if one["key"] == BAD_ROWS else str(one["key"])


def _label_of(one: Mapping[str, Any]) -> str:
    choices = one["question"]["choices"] if one["question"] else ()
    words = {str(choice["value"]): str(choice["label"]) for choice in choices}
    if one["key"] == BAD_ROWS and one["value"] == LEAVE:
        words.setdefault(LEAVE, "Leave them out")
    return words.get(str(one["value"]), str(one["value"]))


def profile(dataset: Dataset) -> dict[str, Any]:
    """The kept profile with what a table of columns shows besides: shares in per cent, the commonest values."""
    found, rows = dataset.profile, dataset.row_count
    if not found or not rows:
        return {}
    columns = [
        {**one, "share": f"{100 * one['filled'] / rows:.2f}", "common": one["values"][:MOST_COMMON]}
        for one in found["columns"]
    ]
    return {**found, "columns": columns}


def open_to_change(dataset: Dataset) -> list[dict[str, Any]]:
    """The questions that were asked, as they were asked, and going without bad rows where that was chosen."""
    asked = [one["question"] for one in dataset.answers if one["question"]]
    if BAD_ROWS in dataset.given and BAD_ROWS not in {one["key"] for one in asked}:
        asked.append(_BAD_ROWS)
    return asked


_BAD_ROWS: dict[str, Any] = {
    "key": BAD_ROWS,
    "text": "What about the rows that are at fault?",
    "guess": LEAVE,
    "evidence": [],
    "choices": [
        {"value": LEAVE, "label": "Leave them out", "rows": []},
        {"value": "refuse", "label": "Refuse the file because of them", "rows": []},
    ],
}
