"""A worker looks at the files of an archive once: what they are, a small picture of each, and which cannot be sent."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image

from batchsite.media import file_index, seen_file
from batchsite.media.file_reader import FileReader
from batchsite.media.models import FileIndex, HeldFile
from batchsite.media.shelf import shelf_of
from batchsite.teams.models import Team, User
from tests.media.archives import archive, look_at_all, picture, uploaded

pytestmark = pytest.mark.django_db


def test_every_file_is_known_by_its_bytes_and_what_cannot_be_sent_is_said(team: Team) -> None:
    files = {
        "a.png": picture(900, 400),
        "b.jpg": picture(form="JPEG"),
        "c.webp": picture(form="WEBP"),
        "lies.png": b"<script>alert(1)</script>",
        "cut.png": picture()[:60],
        "d.pdf": b"%PDF-1.7 ...",
        "e.pdf": b"MZ",
    }

    dataset = uploaded(team, files)

    held = {file.name: file for file in HeldFile.objects.filter(dataset=dataset)}
    assert (held["a.png"].mime, held["a.png"].width, held["a.png"].height) == ("image/png", 900, 400)
    assert held["b.jpg"].mime == "image/jpeg"
    assert held["d.pdf"].mime == "application/pdf"
    assert "xAI takes JPEG and PNG" in held["c.webp"].problem
    assert "cannot be read as a picture" in held["lies.png"].problem
    assert "cannot be read as a picture" in held["cut.png"].problem
    assert "isn’t a PDF" in held["e.pdf"].problem
    assert FileIndex.objects.get(dataset=dataset).unfit == 4


def test_a_small_file_of_enormous_pixels_is_never_decoded() -> None:
    seen = seen_file.see_picture(_png_of(60_000, 60_000))

    assert seen.thumb is None
    assert "megapixels" in seen.problem


def _png_of(width: int, height: int) -> bytes:
    """A PNG that says how big it is, and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


def test_the_small_picture_holds_pixels_alone() -> None:
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    target = io.BytesIO()
    Image.new("RGB", (800, 600), "red").save(target, "JPEG", exif=exif)

    thumb = seen_file.see_picture(target.getvalue()).thumb

    assert thumb is not None
    assert b"secret" not in thumb
    with Image.open(io.BytesIO(thumb)) as small:
        assert (small.format, max(small.size)) == ("WEBP", 320)


def test_a_worker_that_dies_in_the_middle_loses_nothing_and_repeats_nothing(team: Team, monkeypatch: Any) -> None:
    monkeypatch.setattr(file_index, "AT_ONCE", 3)
    looked: list[bytes] = []

    def dying(_: FileReader, data: bytes, kind: str = "picture") -> seen_file.Seen:
        looked.append(data)
        if len(looked) == 5:
            raise KeyboardInterrupt
        return seen_file.see_picture(data)

    monkeypatch.setattr(FileReader, "see", dying)
    with pytest.raises(KeyboardInterrupt):
        uploaded(team, {f"{number}.png": picture(number, 10) for number in range(1, 9)})
    index = FileIndex.objects.get()
    assert (index.done, HeldFile.objects.count()) == (3, 3)

    look_at_all(index.dataset)

    assert sorted(HeldFile.objects.values_list("width", flat=True)) == list(range(1, 9))


def test_cells_find_files_by_their_whole_name_or_the_last_part_of_it_if_that_is_clear(team: Team) -> None:
    files = {"x/a.png": picture(), "y/a.png": picture(), "x/bé.png": picture()}
    shelf = shelf_of(uploaded(team, files))
    assert shelf is not None

    assert shelf.find("a.png") is None
    assert shelf.find("x\\a.png") is not None
    held = shelf.find("be\u0301.png")
    assert held is not None
    assert shelf.read(held.name) == files["x/bé.png"]


def test_pictures_are_served_to_the_team_alone_and_as_nothing_but_pictures(
    team: Team, alice: User, charlie: User, client: Client
) -> None:
    dataset = uploaded(team, {"a.png": picture(), "b.pdf": b"%PDF-1.7"})
    thumb, file = (f"{reverse(name, args=[dataset.pk])}?name=a.png" for name in ("dataset-thumb", "dataset-file"))
    client.force_login(alice)

    answer = client.get(thumb)

    assert answer["Content-Type"] == "image/webp"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("default-src 'none'")
    whole = client.get(file)
    assert whole["Content-Type"] == "application/octet-stream"
    assert whole["Content-Disposition"].startswith("attachment")
    assert whole.content == picture()
    assert client.get(reverse("dataset-thumb", args=[dataset.pk]) + "?name=b.pdf").status_code == 302
    assert client.get(reverse("dataset-thumb", args=[dataset.pk]) + "?name=c.png").status_code == 404
    client.force_login(charlie)
    assert client.get(thumb).status_code == client.get(file).status_code == 404


def test_the_page_of_the_dataset_shows_thumbnails_and_names_what_cannot_be_sent(
    team: Team, alice: User, client: Client
) -> None:
    dataset = uploaded(team, {"a.png": picture(), "<b>.png": b"no"})
    client.force_login(alice)

    page = client.get(reverse("dataset", args=[dataset.pk])).content.decode()

    assert f"/datasets/{dataset.pk}/thumb?name=a.png" in page
    assert "1 of 2 files cannot be sent" in page
    assert "<b>.png" not in page
    assert len(archive({"a.png": b"x"})) < 200
