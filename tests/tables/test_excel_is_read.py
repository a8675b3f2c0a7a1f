"""Excel files: the cells of one sheet as Excel shows them."""

# ruff: noqa: DTZ001  (Excel knows no zones)

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.worksheet.table import Table as ExcelListObject

from batchsite.tables import Limits
from tests.tables.forms import asked, changed, excel, opened, read, refused, saved, sentence, shared, workbook, zipped

TABLE = [["id", "text"], ["007", "a"], ["008", "b"]]


def test_text_is_text_and_types_are_as_shown() -> None:
    rows: list[list[Any]] = [
        ["id", "text", "number", "share", "when", "day", "hour", "yes", "price"],
        ["007", 'a\nb, "c"', 1234.5, 0.25, datetime(2024, 1, 5, 9, 5), date(2024, 1, 5), time(9, 5), True, 1234.5],
        ["0.10", " café 東京 🙂 ", 3.0, 1, None, None, None, False, Decimal("-0.1")],
    ]
    formats = {"D2": "0%", "D3": "0.0%", "I2": '#,##0.00 "€"', "I3": "[$$-409]#,##0.00", "F2": "dd.mm.yyyy"}

    table = opened(excel(rows, formats=formats), "x.xlsx")

    assert table.columns == rows[0]
    assert list(table.rows()) == [
        ["007", 'a\nb, "c"', "1234.5", "25%", "2024-01-05 9:05:00", "05.01.2024", "9:05:00", "TRUE", "1,234.50 €"],
        ["0.10", " café 東京 🙂 ", "3", "100.0%", "", "", "", "FALSE", "-$0.10"],
    ]
    assert table.understood.form == "xlsx"
    assert table.understood.sheet == "A"
    assert table.understood.notes == []


def test_big_numbers_keep_their_digits() -> None:
    assert read(excel([["ean"], [4006381333931], [123456789012345]]))[1:] == [["4006381333931"], ["123456789012345"]]


def test_dates_that_differ_by_country_are_iso() -> None:
    table = opened(excel([["when"], [datetime(2024, 1, 5)]], formats={"A2": "mm-dd-yy"}))

    assert list(table.rows()) == [["2024-01-05"]]
    assert "2024-12-31" in table.understood.notes[0]


def test_days_since_1904_are_counted_from_there() -> None:
    book = excel([["when"], [datetime(1950, 1, 1)]], formats={"A2": "yyyy-mm-dd"})

    assert read(changed(book, "xl/workbook.xml", "<workbookPr ", '<workbookPr date1904="1" '))[1] == ["1954-01-02"]


def test_several_sheets_are_a_question() -> None:
    book = excel([["x", "y"], [1, 2]], [["u", "v"], [3, 4], [5, 6]], [])

    question = asked(book)

    assert question.key == "sheet"
    assert [choice.value for choice in question.choices] == ["A", "B"]
    assert question.choices[1].rows == (("u", "v"), ("3", "4"), ("5", "6"))
    assert question.guess == "B"
    assert read(book, sheet="A") == [["x", "y"], ["1", "2"]]
    assert read(book, sheet="B")[1:] == [["3", "4"], ["5", "6"]]
    assert asked(book, sheet="gone").key == "sheet"


def test_a_hidden_sheet_is_not_asked_about_but_said() -> None:
    book = workbook(TABLE, [["secret"], [1]])
    book["B"].sheet_state = "hidden"

    table = opened(saved(book))

    assert [table.columns, *table.rows()] == TABLE
    assert table.understood.notes == ["Hidden and not read: sheet “B”."]


def test_a_table_may_begin_anywhere_and_cells_may_be_styled_beyond_it() -> None:
    book = workbook([[], [], *[[None, None, *row] for row in TABLE]])
    for place in ("A1", "K40", "F6"):
        book["A"][place].number_format = "0.00"

    assert read(saved(book)) == TABLE


def test_a_size_that_lies_changes_nothing() -> None:
    book = excel(TABLE)

    assert read(changed(book, "xl/worksheets/sheet1.xml", 'ref="A1:B3"', 'ref="A1:A1"')) == TABLE
    assert read(changed(book, "xl/worksheets/sheet1.xml", 'ref="A1:B3"', 'ref="A1:XFD1048576"')) == TABLE


def test_an_empty_row_within_stays_a_row_and_is_said() -> None:
    table = opened(excel([*TABLE, [None, None], ["009", "c"]]))

    assert list(table.rows()) == [["007", "a"], ["008", "b"], ["", ""], ["009", "c"]]
    assert "1 row within the sheet with nothing in them." in table.understood.notes


def test_titles_above_the_table_are_treated_as_in_any_text() -> None:
    table = opened(excel([["Sales of 2024"], [], ["id", "text", "n"], ["a", "b", 1], ["c", "d", 2]]))

    assert [table.columns, *table.rows()] == [["id", "text", "n"], ["a", "b", "1"], ["c", "d", "2"]]
    assert [line for line, _ in table.understood.set_aside] == [1]
    assert table.understood.header_line == 3


def test_columns_without_names_are_a_question() -> None:
    book = excel([["id", None], ["a", "b"], ["c", "d"]])

    assert asked(book).key == "names"
    assert read(book, names="give")[0] == ["id", "column 2"]


def test_formulas_are_their_results() -> None:
    book = shared([["a", "b"], ["x", "y"]], formulas={"B2": ("=1+1", 2), "A3": ("=1/0", "#DIV/0!")})

    table = opened(book)

    assert list(table.rows()) == [["x", "2"], ["#DIV/0!", ""]]
    assert table.understood.notes[0] == "2 formulas read as the result that was stored last."


def test_shared_texts_are_read() -> None:
    rows = [["id", "text"], *[[f"{number:03d}", f"text {number % 7} 東京"] for number in range(900)]]

    assert read(shared(rows)) == rows


def test_a_formula_without_a_result_is_named() -> None:
    book = excel([["a", "b"], ["x", 1], ["y", "=B2+1"], ["z", 3]])

    (problem,) = refused(book)

    assert problem.message.startswith("Cell B3 holds a formula whose result is not stored.")
    assert (problem.line, problem.row, problem.column) == (3, 2, 2)
    table = opened(book, bad_rows="leave")
    assert list(table.rows()) == [["x", "1"], ["z", "3"]]
    assert table.left_out.count == 1


def test_errors_stay_as_text_and_are_said() -> None:
    table = opened(excel([["a", "b"], ["x", "#N/A"], ["y", "#DIV/0!"]]))

    assert list(table.rows()) == [["x", "#N/A"], ["y", "#DIV/0!"]]
    assert "2 errors of formulas kept as text: #N/A in B2, #DIV/0! in B3." in table.understood.notes


def test_merged_and_hidden_cells_are_said() -> None:
    book = workbook([["group", "text"], ["g", "a"], [None, "b"], ["h", "c"]])
    book["A"].merge_cells("A2:A3")
    book["A"].row_dimensions[4].hidden = True
    book["A"].column_dimensions["B"].hidden = True

    table = opened(saved(book))

    assert list(table.rows()) == [["g", "a"], ["", "b"], ["h", "c"]]
    assert any("A2:A3" in note for note in table.understood.notes)
    assert any("1 row hidden" in note for note in table.understood.notes)
    assert any("Columns that are hidden" in note for note in table.understood.notes)


def test_rich_text_reads_as_its_words() -> None:
    book = workbook([["a", "b"], ["x", "y"]])
    book["A"]["B2"] = CellRichText("see ", TextBlock(InlineFont(b=True), "this"), " one")

    assert read(saved(book)) == [["a", "b"], ["x", "see this one"]]


def test_characters_that_xml_cannot_hold_are_read_back() -> None:
    assert read(shared([["a"], ["x\ry\x0bz"]])) == [["a"], ["x\ry\x0bz"]]


def test_a_table_of_excel_and_its_filter_change_nothing() -> None:
    book = workbook(TABLE)
    book["A"].add_table(ExcelListObject(displayName="T", ref="A1:B3"))

    assert read(saved(book)) == TABLE


@pytest.mark.parametrize("filename", ["x.xlsx", "x.csv", "x", "x.pdf"])
def test_the_name_does_not_matter_but_is_said(filename: str) -> None:
    table = opened(excel(TABLE), filename)

    assert [table.columns, *table.rows()] == TABLE
    assert len(table.understood.notes) == (filename in {"x.csv", "x.pdf"})


def test_nothing_is_said_to_be_nothing() -> None:
    assert "empty: no sheet" in sentence(excel([]))
    assert "empty: no sheet" in sentence(excel([[None], [""]]))


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
def test_a_cut_file_is_said_to_be_cut(share: float) -> None:
    book = excel([["id", "text"], *[[f"{number}", "text " * number] for number in range(200)]])

    assert "Excel file is damaged or incomplete" in sentence(book[: int(len(book) * share)], "x.xlsx")


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        ("xl/worksheets/sheet1.xml", "</sheetData>", ""),
        ("xl/worksheets/sheet1.xml", 't="s"><v>0<', 't="s"><v>99<'),
        ("xl/worksheets/sheet1.xml", 'r="A2"', 'r="ZZZZ2"'),
        ("xl/worksheets/sheet1.xml", '<row r="2"', '<row r="9000000"'),
        ("xl/worksheets/sheet1.xml", '<row r="3"', '<row r="1"'),
        ("xl/sharedStrings.xml", "<sst", '<!DOCTYPE x [<!ENTITY a "aaaa">]><sst'),
        ("xl/sharedStrings.xml", "</sst>", ""),
        ("xl/workbook.xml", 'r:id="rId1"', 'r:id="rId99"'),
        ("[Content_Types].xml", "<Types", "<Typos"),
    ],
)
def test_a_damaged_part_gets_a_sentence(part: str, old: str, new: str) -> None:
    assert "Excel file" in sentence(changed(shared(TABLE), part, old, new))


def test_limits_are_named() -> None:
    book = excel([["a", "b"], *[["x" * 30, n] for n in range(20)]])
    assert "20 rows; the limit is 10" in sentence(book, limits=Limits(rows=10, columns=5, cell=100))
    assert "2 columns; the limit is 1" in sentence(book, limits=Limits(rows=100, columns=1, cell=100))
    assert "30 characters; the limit is 20" in refused(book, limits=Limits(rows=100, columns=5, cell=20))[0].message
    assert "the limit is 1,000" in sentence(book, limits=Limits(rows=100, columns=5, cell=100, unpacked=1000))


def test_binary_excel_is_said_to_be_that() -> None:
    assert "a binary Excel file (.xlsb)" in sentence(zipped({"[Content_Types].xml": "", "xl/workbook.bin": ""}))
