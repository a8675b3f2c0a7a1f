"""What every page has around its own matter."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from batchsite.batches.models import Batch
from batchsite.teams.models import Team, User
from batchsite.teams.team_keys import store_key
from tests.factories import make_dataset


def test_htmx_sends_the_token_and_evaluates_nothing(alice: User, client_of: Callable[[User], Client]) -> None:
    page = client_of(alice).get(reverse("team")).content.decode()
    assert re.search(r"""<body hx-headers:inherited='{"X-CSRFToken": "\w{64}"}'""", page)
    config = re.search(r"""name="htmx-config" content='(.*?)'""", page)
    assert config
    settings = json.loads(config[1])
    assert settings["includeIndicatorCSS"] is False
    assert "4xx" not in settings["noSwap"], "a form that is refused (422) is shown"


def test_that_token_is_a_good_one(alice: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    page = browser.get(reverse("team")).content.decode()
    token = re.findall(r'"X-CSRFToken": "(\w+)"', page)[0]
    assert browser.post(reverse("team-rename"), {"name": "X"}).status_code == 403
    assert browser.post(reverse("team-rename"), {"name": "X"}, headers={"X-CSRFToken": token}).status_code == 302


def test_the_policy_lets_in_nothing_but_our_own_files(alice: User, client: Client) -> None:
    policy = client.get(reverse("sign-in")).headers["Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'self'"
    assert rules["frame-ancestors"] == rules["object-src"] == rules["base-uri"] == "'none'"
    assert "unsafe" not in policy


@pytest.mark.parametrize(("url", "here"), [("home", "Dashboard"), ("team", "Team"), ("team-new", "Team")])
def test_the_rail_marks_where_one_is(url: str, here: str, alice: User, client_of: Callable[[User], Client]) -> None:
    page = client_of(alice).get(reverse(url)).content.decode()
    assert re.findall(r'aria-current="\w+">([^<]+)', page) == [here]


def test_the_rail_counts_what_runs(alice: User, team: Team, client_of: Callable[[User], Client]) -> None:
    dataset = make_dataset(team)
    for state in ("draft", "queued", "processing", "collecting", "completed"):
        Batch.objects.create(team=team, dataset=dataset, name=state, state=state)
    page = client_of(alice).get(reverse("team"))
    assert page.context["running_batches"]() == 3


def test_the_sandbox_is_said_on_every_page_until_there_is_a_key(
    alice: User, bob: User, team: Team, settings: Settings, client_of: Callable[[User], Client]
) -> None:
    strip = "Sandbox: answers are simulated and cost nothing."
    assert strip in client_of(alice).get(reverse("account")).content.decode()
    assert "An admin or owner of the team can add an xAI key" in client_of(bob).get(reverse("home")).content.decode()
    settings.OPTIONS = replace(settings.OPTIONS, xai_api_key="xai-key")
    assert strip not in client_of(alice).get(reverse("home")).content.decode()
    settings.OPTIONS = replace(settings.OPTIONS, xai_api_key="")
    store_key(team, "xai-key", "", alice)
    assert strip not in client_of(alice).get(reverse("home")).content.decode()


def test_what_people_type_stays_text(alice: User, team: Team, client_of: Callable[[User], Client]) -> None:
    Team.objects.update(name="<script>alert(1)</script>")
    page = client_of(alice).get(reverse("team")).content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_pages_are_kept_by_no_cache(alice: User, client_of: Callable[[User], Client]) -> None:
    assert client_of(alice).get(reverse("home")).headers["Cache-Control"] == "private, no-store"


def test_a_page_costs_few_queries(
    alice: User, client_of: Callable[[User], Client], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    browser = client_of(alice)
    browser.get(reverse("account"))  # the first page of a session records its use, which is a write now and then
    with django_assert_max_num_queries(8):
        browser.get(reverse("account"))


@pytest.mark.parametrize("name", ["400.html", "403.html", "403_csrf.html", "404.html", "405.html", "500.html"])
def test_error_pages_need_neither_a_database_nor_a_request(name: str) -> None:
    """No database mark: a query would fail the test."""
    page = render_to_string(name)
    assert "Go to the dashboard" in page
    assert page.count("<h1>") == 1


def test_an_unknown_address_is_said_with_a_way_out(alice: User, client_of: Callable[[User], Client]) -> None:
    inside: HttpResponse = client_of(alice).get("/nowhere")  # type: ignore[assignment]
    assert inside.status_code == 404
    assert 'aria-label="Main"' in inside.content.decode()
    outside = Client().get("/nowhere")
    assert outside.status_code == 404
    assert 'aria-label="Main"' not in outside.content.decode()


def test_a_form_out_of_date_is_said_in_our_words() -> None:
    response = Client(enforce_csrf_checks=True).post("/sign-out")
    assert response.status_code == 403
    assert "This form was out of date" in response.content.decode()
