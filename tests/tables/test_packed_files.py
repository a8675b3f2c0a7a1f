"""gzip and zip: unpacked within a limit, then read by what is in them."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from batchsite.tables import Limits, ReadingError, open_table
from tests.tables.forms import asked, excel, opened, parquet_file, read, sentence, zipped

TABLE = [["id", "text"], ["007", "a"], ["008", "b"]]
CSV = "id,text\n007,a\n008,b\n"
WITHIN = {
    "table.csv": CSV.encode(),
    "table.jsonl": "".join(json.dumps(dict(zip(TABLE[0], row, strict=True))) + "\n" for row in TABLE[1:]).encode(),
    "table.xlsx": excel(TABLE),
    "table.parquet": parquet_file({"id": ["007", "008"], "text": ["a", "b"]}),
}
SMALL = Limits(rows=10_000_000, columns=10, cell=100, unpacked=1_000_000)


@pytest.mark.parametrize("name", WITHIN)
def test_whatever_is_within_is_read(name: str) -> None:
    gz = opened(gzip.compress(WITHIN[name]), f"{name}.gz")
    assert [gz.columns, *gz.rows()] == TABLE
    assert gz.understood.packed == "gz"
    assert gz.understood.notes == []

    packed = opened(zipped({name: WITHIN[name]}), "upload.zip")
    assert [packed.columns, *packed.rows()] == TABLE
    assert packed.understood.packed == f"zip: {name}"


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_may_be_packed_in_any_way(method: int) -> None:
    assert read(zipped({"table.csv": CSV}, method)) == TABLE


def test_a_gzip_of_several_parts_is_read_to_its_end() -> None:
    assert read(gzip.compress(b"id,text\n007,a\n") + gzip.compress(b"008,b\n")) == TABLE


def test_what_systems_add_to_a_zip_does_not_count() -> None:
    files = {"data/": "", "data/table.csv": CSV, "__MACOSX/data/._table.csv": "x", "data/.DS_Store": "x"}
    assert read(zipped(files)) == TABLE


def test_several_files_are_a_question() -> None:
    archive = zipped({"a.csv": "x,y\n1,2\n", "b.csv": CSV})

    question = asked(archive)

    assert question.key == "file"
    assert [choice.value for choice in question.choices] == ["a.csv", "b.csv"]
    assert question.guess == "b.csv"
    assert read(archive, file="b.csv") == TABLE
    assert asked(archive, file="gone.csv").key == "file"


def test_a_question_of_the_file_within_is_passed_on() -> None:
    book = excel([["x"], [1]], [["y"], [2]])

    assert asked(zipped({"book.xlsx": book})).key == "sheet"
    assert read(zipped({"book.xlsx": book}), sheet="B") == [["y"], ["2"]]


def test_an_archive_within_an_archive_is_refused() -> None:
    for inner in (gzip.compress(CSV.encode()), zipped({"table.csv": CSV}), b"7z\xbc\xaf\x27\x1c" + b"\0" * 50):
        assert "an archive inside the archive" in sentence(gzip.compress(inner))
        assert "an archive inside the archive" in sentence(zipped({"inner": inner}))


def test_a_tar_is_said_to_be_one() -> None:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as archive:
        entry = tarfile.TarInfo("table.csv")
        entry.size = len(CSV)
        archive.addfile(entry, io.BytesIO(CSV.encode()))
    assert "a tar archive" in sentence(target.getvalue(), "table.tar.gz")


@pytest.mark.parametrize("cut", [1, 9, 30])
def test_a_cut_archive_gets_a_sentence(cut: int) -> None:
    assert "gzip archive is damaged" in sentence(gzip.compress(CSV.encode() * 50)[:-cut])
    assert "zip archive is damaged" in sentence(zipped({"table.csv": CSV * 50})[:-cut])


def test_damage_in_the_middle_gets_a_sentence() -> None:
    packed = bytearray(gzip.compress(bytes(range(256)) * 200))
    packed[300:310] = b"\0" * 10
    assert "gzip archive is damaged" in sentence(bytes(packed))
    stored = zipped({"table.csv": CSV}, zipfile.ZIP_STORED).replace(b"007,a", b"007,b")
    assert "zip archive is damaged" in sentence(stored)  # its sum does not fit


@pytest.mark.parametrize("whole", [zipped({"table.csv": CSV}), excel(TABLE)], ids=["zip", "Excel"])
@pytest.mark.parametrize("lost", [1, 20])
def test_bytes_lost_at_the_beginning_get_a_sentence_from_a_disk_too(whole: bytes, lost: int, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(whole[:9] + whole[9 + lost :])

    with path.open("rb") as stream, pytest.raises(ReadingError, match="is damaged or incomplete"):
        open_table(stream, limits=SMALL)


def test_a_file_without_a_name_is_none() -> None:
    assert "zip archive is empty" in sentence(zipped({"abc": CSV}).replace(b"abc", b"\0bc"))


def test_an_empty_zip_and_a_locked_one_get_a_sentence() -> None:
    assert "zip archive is empty" in sentence(zipped({}))
    locked = bytearray(zipped({"table.csv": CSV}))
    at = locked.index(b"PK\x01\x02")
    locked[6] |= 1
    locked[at + 8] |= 1
    assert "protected by a password" in sentence(bytes(locked))


def test_a_bomb_is_stopped_at_the_limit() -> None:
    noughts = b"0,0\n" * 5_000_000
    for bomb in (gzip.compress(noughts), zipped({"bomb.csv": noughts})):
        assert len(bomb) < 100_000
        assert "1,000,000 bytes, which is the limit" in sentence(bomb, limits=SMALL)


def test_a_bomb_that_lies_about_its_size_is_no_table() -> None:
    bomb = zipped({"bomb.csv": b"0,0\n" * 5_000_000})
    size = (20_000_000).to_bytes(4, "little")
    assert bomb.count(size) == 2

    assert "zip archive is damaged" in sentence(bomb.replace(size, (1000).to_bytes(4, "little")), limits=SMALL)
