"""Two people press at the same moment, through their browsers: paid once, nothing lost, and each is answered."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse

from batchsite.batches.models import Batch, Event, Result
from batchsite.datasets.models import Dataset
from batchsite.results.models import Judgement
from batchsite.teams.models import Role, Team, User
from tests.factories import make_member, make_user
from tests.pipeline import check_books, drive, make_batch
from tests.sandboxes import Sandbox
from tests.submission.stories import an_ended_batch
from tests.trials.stories import a_draft

pytestmark = [pytest.mark.databases, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("waiting")]
Browser = Callable[[User], Client]
Press = Callable[[], Any]
ROUNDS = 3


@pytest.fixture
def sites(alice: User, team: Team, client_of: Browser) -> list[Client]:
    """Alice and Carol, who both may do everything."""
    carol = make_member(team, make_user("Carol", "carol@example.org"), Role.OWNER)
    return [client_of(alice), client_of(carol)]


def at_once(*presses: Press) -> list[Any]:
    """The answers to requests that begin at the same moment, each in a thread of its own. None is a 500."""
    ready, answers = threading.Barrier(len(presses)), [None] * len(presses)

    def run(number: int, press: Press) -> None:
        try:
            ready.wait(20)
            answers[number] = press()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(presses)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "it hangs"
    codes = [getattr(answer, "status_code", None) for answer in answers]
    assert all(code is not None and code < 500 for code in codes), codes
    return answers


def posts(site: Client, url: str, *args: int, **data: Any) -> Press:
    return lambda: site.post(reverse(url, args=args), data)


def said(site: Client, address: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", site.get(address, follow=True).content.decode()).split())


def reviewed(site: Client, draft: Batch) -> dict[str, str]:
    page = site.get(reverse("batch-review", args=[draft.pk])).content.decode()
    found = re.search(r'name="reviewed" value="(\w+)"', page)
    assert found
    return {"reviewed": found[1]}


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_draft_submitted_twice_is_paid_once(
    round_: int, team: Team, alice: User, sites: list[Client], sandbox: Sandbox
) -> None:
    draft = a_draft(team, alice)
    forms = [reviewed(site, draft) for site in sites]
    at_once(*(posts(site, "batch-submit", draft.pk, **form) for site, form in zip(sites, forms, strict=True)))
    assert draft.submissions.count() == 1
    assert Event.objects.filter(batch=draft, kind="submitted").count() == 1
    batch = drive(draft)
    assert batch.succeeded == batch.total == 30
    check_books(batch, sandbox)


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_draft_is_edited_while_it_is_submitted(
    round_: int, team: Team, alice: User, sites: list[Client], sandbox: Sandbox
) -> None:
    """What was reviewed is sent, or nothing is: never a prompt that nobody saw."""
    draft = a_draft(team, alice)
    form = reviewed(sites[0], draft)
    typed = {"name": "Sorting", "prompt": "Another: {{text}}", "model": "grok-4.3", "row": "1"}
    at_once(posts(sites[0], "batch-submit", draft.pk, **form), posts(sites[1], "batch-preview", draft.pk, **typed))
    draft.refresh_from_db()
    sent = draft.submissions.count()
    assert (sent, draft.prompt) in {(1, "One word: {{text}}"), (0, "Another: {{text}}")}
    if sent:
        check_books(drive(draft), sandbox)


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_dataset_is_deleted_while_a_batch_is_drafted_on_it(
    round_: int, team: Team, alice: User, sites: list[Client]
) -> None:
    dataset = a_draft(team, alice).dataset
    Batch.objects.all().delete()
    at_once(posts(sites[0], "batch-new", dataset=dataset.pk), posts(sites[1], "dataset-delete", dataset.pk))
    dataset.refresh_from_db()
    assert Batch.objects.count() == (0 if dataset.deleted_at else 1)


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_one_cancels_while_the_other_retries(round_: int, team: Team, sites: list[Client], sandbox: Sandbox) -> None:
    sandbox.fault("fail_rows", share=0.5, batches=1, text="Internal server error")
    batch = drive(make_batch(team, 20))
    assert batch.failed
    retry = {"causes": list({result.cause for result in Result.objects.filter(batch=batch).exclude(cause="")})}
    at_once(
        posts(sites[0], "batch-retry", batch.pk, **retry),
        posts(sites[1], "batch-retry", batch.pk, **retry),
        posts(sites[0], "batch-cancel", batch.pk),
    )
    assert batch.submissions.count() <= 2
    batch = drive(batch)
    assert batch.succeeded + batch.failed + batch.cancelled == 20
    check_books(batch, sandbox)


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_row_is_corrected_by_both(round_: int, team: Team, alice: User, sites: list[Client]) -> None:
    batch = an_ended_batch(team, alice, rows=3)
    data = [{"known": "", "verdict": "bad", "comment": f"of {number}"} for number in range(2)]
    answers = at_once(*(posts(site, "row-correct", batch.pk, 1, **one) for site, one in zip(sites, data, strict=True)))
    assert sorted(answer.status_code for answer in answers) == [302, 409], "the later one sees both versions"
    stored = Judgement.objects.get().comment
    assert stored == data[[answer.status_code for answer in answers].index(302)]["comment"]


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_member_is_removed_while_their_batch_runs(
    round_: int, team: Team, bob: User, client_of: Browser, sites: list[Client], sandbox: Sandbox
) -> None:
    draft, site = a_draft(team, bob), client_of(bob)
    form, member = reviewed(site, draft), bob.memberships.get(team=team)
    at_once(posts(site, "batch-submit", draft.pk, **form), posts(sites[0], "member-remove", member.pk))
    assert not bob.memberships.filter(team=team).exists()
    draft.refresh_from_db()
    assert site.get(reverse("batch", args=[draft.pk])).status_code in {302, 404}, "they see it no more"
    if draft.submissions.exists():
        batch = drive(draft)
        assert batch.succeeded == 30
        check_books(batch, sandbox)
        assert "30 succeeded" in said(sites[0], reverse("batch", args=[batch.pk])).lower()


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_batch_is_deleted_while_it_is_retried(round_: int, team: Team, sites: list[Client], sandbox: Sandbox) -> None:
    sandbox.fault("fail_rows", share=0.5, batches=1, text="Internal server error")
    batch = drive(make_batch(team, 20))
    causes = list({result.cause for result in Result.objects.filter(batch=batch).exclude(cause="")})
    at_once(posts(sites[0], "batch-retry", batch.pk, causes=causes), posts(sites[1], "batch-delete", batch.pk))
    batch.refresh_from_db()
    assert not (batch.deleted_at and batch.is_running), "nothing runs that nobody sees"
    if batch.is_running:
        check_books(drive(batch), sandbox)


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_draft_is_deleted_while_it_is_submitted(
    round_: int, team: Team, alice: User, sites: list[Client], sandbox: Sandbox
) -> None:
    draft = a_draft(team, alice)
    form = reviewed(sites[0], draft)
    at_once(posts(sites[0], "batch-submit", draft.pk, **form), posts(sites[1], "batch-delete", draft.pk))
    draft.refresh_from_db()
    assert bool(draft.deleted_at) != draft.is_running, "one of both happened, and what runs is seen"


def test_both_duplicate_a_batch_whose_dataset_is_deleted(team: Team, alice: User, sites: list[Client]) -> None:
    batch = an_ended_batch(team, alice, rows=3)
    at_once(*(posts(site, "batch-again", batch.pk) for site in sites), posts(sites[0], "batch-delete", batch.pk))
    assert Dataset.objects.get(pk=batch.dataset_id).deleted_at is None
