"""Excel files as other programs write them: values stay those of the file, and what departs from Excel is said."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from tests.tables.forms import changed, excel, opened, read, sentence, shared, zipped

CASES = Path(__file__).parents[1] / "cases"
ISO_NOTE = "Dates without a format, or whose format depends on the country, are written like 2024-12-31."
READ = {
    "12-date-9999": [["id", "valid to"], ["1", "31.12.9999"], ["2", "31.12.2024"]],
    "13-japanese-and-chinese-years": [["id", "date"], *([str(n), "2024-06-01"] for n in range(1, 5))],
    "14-long-integers-xlsx": [["tweet", "text"], ["1234567890123456789", "a"], ["1234567890123456788", "b"]],
    "15-inline-string-with-value": [["id", "outline"], ["1", "1."]],
    "16-xlsx-backslash-parts": [["id", "text"], ["1", "x"]],
    "26-zero-date": [["id", "closed on"], ["1", "0-Jan-00"]],
    "27-formula-with-empty-inline-text": [["id", "text"], ["1", ""], ["2", "x"]],
    "28-empty-style-attribute": [["id", "text"], ["1", "x"]],
}
NOTES = {
    "13-japanese-and-chinese-years": [ISO_NOTE],
    "14-long-integers-xlsx": ["2 numbers with every digit stored in the file, where Excel shows 15: A2, A3."],
    "27-formula-with-empty-inline-text": ["1 formula read as the result that was stored last."],
}
SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize("name", READ)
def test_a_file_of_another_program_is_read_as_excel_reads_it(name: str) -> None:
    table = opened((CASES / name / "input.xlsx").read_bytes(), "input.xlsx")

    assert [table.columns, *table.rows()] == READ[name]
    assert table.understood.notes == NOTES.get(name, [])


def cell(xml: str, code: str = "General") -> tuple[str, list[str]]:
    """(what the cell B2 reads as, notes) for its XML, in a number format if it has style 1."""
    book = excel([["id", "value"], ["1", 2.5]], formats={"B2": "0.00000"})
    book = changed(book, "xl/styles.xml", 'formatCode="0.00000"', f'formatCode="{code}"')
    table = opened(changed(book, SHEET, '<c r="B2" s="1" t="n"><v>2.5</v></c>', xml))
    return next(table.rows())[1], table.understood.notes


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        ('<c r="B2" t="inlineStr"><is><t>a</t></is><v>1</v></c>', "a"),
        ('<c r="B2" t="inlineStr"><v>b</v></c>', "b"),
        ('<c r="B2"><is><t>a</t></is></c>', "a"),
        ('<c r="B2"><v>7</v><is><t>a</t></is></c>', "7"),
        ('<c r="B2" t="inlineStr"><is><r><t>a</t></r><r><t>b</t></r><rPh><t>c</t></rPh></is></c>', "ab"),
        ('<c r="B2" t="" s=""><v>7</v></c>', "7"),
        ('<c r="B2" t="str"><f>A2</f></c>', ""),
        ('<c r="B2" t="str"><f>A2</f><v></v></c>', ""),
        ('<c r="B2" t="inlineStr"><f>A2</f><v></v></c>', ""),
        ('<c r="" s="1"><v>12345678901234567890</v></c>', "12345678901234567890"),
        ('<c r="B2"><v>-1234567890123456789</v></c>', "-1234567890123456789"),
        ('<c r="B2"><v>1234567890123456000</v></c>', "1234567890123456000"),
        ('<c r="B2"><v>1.2345678901234499E+18</v></c>', "1234567890123449900"),
        ('<c r="B2"><v>1E+999</v></c>', "1E+999"),
        ('<c r="B2" s="-1"><v>7</v></c>', "7"),
        ('<c r="B2" s="none"><v>7</v></c>', "7"),
        ('<c r="B2" s="99"><v>7</v></c>', "7"),
        ('<c r="B2" t="b"><v>TRUE</v></c>', "TRUE"),
        ('<c r="B2"><v>7</v><extLst><ext uri="x"><v>8</v></ext></extLst></c>', "7"),
    ],
)
def test_a_cell_gives_the_value_that_stands_in_the_file(xml: str, text: str) -> None:
    assert cell(xml)[0] == text


def test_formulas_of_what_stands_behind_the_rows_are_none_of_a_cell() -> None:
    sparkline = "<extLst><ext><sparklines><sparkline><f>A!A1:A2</f></sparkline></sparklines></ext></extLst>"
    book = changed(
        excel([["id", "text"], ["1", "x"]]), SHEET, "</row></sheetData>", '<c r="C2" s="0"/></row></sheetData>'
    )
    assert read(changed(book, SHEET, "</worksheet>", sparkline + "</worksheet>")) == [["id", "text"], ["1", "x"]]


@pytest.mark.parametrize("xml", ['<c r="A3"><f>A2</f><v/></c>', '<c r="A3" t="inlineStr"><f>A2</f></c>'])
def test_a_formula_that_was_never_calculated_is_refused(xml: str) -> None:
    book = excel([["id"], ["x"], [1]])

    assert "whose result is not stored" in sentence(changed(book, SHEET, '<c r="A3" t="n"><v>1</v></c>', xml))


@pytest.mark.parametrize(
    ("code", "number", "text", "note"),
    [
        ("[DBNum1]0", "5", "5", "1 number written without the number format"),
        (";;;", "5", "", "1 number hidden by the number format"),
        ("yyyy", "-5", "-5", "1 number written without the number format"),
        ("[Red]", "5", "5", "1 number written without the number format"),
        ("0", "1.2345678901234567e+18", "1234567890123456700", "1 number with every digit stored in the file"),
        ("[$-407]d. mmmm yyyy", "45444", "2024-06-01", ISO_NOTE),
    ],
)
def test_what_departs_from_excel_is_said(code: str, number: str, text: str, note: str) -> None:
    shown, notes = cell(f'<c r="B2" s="1"><v>{number}</v></c>', code)

    assert shown == text
    assert len(notes) == 1
    assert notes[0].startswith(note)


@pytest.mark.parametrize(
    ("written", "code", "text"),
    [
        ("2024-06-01", "dd.mm.yyyy", "01.06.2024"),
        ("2024-06-01T13:45:30", "d-mmm-yy h:mm", "1-Jun-24 13:45"),
        ("2024-06-01T13:45:30.250Z", "h:mm:ss.000", "13:45:30.250"),
        ("13:45:00", "h:mm AM/PM", "1:45 PM"),
        ("PT26H30M", "[h]:mm", "26:30"),
        ("1900-02-28", "d/m/yy", "28/2/00"),
        ("1900-03-01", "d/m/yy", "1/3/00"),
        ("9999-12-31", "yyyy-mm-dd", "9999-12-31"),
        ("2024-06-01", "0.00", "45444.00"),
        ("2024-06-01", "General", "2024-06-01"),
        ("1850-06-01", "dd.mm.yyyy", "1850-06-01"),
        ("2023-02-30", "dd.mm.yyyy", "2023-02-30"),
        ("next week", "dd.mm.yyyy", "next week"),
    ],
)
def test_a_date_in_iso_8601_is_shown_like_any_other(written: str, code: str, text: str) -> None:
    shown, notes = cell(f'<c r="B2" s="1" t="d"><v>{written}</v></c>', code)

    assert shown == text
    assert notes == ([ISO_NOTE] if text == written and code != "yyyy-mm-dd" else [])


@pytest.mark.parametrize("number", [*range(27, 37), *range(50, 63), *range(67, 82)])
def test_built_in_formats_of_the_east_are_dates_or_plain_numbers(number: int) -> None:
    book = excel([["id", "value"], ["1", 45444]], formats={"B2": "0.00000"})
    book = changed(book, "xl/styles.xml", 'numFmtId="164" fontId', f'numFmtId="{number}" fontId')

    table = opened(book)

    assert next(table.rows())[1] in {"2024-06-01", "2024-06-01 00:00", "2024-06-01 00:00:00", "45444"}
    assert table.understood.notes


@pytest.mark.parametrize(
    ("number", "value", "text"),
    [(44, "1234.5", "$1,234.50"), (44, "-1234.5", "$(1,234.50)"), (44, "0", "$-"), (47, "0.0007", "01:00.5")],
)
def test_built_in_formats_are_those_of_excel(number: int, value: str, text: str) -> None:
    book = changed(excel([["id", "value"], ["1", 2.5]], formats={"B2": "0.00000"}), SHEET, "<v>2.5<", f"<v>{value}<")
    assert read(changed(book, "xl/styles.xml", 'numFmtId="164" fontId', f'numFmtId="{number}" fontId'))[1][1] == text


def moved(rename: dict[str, str], rewrite: dict[str, dict[str, str]]) -> bytes:
    """An Excel file whose parts have other names, and other words in them."""
    with zipfile.ZipFile(io.BytesIO(shared([["id", "text"], ["1", "x"]]))) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    for name, words in rewrite.items():
        for old, new in words.items():
            assert old in parts[name]
            parts[name] = parts[name].replace(old, new)
    return zipped({next((name.replace(old, new) for old, new in rename.items() if old in name), name): text
                   for name, text in parts.items()})  # fmt: skip


def test_parts_may_lie_anywhere() -> None:
    elsewhere = moved(
        {"xl/_rels": "data/_rels", "xl/": "data/"},
        {"_rels/.rels": {'"xl/workbook': '"/data/workbook'}, "[Content_Types].xml": {"/xl/": "/data/"}},
    )
    assert read(elsewhere) == [["id", "text"], ["1", "x"]]


def test_names_of_parts_may_be_written_as_in_an_address() -> None:
    spaces = {"xl/_rels/workbook.xml.rels": {"sheet1": "sheet%201"}, "[Content_Types].xml": {"sheet1": "sheet%201"}}
    for name in ("sheet 1", "sheet%201"):
        assert read(moved({"sheet1": name}, spaces)) == [["id", "text"], ["1", "x"]]
    assert read(moved({"xl/": "xl//"}, {})) == [["id", "text"], ["1", "x"]]


@pytest.mark.parametrize("folder", ["./", "my table/", "a\\b\\"])
def test_a_package_that_was_zipped_again_in_a_folder_is_one(folder: str) -> None:
    with zipfile.ZipFile(io.BytesIO(shared([["id", "text"], ["1", "x"]]))) as archive:
        parts = {folder + name: archive.read(name) for name in archive.namelist()}
    assert read(zipped(parts)) == [["id", "text"], ["1", "x"]]


def test_a_workbook_without_a_list_of_types_is_one() -> None:
    with zipfile.ZipFile(io.BytesIO(excel([["id", "text"], ["1", "x"]]))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist() if "Content" not in name}
    assert read(zipped(parts)) == [["id", "text"], ["1", "x"]]


@pytest.mark.parametrize("name", ["[content_types].xml", "[CONTENT_TYPES].XML"])
def test_the_case_of_names_does_not_matter(name: str) -> None:
    odd = moved({"[Content_Types].xml": name, "sharedStrings": "SharedStrings", "sheet1": "Sheet1"}, {})
    assert read(odd) == [["id", "text"], ["1", "x"]]
    assert read(moved({"/": "\\", "[Content_Types].xml": name}, {})) == [["id", "text"], ["1", "x"]]
