"""Pictures and videos keep to a batch's cap and a team's budget: each is billed by the file, none by its tokens."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from batchsite.batches.models import Batch
from batchsite.batches.states import HeldFor
from batchsite.drafts import draft_store
from batchsite.submission import actions
from batchsite.teams.models import Team, User
from batchsite.teams.people import set_budget
from batchsite.teams.team_keys import store_key
from tests.factories import make_dataset
from tests.gallery.stories import drawn
from tests.pipeline import check_books, drive, story
from tests.sandboxes import Sandbox

pytestmark = pytest.mark.django_db
ROWS = 40
EACH = {"grok-imagine-image": 200_000_000, "grok-imagine-video": 500_000_000}


@pytest.fixture(params=EACH)
def model(request: pytest.FixtureRequest, settings: Any) -> str:
    settings.OPTIONS = replace(settings.OPTIONS, xai_videos=("grok-imagine-video=0.05",))
    return str(request.param)


def test_a_batch_stops_at_its_cap_and_goes_on_below_a_higher_one(model: str, team: Team, sandbox: Sandbox) -> None:
    batch = drawn(team, ROWS, model=model)
    cap = EACH[model] * ROWS // 2
    actions.set_spend_cap(batch, cap, None)
    batch = drive(batch, until="held")
    assert batch.held_for == HeldFor.CAP, story(batch)
    assert batch.cost_ticks == sandbox.billed(), "to the tick that was billed"
    assert cap // 2 < batch.cost_ticks <= cap
    actions.set_spend_cap(batch, EACH[model] * ROWS, None)
    batch = drive(batch)
    assert (batch.state, batch.succeeded, batch.cost_ticks) == ("completed", ROWS, EACH[model] * ROWS), story(batch)
    check_books(batch, sandbox)


def test_what_a_team_cannot_afford_is_refused_and_one_file_less_is_sent(
    model: str, team: Team, alice: User, sandbox: Sandbox, settings: Any
) -> None:
    store_key(team, "xai-key-of-the-team-1234", "", alice)  # the sandbox's money has no budget
    settings.OPTIONS = replace(settings.OPTIONS, xai_api_base=sandbox.url)
    dataset = make_dataset(team, ["animal"], [["cat"]] * ROWS)
    draft = draft_store.new_draft(team, alice, dataset)
    draft.prompt, draft.model = "A {{animal}}", model
    draft.save()
    set_budget(team, EACH[model] * (ROWS - 1))
    with pytest.raises(actions.NotNow, match="is left of the team"):
        actions.start(draft, alice, draft_store.estimate_of(draft))
    assert Batch.objects.get(pk=draft.pk).state == "draft"
    draft_store.save(draft, {"row_limit": ROWS - 1})
    actions.start(draft, alice, draft_store.estimate_of(draft))
    assert drive(draft).cost_ticks == EACH[model] * (ROWS - 1) == sandbox.billed()
