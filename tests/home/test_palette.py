"""Going anywhere by name, within one's own team."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from batchsite.batches.models import Batch
from batchsite.home.palette import MOST, PAGES, found_by
from batchsite.prompts.models import Prompt
from batchsite.teams.access import Permissions
from batchsite.teams.models import Membership, Role, Team, User
from tests.factories import make_dataset, make_team

pytestmark = pytest.mark.django_db
Browser = Callable[[User], Client]


def labels(team: Team, words: str, role: Role = Role.MEMBER) -> dict[str, list[str]]:
    may = Permissions(Membership(team=team, role=role))
    return {group.title: [place.label for place in group.places] for group in found_by(team, may, words)}


def make_batch(team: Team, name: str) -> Batch:
    return Batch.objects.create(team=team, dataset=make_dataset(team, name="support.csv"), name=name, state="completed")


def test_each_kind_is_found_by_a_part_of_its_name(team: Team) -> None:
    make_batch(team, "Support intents")
    Prompt.objects.create(team=team, name="Support prompt")
    assert labels(team, "SUPP") == {
        "Batches": ["Support intents"],
        "Datasets": ["support.csv"],
        "Prompts": ["Support prompt"],
    }


def test_actions_are_found_by_what_they_do(team: Team) -> None:
    assert labels(team, "new") == {"Pages and actions": ["New batch"]}
    assert labels(team, "budget") == {"Pages and actions": ["Team"]}
    assert labels(team, "") == {"Pages and actions": [label for label, _, _ in PAGES]}
    assert "New batch" not in labels(team, "", Role.VIEWER)["Pages and actions"]


def test_a_batch_is_found_by_its_number(team: Team) -> None:
    batch = make_batch(team, "Named")
    assert labels(team, str(batch.pk))["Batches"] == ["Named"]


def test_nothing_of_another_team_is_found(team: Team) -> None:
    other = make_team("Others")
    batch = make_batch(other, "Secret plan")
    Prompt.objects.create(team=other, name="Secret prompt")
    assert labels(team, "secret") == labels(team, "support") == labels(team, str(batch.pk)) == {}


def test_lists_are_bounded_and_cheap(
    team: Team, alice: User, client_of: Browser, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(MOST + 3):
        make_batch(team, f"Run {number}")
    assert len(labels(team, "run")["Batches"]) == MOST
    site = client_of(alice)
    site.get(reverse("palette"))
    with django_assert_max_num_queries(12):
        site.get(reverse("palette"), {"q": "run" * 500}, headers={"HX-Request": "true"})


def test_enter_goes_to_the_first_and_without_scripts_all_are_listed(
    team: Team, alice: User, client_of: Browser
) -> None:
    batch = make_batch(team, "<b>Odd</b> name")
    site = client_of(alice)
    assert site.get(reverse("palette"), {"q": "odd", "first": "1"})["Location"] == reverse("batch", args=[batch.pk])
    listed = site.get(reverse("palette"), {"q": "odd"}).content.decode()
    assert "&lt;b&gt;Odd" in listed
    assert "<b>Odd" not in listed
    assert (
        "Nothing here has that name."
        in site.get(reverse("palette"), {"q": "no such thing", "first": "1"}).content.decode()
    )


def test_a_batch_that_is_held_says_so(team: Team) -> None:
    held = make_batch(team, "Support intents")
    Batch.objects.filter(pk=held.pk).update(state="processing", held_reason="no credits")
    may = Permissions(Membership(team=team, role=Role.MEMBER))
    [group] = found_by(team, may, "intents")
    assert group.places[0].detail == f"Held, number {held.pk}"
