"""A batch whose rows name pictures on the web: sent, answered, billed by the ledger, and dead ones said by row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from batchsite.batches.models import Result
from batchsite.drafts import draft_store
from batchsite.submission import actions
from batchsite.teams.models import Team
from tests.factories import make_dataset
from tests.pipeline import check_books, drive
from tests.sandboxes import Sandbox

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("kind", ["chat_get_completion", "responses"])
def test_pictures_on_the_web_are_described_and_a_dead_one_is_an_error_of_its_row(
    team: Team, sandbox: Sandbox, settings: Any, kind: str
) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, xai_request_kind=kind)
    rows = [[f"https://example.org/{number}.jpg"] for number in range(1, 9)] + [["https://example.org/404.jpg"]]
    batch = draft_store.new_draft(team, None, make_dataset(team, ["photo"], rows))
    batch.prompt, batch.picture_column, batch.name = "Describe it.", "photo", "Photos"
    batch.save()
    price = draft_store.estimate_of(batch)
    assert price is not None
    assert "about 1,792 for its attachments" in price.basis
    actions.start(batch, None, price)

    drive(batch)

    check_books(batch, sandbox)
    assert (batch.succeeded, batch.failed) == (8, 1)
    answers = Result.objects.filter(batch=batch, state="succeeded").values_list("answer", flat=True)
    assert all("I see a picture from the web" in answer for answer in answers)
    assert "404" in Result.objects.get(batch=batch, row=9).error
    assert price.low <= batch.cost_ticks <= price.high
