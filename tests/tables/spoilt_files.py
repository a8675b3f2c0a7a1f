"""Good tables written in every format, and spoilt in it: rows that are no data, and bytes that are no file any more.

`damage.py` spoils one place of delimited text; this goes where it does not: into TSV, JSON, Excel and Parquet files,
and to damage that begins in the middle of a file and goes on to its end.
"""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property, partial

import pyarrow as pa
from pyarrow import parquet

from tests.tables.forms import excel, shared, zipped
from tests.tables.good_tables import Cells, Good, good_tables

NAMES = ("tickets", "people", "labelled", "dates and links", "German", "addresses", "sparse", "numbers", "two texts")


@dataclass(frozen=True)
class Spoilt:
    """A spoilt file, the table that it was made of, and how."""

    table: str
    form: str
    kind: str
    seed: int
    write: Callable[[], bytes]
    cells: Cells

    @cached_property
    def data(self) -> bytes:
        """Written once somebody reads it: most of the files that a test leaves out would take longer than reading."""
        return self.write()

    @property
    def name(self) -> str:
        return f"{self.table}, {self.form}: {self.kind}, {self.seed}"


def spoilt_files(seeds: range) -> Iterator[Spoilt]:
    """Every kind of damage to every form of every table, once for each seed."""
    for seed in seeds:
        for good in tables():
            for form, write in FORMS.items():
                for kind, add in ROWS.items():
                    chance = random.Random(f"{good.name}/{form}/{kind}/{seed}")
                    rows = add([list(row) for row in good.cells], chance)
                    if rows is not None:
                        yield Spoilt(good.name, form, kind, seed, partial(write, rows), good.cells)
                for kind, spoil in BYTES.items():
                    chance = random.Random(f"{good.name}/{form}/{kind}/{seed}")
                    data = spoil(form, whole(good.name, form), chance)
                    if data is not None:
                        yield Spoilt(good.name, form, kind, seed, partial(bytes, data), good.cells)


@cache
def whole(name: str, form: str) -> bytes:
    """Returns the good table of that name in that form."""
    [good] = [good for good in tables() if good.name == name]
    return FORMS[form](good.cells)


def tables() -> list[Good]:
    return [good for good in good_tables() if good.name in NAMES]


# --- the forms


def csv_file(rows: Cells) -> bytes:
    return "".join(",".join(map(_quoted, row)) + "\r\n" for row in rows).encode()


def tsv_file(rows: Cells) -> bytes:
    return "".join("\t".join(row) + "\n" for row in rows).encode()


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if any(sign in cell for sign in ',"\r\n') else cell


def json_lines(rows: Cells) -> bytes:
    return "".join(line + "\n" for line in _objects(rows)).encode()


def json_array(rows: Cells) -> bytes:
    return ("[" + ",\n ".join(_objects(rows)) + "]\n").encode()


def _objects(rows: Cells) -> list[str]:
    return [json.dumps(dict(zip(rows[0], row, strict=True)), ensure_ascii=False) for row in rows[1:]]


def excel_file(rows: Cells) -> bytes:
    return excel([[cell or None for cell in row] for row in rows])


def parquet_table(rows: Cells) -> bytes:
    target, columns = io.BytesIO(), list(zip(*rows[1:], strict=True))
    table = pa.table({name: list(cells) for name, cells in zip(rows[0], columns, strict=True)})
    parquet.write_table(table, target, write_page_checksum=True)
    return target.getvalue()


FORMS: dict[str, Callable[[Cells], bytes]] = {
    "csv": csv_file,
    "tsv": tsv_file,
    "json lines": json_lines,
    "json": json_array,
    "excel": excel_file,
    "excel, shared texts": shared,
    "parquet": parquet_table,
}
TEXTS, PACKED = {"csv", "tsv", "json lines", "json"}, {"excel", "excel, shared texts"}


# --- rows that are no data


AddRows = Callable[[Cells, random.Random], Cells | None]


def _padded(cells: list[str], width: int) -> list[str]:
    return [*cells, *[""] * (width - len(cells))]


def _numeric(rows: Cells) -> list[int]:
    width = len(rows[0])
    return [n for n in range(1, width) if all(row[n].replace(".", "", 1).isdigit() for row in rows[1:])]


def footnotes(rows: Cells, chance: random.Random) -> Cells | None:
    width = len(rows[0])
    notes = ["Source: our own figures", "* preliminary", "Note: see the annex", "© 2026 the authors", "(17 rows)"]
    gap = [[""] * width] if chance.random() < 0.5 else []
    return [*rows, *gap, *([note, *[""] * (width - 1)] for note in chance.sample(notes, chance.randint(1, 3)))]


def total(rows: Cells, chance: random.Random) -> Cells | None:
    numeric = _numeric(rows)
    if not numeric or len(rows[0]) < 3:
        return None
    word = chance.choice(("Total", "Summe", "Grand total", "Totaux", "合計", "Итого"))
    sums = [f"{sum(float(row[n]) for row in rows[1:]):g}" if n in numeric else "" for n in range(1, len(rows[0]))]
    return [*rows, [word, *sums]]


def total_and_part(rows: Cells, chance: random.Random) -> Cells | None:
    more = total(rows, chance)
    if more is None or all(more[-1][1:]):
        return None
    return [*more, [chance.choice(("of which new", "thereof abroad")), *more[-1][1:]]]


def units(rows: Cells, chance: random.Random) -> Cells | None:
    numeric = _numeric(rows)
    if not numeric:
        return None
    unit = chance.choice(("(kg)", "[m/s]", "€", "cm"))
    return [rows[0], [unit if n in numeric else "" for n in range(len(rows[0]))], *rows[1:]]


def dashes(rows: Cells, chance: random.Random) -> Cells | None:
    return [rows[0], ["-" * chance.randint(2, 9) for _ in rows[0]], *rows[1:]]


def import_ids(rows: Cells, chance: random.Random) -> Cells | None:
    questions = [f"What do you say about {name}?" for name in rows[0]]
    return [rows[0], questions, [f'{{"ImportId":"QID{n}"}}' for n in range(len(rows[0]))], *rows[1:]]


def types(rows: Cells, chance: random.Random) -> Cells | None:
    kinds = chance.choice((("int", "str", "float"), ("INTEGER", "VARCHAR(20)", "DOUBLE"), ("text", "number", "date")))
    return [rows[0], [kinds[n % 3] for n in range(len(rows[0]))], *rows[1:]]


def header_again(rows: Cells, chance: random.Random) -> Cells | None:
    at = chance.randint(3, len(rows) - 2)
    return [*rows[:at], list(rows[0]), *rows[at:]]


ROWS: dict[str, AddRows] = {
    add.__name__.replace("_", " "): add
    for add in (footnotes, total, total_and_part, units, dashes, import_ids, types, header_again)
}


# --- bytes that are no file any more

SpoilBytes = Callable[[str, bytes, random.Random], bytes | None]


def cut_short(form: str, data: bytes, chance: random.Random) -> bytes | None:
    """As a download that broke off; of delimited text not in the last cell of a row, as that is another table."""
    at = chance.randint(len(data) // 3, len(data) - 3)
    if form in {"csv", "tsv"}:
        line_begin, sign = data.rindex(b"\n", 0, at) + 1, b"," if form == "csv" else b"\t"
        at = line_begin + data[line_begin:].index(sign)
    return data[:at]


def another_encoding_half_way(form: str, data: bytes, chance: random.Random) -> bytes | None:
    if form not in TEXTS or data.isascii():
        return None
    at = data.index(b"\n", len(data) // 2) + 1
    rest = data[at:].decode()
    return None if rest.isascii() else data[:at] + rest.encode("cp1252")


def utf_16_half_way(form: str, data: bytes, chance: random.Random) -> bytes | None:
    if form not in TEXTS:
        return None
    at = data.index(b"\n", len(data) // 2) + 1
    return data[:at] + data[at:].decode().encode("utf-16-le")


def another_delimiter_half_way(form: str, data: bytes, chance: random.Random) -> bytes | None:
    if form not in {"csv", "tsv"}:
        return None
    at = data.index(b"\n", len(data) // 2) + 1
    old, new = (b",", b";") if form == "csv" else (b"\t", b",")
    return data[:at] + data[at:].replace(old, new)


def block_of_nuls(form: str, data: bytes, chance: random.Random) -> bytes | None:
    """As after a crash of the disk."""
    at, size = chance.randint(len(data) // 4, len(data) * 3 // 4), chance.choice((1, 20, 200))
    return data[:at] + bytes(size) + data[at + size :]


def open_quote(form: str, data: bytes, chance: random.Random) -> bytes | None:
    if form not in TEXTS:
        return None
    lines = data.splitlines(keepends=True)
    at = chance.randint(2, len(lines) - 2)
    sign, cells = (b"\t" if form == "tsv" else b","), lines[at].split(b"," if form == "csv" else b"\t")
    if form in {"csv", "tsv"}:
        cells[-1] = b'"' + cells[-1]
        lines[at] = sign.join(cells)
    else:
        last = lines[at].rindex(b'"')
        lines[at] = lines[at][:last] + lines[at][last + 1 :]
    return b"".join(lines)


def two_lines_joined(form: str, data: bytes, chance: random.Random) -> bytes | None:
    if form not in TEXTS or form.startswith("json"):
        return None
    lines = data.splitlines(keepends=True)
    at = chance.randint(2, len(lines) - 2)
    return b"".join([*lines[:at], lines[at].rstrip(b"\r\n"), *lines[at + 1 :]])


def line_end_in_the_last_cell(form: str, data: bytes, chance: random.Random) -> bytes | None:
    """Of either kind, that of the file or another one."""
    if form not in {"csv", "tsv"}:
        return None
    lines = data.splitlines(keepends=True)
    at = chance.randint(2, len(lines) - 2)
    text = lines[at].rstrip(b"\r\n")
    begin = text.rindex(b"," if form == "csv" else b"\t") + 1
    if len(text) - begin < 2 or b'"' in text or not text.isascii():
        return None
    place = chance.randint(begin + 1, len(text) - 1)
    lines[at] = text[:place] + chance.choice((b"\n", b"\r\n", b"\r")) + text[place:] + lines[at][len(text) :]
    return b"".join(lines)


def bracket_lost(form: str, data: bytes, chance: random.Random) -> bytes | None:
    if not form.startswith("json"):
        return None
    places = [place for place, sign in enumerate(data) if sign in b"{}"]
    at = chance.choice(places)
    return data[:at] + data[at + 1 :]


def comma_lost(form: str, data: bytes, chance: random.Random) -> bytes | None:
    if not form.startswith("json"):
        return None
    places = [place for place in range(1, len(data) - 2) if data[place - 1 : place + 2] == b'", ']
    return data[: (at := chance.choice(places))] + data[at + 1 :] if places else None


def byte_changed(form: str, data: bytes, chance: random.Random) -> bytes | None:
    """In packed files and those with checksums; of a text nobody can know."""
    if form in TEXTS:
        return None
    at = chance.randrange(len(data))
    return data[:at] + bytes([data[at] ^ chance.randint(1, 255)]) + data[at + 1 :]


def part_lost(form: str, data: bytes, chance: random.Random) -> bytes | None:
    if form not in PACKED:
        return None
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    needed = [name for name in parts if "sheet1.xml" in name or "sharedStrings" in name or name == "xl/workbook.xml"]
    del parts[chance.choice(needed)]
    return zipped(parts)


def part_cut_short(form: str, data: bytes, chance: random.Random) -> bytes | None:
    if form not in PACKED:
        return None
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = next(name for name in parts if "sheet1.xml" in name)
    parts[name] = parts[name][: chance.randint(len(parts[name]) // 3, len(parts[name]) - 30)]
    return zipped(parts)


BYTES: dict[str, SpoilBytes] = {
    spoil.__name__.replace("_", " "): spoil
    for spoil in (
        cut_short, another_encoding_half_way, utf_16_half_way, another_delimiter_half_way, block_of_nuls, open_quote,
        two_lines_joined, line_end_in_the_last_cell, bracket_lost, comma_lost, byte_changed, part_lost, part_cut_short,
    )
}  # fmt: skip
