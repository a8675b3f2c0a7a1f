"""Whether a model runs in batches is asked, not believed: with one tiny row, and what xAI says is remembered."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from batchsite.batches.batchable import answers_for
from batchsite.batches.models import Batch, ModelAnswer, ModelOffer
from batchsite.batches.timeline import NO_BATCHES
from batchsite.drafts import draft_store
from batchsite.submission import actions
from batchsite.teams.accounts import sandbox_url
from batchsite.teams.models import Team, User
from tests.pipeline import drive
from tests.sandboxes import Sandbox
from tests.submission.stories import a_draft

pytestmark = pytest.mark.django_db(transaction=True)
CLOSED, ALIAS = "grok-4.6", "grok-4.3-latest"


def listed(*models: str) -> None:
    for model in models:
        ModelOffer.objects.create(
            base_url=sandbox_url(),
            model=model,
            input_price=10,
            cached_price=10,
            output_price=10,
            refreshed_at=timezone.now(),
        )


def ask(client: Client, draft: Batch, model: str) -> Batch:
    """Asks on the page; a worker carries it out."""
    address = f"/batches/{draft.pk}/ask-model?model={model}"
    assert "Reply with OK." in client.get(address).content.decode()
    client.post(address)
    return drive(Batch.objects.exclude(pk=draft.pk).get())


def test_a_refusal_is_remembered_and_offers_another_model(
    team: Team, alice: User, client: Client, sandbox: Sandbox
) -> None:
    client.force_login(alice)
    listed("grok-4.3", CLOSED)
    draft = a_draft(team, alice, model=CLOSED)
    asked = ask(client, draft, CLOSED)
    assert [asked.state, asked.cost_ticks, sandbox.rows()] == ["failed", 0, []]
    assert asked.events.filter(kind=NO_BATCHES).exists()
    page = client.get(f"/batches/{asked.pk}").content.decode()
    assert "xAI does not take grok-4.6 in batches" in page
    assert "Choose another model…" in page
    [words] = draft_store.problems_of(draft)["model"]
    assert words.startswith("xAI refused grok-4.6 for batches on ")


def test_a_yes_opens_a_model_that_was_not_known(team: Team, alice: User, client: Client, sandbox: Sandbox) -> None:
    client.force_login(alice)
    listed("grok-4.3", ALIAS)
    draft = a_draft(team, alice)
    asked = ask(client, draft, ALIAS)
    assert [asked.state, asked.total] == ["completed", 1]
    assert 0 < asked.cost_ticks == sandbox.billed()
    assert answers_for(team)[ALIAS].takes_batches
    assert "xAI took a request of grok-4.3-latest" in client.get(f"/batches/{draft.pk}/edit").content.decode()
    client.post(f"/batches/{draft.pk}/ask-model", {"model": ALIAS})
    assert Batch.objects.count() == 2, "what is known is not asked again"


def test_what_our_table_says_gives_way_to_what_xai_says(team: Team, alice: User, sandbox: Sandbox) -> None:
    ModelAnswer.objects.create(base_url=sandbox_url(), model=CLOSED, takes_batches=True)
    ModelAnswer.objects.create(base_url=sandbox_url(), model="grok-4.3", takes_batches=False)
    ModelAnswer.objects.create(base_url="https://elsewhere.example/v1", model="grok-4.7", takes_batches=True)
    problems = {
        model: draft_store.problems_of(a_draft(team, alice, model=model)).get("model")
        for model in (CLOSED, "grok-4.3", "grok-4.7")
    }
    assert [bool(problem) for problem in problems.values()] == [False, True, True]


def test_any_batch_finds_out(team: Team, alice: User, sandbox: Sandbox) -> None:
    sandbox.fault(what="refuse_model")
    batch = a_draft(team, alice)
    actions.start(batch, alice, None)
    batch.refresh_from_db()
    assert drive(batch).state == "failed"
    assert not answers_for(team)["grok-4.3"].takes_batches
