"""What rows share stands first and is billed at the cached price: counted by row, and shown as a share of the batch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from batchsite.batches.batch_recipe import recipe_of
from batchsite.batches.models import Batch, Result
from batchsite.drafts import draft_store
from batchsite.pricing.cache_use import cache_use
from batchsite.submission import actions
from batchsite.teams.models import Team, User
from tests.pipeline import check_books, drive
from tests.sandboxes import Sandbox
from tests.submission.stories import a_draft

pytestmark = pytest.mark.django_db


def run(batch: Batch) -> Batch:
    actions.start(batch, None, None)
    batch.refresh_from_db()
    return drive(batch)


def test_cached_tokens_are_kept_by_row_and_what_they_saved_is_exact(
    team: Team, alice: User, client: Client, sandbox: Sandbox
) -> None:
    batch = run(a_draft(team, alice))
    rows = list(Result.objects.filter(batch=batch))
    assert all(row.cached_tokens in {128, 192} for row in rows)
    assert batch.cached_tokens == sum(row.cached_tokens or 0 for row in rows)
    used = cache_use(batch)
    assert used
    assert used.percent == 100 * batch.cached_tokens // batch.prompt_tokens
    assert used.saved == batch.cached_tokens * (12_500 - 2_000) * 8 // 10
    client.force_login(alice)
    assert f"{used.percent} %" in client.get(f"/batches/{batch.pk}/activity").content.decode()
    check_books(batch, sandbox)


@pytest.mark.parametrize(("switch", "sent"), [(True, True), (False, False)])
def test_the_key_of_the_cache_stays_what_it_was_when_the_batch_was_submitted(
    team: Team, sandbox: Sandbox, settings: Any, *, switch: bool, sent: bool
) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, xai_request_kind="responses", prompt_cache_key=switch)
    first, again = a_draft(team), a_draft(team)
    for batch in (first, again):
        actions.start(batch, None, None)
        batch.refresh_from_db()
    settings.OPTIONS = replace(settings.OPTIONS, prompt_cache_key=not switch)
    body = recipe_of(first).request(1, first.dataset.row(1))["batch_request"]["responses"]
    assert bool(body.get("prompt_cache_key")) is sent
    assert first.cache_key == again.cache_key
    drive(first)
    assert first.succeeded == first.total


def test_chat_completions_take_no_key(team: Team, sandbox: Sandbox) -> None:
    assert run(a_draft(team)).cache_key == ""


def test_the_preview_says_what_all_rows_share(team: Team) -> None:
    rules = "Answer politely. " * 40
    late, early = a_draft(team, system_prompt=rules), a_draft(team, system_prompt="For {{id}}: " + rules)
    preview = draft_store.preview(late, 1)
    assert preview
    assert preview.shared == preview.fixed == len(rules) + len("Sort this: ")
    preview = draft_store.preview(early, 1)
    assert preview
    assert [preview.shared, preview.fixed > 600] == [len("For "), True]
    short = draft_store.preview(a_draft(team), 1)
    assert short
    assert short.shared == 0, "of a short prompt nothing is said"
