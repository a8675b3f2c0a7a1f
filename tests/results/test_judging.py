"""A person judges answers: a thumb in the table, a corrected answer and a comment on the row's page."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from batchsite.batches.models import Batch
from batchsite.results.models import Judgement, Summary
from batchsite.teams.models import Team, User
from tests.factories import make_dataset
from tests.results.test_summary import work
from tests.submission.stories import a_draft, a_running_batch, an_ended_batch, end, receive

Browser = Callable[[User], Client]
SHAPE = {
    "fields": [
        {"name": "intent", "type": "choice", "values": ["lost", "late"]},
        {"name": "reply", "type": "text"},
    ]
}
HTMX = {"HX-Request": "true"}


@pytest.fixture
def site(alice: User, client_of: Browser) -> Client:
    return client_of(alice)


@pytest.fixture
def shaped(team: Team, alice: User) -> Batch:
    """Four rows, all answered late; lost is wanted for the odd ones."""
    rows = [[f"Question {number}", "lost" if number % 2 else "late"] for number in range(1, 5)]
    batch = a_running_batch(team, alice, dataset=make_dataset(team, ["text", "wanted"], rows), shape=SHAPE)
    receive(batch, dict.fromkeys(range(1, 5), '{"intent": "late", "reply": "Sorry."}'))
    return end(batch)


def judge(site: Client, batch: Batch, row: int, verdict: str, **headers: Any) -> Any:
    return site.post(reverse("row-judge", args=[batch.pk, row]), {"verdict": verdict}, **headers)


def correct(site: Client, batch: Batch, row: int, **data: str) -> Any:
    return site.post(reverse("row-correct", args=[batch.pk, row]), data)


def rows(site: Client, batch: Batch, **asked: str) -> list[int]:
    return [line.row for line in site.get(reverse("batch", args=[batch.pk]), asked).context["page"].lines]


@pytest.mark.databases
def test_a_thumb_is_set_turned_and_taken_back(shaped: Batch, site: Client, alice: User) -> None:
    part = judge(site, shaped, 2, "good", headers=HTMX).content.decode()
    assert "<html" not in part
    assert 'id="good-2" name="verdict" value="good" aria-pressed="true"' in part
    assert "/judge#" not in part, "where one goes from there without JavaScript is the table"
    said = Judgement.objects.get()
    assert (said.row, said.verdict, said.by) == (2, "good", alice)
    judge(site, shaped, 2, "bad")
    assert Judgement.objects.get().verdict == "bad"
    judge(site, shaped, 2, "bad")
    assert not Judgement.objects.exists()


def test_without_javascript_one_comes_back_to_the_table(shaped: Batch, site: Client) -> None:
    back = f"/batches/{shaped.pk}?state=succeeded#judge-2"
    answer = site.post(reverse("row-judge", args=[shaped.pk, 2]), {"verdict": "good", "next": back})
    assert answer["Location"] == back
    answer = site.post(reverse("row-judge", args=[shaped.pk, 2]), {"verdict": "bad", "next": "https://evil.example"})
    assert answer["Location"] == "/"


@pytest.mark.databases
def test_a_row_is_corrected_and_commented_on(shaped: Batch, site: Client, bob: User, client_of: Browser) -> None:
    correct(client_of(bob), shaped, 1, verdict="bad", comment="It is gone.", **{"corrected.intent": "lost"})
    said = Judgement.objects.get()
    assert (said.verdict, said.corrected, said.comment, said.by) == ("bad", {"intent": "lost"}, "It is gone.", bob)
    shown = site.get(reverse("batch-row", args=[shaped.pk, 1])).content.decode()
    assert "by Bob" in shown
    assert "<option selected>lost</option>" in shown
    assert "It is gone.</textarea>" in shown
    correct(site, shaped, 1, verdict="", comment=" ", **{"corrected.intent": ""})
    assert not Judgement.objects.exists(), "a judgement that says nothing is none"


def test_a_correction_to_what_was_answered_is_none(shaped: Batch, site: Client) -> None:
    correct(site, shaped, 1, verdict="good", **{"corrected.intent": "late", "corrected.nonsense": "x"})
    assert Judgement.objects.get().corrected is None


def test_an_answer_without_a_shape_is_corrected_as_text(team: Team, alice: User, site: Client) -> None:
    batch = an_ended_batch(team, alice)
    correct(site, batch, 3, verdict="bad", **{"corrected.answer": " Another \n answer "})
    assert Judgement.objects.get().corrected == {"answer": "Another \n answer"}


@pytest.mark.databases
def test_rows_are_found_by_judgement(shaped: Batch, site: Client) -> None:
    judge(site, shaped, 2, "good")
    judge(site, shaped, 4, "bad")
    correct(site, shaped, 3, comment="?", verdict="", **{"corrected.intent": "lost"})
    assert rows(site, shaped, judged="any") == [2, 3, 4]
    assert rows(site, shaped, judged="none") == [1]
    assert rows(site, shaped, judged="good") == [2]
    assert rows(site, shaped, judged="bad") == [4]
    assert rows(site, shaped, judged="corrected") == [3]
    assert rows(site, shaped, judged="comment") == [3]


@pytest.mark.databases
def test_corrected_answers_stand_beside_the_accuracy(shaped: Batch, site: Client) -> None:
    site.post(reverse("batch-expected", args=[shaped.pk]), {"column": "wanted", "field": "intent"})
    work()
    correct(site, shaped, 1, verdict="bad", **{"corrected.intent": "lost"})
    correct(site, shaped, 2, verdict="good", **{"corrected.reply": "Sorry to hear that."})
    work()
    assert Summary.objects.get().corrections == {"rows": 2, "were_right": 1, "are_right": 2}
    context = site.get(reverse("batch-insights", args=[shaped.pk])).context
    assert context["picture"].agreement.accuracy == 0.5
    assert (context["corrected"].rows, context["corrected"].accuracy) == (2, 0.75)


@pytest.mark.parametrize("name", ["row-judge", "row-correct"])
def test_only_rows_with_an_answer_are_judged(name: str, team: Team, alice: User, site: Client) -> None:
    batch = an_ended_batch(team, alice, failed=2)
    for row in (0, 20, 999):
        assert site.post(reverse(name, args=[batch.pk, row]), {"verdict": "good"}).status_code == 404
    draft = a_draft(team, alice)
    assert site.post(reverse(name, args=[draft.pk, 1]), {"verdict": "good"}).status_code == 404
    assert not Judgement.objects.exists()


@pytest.mark.parametrize("name", ["row-judge", "row-correct"])
def test_outsiders_judge_nothing(name: str, shaped: Batch, charlie: User, client_of: Browser) -> None:
    answer = client_of(charlie).post(reverse(name, args=[shaped.pk, 1]), {"verdict": "good"})
    assert answer.status_code == 404
    assert not Judgement.objects.exists()


def test_what_is_said_is_text_and_nothing_else(shaped: Batch, site: Client) -> None:
    evil = '"><script>alert(1)</script>\0'
    correct(site, shaped, 1, verdict="bad", comment=evil, **{"corrected.reply": evil})
    for address in (reverse("batch-row", args=[shaped.pk, 1]), reverse("batch", args=[shaped.pk])):
        assert "<script>alert" not in site.get(address).content.decode()


def opened(site: Client, batch: Batch, row: int) -> dict[str, str]:
    """What the form of a freshly opened page knows."""
    page = site.get(reverse("batch-row", args=[batch.pk, row])).content.decode()
    known = re.search(r'name="known"\s+value="([^"]*)"', page)
    assert known
    return {"known": known[1]}


@pytest.mark.databases
@pytest.mark.parametrize("was_judged", [False, True])
def test_of_two_people_at_one_row_the_later_one_sees_both_versions(
    was_judged: bool, shaped: Batch, site: Client, bob: User, client_of: Browser
) -> None:
    other = client_of(bob)
    if was_judged:
        judge(site, shaped, 2, "good")
    forms = opened(site, shaped, 2), opened(other, shaped, 2)
    correct(other, shaped, 2, **forms[1], verdict="bad", comment="Bob’s", **{"corrected.intent": "lost"})
    mine = forms[0] | {"verdict": "bad", "comment": "Alice’s", "corrected.intent": "lost"}
    answer = correct(site, shaped, 2, **mine)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Bob judged this row" in " ".join(page.split())
    assert [text in page for text in ("Bob’s", "Alice’s")] == [True, True]
    assert Judgement.objects.get().comment == "Bob’s", "nothing is overwritten without a word"
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    del fields["csrfmiddlewaretoken"]
    assert correct(site, shaped, 2, **fields).status_code == 302
    said = Judgement.objects.get()
    assert (said.comment, said.corrected) == ("Alice’s", {"intent": "lost"})


def test_who_says_the_same_is_told_nothing(shaped: Batch, site: Client, bob: User, client_of: Browser) -> None:
    other = client_of(bob)
    forms = opened(site, shaped, 2), opened(other, shaped, 2)
    for person, form in zip((other, site), forms[::-1], strict=True):
        assert correct(person, shaped, 2, **form, verdict="bad", comment="Same").status_code == 302
    assert Judgement.objects.get().comment == "Same"
