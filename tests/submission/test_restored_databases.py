"""A database that was put back to an earlier moment, by whatever means, pays for nothing twice."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import transaction
from django.utils import timezone

from batchsite.batches import generation
from batchsite.batches.generation import Absence
from batchsite.batches.models import Batch, Chunk, Event, Generation, Pace, RawPage, Result, Submission
from batchsite.submission import actions, restore
from batchsite.teams.models import Team
from batchsite.trials import trial_start
from batchsite.trials.models import AnswerState, TrialAnswer
from batchsite.trials.trial_step import advance
from tests import services
from tests.needs import need
from tests.pipeline import check_books, drive, make_batch, step_all, story
from tests.sandboxes import Sandbox
from tests.trials.stories import a_draft

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = 24
TABLES = (Batch, Submission, Chunk, RawPage, Result, Event, Pace, Generation)


@pytest.fixture(autouse=True)
def _small_chunks(settings: Any) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, chunk_rows=5, page_rows=7)


class Snapshot:
    """The tables of batches as they are now, to be put back later. The data folder stays as it is."""

    def __init__(self) -> None:
        self.rows: dict[Any, list[Any]] = {model: list(model._default_manager.all()) for model in TABLES}

    def put_back(self) -> None:
        with transaction.atomic():
            Batch.objects.all().delete()
            Generation.objects.all().delete()
            for model, rows in self.rows.items():
                model._default_manager.bulk_create(rows)


def folder() -> Path:
    return Path(django_settings.DATA) / "generation"


def use() -> None:
    """As every start does."""
    restore.begin_anew()


def restart(batch: Batch) -> Batch:
    use()
    return Batch.objects.get(pk=batch.pk)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "sent"), [({"call": "create"}, 0), ({"call": "add"}, 0), ({"call": "add", "after": 2}, 10)]
)
@pytest.mark.parametrize("noticed", ["at a start", "in the middle"])
def test_what_was_sent_after_the_moment_of_the_snapshot_is_found_and_not_sent_again(
    fault: dict[str, Any], sent: int, noticed: str, team: Team, sandbox: Sandbox
) -> None:
    use()
    rule = sandbox.fault("status", status=429, **fault)
    batch = make_batch(team, ROWS)
    while not sandbox.hits():
        step_all(batch)
    assert batch.submissions.get().sent == sent
    snapshot = Snapshot()
    sandbox.admin("DELETE", f"faults/{rule}")
    drive(batch)
    assert batch.succeeded == ROWS
    snapshot.put_back()
    batch = restart(batch) if noticed == "at a start" else Batch.objects.get(pk=batch.pk)
    batch.submissions.update(next_look_at=timezone.now())
    drive(batch)
    assert [one["requests"] for one in sandbox.batches()] == [ROWS]
    assert any(line.startswith("restored") for line in story(batch)), story(batch)
    check_books(batch, sandbox)


def test_a_queued_batch_is_looked_for_before_anything_is_sent(team: Team, sandbox: Sandbox) -> None:
    use()
    batch = make_batch(team, ROWS)
    snapshot = Snapshot()
    drive(batch)
    snapshot.put_back()
    batch = restart(batch)
    drive(batch)
    assert [one["requests"] for one in sandbox.batches()] == [ROWS]
    adds = sandbox.admin("GET", "ledger")["batches"][0]
    assert adds["requests"] == ROWS
    check_books(batch, sandbox)


def test_a_retry_that_the_database_has_lost_is_found_when_it_is_made_again(team: Team, sandbox: Sandbox) -> None:
    use()
    sandbox.fault("fail_rows", share=0.5, batches=1, text="Internal server error")
    batch = drive(make_batch(team, ROWS))
    failed = batch.failed
    assert failed
    snapshot = Snapshot()
    token = actions.retry(batch, None).token
    drive(batch)
    assert batch.succeeded == ROWS
    snapshot.put_back()
    batch = restart(batch)
    assert batch.failed == failed
    assert actions.retry(batch, None).token == token
    drive(batch)
    assert batch.succeeded == ROWS
    assert len(sandbox.batches()) == 2
    check_books(batch, sandbox)


def test_a_standing_retry_is_not_paid_again(team: Team, sandbox: Sandbox) -> None:
    use()
    sandbox.fault("fail_rows", share=0.5, batches=1, text="Internal server error")
    batch = drive(make_batch(team, ROWS, auto_retries=1), until="processing")
    snapshot = Snapshot()
    drive(batch)
    assert (batch.succeeded, batch.submissions.count()) == (ROWS, 2)
    snapshot.put_back()
    batch = restart(batch)
    drive(batch)
    assert (batch.succeeded, len(sandbox.batches())) == (ROWS, 2)
    check_books(batch, sandbox)


def test_a_draft_that_was_submitted_after_the_snapshot_is_found(team: Team, sandbox: Sandbox) -> None:
    use()
    batch = drive(make_batch(team, ROWS), until="submitting")
    batch = drive(batch)
    batch.submissions.all().delete()
    Result.objects.filter(batch=batch).delete()
    Batch.objects.filter(pk=batch.pk).update(
        state="draft", total=0, succeeded=0, cost_ticks=0, prompt_tokens=0, completion_tokens=0, reasoning_tokens=0
    )
    Generation.objects.all().delete()
    other = make_batch(team, 3)  # so that this is no new installation
    use()
    batch = Batch.objects.get(pk=batch.pk)
    assert batch.restored_at
    actions.start(batch, None, None)
    drive(batch)
    drive(other, until="held")
    actions.go_on(other, None)
    drive(other)
    assert sorted(one["succeeded"] for one in sandbox.batches()) == [3, ROWS]


@pytest.mark.parametrize("fault", [{"call": "create"}, {"call": "add", "after": 2}])
def test_what_xai_does_not_have_waits_for_a_person_with_the_cost(
    fault: dict[str, Any], team: Team, sandbox: Sandbox
) -> None:
    use()
    rule = sandbox.fault("status", status=429, **fault)
    batch = make_batch(team, ROWS)
    Batch.objects.filter(pk=batch.pk).update(estimate={"likely": 24_000_000, "rows": ROWS})
    while not sandbox.hits():
        step_all(batch)
    sandbox.admin("DELETE", f"faults/{rule}")
    shutil.rmtree(folder())
    batch = drive(restart(batch), until="held")
    rows = 24 if fault["call"] == "create" else 14
    assert f"{rows} rows had not reached xAI" in batch.held_reason
    assert "for about $0.00" in batch.held_reason
    assert sum(one["requests"] for one in sandbox.batches()) == ROWS - rows
    actions.go_on(batch, None)
    drive(batch)
    check_books(batch, sandbox)


def test_what_was_held_after_a_restore_can_be_cancelled(team: Team, sandbox: Sandbox) -> None:
    use()
    batch = make_batch(team, ROWS)
    shutil.rmtree(folder(), ignore_errors=True)
    batch = drive(restart(batch), until="held")
    actions.cancel(batch, None)
    assert drive(batch).state == "cancelled"
    assert sandbox.batches() == []


def test_another_boot_needs_no_person(team: Team, sandbox: Sandbox) -> None:
    use()
    drive(make_batch(team, 3))
    batch = make_batch(team, ROWS)
    noted = json.loads((folder() / "number.json").read_text())
    noted["place"][2] = "another boot"
    (folder() / "number.json").write_text(json.dumps(noted))
    drive(restart(batch))
    check_rows = [one["requests"] for one in sandbox.batches()]
    assert check_rows == [3, ROWS]


# ---- how it is noticed ------------------------------------------------------------------------------------


def test_a_copy_of_the_whole_data_folder_is_noticed(team: Team, sandbox: Sandbox) -> None:
    use()
    drive(make_batch(team, 3))
    assert generation.absence() is None
    shutil.copytree(folder(), folder().with_name("copy"), copy_function=shutil.copy2)
    shutil.rmtree(folder())
    folder().with_name("copy").rename(folder())
    assert generation.absence() is Absence.COPY
    use()
    assert generation.absence() is None


def test_another_boot_is_noticed(team: Team, sandbox: Sandbox) -> None:
    use()
    drive(make_batch(team, 3))
    noted = json.loads((folder() / "number.json").read_text())
    noted["place"][2] = "another boot"
    (folder() / "number.json").write_text(json.dumps(noted))
    assert generation.absence() is Absence.BOOT


def test_a_data_folder_that_knows_nothing_is_noticed(team: Team, sandbox: Sandbox) -> None:
    """A dump of PostgreSQL on a new machine."""
    use()
    drive(make_batch(team, 3))
    shutil.rmtree(folder())
    assert generation.absence() is Absence.FOLDER


def test_a_machine_that_sent_nothing_itself_notices_a_restore_too(team: Team, sandbox: Sandbox) -> None:
    """Two machines, each with a data folder: the one that sends counts its own folder up, the other follows."""
    use()
    batch = make_batch(team, ROWS)
    snapshot = Snapshot()
    drive(batch)
    (folder() / "number.json").write_text(json.dumps({"number": 0, "place": generation._place()}))  # the idle machine
    restore.keep_up()
    snapshot.put_back()
    assert generation.absence() is Absence.EARLIER
    restore.keep_up()
    batch.refresh_from_db()
    assert batch.restored_at
    drive(batch)
    assert [one["requests"] for one in sandbox.batches()] == [ROWS]
    check_books(batch, sandbox)


@pytest.mark.services
def test_a_machine_that_lags_behind_another_learns_through_redis_of_what_that_one_sent(
    team: Team, sandbox: Sandbox, settings: Any
) -> None:
    """Rows that are tried have no name at xAI that anybody could look for: asked again is paid again."""
    need("Redis", here=services.redis_server() is not None)
    with services.redis() as url:
        settings.OPTIONS = replace(settings.OPTIONS, redis_url=url)
        use()
        drive(make_batch(team, 3))
        trial = trial_start.press(a_draft(team), None, (1, 2, 3))
        planned = list(TrialAnswer.objects.all())
        before = Generation.objects.get()
        lagging = (folder() / "number.json").read_text()
        advance(trial.pk)
        assert len(sandbox.admin("GET", "ledger/direct")["calls"]) == 3

        before.save()  # the database is put back, and the lagging machine comes first
        TrialAnswer.objects.bulk_update(planned, ["state", "request_id", "sent_at", "answered_at"])
        trial.save()
        (folder() / "number.json").write_text(lagging)
        advance(trial.pk)
        assert len(sandbox.admin("GET", "ledger/direct")["calls"]) == 3
        assert set(TrialAnswer.objects.values_list("state", flat=True)) == {AnswerState.UNKNOWN}


def test_a_machine_that_is_added_while_another_runs_holds_nothing(
    team: Team, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    use()
    drive(make_batch(team, 3))
    shutil.rmtree(folder())
    monkeypatch.setattr(restore, "leads_elsewhere", lambda: True)
    batch = make_batch(team, ROWS)
    assert not restore.begin_anew()
    drive(batch)
    assert (batch.succeeded, batch.restored_at) == (ROWS, None)


def test_a_restart_and_a_first_start_are_no_restore(team: Team, sandbox: Sandbox) -> None:
    assert not restore.begin_anew()
    drive(make_batch(team, 3))
    assert not restore.begin_anew()
    assert os.stat(folder()).st_mode & 0o777 == 0o700


def test_planned_tries_are_held_back_with_what_they_cost(team: Team) -> None:
    trial = trial_start.press(a_draft(team), None, (1, 2, 3))
    with transaction.atomic():
        restore.distrust("Restored", must_confirm=True)
    states = set(TrialAnswer.objects.filter(trial=trial).values_list("state", flat=True))
    assert states == {AnswerState.UNKNOWN}
    assert "was restored" in TrialAnswer.objects.filter(trial=trial)[0].error
