"""Files of odd kinds, one small one for each: read as they are meant, asked about, or refused by what they are."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
import xlsxwriter

from batchsite.tables import Asks, ReadingError
from tests.tables.forms import asked, changed, excel, opened, parquet_file, read, saved, sentence, shared, workbook
from tests.tables.forms import zipped as archive

Cells = list[list[str]]
CSV = "id,name\n1,Ann\n2,Bob\n"
TABLE = [["id", "name"], ["1", "Ann"], ["2", "Bob"]]


def cells(text: str) -> Cells:
    """Rows by `/`, cells by `¦`."""
    return [row.split("¦") for row in text.split("/")]


def book(fill: Callable[[Any, Any], object], **options: Any) -> bytes:
    """An Excel file, as `fill(book, sheet)` fills it."""
    target = io.BytesIO()
    made = xlsxwriter.Workbook(target, {"in_memory": True, **options})
    fill(made, made.add_worksheet())
    made.close()
    return target.getvalue()


def merged(place: str, rows: list[list[Any]]) -> bytes:
    made = workbook(rows)
    made["A"].merge_cells(place)
    return saved(made)


def hidden(state: str) -> bytes:
    made = workbook([["id", "name"], ["1", "Ann"], ["2", "Bob"]], [["secret"], [1]])
    made["B"].sheet_state = state
    return saved(made)


def of_1904(made: Any, sheet: Any) -> None:
    sheet.write("A1", "day")
    sheet.write_datetime("A2", datetime(2024, 1, 2), made.add_format({"num_format": "yyyy-mm-dd"}))  # noqa: DTZ001


def with_link(_: Any, sheet: Any) -> None:
    sheet.write_row("A1", ["id", "name"])
    sheet.write_row("A2", ["1", "Ann"])
    sheet.write("A3", "2")
    sheet.write_url("B3", "https://example.org/bob", string="Bob")
    sheet.write_comment("B2", "on leave")


BOOK, SHEET = shared(TABLE), "xl/worksheets/sheet1.xml"
EURO = '_-* #,##0.00 "€"_-;-* #,##0.00 "€"_-'
READ: dict[str, tuple[str | bytes, Cells]] = {
    # text
    "line ends of three kinds": ("a,b\r\n1,x\n2,y\r3,z\n", cells("a¦b/1¦x/2¦y/3¦z")),
    "line ends of Unicode within cells": (
        "a,b\n1,x\u2028y\n2,z\x0cw\n3,q\x85r\n",
        [
            ["a", "b"],
            ["1", "x\u2028y"],
            ["2", "z\x0cw"],
            ["3", "q\x85r"],
        ],
    ),
    "a line break in a name": ('"id","full\nname"\n1,Ann\n2,Bob\n', cells("id¦full\nname/1¦Ann/2¦Bob")),
    "sep= in UTF-16": ("\ufeffsep=|\r\na|b\r\n1|2\r\n".encode("utf-16-le"), cells("a¦b/1¦2")),
    "a sep= that is wrong": ("sep=;\na,b\n1,2\n", cells("a¦b/1¦2")),
    "UTF-16, big end first, without a mark": ("id,name\r\n1,Ann\r\n2,Bob\r\n".encode("utf-16-be"), TABLE),
    "the separator of Hive": ("id\x01name\n1\x01Ann\n2\x01Bob\n", TABLE),
    "the separator of ASCII": ("id\x1fname\n1\x1fAnn\n2\x1fBob\n", TABLE),
    "numbers that are texts": (
        "id,n,m\n12345678901234567890123,007,+49\n2,1e5,=1+2\n",
        cells("id¦n¦m/12345678901234567890123¦007¦+49/2¦1e5¦=1+2"),
    ),
    "XML in cells": ("id,x\n1,<a>b</a>\n2,<c/>\n", [["id", "x"], ["1", "<a>b</a>"], ["2", "<c/>"]]),
    "addresses lined up in nothing": ("name  nick\nAnn\nBob Lee\nCy\n", cells("name  nick/Ann/Bob Lee/Cy")),
    "lines in quotes below a name": ('"text"\n"Hello, you"\n"Go, now"\n', cells("text/Hello, you/Go, now")),
    # JSON
    "lines with a mark and blank ones": (b'\xef\xbb\xbf{"a":1}\n\n{"a":2}\n', cells("a/1/2")),
    "a sequence of JSON texts": ('\x1e{"a":1}\n\x1e{"a":2}\n', cells("a/1/2")),
    "numbers of any size": (
        '[{"n":12345678901234567890123,"f":1.10,"e":1E400}]',
        cells("n¦f¦e/12345678901234567890123¦1.10¦1E400"),
    ),
    "JSON in UTF-16": ('[{"a":"é"}]'.encode("utf-16"), cells("a/é")),
    "an export of MongoDB": (
        '{"_id":{"$oid":"5f"},"n":{"$numberLong":"12"}}\n',
        cells('_id¦n/{"$oid":"5f"}¦{"$numberLong":"12"}'),
    ),
    # packed
    "gzip with NULs behind it": (gzip.compress(CSV.encode()) + b"\0" * 100, TABLE),
    # Excel
    "zip codes and telephones": (
        excel([["zip", "tel"], [1234, 5551234567]], formats={"A2": "00000", "B2": "(000) 000-0000"}),
        cells("zip¦tel/01234¦(555) 123-4567"),
    ),
    "texts that look like numbers": (shared([["id", "n"], ["1", "007"], ["2", "1E5"]]), cells("id¦n/1¦007/2¦1E5")),
    "days that never were": (
        excel([["d"], [60], [61], [-5]], formats={f"A{n}": "yyyy-mm-dd" for n in (2, 3, 4)}),
        cells("d/1900-02-29/1900-03-01/-5"),
    ),
    "days before 1900": (excel([["d"], ["1899-12-31"], ["05/06/1850"]]), [["d"], ["1899-12-31"], ["05/06/1850"]]),
    "days since 1904": (book(of_1904, date_1904=True), cells("day/2024-01-02")),
    "hours beyond a day": (
        excel([["h"], [1.5], [0.25]], formats={"A2": "[h]:mm", "A3": "[h]:mm:ss"}),
        cells("h/36:00/6:00:00"),
    ),
    "percent, exponent, fraction": (
        excel([["p", "e", "f"], [0.1256, 12345.678, 0.3333]], formats={"A2": "0.0%", "B2": "0.00E+00", "C2": "# ?/?"}),
        [["p", "e", "f"], ["12.6%", "1.23E+04", "1/3"]],
    ),
    "accounts": (excel([["p"], [-1234.5]], formats={"A2": EURO}), cells("p/-1,234.50 €")),
    "a hidden sheet": (hidden("hidden"), TABLE),
    "a very hidden sheet": (hidden("veryHidden"), TABLE),
    "a merged title": (
        merged("A1:C1", [["Report", None, None], [*"abc"], [1, 2, 3], [4, 5, 6]]),
        cells("a¦b¦c/1¦2¦3/4¦5¦6"),
    ),
    "a merged body": (merged("A2:A3", [["city", "n"], ["Rome", 1], [None, 2]]), cells("city¦n/Rome¦1/¦2")),
    "links and comments": (book(with_link), TABLE),
    "the strict form": (
        changed(
            BOOK, SHEET, "schemas.openxmlformats.org/spreadsheetml/2006/main", "purl.oclc.org/ooxml/spreadsheetml/main"
        ),
        TABLE,
    ),
    "how a text is spoken": (
        changed(BOOK, "xl/sharedStrings.xml", "<t>Ann</t>", '<t>東京</t><rPh sb="0" eb="2"><t>トウキョウ</t></rPh>'),
        [["id", "name"], ["1", "東京"], ["2", "Bob"]],
    ),
    "cells that do not say where they are": (changed(changed(BOOK, SHEET, ' r="A2"', ""), SHEET, ' r="B2"', ""), TABLE),
    "rows that do not say where they are": (changed(BOOK, SHEET, '<row r="2"', "<row"), TABLE),
    "a shared text without words": (
        changed(BOOK, "xl/sharedStrings.xml", "<si><t>Ann</t></si>", "<si/>"),
        [["id", "name"], ["1", ""], ["2", "Bob"]],
    ),
    "numbers that are not exact": (excel([["n"], [0.1 + 0.2], [123456789.123456789]]), cells("n/0.3/123456789.123457")),
    # Parquet
    "decimals, times and half floats": (
        parquet_file(
            {
                "d": pa.array([Decimal("1.10")], pa.decimal256(40, 2)),
                "t": pa.array([1], pa.time64("ns")),
                "f": pa.array([1.5], pa.float16()),
                "at": pa.array([1], pa.timestamp("ns")),
            }
        ),
        cells("d¦t¦f¦at/1.10¦00:00:00.000000001¦1.5¦1970-01-01T00:00:00.000000001"),
    ),
    "a dictionary of numbers": (
        parquet_file({"d": pa.array([10, 20, 10]).dictionary_encode(), "x": ["a", "b", "c"]}),
        cells("d¦x/10¦a/20¦b/10¦c"),
    ),
    "a list of long lists": (
        parquet_file({"d": pa.array([[1]], pa.large_list(pa.int8())), "x": ["a"]}),
        cells("d¦x/[1]¦a"),
    ),
    **{
        f"packed by {kind}": (parquet_file({"id": ["1", "2"], "name": ["Ann", "Bob"]}, compression=kind), TABLE)
        for kind in ("gzip", "brotli", "lz4", "zstd", "none")
    },
}


@pytest.mark.parametrize(("data", "expected"), READ.values(), ids=READ.keys())
def test_it_is_read_as_it_is_meant(data: str | bytes, expected: Cells) -> None:
    assert read(data) == expected


ASKED: dict[str, tuple[bytes, str, str]] = {
    "two files of UTF-16 joined": (("\ufeff" + CSV).encode("utf-16-le") * 2, "repeated", "leave"),
    "a dump of PostgreSQL with its end": (b"id\tname\n1\tAnn\n2\tBob\n\\.\n", "footer", "part"),
    "names in two rows, the upper one merged": (
        merged("A1:B1", [["group", None, "x"], ["a", "b", "c"], [1, 2, 3], [4, 5, 6]]),
        "names",
        "line 2",
    ),
    "two tables side by side": (excel([["a", "b", None, "c"], [1, 2, None, 3], [5, 6, None, 7]]), "names", "give"),
    "files of one name in two folders": (archive({"a/t.csv": CSV, "b/t.csv": CSV}), "file", "a/t.csv"),
    "a table and what is to be read first": (archive({"README.txt": CSV * 9, "t.csv": CSV}), "file", "t.csv"),
}


@pytest.mark.parametrize(("data", "key", "guess"), ASKED.values(), ids=ASKED.keys())
def test_it_is_asked_about(data: bytes, key: str, guess: str) -> None:
    question = asked(data)

    assert (question.key, question.guess) == (key, guess)


FIXED = "id   name      city\n1    Ann       Rome\n2    Bob Lee   Oslo\n3    Cy        Bonn\n"
WHOLE = '"id,name"\n"1,Ann"\n"2,Bob"\n"3,Cy"\n'
REFUSED: dict[str, tuple[str | bytes, str]] = {
    "columns of a width": (FIXED, "columns of fixed width"),
    "columns of a width, numbers to the right": (
        "name        n\nAnn         1\nBob Lee   200\nCy         30\n",
        "columns of fixed width",
    ),
    "columns of a width above dashes": (
        "id   name      city\n---- --------- ------\n1    Ann       Rome\n2    Bob Lee   Oslo\n",
        "columns of fixed width",
    ),
    "a separator of three signs": ("id~|~name\n1~|~Ann\n2~|~Bob\n", "“~|~”"),
    "a separator of two signs": ("id||name\n1||Ann\n2||Bob\n", "“||”"),
    "a separator of two colons": ("id::name::age\n1::Ann::3\n2::Bob::4\n", "“::”"),
    "lines in quotes as a whole": (WHOLE, "in quotes as a whole"),
    "lines in quotes as a whole, with an index": ('"|id|text"\n"0|1|a"\n"1|2|b"\n', "in quotes as a whole"),
    "HTML that says to be Excel": ("<html><body><table><tr><td>id</td></tr></table>", "save it as .xlsx"),
    "HTML without a head": ('<meta charset="utf-8"><table><tr><td>id</td></tr></table>', "a web page (HTML)"),
    "Excel of 2003 in XML": (
        '<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n<Workbook></Workbook>',
        "save it as .xlsx",
    ),
    "SYLK": ('ID;PWXL;N;E\nC;Y1;X1;K"id"\nC;Y2;X1;K1\nE\n', "a SYLK file"),
    "DIF": ('TABLE\n0,1\n"EXCEL"\nVECTORS\n0,2\n""\nDATA\n0,0\n""\n', "a DIF file"),
    "a transport file of SAS": (b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!" + b"0" * 30, "a SAS file"),
    "objects of R": (gzip.compress(b"RDX3\nX\n\0\0\0\3\0\4\1\0"), "an R data file"),
    "one object of R": (gzip.compress(b"X\n\0\0\0\3\0\4\1\0\0\3\5\0"), "an R data file"),
    "Weka": ("% made by x\n@relation t\n@attribute id numeric\n@data\n1\n2\n", "an ARFF file"),
    "YAML": ("- id: 1\n  name: Ann\n- id: 2\n  name: Bob\n", "YAML"),
    "YAML with a begin": ("---\nrows:\n  - id: 1\n", "YAML"),
    "LaTeX": ("\\begin{tabular}{ll}\nid & name \\\\\n1 & Ann \\\\\n\\end{tabular}\n", "LaTeX"),
    "rows of LaTeX": ("id & name \\\\\n1 & Ann \\\\\n2 & Bob \\\\\n", "LaTeX"),
    "a table of a wiki": ('{| class="wikitable"\n! id !! name\n|-\n| 1 || Ann\n|}\n', "a table of a wiki"),
    "a link to a Google Sheet": (
        '{"url":"https://docs.google.com/spreadsheets/d/x","doc_id":"x","email":"a@b.c"}',
        "a link to a Google document",
    ),
    "text of a mainframe": (CSV.encode("cp037"), "EBCDIC"),
    "NULs behind the table": (CSV.encode() + b"\0" * 512, "NUL"),
    "a conflict of two versions": ("id,name\n<<<<<<< HEAD\n1,Ann\n2,Bob\n", "1 cell where the header has 2"),
    "gzip with other bytes behind it": (gzip.compress(CSV.encode()) + b"junk", "damaged or incomplete"),
    "gzip in gzip": (gzip.compress(gzip.compress(CSV.encode())), "an archive inside the archive"),
    "a zip of folders": (archive({"a/": "", "b/": ""}), "The zip archive is empty."),
    "an array with a comma at its end": ('[{"a":1},{"a":2},]', "a comma before the closing bracket"),
    "two arrays": ('[{"a":1}]\n[{"a":2}]\n', "more after the end of the list"),
    "a shared text that is not there": (
        changed(BOOK, SHEET, '<c r="B3" t="s"><v>5', '<c r="B3" t="s"><v>99'),
        "damaged or incomplete",
    ),
    "two cells in one place": (changed(BOOK, SHEET, '<c r="B2"', '<c r="A2"'), "damaged or incomplete"),
    "a Parquet file without columns": (parquet_file({}), "no columns"),
}


@pytest.mark.parametrize(("data", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_it_is_refused_by_what_it_is(data: str | bytes, words: str) -> None:
    assert words in sentence(data)


@pytest.mark.parametrize("name", ["x.json", "x.jsonl", "x"])
def test_lines_of_json_with_commas_behind_them_are_named(name: str) -> None:
    with pytest.raises(ReadingError) as caught:
        read('{"a":1},\n{"a":2},\n', name)

    assert "A comma stands behind the object" in caught.value.problems[0].message
    assert caught.value.problem_count == 2


@pytest.mark.parametrize("text", [FIXED, WHOLE])
def test_what_seems_to_be_columns_is_one_where_a_person_says_so(text: str) -> None:
    assert len(read(text, delimiter="none")) == 4


ORDINARY = (
    "n:,m:\n1,2\n3,4\n",
    "a%,b%\n1%,2%\n",
    "ID;P;Q\n1;2;3\n",
    "TABLE,0\na,1\n",
    "a|b||c\n1|2||3\n4|5||6\n",
    "text\nA  b  c\nB  c  d\nsee  this\n",
    "- a,b\n- c,d\n- e,f\n",
    "a & b,c\n1 & 2,3\n",
    "X,RDX3\n1,2\n",
    "a,b\n" + "%,\n\n" * 2000 + "@,x\n",
)


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_texts_are_none_of_these(text: str) -> None:
    try:
        opened(text)
    except Asks:
        return
