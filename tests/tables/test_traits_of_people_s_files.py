"""One small file for each trait that people's files have: read right, or asked about with the right guess."""

from __future__ import annotations

import pytest

from batchsite.tables import Limits
from tests import customer_questions
from tests.tables.tables import asked, guessed, opened, read


def cells(text: str) -> list[list[str]]:
    """Rows by `/`, cells by `¦`: the truth on one line."""
    return [row.split("¦") for row in text.split("/")]


ROWS = [["id", "name", "note"], ["1", "Ann", "x"], ["2", "Bob", "y"], ["3", "Cy", "z"]]
TABLE = "".join(",".join(row) + "\n" for row in ROWS)
TEXTS = [["name", "city"], ["Ann", "Rome"], ["Bob", "Oslo"], ["Cy", "Bonn"]]
TEXT_TABLE = "".join(",".join(row) + "\n" for row in TEXTS)
PREAMBLE = "Account: 12\nOwner: Ann\nBranch: Rome\nFrom: May\nTo: June\n"

SURE: dict[str, tuple[str | bytes, list[list[str]]]] = {
    "two titles and a blank line": ("Monthly report\nMay 2024\n\n" + TABLE, ROWS),
    "titles with values": ("Exported by: Ann\nDate: 2024-01-02\nRows: 3\n\n" + TABLE, ROWS),
    "a title padded with delimiters": ("Report,,\n" + TABLE, ROWS),
    "a padded title and a row of delimiters": ("Report,,\n,,\n" + TABLE, ROWS),
    "padded titles with values, and a row of delimiters": ("Report,,\nMade by,,\n,,\n" + TABLE, ROWS),
    "padded titles with values of their own": (
        "Report;;;;\nMade on;01.04.2024;;;\n;;;;\nid;name;note;n;m\n1;Ann;x;2;3\n2;Bob;y;4;5\n",
        cells("id¦name¦note¦n¦m/1¦Ann¦x¦2¦3/2¦Bob¦y¦4¦5"),
    ),
    "a title in the middle": (",Report,\n,,\n" + TABLE, ROWS),
    "padded titles with many values": (
        "Report,,,,\nFrom,2024-01-01,To,2024-02-01,\n,,,,\nid,name,note,n,m\n1,Ann,x,2,3\n2,Bob,y,4,5\n",
        cells("id¦name¦note¦n¦m/1¦Ann¦x¦2¦3/2¦Bob¦y¦4¦5"),
    ),
    "comments": ("# made by x\n# on y\n" + TABLE, ROWS),
    "a comment with delimiters": ("# made, by\n" + TABLE, ROWS),
    "a title and a blank line above texts": ("My people\n\n" + TEXT_TABLE, TEXTS),
    "sep=;": ("sep=;\na;b\n1,5;2\n", [["a", "b"], ["1,5", "2"]]),
    "sep in quotes": ('"sep=;"\na;b\n1;2\n', [["a", "b"], ["1", "2"]]),
    "sep and a tab": ("sep=\t\na\tb\n1\t2\n", [["a", "b"], ["1", "2"]]),
    "two marks": (b"\xef\xbb\xbf\xef\xbb\xbfa,b\n1,2\n", [["a", "b"], ["1", "2"]]),
    "a mark and sep": (b"\xef\xbb\xbfsep=,\r\na,b\r\n1,2\r\n", [["a", "b"], ["1", "2"]]),
    "apostrophes as quotes": ("id,text\n1,'a, b'\n2,'it''s'\n3,'c'\n", cells("id¦text/1¦a, b/2¦it's/3¦c")),
    "apostrophes in texts": ("id,text\n1,it's\n2,don't\n3,'tis\n", cells("id¦text/1¦it's/2¦don't/3¦'tis")),
    "quotes behind backslashes": (
        'id,text\n1,"a \\"b\\" c"\n2,"d\\\\e"\n3,f\n',
        [["id", "text"], ["1", 'a "b" c'], ["2", "d\\e"], ["3", "f"]],
    ),
    "backslashes before other signs": (
        'id,text,path\n1,"a \\"b\\" c",C:\\new\n2,"d\\te",\\N\n3,"\\"f\\"",\\\\g\n',
        [["id", "text", "path"], ["1", 'a "b" c', "C:\\new"], ["2", "d\\te", "\\N"], ["3", '"f"', "\\g"]],
    ),
    "backslashes that are text": (
        'id,path\n1,"C:\\temp\\"\n2,"D:\\new"\n3,x\n',
        [["id", "path"], ["1", "C:\\temp\\"], ["2", "D:\\new"], ["3", "x"]],
    ),
    "spaces before quotes": (
        'id, name, note\n1, "Ann, A", x\n2, "Bob", y\n',
        [["id", "name", "note"], ["1", "Ann, A", "x"], ["2", "Bob", "y"]],
    ),
    "quotes that are only text": (
        'id\ttext\n1\t"hello\n2\tsay "x" now\n3\t"a" b\n4\tc"\n',
        [["id", "text"], ["1", '"hello'], ["2", 'say "x" now'], ["3", '"a" b'], ["4", 'c"']],
    ),
    "German numbers": (
        "Datum;Betrag;Text\n01.02.2024;1.234,50;a, b\n02.02.2024;5,00;c\n",
        [["Datum", "Betrag", "Text"], ["01.02.2024", "1.234,50", "a, b"], ["02.02.2024", "5,00", "c"]],
    ),
    "colons": ("id:name\n1:Ann\n2:Bob\n", [["id", "name"], ["1", "Ann"], ["2", "Bob"]]),
    "spaces": ("x y z\n1 2 3\n4 5 6\n7 8 9\n", [["x", "y", "z"], ["1", "2", "3"], ["4", "5", "6"], ["7", "8", "9"]]),
    "one column of links": ("url\nhttps://a.b\nhttps://d.e\n", [["url"], ["https://a.b"], ["https://d.e"]]),
    "one column of times": ("time\n10:30\n11:45\n", [["time"], ["10:30"], ["11:45"]]),
    "one column of moments": ("at\n2024-01-01 10:30\n2024-01-02 9:30\n", cells("at/2024-01-01 10:30/2024-01-02 9:30")),
    "one column of words": ("text\nHello world\nSay hi\nTell me now\n", cells("text/Hello world/Say hi/Tell me now")),
    "one column of prose": (
        "text\nHello, you\nSay hi\nA, b\nGo home; now\nBye; all\nNow, then\nGood\n",
        cells("text/Hello, you/Say hi/A, b/Go home; now/Bye; all/Now, then/Good"),
    ),
    "one column of prose, and its commas quoted": (
        'text\n"Hello, you"\nSay; hi\n"A, b"\nGo home; now\nBye\nNow\n',
        cells("text/Hello, you/Say; hi/A, b/Go home; now/Bye/Now"),
    ),
    "one column, its commas quoted, and one semicolon": (
        'text\n"Hello, you"\nSay hi\n"A, b"\nGo home; now\nBye\n',
        cells("text/Hello, you/Say hi/A, b/Go home; now/Bye"),
    ),
    "years as names": (
        "country,2019,2020,2021\nX,1,2,3\nY,4,5,6\n",
        [["country", "2019", "2020", "2021"], ["X", "1", "2", "3"], ["Y", "4", "5", "6"]],
    ),
    "the mark that DOS put at the end": ("id,text\n1,a\n2,b\n\x1a", [["id", "text"], ["1", "a"], ["2", "b"]]),
    "CR alone, and quoted": ('a,b\r1,"x\ry"\r2,z\r', [["a", "b"], ["1", "x\ry"], ["2", "z"]]),
    "LF quoted between CRLF": ('a,b\r\n1,"x\ny"\r\n2,z\r\n', [["a", "b"], ["1", "x\ny"], ["2", "z"]]),
    "a comma in quotes, no line break at the end": (
        'name,address,code\nAnn,"Oslo, NO",08123', [["name", "address", "code"], ["Ann", "Oslo, NO", "08123"]]
    ),
    "cells with nothing between their quotes": ('a,b,c\n1,"",""\n2,3,4', cells("a¦b¦c/1¦¦/2¦3¦4")),
    "the same, and CRLF": ('a,b,c\r\n1,"",""\r\n2,3,4', cells("a¦b¦c/1¦¦/2¦3¦4")),
    "doubled quotes": ('a,b\n1,"so ""so"" la"\n3,4', cells('a¦b/1¦so "so" la/3¦4')),
    "JSON in a cell": ('key,value\n1,"{""at"": [10.5, 0.5]}"\n', cells('key¦value/1¦{"at": [10.5, 0.5]}')),
    "a line break in the first cell": (
        'a,b,c\n1,2,3\n"One \nday",5,6\n7,8,9', cells("a¦b¦c/1¦2¦3/One \nday¦5¦6/7¦8¦9")
    ),
    "CRLF in the first cell": (
        'a,b,c\r\n1,2,3\r\n"One \r\nday",5,6\r\n7,8,9', cells("a¦b¦c/1¦2¦3/One \r\nday¦5¦6/7¦8¦9")
    ),
    "one row": ("a,b,c\n1,2,3", cells("a¦b¦c/1¦2¦3")),
    "one row, and CRLF": ("a,b,c\r\n1,2,3", cells("a¦b¦c/1¦2¦3")),
    "a rare letter": ("a,b,c\n1,2,3\n4,5,ʤ", cells("a¦b¦c/1¦2¦3/4¦5¦ʤ")),
    "UTF-16 with a mark": ("\ufeffa,b\n1,é\n".encode("utf-16-be"), [["a", "b"], ["1", "é"]]),
    "UTF-16 without a mark": ("id,text\n1,a\n".encode("utf-16-le"), [["id", "text"], ["1", "a"]]),
    "Russian UTF-16 without a mark": (
        "имя,город\nИван,Москва\nОльга,Тверь\n".encode("utf-16-le"),
        [["имя", "город"], ["Иван", "Москва"], ["Ольга", "Тверь"]],
    ),
    "UTF-16 without a mark, a NUL in the other half": (
        "番号\t文\n一\tこれはテスト\n二\t東京です\n三\tはい\n".encode("utf-16-le"),
        cells("番号¦文/一¦これはテスト/二¦東京です/三¦はい"),
    ),
    "an index of pandas": (",name\n0,Ann\n1,Bob\n2,Cy\n", cells("index¦name/0¦Ann/1¦Bob/2¦Cy")),
    "an index of R": ('"","name"\n"1","Ann"\n"2","Bob"\n', cells("index¦name/1¦Ann/2¦Bob")),
    "an index beside a column of that name": (",index\n0,Ann\n1,Bob\n", cells("index_2¦index/0¦Ann/1¦Bob")),
    "UTF-32": ("a,b\n1,é\n".encode("utf-32"), [["a", "b"], ["1", "é"]]),
}  # fmt: skip


@pytest.mark.parametrize(("data", "expected"), SURE.values(), ids=SURE.keys())
def test_it_is_read_without_a_question(data: str | bytes, expected: list[list[str]]) -> None:
    assert read(data) == expected


ASKED: dict[str, tuple[str, str, list[list[str]]]] = {
    "a title above the header": ("title", "Monthly report\n" + TABLE, ROWS),
    "a title with a comma": ("title", "Report, May 2024\n\n" + TABLE, ROWS),
    "more lines above the table than in it": ("title", PREAMBLE + TABLE, ROWS),
    "lines of two cells above a shorter table": ("title", PREAMBLE.replace(": ", ",") + "\n" + TABLE, ROWS),
    "a title above texts": ("title", "My people\n" + TEXT_TABLE, TEXTS),
    "a comment as wide as the table": ("title", "# made, by, x\n" + TABLE, ROWS),
    "a name with the sign of comments, above dashes": (
        "below_header", "#,name,n\n-,----,-\n1,Ann,2\n2,Bob,3\n", cells("#¦name¦n/1¦Ann¦2/2¦Bob¦3")
    ),
    "a name that begins with it, above questions": (
        "below_header", "#id,age,name\nWho is it?,How old?,Which name?\n1,30,Ann\n2,31,Bob\n",
        cells("#id¦age¦name/1¦30¦Ann/2¦31¦Bob"),
    ),
    "a footnote": ("footer", TABLE + "\nSource: our own figures\n", ROWS),
    "a delimiter at the end of every row": ("width", "id,name,note\n1,Ann,x,\n2,Bob,y,\n3,Cy,z,\n", ROWS),
    "rows with a name in front": ("width", TABLE.replace("id,", "", 1), [["column 1", "name", "note"], *ROWS[1:]]),
    "no name": ("names", TABLE.replace(",name", ",", 1), [["id", "column 2", "note"], *ROWS[1:]]),
    "no name above other numbers": (
        "names", ",name\n1,Ann\n3,Bob\n2,Cy\n", [["column 1", "name"], ["1", "Ann"], ["3", "Bob"], ["2", "Cy"]]
    ),
    "no name above numbers from ten": ("names", ",name\n10,Ann\n11,Bob\n", cells("column 1¦name/10¦Ann/11¦Bob")),
    "no name above texts": ("names", ",name\na,Ann\nb,Bob\n", cells("column 1¦name/a¦Ann/b¦Bob")),
    "an index and another column without a name": (
        "names", ",name,\n0,Ann,x\n1,Bob,y\n", cells("column 1¦name¦column 3/0¦Ann¦x/1¦Bob¦y")
    ),
    "a name twice": ("names", TABLE.replace("note", "name"), [["id", "name", "name_2"], *ROWS[1:]]),
    "no header": ("header", "1,Ann,x\n2,Bob,y\n", cells("column 1¦column 2¦column 3/1¦Ann¦x/2¦Bob¦y")),
    "numbers that go up": ("header", "1,2,3\n4,5,6\n7,8,9\n", cells("1¦2¦3/4¦5¦6/7¦8¦9")),
    "years above columns": ("header", "country,2019,2020\nX,1,2\nY,4,5\n", cells("country¦2019¦2020/X¦1¦2/Y¦4¦5")),
    "nothing but a header": ("header", "id,name\n", [["id", "name"]]),
    "prompts, one a line": ("delimiter", "text\nHello, you\nSay hi\nA, b\n", cells("text/Hello, you/Say hi/A, b")),
    "decimals, one a line": ("delimiter", "n\n1,5\n2,5\n3,5\n", cells("n/1,5/2,5/3,5")),
    "names, a line each": ("delimiter", "a name\nAnn Lee\nBob Ray\nCy Po\n", cells("a name/Ann Lee/Bob Ray/Cy Po")),
    "one column and a blank line": ("trailing", "text\nHello\nBye\n\n", [["text"], ["Hello"], ["Bye"]]),
    "the header once more": ("repeated", TABLE + TABLE, [*ROWS, *ROWS[1:]]),
    "the header once more, with a mark": ("repeated", TABLE + "\ufeff" + TABLE, [*ROWS, *ROWS[1:]]),
    "the header once more, on a new page": ("repeated", TABLE + "\f" + TABLE, [*ROWS, *ROWS[1:]]),
    "one quote in the file": ("quotes", 'id,size\n1,2 cm\n2,5" wide\n', cells('id¦size/1¦2 cm/2¦5" wide')),
    "a quote that opens and closes nothing": (
        "quoting",
        'id\ttext\n1\thello\n2\t"x" now\n3\tb\n',
        [["id", "text"], ["1", "hello"], ["2", '"x" now'], ["3", "b"]],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("key", "text", "expected"), ASKED.values(), ids=ASKED.keys())
def test_it_is_asked_and_the_guess_is_right(key: str, text: str, expected: list[list[str]]) -> None:
    assert guessed(text) == ([key], expected)


def test_the_names_are_where_a_person_says_however_many_lines_are_above_them() -> None:
    assert read(PREAMBLE.replace(": ", ",") + TABLE, answers={"header_line": "6"}) == ROWS
    assert read(PREAMBLE.replace(": ", ",") + TABLE, answers={"title": "line 6"}) == ROWS


@pytest.mark.parametrize("text", ["M6×40", "x\u00a0y", "5 € – ‚so‘"])
def test_a_lone_sign_is_guessed_to_be_of_windows(text: str) -> None:
    [question] = asked(f"id;name\n1;{text}\n2;b\n".encode("cp1252"))

    assert question.guess == "cp1252"


OLD = [
    ("mac_roman", "El niño pequeño, información útil"),
    ("cp850", "Åsa Öberg, Växjö"),
    ("mac_roman", "für Äpfel, schön"),
    ("cp852", "Žluťoučký kůň"),
]


@pytest.mark.parametrize(("codec", "text"), OLD)
def test_code_pages_from_before_windows_are_guessed_by_their_letters(codec: str, text: str) -> None:
    [question] = asked(f"id;name\n1;{text}\n2;b\n".encode(codec))

    assert question.guess == codec


def test_quotes_around_all_cells_prove_no_delimiter() -> None:
    """The second line is another table's: under a semicolon it would be a text like the others."""
    text = '"text"\n"a; b, c"\n"d, e; f"\n"g"\nid,name\n"h; i"\n'

    assert [question.key for question in asked(text)] == ["delimiter"]


def test_prose_without_a_header_may_be_one_column() -> None:
    text = "See, a red house\nGo, and write\nBye\nNow, then\nYes\nOh, well\nSo, what\n"
    question = asked(text)[0]

    assert (question.key, question.guess) == ("delimiter", "none")


def test_a_mark_in_the_middle_is_kept_and_said() -> None:
    table = opened("id,text\n1,a\n\ufeff2,b\n3,c\n")

    assert list(table.rows()) == [["1", "a"], ["\ufeff2", "b"], ["3", "c"]]
    assert [note for note in table.understood.notes if note.startswith("Line 3 begins with a byte order mark")]


def test_a_cell_longer_than_the_sample_does_not_hide_the_dialect() -> None:
    text = "He said, no, and left.\n" * 7000
    quoted = '"id";"text"\n"1";"a"\n"2";"' + text.replace("no", '""no""') + '"\n'
    table = opened(quoted, Limits(rows=10, columns=10, cell=1_000_000))

    assert table.columns == ["id", "text"]
    assert list(table.rows()) == [["1", "a"], ["2", text.replace("no", '"no"')]]


def test_a_table_whose_texts_have_commas_is_no_prose() -> None:
    """Two tables below each other: no reading is sure, and one column would hide that."""
    names = ["Lee", "Smith, J", "Roe, R", "Poe, X", "Fox, A", "Kay, B", "Low, D", "Doe, J"]
    first = "".join(f"{name}\tx@x.y\tRome\n" for name in ["name", *names])
    [question] = asked(first + "".join(f"{name}\tx@x.y\n" for name in ["name", *names]))

    assert question.key == "delimiter"
    assert {choice.value for choice in question.choices} == {"none", ",", "\t"}


def test_questions_of_customers_are_read_like_the_csv_module_reads_them() -> None:
    table = opened(customer_questions.as_csv())

    assert table.columns == customer_questions.COLUMNS
    assert list(table.rows()) == customer_questions.questions()


def test_an_index_is_said_and_its_name_is_a_persons_to_give() -> None:
    text = ",name\n0,Ann\n1,Bob\n"
    assert opened(text).understood.notes == ["The first column has no name and counts the rows: it is named “index”."]
    assert read(text, answers={"names": "give"})[0] == ["column 1", "name"]
