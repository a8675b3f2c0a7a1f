"""A dataset that is deleted is gone for people at once, and from the disk in small steps; one in use stays."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from batchsite.batches.models import Batch
from batchsite.datasets import dataset_removal, importer, tasks
from batchsite.datasets.models import Block, Dataset
from batchsite.teams.models import Team
from tests.datasets.conftest import Importer
from tests.datasets.steps import deleted
from tests.datasets.stores import files_in
from tests.factories import make_dataset

pytestmark = pytest.mark.databases

ROWS = [[str(number), "text"] for number in range(1200)]


def test_blocks_file_and_row_are_removed(received: Importer, team: Team, media: Path) -> None:
    dataset, other = received("a,b\n1,2\n"), make_dataset(team, rows=ROWS)
    importer.import_step(dataset.pk)
    deleted(dataset)
    dataset_removal.clear_step(dataset.pk)

    assert list(Dataset.objects.all()) == [other]
    assert Block.objects.count() == other.blocks.count() == 3
    assert files_in(media) == []


def test_a_deleted_dataset_is_due_until_it_is_cleared(team: Team) -> None:
    dataset = make_dataset(team)
    deleted(dataset)
    jobs = list(tasks.due(timezone.now()))

    assert [(job.path, job.args, job.queue) for job in jobs] == [(dataset_removal.CLEAR, (dataset.pk,), "long")]
    tasks.clear_dataset(dataset.pk)
    assert list(tasks.due(timezone.now() + timedelta(hours=1))) == []


@pytest.mark.parametrize(("count", "words"), [(1, "A batch is made from"), (2, "2 batches are made from")])
def test_a_dataset_in_use_stays(team: Team, count: int, words: str) -> None:
    dataset = make_dataset(team)
    for number in range(count):
        Batch.objects.create(team=team, dataset=dataset, name=str(number))

    with pytest.raises(dataset_removal.InUse, match=words):
        dataset_removal.delete(dataset)
    dataset.refresh_from_db()
    assert dataset.deleted_at is None


def test_a_dataset_waits_for_deleted_batches_to_be_cleared_away(team: Team) -> None:
    dataset = make_dataset(team)
    batch = Batch.objects.create(team=team, dataset=dataset, name="old", deleted_at=timezone.now())
    deleted(dataset)
    dataset_removal.clear_step(dataset.pk)
    dataset.refresh_from_db()

    assert dataset.blocks.exists()
    assert dataset.next_look_at is not None
    assert dataset.next_look_at > timezone.now()

    batch.delete()
    dataset_removal.clear_step(dataset.pk)
    assert not Dataset.objects.exists()


def test_a_batch_made_in_the_moment_of_the_deletion_saves_the_dataset(team: Team) -> None:
    dataset = make_dataset(team)
    deleted(dataset)
    Batch.objects.create(team=team, dataset=dataset, name="quick")
    dataset_removal.clear_step(dataset.pk)
    dataset.refresh_from_db()

    assert dataset.deleted_at is None
    assert dataset.next_look_at is None
    assert dataset.row(1) == ["1", "Hello"]


def test_a_message_to_clear_what_was_never_deleted_does_nothing(received: Importer) -> None:
    dataset = received("a,b\n1,2\n")
    dataset_removal.clear_step(dataset.pk)
    dataset.refresh_from_db()

    assert dataset.next_look_at is not None
    importer.import_step(dataset.pk)
    assert Dataset.objects.get().row_count == 1


def test_an_import_message_does_not_stop_a_deletion(received: Importer) -> None:
    dataset = received("a,b\n1,2\n")
    deleted(dataset)
    importer.import_step(dataset.pk)

    assert [job.path for job in tasks.due(timezone.now())] == [dataset_removal.CLEAR]


def test_a_deleted_dataset_comes_back_for_ten_minutes(team: Team) -> None:
    dataset = make_dataset(team)
    dataset_removal.delete(dataset)
    dataset_removal.clear_step(dataset.pk)
    assert list(tasks.due(timezone.now())) == []
    assert dataset_removal.restore(dataset)
    dataset.refresh_from_db()
    assert (dataset.deleted_at, dataset.next_look_at) == (None, None)
    assert dataset.row(1) == ["1", "Hello"]


def test_an_import_goes_on_when_its_dataset_comes_back(received: Importer) -> None:
    dataset = received("a,b\n1,2\n")
    dataset_removal.delete(dataset)
    assert dataset_removal.restore(dataset)
    for job in tasks.due(timezone.now()):
        tasks.import_dataset(*job.args)
    assert Dataset.objects.get().row_count == 1


def test_what_was_deleted_long_ago_stays_deleted(team: Team) -> None:
    dataset = make_dataset(team)
    deleted(dataset)
    assert not dataset_removal.restore(dataset)
    dataset_removal.clear_step(dataset.pk)
    assert not Dataset.objects.exists()
