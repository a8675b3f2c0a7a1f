"""The main job, with nothing going wrong."""

from __future__ import annotations

import pytest

from batchsite.teams.models import Team
from tests.pipeline import check_books, drive, make_batch
from tests.sandboxes import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.databases]


def test_every_row_gets_its_answer_and_the_books_agree(team: Team, sandbox: Sandbox) -> None:
    batch = drive(make_batch(team, rows=1234))
    assert (batch.state, batch.succeeded) == ("completed", 1234)
    check_books(batch, sandbox)
