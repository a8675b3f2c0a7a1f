"""A zip of pictures and documents is a table with a row for each, or goes along with the table in it."""

from __future__ import annotations

import contextlib
import io
import zipfile

import pytest

from batchsite.tables import Limits
from batchsite.tables.formats.file_archive import open_archive, read_member
from tests.tables.forms import asked, opened, read, sentence, zipped

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


def test_each_file_is_a_row() -> None:
    archive = zipped({"photos/b.png": PNG, "photos/a.jpg": b"\xff\xd8\xff", "brief.pdf": b"%PDF-1.7"})

    table = opened(archive, "photos.zip")

    assert [table.columns, *table.rows()] == [
        ["file", "kind", "bytes"],
        ["photos/b.png", "picture", "28"],
        ["photos/a.jpg", "picture", "3"],
        ["brief.pdf", "document", "8"],
    ]
    assert (table.understood.form, table.understood.files, table.understood.file_column) == ("files", 3, "file")


def test_texts_among_the_files_have_their_text_in_a_column() -> None:
    assert read(zipped({"a.png": PNG, "note.txt": "Grüße"}), "x.zip")[1:] == [
        ["a.png", "picture", "28", ""],
        ["note.txt", "text", "7", "Grüße"],
    ]


def test_a_table_beside_the_files_is_the_table_and_its_column_of_names_is_found() -> None:
    csv = "id,photo\n1,a.png\n2,b.png\n"

    table = opened(zipped({"list/products.csv": csv, "photos/a.png": PNG, "photos/b.png": PNG}), "x.zip")

    assert [table.columns, *table.rows()] == [["id", "photo"], ["1", "a.png"], ["2", "b.png"]]
    assert (table.understood.files, table.understood.file_column) == (2, "photo")
    assert table.understood.packed == "zip: list/products.csv"


@pytest.mark.parametrize(
    "name", ["../../etc/passwd.png", "/etc/x.png", "C:\\Windows\\x.png", "a/../../x.png", "..\\x.png"]
)
def test_names_that_lead_out_of_the_archive_are_left_out_and_said(name: str) -> None:
    table = opened(zipped({"a.png": PNG, name: PNG}), "x.zip")

    assert [row[0] for row in table.rows()] == ["a.png"]
    assert "its name leads out of the archive" in table.understood.notes[0]


def test_hostile_names_are_shown_without_what_cannot_be_seen() -> None:
    [_, row] = read(zipped({"a\u202egnp.exe\x1b[31m.png": PNG}), "x.zip")

    assert row[0] == "a�gnp.exe�[31m.png"


def test_what_is_no_picture_or_text_is_left_out_and_said() -> None:
    table = opened(zipped({"a.png": PNG, "run.exe": b"MZ", "empty.png": b""}), "x.zip")

    assert len(list(table.rows())) == 1
    assert table.understood.notes == [
        "2 files are left out of the archive: run.exe: neither a picture, a PDF nor a text; empty.png: it is empty."
    ]


def test_an_archive_that_would_unpack_to_too_much_is_refused_before_it_is_unpacked() -> None:
    limits = Limits(rows=1000, columns=50, cell=1000, unpacked=1_000_000)
    bomb = zipped({f"{number}.png": bytes(400_000) for number in range(3)}, zipfile.ZIP_DEFLATED)
    assert len(bomb) < 5_000

    assert "Unpacked the files have more than 1,000,000 bytes" in sentence(bomb, "x.zip", limits)


def test_more_files_than_rows_are_allowed_is_refused() -> None:
    limits = Limits(rows=2, columns=50, cell=1000)

    assert "more than 2 files" in sentence(zipped(dict.fromkeys(("a.png", "b.png", "c.png"), PNG)), "x.zip", limits)


def test_a_file_that_is_bigger_than_the_archive_says_is_never_read_further() -> None:
    data = bytearray(zipped({"a.png": bytes(100_000)}, zipfile.ZIP_DEFLATED))
    place = data.rindex(b"PK\x01\x02") + 24
    data[place : place + 4] = (28).to_bytes(4, "little")
    archive, found = open_archive(io.BytesIO(data))

    with contextlib.suppress(zipfile.BadZipFile):  # its checksum does not fit, which is as good
        assert len(read_member(archive, found.files[0])) <= 28


def test_several_texts_may_be_tables_so_it_is_asked() -> None:
    archive = zipped({"a.txt": "x,y\n1,2\n", "b.txt": "x,y\n3,4\n"})

    assert asked(archive).choices[-1].value == "each file"
    assert read(archive, file="each file")[0] == ["file", "kind", "bytes", "text"]
