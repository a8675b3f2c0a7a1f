"""A batch runs under the key that was chosen when it was submitted: never under another one, whatever pays by then."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from batchsite.asks.models import Ask
from batchsite.batches.draft_fingerprint import draft_fingerprint
from batchsite.batches.models import Batch, DailySpend
from batchsite.drafts import draft_store
from batchsite.submission import actions, provider_teams
from batchsite.teams.models import ProviderKey, Team, User
from batchsite.teams.team_keys import make_default, remove_key, store_key
from tests.pipeline import check_books, drive, make_batch, step_all, story
from tests.sandboxes import Sandbox
from tests.submission.stories import a_draft

pytestmark = pytest.mark.django_db
Browser = Callable[[User], Client]
ROWS = 8
FIRST, SECOND = "xai-first-key-1111111111", "xai-second-key-222222222"


@pytest.fixture
def keys(team: Team, alice: User, sandbox: Sandbox, settings: Any) -> list[ProviderKey]:
    """Two keys of one xAI team; the first one is the default."""
    provider_teams._teams.clear()
    settings.OPTIONS = replace(settings.OPTIONS, xai_api_base=sandbox.url, chunk_rows=3, page_rows=5)
    sandbox.admin("POST", "keys", {"key": FIRST, "team": "team-1"})
    sandbox.admin("POST", "keys", {"key": SECOND, "team": "team-1"})
    first = store_key(team, FIRST, "team-1", alice, name="Production")
    return [first, store_key(team, SECOND, "team-1", alice, name="Trying out")]


def submit(site: Client, draft: Batch, **fields: Any) -> Any:
    draft.refresh_from_db()
    fields |= {"reviewed": draft_fingerprint(draft)}
    return site.post(reverse("batch-submit", args=[draft.pk]), fields, follow=True)


def test_the_key_is_chosen_on_the_review_and_the_ledger_names_it(
    team: Team, alice: User, keys: list[ProviderKey], sandbox: Sandbox, client_of: Browser
) -> None:
    site, draft = client_of(alice), a_draft(team, alice)
    page = site.get(reverse("batch-review", args=[draft.pk])).content.decode()
    assert re.search(r'<select name="key"[^>]*form="submit-form"', page)
    assert "Production …1111 (default)" in page
    submit(site, draft, key=keys[1].pk)
    draft.refresh_from_db()
    assert (draft.account, draft.key) == ("team", keys[1])
    make_default(keys[1])
    remove_key(keys[0])
    drive(draft)
    check_books(draft, sandbox)
    assert {spend.key for spend in DailySpend.objects.all()} == {"Trying out …2222"}
    assert "Trying out" in site.get(reverse("batch-activity", args=[draft.pk])).content.decode()


def test_a_chosen_key_that_is_gone_meanwhile_sends_nothing_under_another(
    team: Team, alice: User, keys: list[ProviderKey], client_of: Browser
) -> None:
    site, draft = client_of(alice), a_draft(team, alice)
    remove_key(keys[1])
    reply = submit(site, draft, key=keys[1].pk)
    assert "This key is not there any more" in reply.content.decode()
    with pytest.raises(actions.NotNow, match="Nothing was sent"):
        actions.start(Batch.objects.get(pk=draft.pk), alice, draft_store.estimate_of(draft), key=keys[1])
    draft.refresh_from_db()
    assert draft.state == "draft"


def test_a_single_key_is_no_question_and_the_one_that_was_shown_pays(
    team: Team, alice: User, keys: list[ProviderKey], client_of: Browser
) -> None:
    remove_key(keys[1])
    site, draft = client_of(alice), a_draft(team, alice)
    page = site.get(reverse("batch-review", args=[draft.pk])).content.decode()
    assert "paid by <bdi>the key “Production”</bdi>" in page
    assert re.search(rf'<input type="hidden" name="key" value="{keys[0].pk}"', page)


def test_a_batch_whose_key_was_removed_waits_for_it_and_not_for_another(
    team: Team, alice: User, keys: list[ProviderKey], sandbox: Sandbox
) -> None:
    sandbox.set(rate=1 / 60)
    batch = drive(make_batch(team, ROWS), until="processing")
    assert batch.key == keys[0]
    remove_key(keys[0])
    drive(batch, until="held")
    assert "“Production” was removed" in batch.held_reason
    for _ in range(10):
        step_all(batch)
    batch.refresh_from_db()
    assert (batch.is_running, batch.key, bool(batch.held_reason)) == (True, keys[0], True)
    store_key(team, FIRST, "team-1", alice, name="Production")
    sandbox.set(rate=0)
    sandbox.complete()
    drive(batch)
    assert batch.succeeded == ROWS
    check_books(batch, sandbox)


def test_a_held_batch_is_offered_the_keys_of_its_xai_team_by_name(
    team: Team, alice: User, keys: list[ProviderKey], sandbox: Sandbox, client_of: Browser
) -> None:
    store_key(team, "xai-elsewhere-3333333333", "team-2", alice, name="Elsewhere")
    store_key(team, "xai-spare-444444444444444", "", alice, name="Spare")
    sandbox.set(rate=1 / 60)
    batch = drive(make_batch(team, ROWS), until="processing")
    remove_key(keys[0])
    drive(batch, until="held")
    site, address = client_of(alice), reverse("batch-key", args=[batch.pk])
    page = site.get(address).content.decode()
    assert ["The key “Trying out”" in page, "The key “Spare”" in page, "Elsewhere" in page] == [True, True, False]
    assert site.post(address, {"to": "team-999"}).status_code == 422
    site.post(address, {"to": f"team-{keys[1].pk}"})
    batch.refresh_from_db()
    assert (batch.key, batch.held_reason) == (keys[1], "")
    assert "key: Moved to the key “Trying out”" in story(batch)
    sandbox.set(rate=0)
    sandbox.complete()
    drive(batch)
    check_books(batch, sandbox)


def test_an_ask_and_the_commands_take_a_key_by_name(
    team: Team, alice: User, keys: list[ProviderKey], sandbox: Sandbox, client_of: Browser, tmp_path: Any, capsys: Any
) -> None:
    site = client_of(alice)
    asked = {"prompt": "Why?", "model": "grok-4.3"}
    site.post(reverse("asks"), asked | {"key": keys[1].pk})
    site.post(reverse("asks"), asked)
    assert [ask.key for ask in Ask.objects.order_by("pk")] == [keys[1], keys[0]]
    table = tmp_path / "tickets.csv"
    table.write_text("text\nHello\n")
    for name, status in (("nobody", 2), ("trying out", 0)):
        with pytest.raises(SystemExit) as ended:
            call_command("runbatch", str(table), "--prompt", "Sort: {{text}}", "--key", name)
        assert ended.value.code == status
    said = capsys.readouterr().err
    assert "has no xAI key “nobody”. Its keys: “Production”, “Trying out”." in said
    assert "paid by the key “Trying out”" in said
    assert Batch.objects.get().key == keys[1]


def test_the_account_page_shows_each_key_s_account(alice: User, keys: list[ProviderKey], client_of: Browser) -> None:
    reply = client_of(alice).get(reverse("provider"), {"account": f"team-{keys[1].pk}"})
    assert list(reply.context["accounts"]) == [
        (f"team-{keys[0].pk}", "xAI, key “Production”"),
        (f"team-{keys[1].pk}", "xAI, key “Trying out”"),
    ]
    assert reply.context["kind"] == f"team-{keys[1].pk}"
