"""Columns of the results that a person chose are remembered; views that a team saved stand above the table."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from batchsite.batches import saved_views
from batchsite.batches.models import Batch, SavedView
from batchsite.results.models import ColumnChoice
from batchsite.teams.models import Team, User
from tests.submission.stories import a_dataset, an_ended_batch

pytestmark = pytest.mark.databases

Browser = Callable[[User], Client]
SHAPE = {"fields": [{"name": "intent", "type": "choice", "values": ["lost", "late"]}]}


@pytest.fixture
def site(alice: User, client_of: Browser) -> Client:
    return client_of(alice)


@pytest.fixture
def batch(team: Team, alice: User) -> Batch:
    return an_ended_batch(team, alice, failed=3)


def columns(site: Client, batch: Batch, **asked: Any) -> list[str]:
    page = site.get(reverse("batch", args=[batch.pk]), asked).context["page"]
    return [column.key for column in page.columns]


def choose(site: Client, batch: Batch, *keys: str, **fields: str) -> None:
    answer = site.post(reverse("batch-columns", args=[batch.pk]), {"col": keys, **fields}, follow=True)
    assert answer.status_code == 200


# ---- columns ---------------------------------------------------------------------------------------------


def test_chosen_columns_are_remembered_for_the_person(
    batch: Batch, site: Client, bob: User, client_of: Browser
) -> None:
    usual = columns(site, batch)
    choose(site, batch, "answer", "c.id", "nonsense")
    assert columns(site, batch) == ["answer", "c.id"]
    assert columns(site, batch, state="failed", sort="-cost") == ["answer", "c.id"]
    assert columns(client_of(bob), batch) == usual
    choose(site, batch, reset="1")
    assert columns(site, batch) == usual
    assert not ColumnChoice.objects.exists()


def test_they_hold_for_the_next_batch_of_the_dataset_with_the_same_kind_of_answers(
    team: Team, alice: User, site: Client
) -> None:
    dataset = a_dataset(team)
    first, second = (an_ended_batch(team, alice, dataset=dataset) for _ in range(2))
    shaped, other = an_ended_batch(team, alice, dataset=dataset, shape=SHAPE), an_ended_batch(team, alice)
    choose(site, first, "answer")
    assert columns(site, second) == ["answer"]
    assert len(columns(site, shaped)) > 1
    assert len(columns(site, other)) > 1


def test_columns_in_the_address_go_before(batch: Batch, site: Client) -> None:
    choose(site, batch, "answer")
    assert columns(site, batch, col=["c.text", "state"]) == ["state", "c.text"]


def test_widths_are_remembered_as_classes_of_the_stylesheet(batch: Batch, site: Client) -> None:
    choose(
        site, batch, "answer", "c.text", **{"width.answer": "widest", "width.c.text": "enormous", "width.cost": "wide"}
    )
    html = site.get(reverse("batch", args=[batch.pk])).content.decode()
    assert ColumnChoice.objects.get().widths == {"answer": "widest"}
    assert re.search(r'<th[^>]*class="[^"]*is-widest', html)
    assert "enormous" not in html
    assert "style=" not in html
    assert re.search(r'<option value="widest" selected>', html)


def test_columns_of_a_batch_of_others_are_not_set(batch: Batch, charlie: User, client_of: Browser) -> None:
    assert client_of(charlie).post(reverse("batch-columns", args=[batch.pk]), {"col": "answer"}).status_code == 404


# ---- views -----------------------------------------------------------------------------------------------


def save(site: Client, batch: Batch, name: str, query: str) -> str:
    fields = {"name": name, "query": query}
    return str(site.post(reverse("batch-save-view", args=[batch.pk]), fields, follow=True).content.decode())


def views(html: str) -> list[tuple[str, bool]]:
    """The saved views above a list, each with whether it is shown."""
    nav = html.split('aria-label="Saved views"')[1].split("</nav>")[0]
    return [(name, "aria-current" in head) for head, name in re.findall(r"<a ([^>]*)>\s*(?:<bdi>)?([^<]+)", nav)]


def test_a_filter_is_saved_under_a_name_for_the_team(batch: Batch, site: Client, bob: User, client_of: Browser) -> None:
    page = site.get(reverse("batch", args=[batch.pk]), {"state": "failed", "sort": "-cost"}).content.decode()
    assert 'name="query" value="state=failed&amp;sort=-cost"' in page
    html = save(site, batch, " German,  failed ", "state=failed&sort=-cost&after=7&nonsense=1")
    assert views(html) == [("All", False), ("German, failed", True)]
    html = client_of(bob).get(reverse("batch", args=[batch.pk])).content.decode()
    assert views(html) == [("All", True), ("German, failed", False)]
    assert f'href="/batches/{batch.pk}?state=failed&amp;sort=-cost#results"' in " ".join(html.split())


def test_a_name_that_is_taken_gets_the_new_filter(batch: Batch, site: Client) -> None:
    save(site, batch, "Mine", "state=failed")
    save(site, batch, "Mine", "state=succeeded")
    assert list(SavedView.objects.values_list("name", "query")) == [("Mine", "state=succeeded")]


@pytest.mark.parametrize(
    ("name", "query", "words"),
    [
        ("", "state=failed", "Give the view a name."),
        ("All rows", "state=nonsense", "Choose a filter or an order first."),
    ],
)
def test_what_cannot_be_saved_says_why(name: str, query: str, words: str, batch: Batch, site: Client) -> None:
    assert words in save(site, batch, name, query)
    assert not SavedView.objects.exists()


def test_a_team_saves_only_so_many(batch: Batch, site: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_views, "MOST", 1)
    save(site, batch, "One", "state=failed")
    assert "A team can save 1 views of a list" in save(site, batch, "Two", "state=succeeded")


def test_a_view_of_fields_that_a_batch_does_not_have_is_not_offered_there(
    batch: Batch, team: Team, alice: User, site: Client
) -> None:
    shaped = an_ended_batch(team, alice, shape=SHAPE)
    save(site, shaped, "Lost ones", "f.intent=lost")
    save(site, batch, "Wrong ones", "agrees=wrong")
    assert 'aria-label="Saved views"' not in site.get(reverse("batch", args=[batch.pk])).content.decode()
    assert views(site.get(reverse("batch", args=[shaped.pk])).content.decode()) == [("All", True), ("Lost ones", False)]


def test_a_deleted_view_comes_back_with_undo(batch: Batch, site: Client) -> None:
    save(site, batch, "Mine", "state=failed")
    address = reverse("batch-delete-view", args=[batch.pk, SavedView.objects.get().pk])
    html = site.post(address, follow=True).content.decode()
    assert "The view “Mine” is deleted." in html
    form = html.split('aria-label="Undo"')[1].split("</form>")[0]
    fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form))
    site.post(reverse("batch-save-view", args=[batch.pk]), fields)
    assert SavedView.objects.get().query == "state=failed"


def test_views_belong_to_a_team(batch: Batch, site: Client, charlie: User, client_of: Browser) -> None:
    save(site, batch, "Mine", "state=failed")
    client_of(charlie).post(reverse("batches-delete-view", args=[SavedView.objects.get().pk]))
    assert SavedView.objects.count() == 1
    assert "Saved views" not in client_of(charlie).get("/batches/").content.decode()


def test_the_list_of_batches_has_views_too(batch: Batch, site: Client) -> None:
    fields = {"name": "Done, dearest first", "query": "only=done&sort=-cost&after=3&person=x"}
    html = site.post("/batches/views", fields, follow=True).content.decode()
    assert views(html) == [("All", False), ("Done, dearest first", True)]
    assert SavedView.objects.get().query == "only=done&sort=-cost"
    html = site.post(f"/batches/views/{SavedView.objects.get().pk}/delete", follow=True).content.decode()
    assert "is deleted." in html


@pytest.mark.parametrize("address", ["batch-save-view", "batches-save-view"])
def test_a_view_that_is_too_long_is_not_saved(address: str, batch: Batch, site: Client) -> None:
    """Forty of 8 MB were read with every page of the list; and no browser could follow its address."""
    args = [batch.pk] if address == "batch-save-view" else []
    query = "&".join(f"c.{'n' * 3_000}{number}=x" for number in range(5)) + "&search=x"
    answer = site.post(reverse(address, args=args), {"name": "Long", "query": query})
    assert answer.status_code == 302
    assert len(answer["Location"]) < 5_000
    assert all(len(view.query) < 5_000 for view in SavedView.objects.all())
