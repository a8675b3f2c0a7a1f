"""What other readers make of spoilt files. Runs in an environment of its own, started by damaged_files.py.

    python other_readers.py READER FOLDER

Reads the files FOLDER/*.case, each with its form beside it (.json), and writes a line for each to standard output:
{"cells": […]} or {"error": "…"}. Every reader keeps all cells as text and takes no row for a header, so that nothing
but the structure of the file is judged; each is asked to find out the form of the file by itself, as people use it.
"""

from __future__ import annotations

import csv
import importlib
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

Cells = list[list[str]]


def _form(path: Path) -> dict[str, str]:
    form: dict[str, str] = json.loads(path.with_suffix(".json").read_text())
    return form


def _decoded(path: Path) -> str:
    """The text in the encoding that the file has: no reader is blamed for guessing a code page wrong."""
    return path.read_bytes().decode(_form(path)["encoding"]).removeprefix("\ufeff")


def _copied(path: Path) -> Path:
    copy = path.with_suffix(".utf8")
    copy.write_text(_decoded(path), newline="", encoding="utf-8")
    return copy


def with_csv(path: Path) -> Cells:
    text = _decoded(path)
    try:
        dialect: Any = csv.Sniffer().sniff(text[:65_536])
    except csv.Error:
        dialect = csv.excel
    return list(filter(None, csv.reader(io.StringIO(text, newline=""), dialect)))


def with_clevercsv(path: Path) -> Cells:
    clevercsv = importlib.import_module("clevercsv")
    text = _decoded(path)
    dialect = clevercsv.Sniffer().sniff(text[:65_536])
    return [row for row in clevercsv.reader(io.StringIO(text, newline=""), dialect) if row]


def with_pandas(path: Path) -> Cells:
    pandas = importlib.import_module("pandas")
    options = {"sep": None, "engine": "python", "header": None, "dtype": str, "keep_default_na": False}
    frame = pandas.read_csv(_copied(path), **options)
    return [["" if cell != cell else str(cell) for cell in row] for row in frame.values.tolist()]


def with_duckdb(path: Path) -> Cells:
    duckdb = importlib.import_module("duckdb")
    found = duckdb.sql(f"SELECT * FROM read_csv('{_copied(path)}', header=false, all_varchar=true)").fetchall()
    return [["" if cell is None else cell for cell in row] for row in found]


def with_polars(path: Path) -> Cells:
    """Polars does not look for the delimiter: it is told."""
    polars, form = importlib.import_module("polars"), _form(path)
    options = {"separator": form["delimiter"], "quote_char": form["quote"] or None}
    frame = polars.read_csv(_copied(path), has_header=False, infer_schema=False, **options)
    return [["" if cell is None else cell for cell in row] for row in frame.rows()]


READERS: dict[str, Callable[[Path], Cells]] = {
    "csv": with_csv,
    "clevercsv": with_clevercsv,
    "pandas": with_pandas,
    "DuckDB": with_duckdb,
    "Polars": with_polars,
}


def main() -> None:
    reader, folder = READERS[sys.argv[1]], Path(sys.argv[2])
    csv.field_size_limit(2**31 - 1)
    for path in sorted(folder.glob("*.case")):
        try:
            found: dict[str, Any] = {"cells": reader(path)}
        except BaseException as error:  # noqa: BLE001 - whatever a reader does instead of reading
            found = {"error": f"{type(error).__name__}: {error}"[:500]}
        sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
