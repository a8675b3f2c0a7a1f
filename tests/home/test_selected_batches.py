"""Batches of the list: sorted by their heads, ticked and archived, tagged, deleted or retried; and taken back."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from batchsite.batches.models import Batch, Tagging
from batchsite.datasets import dataset_removal
from batchsite.home import batch_list
from batchsite.submission import batch_removal, list_actions
from batchsite.teams.models import Team, User
from tests.submission.stories import a_dataset, a_draft, a_running_batch, an_ended_batch

pytestmark = pytest.mark.databases

Browser = Callable[[User], Client]
URL = "/batches/"


@pytest.fixture
def site(alice: User, client_of: Browser) -> Client:
    return client_of(alice)


@pytest.fixture
def three(team: Team, alice: User) -> list[Batch]:
    """Alpha, beta and Gamma: of 5, 30 and 12 rows, dearest the second."""
    made = [
        an_ended_batch(team, alice, rows=rows, name=name) for name, rows in (("Gamma", 12), ("beta", 30), ("Alpha", 5))
    ]
    for batch, cost in zip(made, (700, 900, 800), strict=True):
        Batch.objects.filter(pk=batch.pk).update(cost_ticks=cost)
    return made


def names(site: Client, **asked: Any) -> list[str]:
    return [batch.name for batch in site.get(URL, asked).context["listing"].batches]


def do(site: Client, action: str, *batches: Batch, **fields: Any) -> str:
    """Ticks batches and presses a button. Returns the page that follows."""
    asked = {"action": action, "pk": [batch.pk for batch in batches], **fields}
    answer = site.post("/batches/selected", asked, follow=True)
    assert answer.status_code == 200
    return str(answer.content.decode())


def undo(site: Client, html: str) -> str:
    """Presses Undo on a page."""
    form = html.split('aria-label="Undo"')[1].split("</form>")[0]
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form):
        fields.setdefault(name, []).append(value.replace("&amp;", "&"))
    return str(site.post("/batches/selected", fields, follow=True).content.decode())


ORDERS = [
    ("", ["Alpha", "beta", "Gamma"]),
    ("when", ["Gamma", "beta", "Alpha"]),
    ("name", ["Alpha", "beta", "Gamma"]),
    ("-name", ["Gamma", "beta", "Alpha"]),
    ("-rows", ["beta", "Gamma", "Alpha"]),
    ("rows", ["Alpha", "Gamma", "beta"]),
    ("-cost", ["beta", "Alpha", "Gamma"]),
    ("nonsense", ["Alpha", "beta", "Gamma"]),
]


@pytest.mark.parametrize(("sort", "expected"), ORDERS)
def test_the_list_is_sorted_by_its_heads(sort: str, expected: list[str], three: list[Batch], site: Client) -> None:
    assert names(site, sort=sort) == expected


@pytest.mark.parametrize("sort", ["name", "-cost", "rows", "-when", ""])
def test_pages_of_a_sorted_list_lead_on_and_back(
    sort: str, team: Team, alice: User, site: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_list, "PAGE", 2)
    dataset = a_dataset(team)
    for number in range(7):
        batch = a_draft(team, alice, dataset, name=f"Name {number % 3}")
        Batch.objects.filter(pk=batch.pk).update(cost_ticks=number % 2, total=5)
    whole = [batch.pk for batch in batch_list.listing(team, sort=sort).batches]
    pages, listing = [whole], batch_list.listing(team, sort=sort)
    while listing.next:
        listing = batch_list.listing(team, sort=sort, after=listing.next)
        pages.append([batch.pk for batch in listing.batches])
    assert sorted(pk for page in pages for pk in page) == sorted(Batch.objects.values_list("pk", flat=True))
    back = []
    while listing.previous:
        listing = batch_list.listing(team, sort=sort, before=listing.previous)
        back.append([batch.pk for batch in listing.batches])
    assert back[::-1] == pages[:-1]


def test_a_head_says_how_the_list_is_sorted_and_keeps_the_filter(three: list[Batch], site: Client) -> None:
    html = site.get(URL, {"sort": "-cost", "search": "a", "after": str(three[1].pk)}).content.decode()
    head = next(th for th in re.findall(r"<th\b.*?</th>", html, re.S) if "Cost" in th)
    assert 'aria-sort="descending"' in head
    assert 'href="?sort=cost&amp;search=a"' in head


def test_a_place_in_a_list_of_another_team_tells_nothing(three: list[Batch], charlie: User, client_of: Browser) -> None:
    others = three[0]
    assert names(client_of(charlie), sort="-cost", after=str(others.pk)) == []


def test_filters_in_use_are_chips_that_can_be_removed(three: list[Batch], site: Client, alice: User) -> None:
    html = " ".join(site.get(URL, {"search": "a", "only": "done", "person": str(alice.pk)}).content.decode().split())
    for words, rest in (("“a”", f"?only=done&amp;person={alice.pk}"), ("Done", f"?search=a&amp;person={alice.pk}"),
                        ("by you", "?search=a&amp;only=done")):  # fmt: skip
        assert re.search(rf'href="{re.escape(rest)}"[^>]*> <bdi>{re.escape(words)}</bdi>', html)


def test_archived_batches_leave_the_list_and_come_back_with_undo(three: list[Batch], site: Client) -> None:
    html = do(site, "archive", *three[:2])
    assert "2 batches archived." in html
    assert names(site) == ["Alpha"]
    assert names(site, only="archived") == ["beta", "Gamma"]
    assert three[0].name not in site.get("/").content.decode()
    assert "2 batches moved back to the list." in undo(site, html)
    assert names(site) == ["Alpha", "beta", "Gamma"]


def test_an_archived_batch_can_be_opened_and_unarchived(three: list[Batch], site: Client) -> None:
    do(site, "archive", three[0])
    assert site.get(f"/batches/{three[0].pk}").status_code == 200
    do(site, "unarchive", three[0])
    assert "Gamma" in names(site)


def test_what_runs_is_not_put_away(team: Team, alice: User, site: Client) -> None:
    running = a_running_batch(team, alice, name="Runs")
    assert "“Runs”: It is still running." in do(site, "archive", running)
    assert "“Runs”: A running batch can’t be deleted. Cancel it first." in do(site, "delete", running)
    assert names(site) == ["Runs"]


def test_retrying_brings_an_archived_batch_back(team: Team, alice: User, site: Client) -> None:
    batch = an_ended_batch(team, alice, failed=3, name="Some failed")
    do(site, "archive", batch)
    do(site, "retry-now", batch)
    assert names(site) == ["Some failed"]


def test_deleted_batches_come_back_with_undo(three: list[Batch], site: Client) -> None:
    html = do(site, "delete", *three)
    assert "3 batches deleted." in html
    assert names(site) == []
    assert list(batch_removal.due()) == []
    assert "3 batches restored." in undo(site, html)
    assert names(site) == ["Alpha", "beta", "Gamma"]
    assert site.get(f"/batches/{three[0].pk}").status_code == 200


def test_after_ten_minutes_a_deletion_stands(three: list[Batch], site: Client, team: Team, alice: User) -> None:
    html = do(site, "delete", three[0])
    Batch.objects.filter(pk=three[0].pk).update(deleted_at=timezone.now() - timedelta(minutes=11))
    assert "“Gamma”: It was deleted too long ago." in undo(site, html)
    for job in batch_removal.due():
        batch_removal.clear(*job.args)
    assert not Batch.objects.filter(pk=three[0].pk).exists()
    assert list_actions.restore(team, [three[0].pk], alice).done == []


def test_a_batch_comes_back_with_its_dataset(three: list[Batch], site: Client) -> None:
    html = do(site, "delete", three[0])
    dataset_removal.delete(three[0].dataset)
    undo(site, html)
    three[0].dataset.refresh_from_db()
    assert three[0].dataset.deleted_at is None


def test_a_tag_is_added_and_taken_back_from_those_alone_that_did_not_have_it(three: list[Batch], site: Client) -> None:
    do(site, "tag", three[0], tag="Weekly")
    html = do(site, "tag", *three, tag="weekly")
    assert "2 batches tagged “weekly”." in html
    assert names(site, tag="weekly") == ["Alpha", "beta", "Gamma"]
    undo(site, html)
    assert names(site, tag="weekly") == ["Gamma"]
    assert Tagging.objects.count() == 1
    assert "Type a tag" in do(site, "tag", *three, tag=" ")


def test_retrying_several_batches_is_asked_about_with_its_cost(team: Team, alice: User, site: Client) -> None:
    some, more = an_ended_batch(team, alice, failed=3, name="Three"), an_ended_batch(team, alice, failed=4, name="Four")
    well = an_ended_batch(team, alice, name="Well")
    html = " ".join(do(site, "retry", some, more, well).split())
    assert "Retry the failed rows of 2 batches?" in html
    assert "7 rows are sent again, for about $0.0015." in html
    do(site, "retry-now", some, more)
    assert {batch.state for batch in Batch.objects.filter(pk__in=[some.pk, more.pk])} == {"queued"}
    assert "There is nothing to retry" in do(site, "retry", well)


def test_nothing_is_done_without_a_tick_or_to_batches_of_others(
    three: list[Batch], site: Client, charlie: User, client_of: Browser
) -> None:
    assert "Select batches first." in do(site, "delete")
    do(client_of(charlie), "delete", *three)
    do(client_of(charlie), "archive", *three)
    do(client_of(charlie), "tag", *three, tag="x")
    assert names(site) == ["Alpha", "beta", "Gamma"]
    assert not Batch.objects.exclude(archived_at=None).exists()
