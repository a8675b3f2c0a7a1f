"""The gallery shows small copies alone, names what is lost, and is taken home as one zip with a manifest."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from batchsite.batches.models import Batch
from batchsite.gallery.models import GeneratedPicture
from batchsite.teams.models import Team, User
from tests.gallery.stories import bring_home, drawn
from tests.pipeline import drive
from tests.sandboxes import Sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch(team: Team, sandbox: Sandbox) -> Batch:
    done = drive(drawn(team, 4, params={"n": 2}))
    bring_home(done)
    GeneratedPicture.objects.filter(batch=done, row=3, number=2).update(state="lost", problem="Its address <died>.")
    return done


def taken_home(client: Client, batch: Batch) -> zipfile.ZipFile:
    answer: Any = client.get(reverse("batch-pictures-zip", args=[batch.pk]))
    return zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))


def test_the_zip_holds_every_kept_picture_and_a_manifest_of_all(batch: Batch, alice: User, client: Client) -> None:
    client.force_login(alice)

    with taken_home(client, batch) as archive:
        assert archive.testzip() is None
        manifest = list(csv.DictReader(io.StringIO(archive.read("manifest.csv").decode())))
        names = archive.namelist()[1:]
        whole = [archive.read(name) for name in names]

    assert len(manifest) == 8
    assert [line["file"] for line in manifest if line["file"]] == names
    assert manifest[0]["file"] == "animals-row-1-1.png"
    assert manifest[0]["prompt"] == "A photo of cat 1"
    assert [line["problem"] for line in manifest if line["state"] == "lost"] == ["Its address <died>."]
    assert all(data.startswith(b"\x89PNG") for data in whole)
    assert [len(data) for data in whole] == [int(line["bytes"]) for line in manifest if line["file"]]


def test_the_gallery_shows_pictures_and_names_lost_ones_by_row(
    batch: Batch, alice: User, charlie: User, client: Client
) -> None:
    client.force_login(alice)
    page = client.get(reverse("batch-pictures", args=[batch.pk])).content.decode()

    assert page.count("<img") == 7
    assert "1 picture could not be fetched in time" in page
    assert "Its address &lt;died&gt;." in page
    small = client.get(reverse("batch-picture", args=[batch.pk, 1, 1]))
    assert (small["Content-Type"], small["X-Content-Type-Options"]) == ("image/webp", "nosniff")
    whole = client.get(reverse("batch-picture-file", args=[batch.pk, 1, 1]))
    assert whole["Content-Disposition"].startswith("attachment")
    assert client.get(reverse("batch-picture", args=[batch.pk, 3, 2])).status_code == 404
    assert reverse("batch-pictures", args=[batch.pk]) in client.get(reverse("batch", args=[batch.pk])).content.decode()
    client.force_login(charlie)
    for name, args in (("batch-pictures", []), ("batch-pictures-zip", []), ("batch-picture", [1, 1])):
        assert client.get(reverse(name, args=[batch.pk, *args])).status_code == 404


def test_beside_a_row_stands_its_picture_or_what_became_of_it(batch: Batch, alice: User, client: Client) -> None:
    GeneratedPicture.objects.filter(batch=batch, row=1).update(state="waiting")
    GeneratedPicture.objects.filter(batch=batch, row=2, number=1).update(state="lost", problem="It has expired.")
    client.force_login(alice)
    page = client.get(reverse("batch", args=[batch.pk])).content.decode()

    shown = re.findall(r'<img[^>]+src="([^"]+)"', page)
    assert shown == [reverse("batch-picture", args=[batch.pk, row, 1]) for row in (3, 4)]
    assert ["Being fetched" in page, ">Lost<" in page] == [True, True]
    row = client.get(reverse("batch-row", args=[batch.pk, 2])).content.decode()
    assert re.findall(r'<img[^>]+src="([^"]+)"', row) == [reverse("batch-picture", args=[batch.pk, 2, 2])]
    assert "It has expired." in row


def test_the_gallery_is_a_tab_below_the_head_of_the_batch(batch: Batch, alice: User, client: Client) -> None:
    client.force_login(alice)
    page = client.get(reverse("batch-pictures", args=[batch.pk])).content.decode()

    assert all(f'id="{part}"' in page for part in ("batch-actions", "batch-notices", "progress", "pictures"))
    assert re.search(r'aria-current="page"\s*>Pictures<', page)


def test_deleting_the_batch_deletes_its_files(batch: Batch) -> None:
    picture = GeneratedPicture.objects.filter(batch=batch, state="kept")[0]
    assert picture.file.storage.exists(str(picture.file.name))

    GeneratedPicture.objects.filter(batch=batch).delete()

    assert not picture.file.storage.exists(str(picture.file.name))


def test_the_manifest_runs_no_cell_as_a_formula(batch: Batch, alice: User, client: Client) -> None:
    Batch.objects.filter(pk=batch.pk).update(prompt="=HYPERLINK(A1) {{animal}}")
    client.force_login(alice)
    with taken_home(client, batch) as archive:
        [first, *_] = csv.DictReader(io.StringIO(archive.read("manifest.csv").decode()))
    assert first["prompt"] == "'=HYPERLINK(A1) cat 1"
