"""Work that needs more memory than a process may use ends in a sentence, and is not begun again."""

from __future__ import annotations

import gzip

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from batchsite.datasets import importer
from batchsite.datasets.models import Dataset, DatasetState
from batchsite.exports import export_build
from batchsite.exports.download_choice import DownloadChoice
from batchsite.exports.models import Export
from batchsite.exports.result_files import BUILT
from batchsite.submission.steps import advance
from batchsite.teams.models import Team
from tests.factories import make_dataset
from tests.memory import only
from tests.submission.stories import a_running_batch, an_ended_batch

pytestmark = pytest.mark.django_db
A_LONG_CELL = "a" * 40_000_000
LITTLE = 30_000_000


def test_a_batch_is_held_and_says_what_to_do(team: Team) -> None:
    batch = a_running_batch(team, dataset=make_dataset(team, ["id", "text"], [["1", A_LONG_CELL]]))
    submission = batch.submissions.get()
    batch.submissions.update(state="queued", planned=False)
    with only(LITTLE):
        advance(submission.pk)
    batch.refresh_from_db()
    submission.refresh_from_db()
    assert batch.held_reason == (
        "a step needs more memory than a process may use (2.0 GB, BATCHSITE_MEMORY). "
        "Ask whoever runs batchsite for more, then press Resume."
    )
    assert submission.tries == 0
    assert submission.next_look_at is not None
    assert submission.next_look_at > timezone.now()


def test_an_upload_is_refused_in_a_sentence(team: Team) -> None:
    row = ("😀" * 4_900_000).encode()
    packed = gzip.compress(b"a,b\n" + row + b"," + row + b"\n", 1)
    dataset = importer.receive(team, None, SimpleUploadedFile("large.csv.gz", packed))
    with only(LITTLE):
        importer.import_step(dataset.pk)
    dataset = Dataset.objects.get(pk=dataset.pk)
    assert dataset.state == DatasetState.REFUSED
    assert dataset.problems[0]["message"] == (
        "Reading this file needs more memory than a process may use (2.0 GB, BATCHSITE_MEMORY). "
        "Split it or save it as CSV, or ask whoever runs batchsite for more."
    )
    assert (dataset.tries, dataset.next_look_at) == (0, None)


def test_a_file_that_cannot_be_built_says_so(team: Team) -> None:
    batch = an_ended_batch(team, dataset=make_dataset(team, ["id", "text"], [["1", A_LONG_CELL]]), rows=1)
    export = export_build.request(batch, BUILT["xlsx"], DownloadChoice(), None)
    Export.objects.update(next_look_at=timezone.now())
    with only(LITTLE):
        export_build.build_step(export.pk)
    export.refresh_from_db()
    assert export.problem.startswith("Building this file needs more memory than a process may use")
