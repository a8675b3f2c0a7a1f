"""The main job, with nothing going wrong."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from batchsite.submission import local_run
from batchsite.teams.models import Team
from tests.pipeline import check_books, drive, make_batch
from tests.sandboxes import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.databases]


def test_every_row_gets_its_answer_and_the_books_agree(team: Team, sandbox: Sandbox) -> None:
    batch = drive(make_batch(team, rows=1234))
    assert (batch.state, batch.succeeded) == ("completed", 1234)
    check_books(batch, sandbox)


def test_one_process_never_waits_for_what_it_just_did(
    team: Team, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(local_run, "time", SimpleNamespace(sleep=waits.append))
    batch = local_run.drive(make_batch(team, rows=20).pk, lambda _: None)
    assert batch.state == "completed"
    assert local_run.BLINK not in waits
