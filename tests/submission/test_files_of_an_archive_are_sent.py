"""Pictures of a zip travel inside the requests: each row its own, however little memory there is for them together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from batchsite.batches.models import Batch, Result
from batchsite.datasets.models import Dataset
from batchsite.drafts import draft_store
from batchsite.submission import actions
from batchsite.teams.models import Team
from tests.media.archives import picture, uploaded
from tests.pipeline import check_books, drive, step_all
from tests.sandboxes import Sandbox

pytestmark = pytest.mark.django_db


def described(team: Team, dataset: Dataset) -> Batch:
    batch = draft_store.new_draft(team, None, dataset)
    batch.prompt, batch.name = "Describe it.", "Photos"
    batch.save()
    assert draft_store.problems_of(batch) == {}
    actions.start(batch, None, draft_store.estimate_of(batch))
    return batch


def test_each_row_is_answered_with_its_own_picture_in_small_chunks(team: Team, sandbox: Sandbox, settings: Any) -> None:
    files = {f"{number}.png": picture(number, 20) for number in range(1, 31)} | {"b.pdf": b"%PDF-1.7 " + bytes(900)}
    settings.OPTIONS = replace(settings.OPTIONS, chunk_bytes=2_500)

    batch = drive(described(team, uploaded(team, files)))

    check_books(batch, sandbox)
    answers = dict(Result.objects.filter(batch=batch).values_list("row", "answer"))
    assert all(f"a PNG picture of {row} x 20" in answers[row] for row in range(1, 31))
    assert "a document" in answers[31]
    chunks = batch.submissions.get().chunks.all()
    assert len(chunks) >= 5
    assert max(chunk.size for chunk in chunks) <= 2_500


def test_rows_whose_file_cannot_be_sent_are_named_before_anything_is(team: Team, sandbox: Sandbox) -> None:
    files: dict[str, bytes | str] = {"t.csv": "photo\na.png\ngone.png\nbad.png\n", "a.png": picture(), "bad.png": b"no"}
    dataset = uploaded(team, files)
    assert dataset.file_column == "photo"

    batch = drive(described(team, dataset))

    assert batch.state == "draft"
    assert {one["row"] for one in batch.problems} == {2, 3}
    assert sandbox.billed() == 0


def test_an_upload_that_is_gone_holds_the_batch_and_goes_on_once_it_is_back(team: Team, sandbox: Sandbox) -> None:
    dataset = uploaded(team, {"a.png": picture(), "b.png": picture()})
    batch, path = described(team, dataset), Path(dataset.file.path)
    kept = path.read_bytes()
    path.unlink()

    drive(batch, until="held")

    batch.refresh_from_db()
    assert "cannot be read from the uploaded archive any more" in batch.held_reason
    path.write_bytes(kept)
    actions.go_on(batch, None)
    step_all(batch)
    check_books(drive(batch), sandbox)
