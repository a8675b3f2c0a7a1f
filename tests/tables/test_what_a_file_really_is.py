"""What is no table is refused by what it really is, whatever its name says."""

from __future__ import annotations

import pytest

from tests.tables.forms import opened, read, sentence, zipped


def ole(stream: str) -> bytes:
    """A container of Office until 2003, with one name in its directory."""
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 22 + (9).to_bytes(2, "little") + b"\0" * 480
    return header + b"\0" * 128 + stream.encode("utf-16-le") + b"\0" * 512


OFFICE = {"[Content_Types].xml": "<Types/>"}
OTHERS = {
    "a PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "a picture (PNG)": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "a picture (JPEG)": b"\xff\xd8\xff\xe0\0\x10JFIF",
    "a picture (GIF)": b"GIF89a\x01\0\x01\0",
    "a picture (WebP)": b"RIFF\x24\0\0\0WEBPVP8 ",
    "a picture (BMP)": b"BM\x36\0\0\0\0\0",
    "a sound file (WAV)": b"RIFF\x24\0\0\0WAVEfmt ",
    "a video or picture": b"\0\0\0\x20ftypisom\0\0\2\0",
    "a rich text document": b"{\\rtf1\\ansi Hello}",
    "an SQLite database": b"SQLite format 3\0\x10\0",
    "a program": b"MZ\x90\0\3\0\0\0",
    "a program ": b"\x7fELF\2\1\1\0",
    "a 7-Zip archive": b"7z\xbc\xaf\x27\x1c\0\4",
    "a RAR archive": b"Rar!\x1a\7\1\0",
    "a bzip2 archive": b"BZh91AY&SY\1\2",
    "an xz archive": b"\xfd7zXZ\0\0\4",
    "a Zstandard archive": b"\x28\xb5\x2f\xfd\x24",
    "an Avro file": b"Obj\1\4\x14",
    "an ORC file": b"ORC\n\x0b\0",
    "an Arrow file": b"ARROW1\0\0\xff",
    "a Git LFS pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n",
    "an old Excel file": ole("Workbook"),
    "an old Word document": ole("WordDocument"),
    "an Outlook message": ole("__properties_version1.0"),
    "an old Office file": ole("Something"),
    "a Word document": zipped({**OFFICE, "word/document.xml": "x"}),
    "a PowerPoint file": zipped({**OFFICE, "ppt/presentation.xml": "x"}),
    "an OpenDocument spreadsheet": zipped({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}),
    "a Java program": zipped({"META-INF/MANIFEST.MF": "x", "a.class": "y"}),
    "a book (EPUB)": zipped({"META-INF/container.xml": "x", "a.html": "y"}),
    "a web page": b"<!DOCTYPE html>\n<html><body>Sign in</body></html>",
    "an XML file": b'<?xml version="1.0"?>\n<rows/>',
    "a table in Markdown": b"| id | name |\n|----|:----:|\n| 1 | Ann |\n",
    "a table as a terminal shows it": b"+----+------+\n| id | name |\n+----+------+\n|  1 | Ann  |\n+----+------+\n",
    "a table as a terminal shows it ": b" id | name \n----+------\n  1 | Ann\n(1 row)\n",
    "SQL": b"-- a dump\nINSERT INTO `t` VALUES (1,'a'),(2,'b');\n",
    "SQL ": b"DROP TABLE IF EXISTS t;\nCREATE TABLE t (a int);\n",
    "binary data": b"\x03\x11\x05\x06\x9c\n\x02\x12a,b\n\x04\x13\x81\n",
}


@pytest.mark.parametrize("filename", ["x.csv", "x.xlsx", "x.json", "x"])
@pytest.mark.parametrize("name", OTHERS)
def test_it_is_refused_by_what_it_is(name: str, filename: str) -> None:
    message = sentence(OTHERS[name], filename)

    assert message.startswith(f"This is {name.strip()}")
    assert "CSV" in message


def test_a_name_that_lies_is_named() -> None:
    assert "though its name ends in .csv" in sentence(OTHERS["a PDF"], "table.CSV")
    assert "though" not in sentence(OTHERS["a PDF"], "table.pdf")


def test_a_locked_excel_file_says_what_to_do() -> None:
    message = sentence(ole("EncryptedPackage"), "x.xlsx")
    assert "protected by a password" in message
    assert "save it without a password" in message


TEXTS = [
    "create table,x\n1,2\n",
    "drop table saw,x\n1,2\n",
    "ORC,Elf\n1,2\n",
    "MZ,BM\n1,2\n",
    "BZh,Rar!\n1,2\n",
    "fLaC,ID3\n1,2\n",
    "II*,PK\n1,2\n",
    "GIF8,x\n1,2\n",
]


@pytest.mark.parametrize("text", TEXTS)
def test_letters_alone_make_nothing_of_a_text(text: str) -> None:
    assert read(text)[0] == text.split("\n")[0].split(",")


NAMES = {"x.csv": 0, "x.txt": 0, "x": 0, "x.xlsx": 1, "x.xls": 1, "x.json": 1, "x.parquet": 1, "x.pdf": 1}


@pytest.mark.parametrize(("filename", "notes"), NAMES.items())
def test_text_is_read_under_any_name_and_a_wrong_one_is_said(filename: str, notes: int) -> None:
    table = opened("id,text\n007,a\n", filename)

    assert list(table.rows()) == [["007", "a"]]
    assert len([note for note in table.understood.notes if "name ends in" in note]) == notes
