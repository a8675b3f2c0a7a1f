"""Pictures that are made to keep a worker busy, and archives of so many files that opening them does."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image

from batchsite.media import file_index
from batchsite.media.file_reader import GAVE_UP, FileReader
from batchsite.media.models import FileIndex, HeldFile
from batchsite.media.shelf import why_not_yet
from batchsite.tables.formats import file_archive
from batchsite.teams.models import Team
from batchsite.timeouts import PipelineTimeouts
from tests.media.archives import picture, uploaded


def scanned_often(scans: int) -> bytes:
    """A JPEG of 50 megapixels whose last progressive scan, 75 bytes, comes again and again."""
    target = io.BytesIO()
    Image.new("L", (10_000, 5_000), 128).save(target, "JPEG", progressive=True, quality=10)
    data = target.getvalue()
    end = data.rindex(b"\xff\xd9")
    return data[:end] + data[data.rindex(b"\xff\xda") : end] * scans + data[end:]


def of_chunks(count: int) -> bytes:
    """A small PNG with many chunks of nothing, each of which its decoder remembers."""

    def chunk(kind: bytes, data: bytes = b"") -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head, pixels = struct.pack(">IIBBBBB", 10, 10, 8, 0, 0, 0, 0), zlib.compress(bytes(110))
    pieces = (chunk(b"IHDR", head), chunk(b"teSt") * count, chunk(b"IDAT", pixels), chunk(b"IEND"))
    return b"\x89PNG\r\n\x1a\n" + b"".join(pieces)


@pytest.mark.parametrize("hostile", [scanned_often(3_000), of_chunks(3_900_000)], ids=["scans", "chunks"])
def test_a_picture_that_takes_too_long_is_given_up_and_the_next_one_is_read(hostile: bytes) -> None:
    with FileReader() as reader:
        assert reader.see(hostile) == GAVE_UP
        seen = reader.see(picture(90, 40))
    assert (seen.mime, seen.width, seen.height, seen.problem) == ("image/png", 90, 40, "")
    assert seen.thumb


@pytest.mark.django_db
def test_an_archive_of_files_that_take_too_much_is_let_be(team: Team, monkeypatch: Any) -> None:
    monkeypatch.setattr(file_index, "MOST_GIVEN_UP", 2)
    monkeypatch.setattr(FileReader, "see", lambda *_: GAVE_UP)
    dataset = uploaded(team, {f"{number}.png": b"slow" for number in range(90)})
    assert "of them took more time or memory" in FileIndex.objects.get(dataset=dataset).problem
    assert HeldFile.objects.filter(dataset=dataset).count() == file_index.AT_ONCE
    assert "Some files could not be checked" in why_not_yet(dataset)


@pytest.mark.django_db
def test_an_archive_that_takes_longer_to_open_than_a_step_may_is_looked_at_all_the_same(
    team: Team, settings: Any
) -> None:
    settings.TIMEOUTS = PipelineTimeouts(step=0)
    dataset = uploaded(team, {f"{number}.pdf": b"%PDF-1.7" for number in range(5)})
    assert HeldFile.objects.filter(dataset=dataset).count() == 5
    assert FileIndex.objects.get(dataset=dataset).problem == ""


@pytest.mark.django_db
@pytest.mark.parametrize("beside", [{}, {"rows.csv": "file\n1.pdf\n"}], ids=["files alone", "files beside a table"])
def test_an_archive_of_too_many_files_is_refused(beside: dict[str, str], team: Team, monkeypatch: Any) -> None:
    monkeypatch.setattr(file_archive, "MOST_FILES", 4)
    files: dict[str, bytes | str] = {f"{number}.pdf": b"%PDF-1.7" for number in range(5)}
    dataset = uploaded(team, files | beside)
    assert dataset.state == "refused"
    assert "5 pictures, documents and texts; 4 are the limit" in dataset.problems[0]["message"]
