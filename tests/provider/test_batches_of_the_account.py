"""All batches of the account, other programs' too: found, opened, read, taken home, cancelled."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from batchsite.submission import actions
from batchsite.teams.models import Team, User
from tests.pipeline import drive, make_batch
from tests.provider.conftest import Stranger
from tests.sandboxes import Sandbox

ClientOf = Callable[[User], Client]
HTMX: Any = {"HX-Request": "true"}


@pytest.fixture
def fetched(alice: User, client_of: ClientOf) -> Callable[[str], str]:
    """`fetched(path)`: what htmx fetches from there, as Alice."""

    def get(path: str) -> str:
        return client_of(alice).get(path, headers=HTMX).content.decode()

    return get


def test_the_page_comes_at_once_and_the_list_a_moment_later(
    alice: User, client_of: ClientOf, sandbox: Sandbox, stranger: Stranger
) -> None:
    sandbox.fault("status", call="list", status=503)
    html = client_of(alice).get("/provider/").content.decode()
    assert 'hx-get="/provider/"' in html
    assert "Asking xAI" in html
    assert 'content="0; url=?now=1"' in html


def test_without_javascript_it_waits_for_the_list(alice: User, client_of: ClientOf, stranger: Stranger) -> None:
    stranger.batch("nightly report")
    assert "nightly report" in client_of(alice).get("/provider/?now=1").content.decode()


def test_a_batch_of_another_program_is_found_and_read(stranger: Stranger, sandbox: Sandbox, fetched: Any) -> None:
    made = stranger.batch("nightly report", rows=3)
    sandbox.complete()
    listed = fetched("/provider/")
    assert "nightly report" in listed
    assert "Made by another program" in listed
    shown = fetched(f"/provider/{made}")
    assert "Simulated answer" in shown
    assert "theirs-0002" in shown
    assert "cost_in_usd_ticks" in shown
    requests = fetched(f"/provider/{made}?show=requests")
    assert "theirs-0003" in requests
    assert "Simulated answer" not in requests


def test_its_results_are_taken_home_in_every_form(
    alice: User, client_of: ClientOf, stranger: Stranger, sandbox: Sandbox
) -> None:
    made = stranger.batch("nightly report", rows=1203)
    sandbox.complete()
    client = client_of(alice)

    def body(form: str) -> bytes:
        return b"".join(client.get(f"/provider/{made}/download?form={form}").streaming_content)  # type: ignore[attr-defined]

    rows = list(csv.DictReader(io.StringIO(body("csv").decode())))
    assert len({row["batch_request_id"] for row in rows}) == 1203
    assert all(row["state"] == "succeeded" and row["answer"] and row["cost_usd"] for row in rows)
    lines = [json.loads(line) for line in body("jsonl").splitlines()]
    assert len(lines) == 1203
    assert lines[0]["prompt_tokens"] > 0
    raw = [json.loads(line) for line in body("raw").splitlines()]
    assert raw[0]["batch_result"]["response"]["chat_get_completion"]["choices"]


def test_it_is_cancelled_after_a_question(
    alice: User, client_of: ClientOf, stranger: Stranger, sandbox: Sandbox
) -> None:
    sandbox.set(rate=0.001)
    made = stranger.batch("nightly report")
    client = client_of(alice)
    assert "another program" in client.get(f"/provider/{made}/cancel").content.decode()
    response = client.post(f"/provider/{made}/cancel", follow=True)
    assert "Cancelling at xAI" in response.content.decode()
    assert "Cancel" in client.get(f"/provider/{made}", headers=HTMX).content.decode()
    remote = client.get("/provider/", headers=HTMX).content.decode()
    assert "Cancelled" in remote or "Cancelling" in remote


def test_ours_are_traced_to_their_batch_and_person(
    team: Team, alice: User, sandbox: Sandbox, stranger: Stranger, fetched: Any
) -> None:
    batch = make_batch(team, 3)
    type(batch).objects.filter(pk=batch.pk).update(started_by=alice)
    drive(batch)
    stranger.batch("theirs")
    listed = fetched("/provider/?whose=ours")
    assert f'href="/batches/{batch.pk}"' in listed
    assert "by Alice" in listed
    assert ">theirs<" not in listed
    assert ">theirs<" in fetched("/provider/?whose=others")


def test_a_cancel_of_ours_is_asked_on_its_own_page(
    team: Team, alice: User, client_of: ClientOf, sandbox: Sandbox
) -> None:
    sandbox.set(rate=0.001)
    batch = make_batch(team, 3)
    drive(batch, until="processing")
    remote_id = batch.submissions.get().remote_id
    response = client_of(alice).get(f"/provider/{remote_id}/cancel")
    assert response["Location"] == f"/batches/{batch.pk}/cancel"


def test_empty_running_and_ended_ones_are_told_apart(stranger: Stranger, sandbox: Sandbox, fetched: Any) -> None:
    stranger.batch("an empty shell", rows=0)
    stranger.batch("the done one")
    sandbox.complete()
    sandbox.set(rate=0.001)
    stranger.batch("the running one")
    for how, name in (("empty", "an empty shell"), ("ended", "the done one"), ("running", "the running one")):
        listed = fetched(f"/provider/?how={how}")
        assert name in listed
        assert listed.count('class="name"') == 1
    assert "the done one" in fetched("/provider/?search=DONE")
    assert "No match among these 3" in fetched("/provider/?search=nothing+like+it")


def test_it_is_paged_by_the_providers_token(stranger: Stranger, fetched: Any) -> None:
    names = [f"number {number:03d}" for number in range(60)]
    for name in names:
        stranger.batch(name, rows=0)
    first = fetched("/provider/")
    assert "number 059" in first
    assert "number 009" not in first
    onward = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second = fetched(f"/provider/{onward}")
    assert "number 009" in second
    assert "number 059" not in second


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"what": "status", "status": 503}, "xAI had a fault of its own"),
        ({"what": "no_credits"}, "The team’s key"),
    ],
)
def test_trouble_is_said_with_what_to_do(fault: dict[str, Any], words: str, sandbox: Sandbox, fetched: Any) -> None:
    sandbox.fault(**fault, call="list")
    listed = fetched("/provider/")
    assert words in listed
    assert 'role="alert"' in listed


def test_an_id_that_xai_does_not_know_is_said(sandbox: Sandbox, alice: User, client_of: ClientOf, fetched: Any) -> None:
    assert "xAI does not have this batch" in fetched("/provider/batch_nobody")
    assert client_of(alice).get("/provider/batch_nobody/download").status_code == 404


def test_the_words_of_a_batch_that_xai_ended_are_shown_as_they_are(
    sandbox: Sandbox, stranger: Stranger, fetched: Any
) -> None:
    sandbox.fault("cancel_by_xai", message="All requests used <grok-9>.")
    made = stranger.batch("killed", rows=0)
    assert "All requests used &lt;grok-9&gt;." in fetched(f"/provider/{made}")


def test_names_and_answers_of_strangers_are_text(stranger: Stranger, fetched: Any) -> None:
    made = stranger.batch("<script>alert(1)</script>", rows=1)
    assert "<script>alert" not in fetched("/provider/") + fetched(f"/provider/{made}")


# ---- other teams of this installation ---------------------------------------------------------------------


def test_what_another_team_made_on_a_shared_account_stays_theirs(
    team: Team, alice: User, charlie: User, client_of: ClientOf, sandbox: Sandbox, fetched: Any
) -> None:
    theirs = make_batch(charlie.teams.get(), 3, name="Secret plan")
    drive(theirs)
    remote_id = theirs.submissions.get().remote_id
    listed = fetched("/provider/")
    assert "Secret plan" not in listed
    assert remote_id not in listed
    assert "Another team’s" in listed
    assert "belongs to another team" in fetched(f"/provider/{remote_id}")
    client = client_of(alice)
    for answer in (
        client.get(f"/provider/{remote_id}/download"),
        client.get(f"/provider/{remote_id}/cancel"),
        client.post(f"/provider/{remote_id}/cancel"),
        client.post(f"/provider/{remote_id}/adopt"),
    ):
        assert answer.status_code == 404
    actions.delete(theirs, None)
    theirs.delete()
    assert "Secret plan" not in fetched("/provider/")
    assert "belongs to another team" in fetched(f"/provider/{remote_id}")


def test_nobody_who_is_signed_out_sees_anything(client: Client, sandbox: Sandbox, db: None) -> None:
    for path in ("/provider/", "/provider/batch_x", "/provider/batch_x/download", "/provider/batch_x/cancel"):
        assert client.get(path).status_code == 302
