"""Titles, further headers, footnotes and totals: never sent as rows without a word, and every way can be chosen."""

from __future__ import annotations

import csv
import gzip
import io
import json
import time
from pathlib import Path

import pyarrow as pa
import pytest
import xlsxwriter

from batchsite.tables import Asks, Limits
from tests.patience import patient
from tests.tables import forms
from tests.tables.tables import asked, opened, read, refused

CASES = Path(__file__).parents[1] / "cases"


def case(name: str) -> bytes:
    return next((CASES / name).glob("input.*")).read_bytes()


def values(data: bytes | str, key: str) -> list[str]:
    """The values of the choices of the one question."""
    [question] = asked(data)
    assert question.key == key
    return [choice.value for choice in question.choices]


# --- the end


def test_a_padded_footnote_is_asked_about() -> None:
    data = case("03-padded-footnote-csv")
    [question] = asked(data)

    assert (question.key, question.guess) == ("footer", "leave")
    assert question.evidence == ("Line 6: Source: our own figures |  | ",)
    table = opened(data, answers={"footer": "leave"})
    assert len(list(table.rows())) == 3
    assert table.understood.set_aside == [(6, "Source: our own figures")]
    assert len(read(data, answers={"footer": "part"})) == 6


def in_every_form(rows: list[list[str]]) -> dict[str, bytes]:
    """A table as a file of each form."""
    [names, *below] = rows
    target = io.StringIO()
    csv.writer(target).writerows(rows)
    objects = [dict(zip(names, row, strict=True)) for row in below]
    return {
        "csv": target.getvalue().encode(),
        "tsv": "\n".join("\t".join(row) for row in rows).encode(),
        "xlsx": forms.excel([[cell or None for cell in row] for row in rows]),
        "parquet": forms.parquet_file(dict(zip(names, map(list, zip(*below, strict=True)), strict=True))),
        "json": json.dumps(objects).encode(),
        "jsonl": "\n".join(map(json.dumps, objects)).encode(),
        "jsonl.gz": gzip.compress("\n".join(map(json.dumps, objects)).encode()),
    }


ENDS = {
    "a total": "city,country,n\nRome,IT,1\nOslo,NO,2\nTotal,,3\n",
    "a grand total": "city,country,n\nRome,IT,1\nOslo,NO,2\n,Grand total,3\n",
    "a source": "id,text\n1,foo\n2,bar\nSource: us,\n",
    "a star": "name,text\nAnn,foo\nBob,bar\n* preliminary figures,\n",
    "several": "id,a,b\n1,x,y\n2,x,y\n,,\nFigures of May,,\nAll rights reserved,,\n",
    "German": "Stadt;Land;Zahl\nRom;IT;1\nOslo;NO;2\nGesamt;;3\n",
    "French": "ville;pays;n\nRome;IT;1\nOslo;NO;2\nTotaux;;3\n",
    "Korean": "도시;국가;수\n로마;IT;1\n오슬로;NO;2\n합계;;3\n",
    "words in brackets": "id,text,n\n1,a,1\n2,b,2\nTotal (2 rows),,3\n",
    "a total of a text": "id,text,n\n1,a,1\n2,b,2\nTotal,2 texts,3\n",
    "a word that nobody knows": "id,text,n\n1,a,1\n2,b,2\n3,c,3\nZusammen,,6\n",
    "a sum without a word": "city,text,n\nRome,a,1\nOslo,b,2\nBonn,c,3\n,,6\n",
    "a note of two cells": "id,text,n\n1,a,1\n2,b,2\nSource:,our own,\n",
    "a rule and a total": "city,country,n\nRome,IT,1\nOslo,NO,2\n---,---,---\nTotal,,3\n",
    "another table": "id,text,n\n1,a,1\n2,b,2\n3,c,3\n,,\ncity,people,\nRome,3,\n",
    "one column": "text\nfoo\nbar\nSource: our own\n",
    "a total and a part of it": "city,country,n\nRome,IT,1\nOslo,NO,2\nTotal,,3\nof which large,,2\n",
    "a total below subtotals": "city,country,n\nRome,IT,1\nBari,IT,4\nSubtotal Italy,,5\nOslo,NO,2\nTotal,,7\n",
    "how many rows, of texts": "text,kind\nfoo,x\nbar,y\n(2 rows),\nSource: us,\n",
    "how many rows": "id,text\n1,foo\n2,bar\n(2 rows),\n",
    "thirty lines": "id,text\n1,foo\n2,bar\n" + "".join(f"Line {n} of a licence,\n" for n in range(30)),
}


@pytest.mark.parametrize("text", ENDS.values(), ids=ENDS.keys())
def test_ends_are_asked_about_in_every_format(text: str) -> None:
    rows = [line.split(";" if ";" in text else ",") for line in text.splitlines()]
    good = sum(1 for row in rows[1:] if row[0] in {"1", "2", "3", "foo", "bar"} or row[1:2] in (["IT"], ["NO"], ["a"]))
    for form, data in in_every_form(rows).items():
        question = forms.asked(data)
        assert (form, question.key, question.guess) == (form, "footer", "leave")
        assert [choice.value for choice in question.choices] == ["leave", "part"]
        assert len(forms.read(data, footer="part")) == len(rows), form
        if form != "tsv":
            assert forms.read(data, footer="leave")[: 1 + good] == rows[: 1 + good]


DATA = {
    "a last cell missing": "id,text\n1,foo\n2,bar\n3,\n",
    "only an id": "id,a,b\n1,x,y\n2,x,y\n3,,\n",
    "names that miss a cell": "name,text\nAnn,foo\nBob,bar\nCy,\n",
    "rows with one cell here and there": "a,b,c\nfoo,,\nfoo,bar,\nbar,,\nfoo,x,y\nbaz,,\n",
    "a word that totals begin with": "text,n\nTotally fine,1\nSummer,2\nCountess,3\n",
    "totals everywhere": "what,n\nTotal,1\nTotal,2\nTotal,3\n",
    "one row": "a,b,c\nfoo,,\n",
    "a small table of marks": "k," + ",".join(f"c{n}" for n in range(12)) + "\n"
    "1,x,9,,x,4,,yes,,yes,,57,\n2,x,5,,x,2,,,50,x,,23,\n3,33,,34,x,1,,yes,69,,x,x,5\n4,,yes,66,x,43,x,yes,,x,7,,x\n",
    "a text that is called a note": "text\nfoo\nNote this\nNote that\n",
    "a name among sums": "city,n\nRome,1\nOslo,2\nBonn,\n",
    "a value that is missing": "id,text,n\n1,a,1\n2,b,2\n3,c,n/a\n",
}


@pytest.mark.parametrize("text", DATA.values(), ids=DATA.keys())
def test_ordinary_ends_are_rows(text: str) -> None:
    rows = [line.split(",") for line in text.splitlines()]
    assert {len(forms.read(data)) for data in in_every_form(rows).values()} == {len(rows)}


def test_a_footnote_far_below_is_found() -> None:
    text = "id,text\n" + "".join(f"{n},foo\n" for n in range(5000)) + "Source: us,\n"
    [question] = asked(text)
    assert (question.key, question.evidence) == ("footer", ("Line 5002: Source: us | ",))


LONG_ENDS = {
    "below few rows": "id,text\n1,foo\n2,bar\n3,baz\n" + "".join(f"Note {n},\n" for n in range(150)),
    "below many": "id,text\n" + "".join(f"{n},foo {n}\n" for n in range(3000)) + "(c) us,\n" * 700,
    "of several kinds": "id,text,n\n1,a,2\n2,b,3\n3,c,4\nTotal,,9\nSource: us,,\n" + "All of the licence,,\n" * 400,
    "another table": "id,text,n\n1,a,2\n2,b,3\n3,c,4\n,,\nword,how often,\n" + "a,b,\n" * 300,
}


@pytest.mark.parametrize("text", LONG_ENDS.values(), ids=LONG_ENDS.keys())
def test_an_end_of_any_length_is_asked_about_as_a_whole(text: str) -> None:
    rows = [line.split(",") for line in text.splitlines()]
    good = next(n for n, row in enumerate(rows) if n and not (row[0].isdigit() and row[1]))
    for form, data in in_every_form(rows).items():
        [question] = asked(data)
        assert (form, question.key, question.choices[1].value) == (form, "footer", "part")
        assert [len(read(data, answers={"footer": choice.value})) for choice in question.choices] == [
            good, len(rows),
        ], form  # fmt: skip
        assert asked(data, answers={"footer": "leave"}) == [question]


def test_a_long_end_of_a_wide_table_is_asked_about() -> None:
    names = ",".join(f"c{n}" for n in range(300))
    text = f"{names}\n" + f"1{',2' * 299}\n" * 90 + f"note{',' * 299}\n" * 90
    with pytest.raises(Asks) as caught:
        list(opened(text, Limits(1000, 300, 5000)).rows())
    [question] = caught.value.questions
    assert [choice.value for choice in question.choices] == ["row 91", "part"]


def test_rows_that_lack_a_cell_from_somewhere_on_are_rows() -> None:
    text = "id,text,note\n" + "1,foo,bar\n" * 300 + "2,foo,\n" * 900
    assert len(read(text)) == 1201


@pytest.mark.parametrize("note", [False, True])
def test_a_totals_row_that_excel_declares_is_asked_about(note: bool) -> None:
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    sheet = book.add_worksheet()
    columns = [{"header": "city"}, {"header": "n", "total_function": "sum"}]
    sheet.add_table("A1:B5", {"data": [["Rome", 1], ["Oslo", 2], ["Bonn", 3]], "columns": columns, "total_row": True})
    if note:
        sheet.write("A7", "Figures of May")
    book.close()
    question = forms.asked(target.getvalue())

    assert (question.key, question.guess) == ("footer", "leave")
    assert question.evidence[0].startswith("Line 5:")
    assert len(forms.read(target.getvalue(), footer="leave")) == 4


# --- right below the names


def test_further_headers_are_asked_about() -> None:
    data = case("22-qualtrics-three-headers")
    [question] = asked(data)

    assert (question.key, question.guess) == ("below_header", "leave")
    assert question.text.startswith("Lines 2 and 3 stand between the names and the rows.")
    table = opened(data, answers={"below_header": "leave"})
    assert (table.columns, len(list(table.rows()))) == (["StartDate", "Q1", "Q2"], 2)
    assert len(read(data, answers={"below_header": "rows"})) == 5
    assert read(data, answers={"below_header": "line 2", "footer": "part"})[0][0] == "Start Date"


SECOND = {
    "dashes": "id,text\n---,----\n1,a\n2,b\n",
    "units in brackets": "mass,length,text\n(kg),(m),\n1,2,a\n2,3,b\n",
    "units": "mass,length,text\nkg,m,\n1,2,a\n2,3,b\n",
    "questions": "q1,q2\nHow old?,Where?\n31,Rome\n32,Oslo\n",
    "SurveyMonkey": "Respondent ID,Date,Q1\n,,Open-Ended Response\n1,2024-01-02,foo\n2,2024-01-02,bar\n",
    "types": "id,text,n\nint,str,float\n1,a,2\n2,b,3\n",
    "types of texts": "name,city,note\nVARCHAR(20),varchar(20),text\nAnn,Rome,tea\nBob,Oslo,rain\n",
    "a unit and dashes": "id,text,mass\n-,-,[kg]\n1,a,2\n2,b,3\n",
    "one sign": "id,text\n-,-\n1,a\n2,b\n",
    "Markdown": "id,text\n:---,---:\n1,a\n2,b\n",
    "questions of texts": "q1,q2\nWhat is your name?,Where do you live?\nAnn,Rome\nBob,Oslo\n",
    "numbers of columns": "name,city,note\n1,2,3\nAnn,Rome,tea\nBob,Oslo,rain\nCy,Bonn,sun\n",
    "numbers in brackets": "name,city,note\n(1),(2),(3)\nAnn,Rome,tea\nBob,Oslo,rain\nCy,Bonn,sun\n",
    "questions that answers ask, too": "Q1,Q2\nHow do you feel?,Why?\nfine,sun\nbad,rain\nok,who knows?\nso so,snow\n",
    "one question": "Q1\nHow do you feel?\nfine\nbad\nso so\n",
    "what to do": "Q1,Q2_4\nPlease rate our shop,Tell us more\nfine,sun\nbad,rain\nso so,snow\n",
    "labels": "v1,v2\nHow people feel,The reason that they gave\nfine,sun\nbad,rain\nso so,snow\n",
    "the names in words": "first_name,homeCity\nFirst name,City of the home\nAnn,Rome\nBob,Oslo\n",
    "the names cut short": "cust_name,home_addr\nName of customer,Home address\nAnn,Rome\nBob,Oslo\n",
    "words above classes": "kind,mood\nClass,Feeling\n" + "a,good\nb,bad\n" * 4,
    "a lone unit": "name,city,weight\n,,kg\nAnn,Rome,much\nBob,Oslo,little\nCy,Bonn,some\n",
}


@pytest.mark.parametrize("text", SECOND.values(), ids=SECOND.keys())
def test_a_second_line_that_is_no_row_is_asked_about(text: str) -> None:
    assert values(text, "below_header")[:2] == ["leave", "rows"]
    rows = [line.split(",") for line in text.splitlines()]
    for form, data in in_every_form(rows).items():
        question = forms.asked(data)
        assert (form, question.key, question.guess) == (form, "below_header", "leave")
        assert forms.read(data, below_header="leave") == [rows[0], *rows[2:]]
        assert len(forms.read(data, below_header="rows", footer="part")) == len(rows)


def test_wide_rows_cost_no_more_than_their_share() -> None:
    width = 500
    rows = [",".join(f"c{n}" for n in range(width)), *(",".join([str(n)] * (width - 1)) + "," for n in range(150))]
    begin = time.process_time()
    assert len(read("\n".join(rows), Limits(1000, width, 5000))) == 151
    assert time.process_time() - begin < patient(2)


def test_the_header_again_after_a_few_rows_makes_no_header_of_them() -> None:
    data = "text,kind\nfoo it is,x\nbar it is,y\ntext,kind\n" + "baz it is,x\nqux it is,z\n" * 3
    [question] = asked(data)
    assert (question.key, question.guess) == ("repeated", "leave")


def test_dashes_between_texts_make_no_header_of_what_is_above_them() -> None:
    text = "name,city,note\nAnn,Rome,tea\nBob,Oslo,rain\nCy,Bonn,sun\n---,---,---\nTotal,,\n"
    assert values(text, "footer") == ["leave", "part"]


def test_a_total_hides_no_header_row_of_a_small_table() -> None:
    rows = [
        ["id", "text", "n"],
        ["Number", "What they said", "How many"],
        ["1", "a", "3"],
        ["2", "b", "4"],
        ["Total", "", "7"],
    ]
    for data in in_every_form(rows).values():
        assert forms.asked(data).key == "below_header"
        assert forms.asked(data, below_header="leave").key == "footer"
        assert forms.read(data, below_header="leave", footer="leave") == [rows[0], *rows[2:4]]


def test_header_rows_above_import_ids_are_no_rows_of_texts_either() -> None:
    rows = [
        ["Q1", "Q2"],
        ["Your name", "Your city"],
        ['{"ImportId":"a"}', '{"ImportId":"b"}'],
        ["Ann", "Rome"],
        ["Bob", "Oslo"],
    ]
    for data in in_every_form(rows).values():
        assert forms.asked(data).key == "below_header"
        assert forms.read(data, below_header="leave") == [rows[0], *rows[3:]]


def test_the_header_between_the_rows_is_asked_about_in_every_format() -> None:
    rows = [["id", "text"], ["1", "a"], ["2", "b"], ["id", "text"], ["3", "c"]]
    for data in in_every_form(rows).values():
        assert forms.asked(data).key == "repeated"
        assert forms.read(data, repeated="leave") == [row for n, row in enumerate(rows) if n != 3]
        assert forms.read(data, repeated="keep") == rows


def test_rows_that_have_no_lines_are_named_by_their_number() -> None:
    rows = [["id", "text"], ["1", "a"], ["2", "b"], ["Source: us", ""]]
    data = in_every_form(rows)["jsonl"]

    assert forms.asked(data).evidence == ("Row 3: Source: us | ",)
    assert forms.opened(data, footer="leave").understood.set_aside == []
    table = forms.opened(data, footer="leave")
    assert len(list(table.rows())) == 2
    assert table.understood.set_aside == [(3, "Source: us")]


FIRST_ROWS = {
    "a value that is missing": "name,age\nAnn,n/a\nBob,31\nCy,32\n",
    "texts": "name,city\nAnn,Rome\nBob,Oslo\n",
    "inches": 'n,size\n1,2"\n2,3\n3,4\n4,5"\n',
    "an empty cell": "id,n\n1,\n2,3\n3,4\n",
    "letters that are units, too": "group,text\ng,a\nh,b\nk,c\n",
    "rows that count": "a,b,c\n1,2,3\n4,5,x\n",
    "a list": "a,b\n[x],y\n[z],y\n",
    "codes above texts": "Q1,Q2\nfine,The sun was out\nbad,rain\nso so,It was snowing all day\n",
    "one column of a code": "Q1\nIt was fine\nI felt bad\nso so\n",
    "names that come again": "title,text\nFirst title,First text\nSecond title,Second text\nThird title,Third text\n",
    "a name that comes again": "name,city\nAnn,Mexico City\nBob,Rome\nCy,Oslo\n",
    "a rare class": "text,kind\nfoo,rare\nbar,a\nbaz,b\nqux,a\nquux,b\nx,a\ny,b\n",
    "rare classes": "kind,mood\nc,good\na,good\nb,bad\na,bad\nb,good\na,bad\nb,good\n",
    "a question among answers": "name,text\nAnn,How are you?\nBob,Where are you?\n",
}


@pytest.mark.parametrize("text", FIRST_ROWS.values(), ids=FIRST_ROWS.keys())
def test_ordinary_first_rows_are_rows(text: str) -> None:
    rows = [line.split(",") for line in text.splitlines()]
    assert {len(forms.read(data, quotes="text")) for data in in_every_form(rows).values()} == {len(rows)}


# --- the names


def test_values_that_are_typed_belong_to_no_header() -> None:
    """The first moment is one of a year with five digits; those below are not, and it is a row all the same."""
    moments = pa.array([253_402_300_800_000_000, 0, 1_000_000, 2_000_000], pa.timestamp("us"))
    assert len(forms.read(forms.parquet_file({"t": moments}))) == 5
    assert len(forms.read(forms.parquet_file({"t": moments, "s": ["kg", "a", "b", "c"]}))) == 5


def test_a_title_in_the_middle_of_its_line_is_asked_about() -> None:
    """As a title over merged cells, or a mark such as "Confidential"."""
    [question] = asked(",,Confidential\nname,city,text\nAnn,Rome,hello there\nBob,Oslo,good bye\n")
    assert (question.key, question.guess) == ("title", "set aside")
    assert read(",Prices,\nitem,net,gross\na,1,2\nb,3,4\n") == [
        ["item", "net", "gross"],
        ["a", "1", "2"],
        ["b", "3", "4"],
    ]


def test_a_padded_title_above_texts_is_asked_about() -> None:
    data = case("05-padded-title-above-texts")
    [question] = asked(data)

    assert (question.key, question.guess) == ("title", "set aside")
    assert read(data, answers={"title": "set aside"}) == [
        ["Foo", "Bar", "Baz"], ["Biff", "Baff", "Boff"], ["Qux", "Tea", "Doge"],
    ]  # fmt: skip


TITLES = {
    "values parted by a blank line": (
        "Made by,Ann,Smith\nOn,a,Monday\n\nname,city,note\nAnn,Rome,tea\nBob,Oslo,rain\nCy,Bonn,sun\n"
    ),
    "letters of columns": "A,B,C\nname,city,note\nAnn,Rome,tea\nBob,Oslo,rain\n",
    "numbers of columns": "1,2,3\nname,city,n\nAnn,Rome,1\nBob,Oslo,2\n",
}


@pytest.mark.parametrize("text", TITLES.values(), ids=TITLES.keys())
def test_a_full_line_above_the_names_is_asked_about(text: str) -> None:
    [question] = asked(text)

    assert (question.key, question.guess) == ("title", "set aside")
    assert read(text, answers={"title": "set aside"})[0][:2] == ["name", "city"]


def test_texts_one_a_line_in_a_file_of_json_have_no_header() -> None:
    text = "hello there\nhow are you?\nfine\n"
    question = forms.asked(text.encode(), "x.jsonl", delimiter="none")

    assert (question.key, question.guess) == ("header", "none")
    assert len(forms.read(text, "x.jsonl", delimiter="none", header="none")) == 4
    assert forms.read(text, "x.jsonl", delimiter="none", header="first row")[0] == ["hello there"]


def test_any_line_can_be_said_to_have_the_names() -> None:
    data = case("07-titles-of-several-filled-cells-xlsx")
    question = forms.asked(data)

    assert (question.key, question.guess) == ("names", "line 4")
    for table in (forms.opened(data, names="line 4"), forms.opened(data, header_line="4")):
        assert table.columns == ["Name", "Job", "Age", "City", "Born", "Note"]
        assert len(list(table.rows())) == 7
    assert [choice.value for choice in question.choices if not choice.more] == ["give", "line 4"]


def test_what_was_said_last_of_the_names_holds() -> None:
    """A person chose a line that has no names, is asked about them, and chooses again."""
    data = "id,name\n--,--\n1,Ann\n2,Bob\n"
    wrong = {"below_header": "line 2"}
    assert [question.key for question in asked(data, wrong)] == ["names"]
    assert read(data, answers={**wrong, "names": "line 1"})[0] == ["id", "name"]
    assert read(data, answers={**wrong, "names": "none"})[:2] == [["column 1", "column 2"], ["--", "--"]]
    assert read(data, answers={"names": "none", "header_line": "line 3"})[0] == ["1", "Ann"]


def test_the_line_of_the_names_counts_what_stands_above_it() -> None:
    text = "sep=;\nMade by;Ann;;\n\nwhatever;it;is;x\nid;a;b;c\n1;2;3;4\n"
    assert read(text, answers={"header_line": "5"}) == [["id", "a", "b", "c"], ["1", "2", "3", "4"]]
    assert "can’t be in line 3" in refused_with(text, "3")


def refused_with(text: str, line: str) -> str:
    from batchsite.tables import ReadingError

    with pytest.raises(ReadingError) as caught:
        opened(text, answers={"header_line": line})
    return caught.value.problems[0].message


def test_long_names_are_shortened_or_are_no_names() -> None:
    data = case("21-question-texts-as-header")
    [question] = asked(data)

    assert (question.key, question.guess) == ("names", "give")
    [names, *rows] = read(data, answers={"names": "give"})
    assert (names[0], len(names[1]) <= 101, names[1][-1], names[2], len(rows)) == ("id", True, "…", "age", 2)
    assert len(read(data, answers={"names": "none"})) == 4


def test_names_cost_no_more_than_their_share() -> None:
    def seconds(count: int) -> float:
        text = ",".join(["a"] * count) + "\n" + ",".join(["1"] * count) + "\n"
        begin = time.process_time()
        opened(text, Limits(10, 10**6, 10**6), {"names": "give"})
        return time.process_time() - begin

    few, many = seconds(5_000), seconds(20_000)
    assert many < 8 * few + 0.2


def test_the_limit_of_columns_comes_before_their_names() -> None:
    text = ",".join(["a"] * 20_000) + "\n" + ",".join(["1"] * 20_000) + "\n"
    begin = time.process_time()
    assert refused(text).problems[0].message == "The table has 20,000 columns; the limit is 50."
    assert time.process_time() - begin < patient(2)


@pytest.mark.parametrize("last", ["total" + "()" * 100_000 + "x y z", "\U0001f600" * 200_000, " " * 200_000 + "x"])
def test_a_long_last_cell_is_no_total_and_costs_no_more_than_its_length(last: str) -> None:
    """The words of totals were looked for in all of it: minutes, in which a worker did nothing else."""
    rows = "".join(f"{number},text {number}\n" for number in range(30))
    begin = time.process_time()
    read(f"id,text\n{rows}{last},text 30\n", Limits(100, 10, 10**6))
    assert time.process_time() - begin < patient(2)
