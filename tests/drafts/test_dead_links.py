"""Dead links are found by a worker before a draft is submitted, and a person says what becomes of their rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from batchsite.batches.models import Batch
from batchsite.datasets import link_probe
from batchsite.datasets.web_fetch import Limits
from batchsite.drafts import dead_links, draft_store
from batchsite.drafts.models import LinkCheck
from batchsite.teams.models import Team, User
from tests.datasets.web_site import Page, WebSite, running_site
from tests.factories import make_dataset

pytestmark = pytest.mark.django_db
Browser = Callable[[User], Client]


@pytest.fixture
def site(settings: Settings) -> Iterator[WebSite]:
    settings.OPTIONS = replace(settings.OPTIONS, fetch_private=True, fetch_ports=("any",))
    with running_site() as running:
        running.pages["/cat.png"] = Page(b"png")
        running.pages["/moved.png"] = Page(status=302, headers={"Location": "/cat.png"})
        running.pages["/busy.png"] = Page(status=503)
        yield running


def a_draft(team: Team, *cells: str) -> Batch:
    dataset = make_dataset(team, ["picture"], [[cell] for cell in cells])
    batch = draft_store.new_draft(team, None, dataset)
    values = {"name": "Cats", "prompt": "Describe it.", "model": "grok-4.3", "picture_column": "picture"}
    draft_store.save(batch, values)
    return batch


def checked(batch: Batch) -> LinkCheck:
    dead_links.begin(batch)
    dead_links.check_step(LinkCheck.objects.get(batch=batch).pk)
    found = dead_links.check_of(batch)
    assert found
    assert found.ready_at
    return found


def test_rows_with_dead_links_are_named_and_can_be_skipped(
    team: Team, alice: User, client_of: Browser, site: WebSite
) -> None:
    gone = f"{site.url}/404.png"
    batch = a_draft(team, f"{site.url}/cat.png", gone, f"{site.url}/moved.png", f"{site.url}/cat.png\n{gone}")
    browser = client_of(alice)
    browser.post(reverse("batch-check", args=[batch.pk]), {})
    page = browser.get(reverse("batch-review", args=[batch.pk])).content.decode()
    assert "Checking that each address works" in page
    assert "Submit 4 rows" in page, "nobody has to wait"
    found = checked(batch)
    assert (found.total, found.dead_count, found.dead_rows) == (3, 1, [[2, 2], [4, 4]])
    page = browser.get(reverse("batch-review", args=[batch.pk])).content.decode()
    assert "1 of 3 addresses" in page
    assert "It answers 404." in page
    browser.post(reverse("batch-dead-links", args=[batch.pk]), {"do": "skip"})
    page = browser.get(reverse("batch-review", args=[batch.pk])).content.decode()
    assert "Submit 2 rows" in page
    assert "2 addresses checked: all work." in " ".join(page.split())
    assert (site.heads.count("/cat.png"), site.asked) == (2, ["/404.png"]), "each once, and nothing is read"


def test_what_may_work_another_time_is_not_called_dead(team: Team, site: WebSite) -> None:
    found = checked(a_draft(team, f"{site.url}/busy.png"))
    assert (found.asked, found.unsure, found.dead_count) == (1, 1, 0)


def test_private_addresses_are_not_asked(team: Team, site: WebSite, settings: Settings) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, fetch_private=False, fetch_ports=("80", "443"))  # whatever the port
    found = checked(a_draft(team, f"{site.url}/cat.png"))
    assert (found.dead_count, site.asked) == (1, [])
    assert "private network" in found.dead[0]["words"]


def test_only_so_many_are_asked(team: Team, site: WebSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_links, "MOST_LINKS", 1)
    found = checked(a_draft(team, f"{site.url}/cat.png", f"{site.url}/moved.png"))
    assert (found.total, found.is_whole) == (1, False)


def test_a_host_that_asks_for_fewer_requests_gets_none_any_more(team: Team, site: WebSite) -> None:
    addresses = [f"{site.url}/{number}.png" for number in range(20)]
    for number in range(20):
        site.pages[f"/{number}.png"] = Page(status=429)
    found = checked(a_draft(team, *addresses))
    assert (found.asked, found.unsure, found.dead_count) == (20, 20, 0)
    assert len(site.heads) <= link_probe.OF_A_HOST
    assert site.asked == []


def test_all_teams_share_what_may_be_asked_of_a_host_redirects_included(
    team: Team, charlie: User, site: WebSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_links, "MOST_AT_ONCE", 3 * link_probe.LOT)
    monkeypatch.setattr(dead_links, "PER_SECOND", 1_000)
    moved = [f"{site.url.replace('127.0.0.1', 'localhost')}/{number}" for number in range(25)]
    for number in range(25):
        site.pages[f"/{number}"] = Page(status=302, headers={"Location": f"{site.url}/cat.png"})
    found = checked(a_draft(team, *moved))
    assert (found.asked, found.unsure) == (25, 0)
    again = checked(a_draft(charlie.teams.get(), *(f"{site.url}/cat.png?{number}" for number in range(20))))
    assert (again.asked, again.unsure) == (20, 20), "three lots went to the host by redirects"
    assert site.heads.count("/cat.png") == 25


def test_what_is_left_of_a_lot_counts_when_a_redirect_leads_back_to_its_host(site: WebSite) -> None:
    there, here = site.url, site.url.replace("127.0.0.1", "localhost")
    site.pages |= {
        "/1": Page(status=302, headers={"Location": f"{here}/2"}),
        "/2": Page(status=302, headers={"Location": f"{there}/3"}),
        "/3": Page(status=302, headers={"Location": f"{here}/cat.png"}),
    }
    lots: list[str] = []

    def take_lot(host: str) -> float:
        lots.append(host)
        return 0.0

    prober = link_probe.Prober([f"{there}/1"], Limits(0, "", True, ("any",)), take_lot)
    found = list(chain.from_iterable(prober.probe_all(lambda: False)))
    assert [probe.state for _, probe in found] == [link_probe.LinkState.ALIVE]
    assert lots == ["127.0.0.1", "localhost"]


def test_a_host_that_asks_for_fewer_requests_gets_none_by_later_redirects(
    site: WebSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_probe, "AT_ONCE", 1)
    here = site.url.replace("127.0.0.1", "localhost")
    site.pages["/moved"] = Page(status=302, headers={"Location": f"{site.url}/cat.png"})
    prober = link_probe.Prober([f"{site.url}/busy.png", f"{here}/moved"], Limits(0, "", True, ("any",)), lambda _: 0.0)
    found = dict(chain.from_iterable(prober.probe_all(lambda: False)))
    assert {probe.state for probe in found.values()} == {link_probe.LinkState.UNSURE}
    assert site.heads == ["/busy.png", "/moved"]


def test_a_host_is_asked_at_a_pace() -> None:
    assert dead_links.pace_of("example.org") == 0
    assert (dead_links.pace_of("example.org") or 0) > 0.9
    assert dead_links.pace_of("example.com") == 0


def test_another_choice_of_rows_asks_again(team: Team, site: WebSite) -> None:
    batch = a_draft(team, f"{site.url}/cat.png", f"{site.url}/404.png")
    checked(batch)
    draft_store.save(batch, {"row_limit": 1})
    assert dead_links.check_of(batch) is None
    assert checked(batch).dead_count == 0


def test_a_draft_without_links_has_nothing_to_ask(team: Team) -> None:
    batch = a_draft(team, "")
    draft_store.save(batch, {"picture_column": ""})
    dead_links.begin(batch)
    assert not LinkCheck.objects.exists()
