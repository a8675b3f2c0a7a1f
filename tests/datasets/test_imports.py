"""From the kept upload to a dataset of blocks, or to a refusal; through kills, full disks and two workers at once."""

from __future__ import annotations

import errno
import random
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.db import connection, connections
from django.utils import timezone
from pytest_django import Settings

from batchsite.datasets import answers, dataset_removal, import_queue, importer, tasks, watched_file
from batchsite.datasets.models import Block, Dataset, DatasetState
from batchsite.processes.heartbeats import run_file
from batchsite.processes.leases import Busy, LeaseLost
from batchsite.processes.parentage import MARK
from tests.datasets.conftest import Importer
from tests.datasets.stores import FailingStorage, Killed

pytestmark = pytest.mark.databases


def csv_of(count: int) -> str:
    return "id,text\n" + "".join(f'{number},"text, {number}"\n' for number in range(1, count + 1))


def cells_of(dataset: Dataset) -> list[list[str]]:
    return [cells for _, cells in dataset.rows()]


def imported(dataset: Dataset) -> Dataset:
    importer.import_step(dataset.pk)
    dataset.refresh_from_db()
    return dataset


@pytest.fixture
def failing(settings: Settings) -> Any:
    """Storage that a test can make fail."""
    settings.STORAGES = settings.STORAGES | {"default": {"BACKEND": "tests.datasets.stores.FailingStorage"}}
    yield FailingStorage
    FailingStorage.error, FailingStorage.then, FailingStorage.after = None, None, 0


@pytest.mark.parametrize("count", [1, 499, 500, 501, 1000, 12_345])
def test_every_row_is_there_in_order(received: Importer, count: int) -> None:
    dataset = imported(received(csv_of(count)))

    assert (dataset.state, dataset.row_count, dataset.columns) == (DatasetState.READY, count, ["id", "text"])
    assert cells_of(dataset) == [[str(number), f"text, {number}"] for number in range(1, count + 1)]
    assert dataset.bytes_read == dataset.size
    assert dataset.next_look_at is None


def test_a_header_alone_is_a_table_without_rows_once_somebody_says_so(received: Importer) -> None:
    dataset = imported(received(csv_of(0)))

    assert (dataset.state, [one["key"] for one in dataset.questions]) == (DatasetState.ASKING, ["header"])
    answers.answer(dataset, None, {"header": "first row"})
    assert imported(dataset).state == DatasetState.READY
    assert (dataset.row_count, dataset.columns) == (0, ["id", "text"])


def test_what_was_understood_is_told(received: Importer) -> None:
    dataset = imported(received("\ufeffid;text\n1;007\n"))

    assert (dataset.encoding, dataset.delimiter) == ("utf-8-sig", ";")
    assert dataset.row(1) == ["1", "007"]


def test_a_damaged_file_is_refused_with_its_lines_and_stores_no_row(received: Importer) -> None:
    dataset = imported(received(csv_of(30_000) + "30001\n30002,b,c\n"))

    assert (dataset.state, dataset.row_count, dataset.problem_count) == (DatasetState.REFUSED, 0, 2)
    assert [(found["line"], found["row"]) for found in dataset.problems] == [(30_002, 30_001), (30_003, 30_002)]
    assert dataset.problems[0]["message"].startswith("1 cell where the header has 2.")
    assert not Block.objects.exists()
    assert dataset.next_look_at is None


def test_a_message_that_comes_twice_changes_nothing(received: Importer) -> None:
    dataset = imported(received(csv_of(700)))

    assert cells_of(imported(dataset))[-1] == ["700", "text, 700"]
    assert dataset.state == DatasetState.READY


def test_an_import_that_is_killed_begins_again_cleanly(received: Importer, failing: type[FailingStorage]) -> None:
    dataset = received(csv_of(40_000))
    failing.error, failing.after = Killed(), 400_000
    with pytest.raises(Killed):
        importer.import_step(dataset.pk)
    dataset.refresh_from_db()

    assert dataset.state == DatasetState.IMPORTING
    assert 0 < dataset.row_count < 40_000
    assert dataset.next_look_at is not None
    assert dataset.next_look_at > timezone.now()

    failing.error = None
    assert len(cells_of(imported(dataset))) == dataset.row_count == 40_000
    assert dataset.blocks.count() == 80


def test_an_import_makes_way_when_its_worker_is_stopped(
    received: Importer, failing: type[FailingStorage], monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = received(csv_of(40_000))
    monkeypatch.setenv(MARK, "of this test")
    monkeypatch.setenv("Q_CLUSTER_NAME", project.QUEUES["short"])
    failing.then, failing.after = run_file("stopping").touch, 400_000
    try:
        imported(dataset)
    finally:
        run_file("stopping").unlink()

    assert (dataset.state, dataset.tries) == (DatasetState.IMPORTING, 0)
    assert 0 < dataset.row_count < 40_000
    assert [job.args for job in tasks.due(timezone.now())] == [(dataset.pk,)]
    assert imported(dataset).row_count == 40_000


def test_the_lease_is_held_while_there_is_nothing_to_write(
    received: Importer, failing: type[FailingStorage], monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = received("id,text\n" + "1\n2,b\n" * 100_000)
    mine = Dataset.objects.filter(pk=dataset.pk)
    monkeypatch.setattr(watched_file, "EXTEND_EVERY", 0.0)
    failing.then, failing.after = lambda: mine.update(lease_until=timezone.now()), 100_000
    until: list[Any] = []
    monkeypatch.setattr(FailingStorage, "seen", lambda: until.append(mine.values_list("lease_until", flat=True).get()))

    assert imported(dataset).problem_count == 100_000
    assert until[-1] > timezone.now() + timedelta(seconds=30)


def test_an_import_whose_process_vanished_goes_on_when_its_lease_runs_out(received: Importer) -> None:
    dataset = received(csv_of(700))
    Block.objects.create(dataset=dataset, first=1, count=500, data=b"half a block")
    soon = timezone.now() + timedelta(seconds=50)
    Dataset.objects.filter(pk=dataset.pk).update(lease_token="gone", lease_until=soon, tries=1, row_count=500)

    assert list(tasks.due(timezone.now())) == []
    with pytest.raises(Busy):
        importer.import_step(dataset.pk)
    Dataset.objects.filter(pk=dataset.pk).update(lease_until=timezone.now() - timedelta(seconds=1))

    assert [job.args for job in tasks.due(timezone.now())] == [(dataset.pk,)]
    assert len(cells_of(imported(dataset))) == 700


def test_an_import_that_never_ends_is_given_up_in_words(received: Importer, failing: type[FailingStorage]) -> None:
    dataset = received(csv_of(10))
    failing.error = Killed()
    for _ in range(3):
        with pytest.raises(Killed):
            importer.import_step(dataset.pk)
    imported(dataset)

    assert dataset.state == DatasetState.REFUSED
    assert "started 3 times" in str(dataset.problems[0]["message"])


def test_a_full_disk_only_makes_it_wait(received: Importer, failing: type[FailingStorage]) -> None:
    dataset = received(csv_of(10))
    failing.error = OSError(errno.ENOSPC, "No space left on device")
    for _ in range(20):
        imported(dataset)

    assert dataset.state == DatasetState.IMPORTING
    assert "disk is full" in dataset.held_reason
    assert dataset.next_look_at is not None
    assert dataset.next_look_at > timezone.now() + timedelta(seconds=50)

    failing.error = None
    assert imported(dataset).state == DatasetState.READY
    assert dataset.held_reason == ""


@pytest.mark.skipif(connection.vendor != "sqlite", reason="a limit on pages is SQLite's")
@pytest.mark.django_db(transaction=True)
def test_a_full_database_only_makes_it_wait(received: Importer) -> None:
    chance = random.Random(3)
    rows = "".join(f"{number},{chance.randbytes(100).hex()}\n" for number in range(12_000))
    dataset = received("id,text\n" + rows)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # pages that other tests left free would hold it all
        pages = cursor.execute("PRAGMA page_count").fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count = {pages + 60}")
    try:
        imported(dataset)
        assert (dataset.state, dataset.row_count) == (DatasetState.IMPORTING, 0)
        assert "disk is full" in dataset.held_reason
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA max_page_count = 1073741823")

    assert imported(dataset).row_count == 12_000


def test_an_upload_that_is_gone_is_said(received: Importer) -> None:
    dataset = received(csv_of(10))
    Path(dataset.file.path).unlink()

    assert imported(dataset).state == DatasetState.REFUSED
    assert "gone" in str(dataset.problems[0]["message"])


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_import_it_once(received: Importer) -> None:
    dataset = received(csv_of(60_000))
    busy: list[Busy] = []

    def work() -> None:
        try:
            importer.import_step(dataset.pk)
        except Busy as error:
            busy.append(error)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    dataset.refresh_from_db()
    assert (dataset.state, dataset.row_count, dataset.blocks.count()) == (DatasetState.READY, 60_000, 120)
    assert len(busy) == 3


def test_a_dataset_that_is_deleted_meanwhile_gets_no_more_rows(
    received: Importer, failing: type[FailingStorage]
) -> None:
    dataset = received(csv_of(40_000))
    failing.then, failing.after = lambda: dataset_removal.delete(dataset), 400_000
    with pytest.raises(LeaseLost):
        importer.import_step(dataset.pk)
    dataset.refresh_from_db()

    assert dataset.state == DatasetState.IMPORTING
    past = timezone.now() - dataset_removal.UNDO
    Dataset.objects.filter(pk=dataset.pk).update(deleted_at=past, next_look_at=past)
    assert [job.path for job in tasks.due(timezone.now())] == [dataset_removal.CLEAR]
    dataset_removal.clear_step(dataset.pk)
    assert not Dataset.objects.exists()
    assert not Block.objects.exists()


def test_what_is_due_goes_to_the_queue_of_its_size(received: Importer) -> None:
    small, big = received(csv_of(10)), received(csv_of(10))
    Dataset.objects.filter(pk=big.pk).update(size=import_queue.SMALL + 1)
    imported(received(csv_of(3)))

    jobs = {job.args: (job.path, job.queue) for job in tasks.due(timezone.now())}
    assert jobs == {(small.pk,): (import_queue.IMPORT, "short"), (big.pk,): (import_queue.IMPORT, "long")}
    assert list(tasks.due(timezone.now())) == []


def test_a_task_of_somebody_elses_dataset_is_no_error(received: Importer) -> None:
    dataset = received(csv_of(10))
    Dataset.objects.filter(pk=dataset.pk).update(
        lease_token="another", lease_until=timezone.now() + timedelta(minutes=1)
    )

    tasks.import_dataset(dataset.pk)
    tasks.clear_dataset(dataset.pk)
    tasks.import_dataset(dataset.pk + 1000)
    dataset.refresh_from_db()
    assert (dataset.state, dataset.tries) == (DatasetState.IMPORTING, 0)
