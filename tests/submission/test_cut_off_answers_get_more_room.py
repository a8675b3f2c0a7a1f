"""Answers that were cut off are retried with a higher cap on output tokens, at a price that was shown before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest
from django.test import Client
from django.urls import reverse

from batchsite.batches.answer_flaws import TRUNCATED
from batchsite.batches.batch_recipe import recipe_sent
from batchsite.batches.models import Batch, Chunk, Result, Submission
from batchsite.pricing.raised_caps import raised_caps
from batchsite.recipes.recipe import digest
from batchsite.submission import actions
from batchsite.teams.models import Team, User
from tests.pipeline import check_books, drive, make_batch
from tests.sandboxes import Sandbox
from tests.submission.test_requests_as_they_stand import CHAT, a_draft, asks, run

pytestmark = pytest.mark.django_db
Browser = Callable[[User], Client]
CAP = 3


@pytest.fixture
def batch(team: Team, sandbox: Sandbox) -> Batch:
    """Six answers, each cut off after three tokens."""
    cut = drive(make_batch(team, 6, params={"max_completion_tokens": CAP}))
    assert (cut.succeeded, cut.truncated) == (6, 6)
    return cut


def sent_caps(submission: Submission) -> set[Any]:
    """The caps in the requests of a submission, as they are rebuilt now; they have the hash of what was sent."""
    caps = set()
    for chunk in Chunk.objects.filter(submission=submission):
        rows = [row for first, last in chunk.ranges for row in submission.batch.dataset.rows(first, last)]
        body = recipe_sent(Submission.objects.get(pk=submission.pk)).body(rows)
        assert digest(body) == chunk.sha256
        caps |= {
            item["batch_request"]["chat_get_completion"].get("max_completion_tokens")
            for item in orjson.loads(body)["batch_requests"]
        }
    return caps


def test_a_retry_with_a_higher_cap_sends_it_and_can_be_rebuilt(batch: Batch, alice: User, sandbox: Sandbox) -> None:
    again = actions.retry(batch, alice, causes=[TRUNCATED], output_cap=3000)
    drive(batch)
    assert (batch.truncated, batch.succeeded) == (0, 6)
    assert sent_caps(batch.submissions.get(number=1)) == {CAP}
    assert sent_caps(again) == {3000}
    check_books(batch, sandbox)


def test_a_standing_retry_keeps_the_higher_cap(team: Team, alice: User, sandbox: Sandbox) -> None:
    batch = drive(make_batch(team, 4, params={"max_completion_tokens": CAP}, auto_retries=1))
    sandbox.fault("fail_rows", ids=["tickets-row-2"], batches=1, text="Internal server error")
    actions.retry(batch, alice, causes=[TRUNCATED], output_cap=3000)
    drive(batch)
    assert (batch.truncated, batch.succeeded, batch.submissions.count()) == (0, 4, 3)
    assert sent_caps(batch.submissions.get(number=3)) == {3000}


def test_the_page_offers_higher_caps_with_their_price(batch: Batch, alice: User, client_of: Browser) -> None:
    site, address = client_of(alice), reverse("batch-retry", args=[batch.pk])
    offered = raised_caps(batch, batch.results.all())
    assert [cap.output_cap for cap in offered] == [6, 12, 30]
    assert all(cap.rows == 6 and cap.most for cap in offered)
    assert offered[0].most < offered[2].most  # type: ignore[operator]
    page = " ".join(site.get(address).content.decode().split())
    assert "12 tokens; the 6 answers that were cut off: up to about $" in page
    site.post(address, {"causes": [TRUNCATED], "output_cap": "12"})
    again = batch.submissions.latest("number")
    assert (again.number, again.retry_of["output_cap"]) == (2, 12)
    assert "up to 12 tokens an answer" in batch.events.get(kind="retried").text


def test_a_cap_that_was_not_offered_is_refused(batch: Batch, alice: User, client_of: Browser) -> None:
    reply = client_of(alice).post(
        reverse("batch-retry", args=[batch.pk]), {"causes": [TRUNCATED], "output_cap": "999999"}
    )
    assert reply.status_code == 422
    assert batch.submissions.count() == 1


def test_one_row_gets_more_room_too(batch: Batch, alice: User, client_of: Browser, sandbox: Sandbox) -> None:
    site, address = client_of(alice), reverse("batch-row-retry", args=[batch.pk, 2])
    assert "the answer that was cut off" in site.get(address).content.decode()
    site.post(address, {"output_cap": "30"})
    drive(batch)
    assert sent_caps(batch.submissions.get(number=2)) == {30}
    assert Result.objects.get(batch=batch, row=2).completion_tokens > CAP
    page = site.get(reverse("batch-row", args=[batch.pk, 2])).content.decode()
    assert f"({CAP} for the visible answer)" not in page


def test_the_next_retry_starts_from_the_cap_of_the_last(batch: Batch, alice: User) -> None:
    actions.retry(batch, alice, rows=[1], states=("succeeded",), output_cap=5)
    drive(batch)
    assert [cap.output_cap for cap in raised_caps(batch, batch.results.filter(row=1))] == [10, 20, 50]


def test_no_cap_is_offered_where_none_was_set(team: Team, alice: User, client_of: Browser, sandbox: Sandbox) -> None:
    batch = drive(make_batch(team, 2))
    Result.objects.filter(batch=batch).update(cause=TRUNCATED)
    Batch.objects.filter(pk=batch.pk).update(truncated=2)
    assert raised_caps(batch, batch.results.all()) == []
    page = client_of(alice).get(reverse("batch-retry", args=[batch.pk])).content.decode()
    assert "Token limit of an answer" not in page


def test_answers_that_do_not_fit_because_they_were_cut_off_get_more_room(
    team: Team, alice: User, client_of: Browser, sandbox: Sandbox
) -> None:
    shape = {"fields": [{"name": "said", "type": "text", "required": True}]}
    batch = drive(make_batch(team, 3, params={"max_completion_tokens": CAP}, shape=shape))
    assert batch.misfits == 3
    address = reverse("batch-retry", args=[batch.pk]) + "?fit=misfit"
    assert "9 tokens" not in client_of(alice).get(address).content.decode()
    client_of(alice).post(address, {"output_cap": "30"})
    assert batch.submissions.latest("number").retry_of["output_cap"] == 30


def test_the_own_cap_of_a_given_request_is_raised(team: Team, alice: User, sandbox: Sandbox) -> None:
    batch = run(a_draft(team, *((f"r{n}", CHAT, asks("Tell me a lot.", max_tokens=CAP)) for n in range(2))))
    assert batch.truncated == 2
    [least, *_] = raised_caps(batch, batch.results.all())
    assert least.output_cap == 2 * CAP
    again = actions.retry(batch, alice, causes=[TRUNCATED], output_cap=3000)
    drive(batch)
    assert batch.truncated == 0
    assert sent_caps(again) == {3000}


@pytest.fixture(autouse=True)
def _small_chunks(settings: Any) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, chunk_rows=2)
