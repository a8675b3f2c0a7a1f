"""The list of batches: who, when, state, progress, cost."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from batchsite.batches.models import Batch
from batchsite.batches.transitions import hold
from batchsite.home import batch_list
from batchsite.teams.models import Team, User
from tests.submission.stories import a_dataset, a_draft, a_running_batch, an_ended_batch, receive

Browser = Callable[[User], Client]
URL = "/batches/"


def page(browser: Client, **asked: Any) -> str:
    answer = browser.get(URL, asked)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_batch_is_listed_with_how_it_stands(team: Team, alice: User, client_of: Browser) -> None:
    batch = a_running_batch(team, alice, name="Banking questions")
    receive(batch, {1: "one", 2: "two", 3: {"error": "Content violates usage guidelines."}})
    shown = page(client_of(alice))
    assert f'href="{reverse("batch", args=[batch.pk])}"' in shown
    for words in ("Banking questions", "questions.csv", "Processing", "3 of 20, 1 failed", "Alice", "$0.0004"):
        assert words in shown


def test_a_draft_leads_to_its_own_page(team: Team, alice: User, client_of: Browser) -> None:
    draft = a_draft(team, alice)
    assert f'href="{reverse("batch-edit", args=[draft.pk])}"' in page(client_of(alice))


@pytest.mark.databases
def test_what_was_sent_back_says_so(team: Team, alice: User, client_of: Browser) -> None:
    draft = a_draft(team, alice)
    Batch.objects.filter(pk=draft.pk).update(problem_count=12)
    shown = page(client_of(alice))
    assert "Draft, not sent" in shown
    assert "12 rows can’t be sent" in shown


@pytest.mark.databases
def test_batches_of_others_and_deleted_ones_are_not_listed(
    team: Team, alice: User, charlie: User, client_of: Browser
) -> None:
    a_draft(team, alice, name="Ours")
    Batch.objects.filter(pk=a_draft(team, alice, a_dataset(team), name="Gone").pk).update(
        deleted_at="2026-01-01T00:00Z"
    )
    assert "Gone" not in page(client_of(alice))
    assert "Ours" not in page(client_of(charlie))


def test_who_has_none_is_told_what_a_batch_is(alice: User, client_of: Browser) -> None:
    shown = page(client_of(alice))
    assert "No batches yet" in shown
    assert reverse("batch-new") in shown


@pytest.mark.databases
def test_a_search_without_a_match_keeps_the_way_back(team: Team, alice: User, client_of: Browser) -> None:
    a_draft(team, alice, name="Sorting")
    shown = page(client_of(alice), search="nothing like it")
    assert "No matching batches" in shown
    assert 'value="nothing like it"' in shown


@pytest.fixture
def four(team: Team, alice: User, bob: User) -> dict[str, Batch]:
    """One of each kind."""
    found = {
        "running": a_running_batch(team, alice, name="Ämter, running"),
        "held": a_running_batch(team, bob, name="held one"),
        "done": an_ended_batch(team, alice, name="done one"),
        "failed": an_ended_batch(team, alice, failed=2, name="failed one"),
        "draft": a_draft(team, bob, name="draft one"),
    }
    hold(found["held"].pk, "no credits left")
    return found


NARROWED: list[tuple[dict[str, str], list[str]]] = [
    ({}, ["draft", "failed", "done", "held", "running"]),
    ({"only": "running"}, ["held", "running"]),
    ({"only": "look"}, ["failed", "held"]),
    ({"only": "done"}, ["failed", "done"]),
    ({"only": "drafts"}, ["draft"]),
    ({"only": "nonsense"}, ["draft", "failed", "done", "held", "running"]),
    ({"search": "ONE"}, ["draft", "failed", "done", "held"]),
    ({"search": "one", "only": "running"}, ["held"]),
    ({"search": "%"}, []),
]


@pytest.mark.databases
def test_the_list_is_narrowed_by_the_address(four: dict[str, Batch], alice: User, client_of: Browser) -> None:
    browser, name_of = client_of(alice), {batch.pk: name for name, batch in four.items()}
    shown = [(asked, browser.get(URL, asked).context["listing"].batches) for asked, _ in NARROWED]
    assert [(asked, [name_of[batch.pk] for batch in batches]) for asked, batches in shown] == NARROWED


@pytest.mark.databases
def test_the_list_is_narrowed_to_a_person(four: dict[str, Batch], alice: User, bob: User, client_of: Browser) -> None:
    shown = client_of(alice).get(URL, {"person": bob.pk}).context["listing"].batches
    assert shown == [four["draft"], four["held"]]


@pytest.mark.databases
@pytest.mark.parametrize("value", ["", "x", "-1", "0", "9" * 40, "１", "\0"])
def test_odd_keys_in_the_address_are_no_error(
    value: str, four: dict[str, Batch], alice: User, client_of: Browser
) -> None:
    asked = {"after": value, "before": value, "person": value, "shown": value, "search": value}
    assert client_of(alice).get(URL, asked).status_code == 200


@pytest.mark.databases
def test_pages_go_by_key_in_both_directions(
    team: Team, alice: User, client_of: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_list, "PAGE", 2)
    dataset = a_dataset(team)
    made = [Batch.objects.create(team=team, dataset=dataset, name=f"b{number}").pk for number in range(5)]
    browser = client_of(alice)

    def shown(**asked: int) -> list[int]:
        return [batch.pk for batch in browser.get(URL, asked).context["listing"].batches]

    assert shown() == [made[4], made[3]]
    assert shown(after=made[3]) == [made[2], made[1]]
    assert shown(after=made[1]) == [made[0]]
    assert shown(before=made[2]) == [made[4], made[3]]
    assert shown(before=made[0]) == [made[2], made[1]]
    first = page(browser, search="b")
    assert f"?search=b&amp;after={made[3]}" in first
    assert "Newer" not in first
    last = page(browser, after=made[1])
    assert f"?before={made[0]}" in last
    assert "Older" not in last


def test_only_a_list_in_which_something_runs_asks_again(
    four: dict[str, Batch], alice: User, client_of: Browser
) -> None:
    browser = client_of(alice)
    assert 'hx-get="/batches/?shown=' in page(browser)
    assert 'hx-trigger="every' not in page(browser, only="done")


@pytest.mark.databases
def test_the_poll_brings_the_rows_that_are_shown_and_no_others(
    four: dict[str, Batch], alice: User, charlie: User, client_of: Browser
) -> None:
    asked = f"{four['held'].pk},{four['done'].pk}"
    answer = client_of(alice).get(URL, {"shown": asked}, headers={"HX-Request": "true"})
    assert answer.context["listing"].batches == [four["held"], four["done"]], "in their order"
    assert "<html" not in answer.content.decode()
    assert client_of(charlie).get(URL, {"shown": asked}).context["listing"].batches == []


def test_the_last_answer_stops_the_poll(four: dict[str, Batch], alice: User, client_of: Browser) -> None:
    answer = client_of(alice).get(URL, {"shown": four["done"].pk}).content.decode()
    assert 'id="batches"' in answer
    assert "hx-get" not in answer
    assert "hx-trigger" not in answer


def test_a_name_is_text_and_nothing_else(team: Team, alice: User, client_of: Browser) -> None:
    a_running_batch(team, alice, name='<script>alert(1)</script>" onmouseover="x')
    shown = page(client_of(alice))
    assert "<script>alert" not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&quot; onmouseover=&quot;x" in shown


def test_a_poll_that_has_the_rows_already_is_told_so_and_no_more(
    four: dict[str, Batch], alice: User, client_of: Browser
) -> None:
    browser = client_of(alice)
    found = re.search(r'hx-get="(/batches/\?shown=[^"]+)"', page(browser))
    assert found
    address = found[1].replace("&amp;", "&")
    assert browser.get(address, headers={"HX-Request": "true"}).status_code == 204
    Batch.objects.filter(pk=four["held"].pk).update(name="renamed")
    assert "renamed" in browser.get(address, headers={"HX-Request": "true"}).content.decode()
