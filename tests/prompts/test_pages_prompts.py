"""The library of prompts: found by name, read, compared, renamed, deleted; nothing of other teams."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from batchsite.prompts import library
from batchsite.prompts.library import Contents
from batchsite.prompts.models import Prompt, PromptVersion
from batchsite.teams.models import Team, User

pytestmark = pytest.mark.databases

Browser = Callable[[User], Client]
EVIL = "<b>bold</b> {{text}}"


@pytest.fixture
def versions(team: Team, alice: User) -> list[PromptVersion]:
    first = Contents(text="Sort {{text}}", system_prompt="Be brief", model="grok-4.3")
    second = replace(first, text=EVIL, examples=[{"user": "Hi", "assistant": "greeting"}])
    return [library.keep(team, alice, "Sorter", words, one)[0] for words, one in (("", first), ("bolder", second))]


@pytest.fixture
def site(alice: User, client_of: Browser) -> Client:
    return client_of(alice)


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def test_without_prompts_the_page_says_where_they_come_from(site: Client) -> None:
    assert "No saved prompts yet" in text_of(site.get(reverse("prompts")))


def test_the_list_finds_by_name(versions: list[PromptVersion], site: Client) -> None:
    page = text_of(site.get(reverse("prompts"), {"search": "sort"}))
    assert "Sorter" in page
    assert 'data-label="Version">2<' in " ".join(page.split())
    assert f"?prompt={versions[1].pk}" in page
    assert "&lt;b&gt;bold" in page
    assert "No matching prompts" in text_of(site.get(reverse("prompts"), {"search": "nothing"}))


def test_a_prompt_shows_its_newest_version_and_older_ones(versions: list[PromptVersion], site: Client) -> None:
    url = reverse("prompt", args=[versions[0].prompt_id])
    page = text_of(site.get(url))
    assert "&lt;b&gt;bold&lt;/b&gt; {{text}}" in page
    assert "greeting" in page
    assert "bolder" in page
    old = text_of(site.get(url, {"version": 1}))
    assert "Sort {{text}}" in old
    assert "greeting" not in old
    assert site.get(url, {"version": 3}).status_code == 404


def test_what_changed_is_marked(versions: list[PromptVersion], site: Client) -> None:
    page = text_of(site.get(reverse("prompt-compare", args=[versions[0].prompt_id])))
    assert "<del>Sort</del>" in page
    assert "<ins>" in page
    assert "<b>bold" not in page
    assert "Unchanged: " in page


def test_renaming_and_deleting_ask_first(versions: list[PromptVersion], site: Client, team: Team) -> None:
    library.keep(team, None, "Taken", "", Contents(text="x"))
    prompt = versions[0].prompt
    rename, delete = (reverse(f"prompt-{verb}", args=[prompt.pk]) for verb in ("rename", "delete"))
    assert "Rename “Sorter”" in text_of(site.get(rename))
    refused = site.post(rename, {"name": "Taken"})
    assert refused.status_code == 422
    assert "There is already a prompt “Taken”." in text_of(refused)
    assert site.post(rename, {"name": "Filer"})["Location"] == reverse("prompt", args=[prompt.pk])
    assert "Delete the prompt “Filer”?" in text_of(site.get(delete))
    assert Prompt.objects.get(pk=prompt.pk).deleted_at is None
    site.post(delete)
    assert site.get(reverse("prompt", args=[prompt.pk])).status_code == 404


@pytest.mark.parametrize("name", ["prompt", "prompt-compare", "prompt-rename", "prompt-delete"])
def test_outsiders_find_nothing(name: str, versions: list[PromptVersion], charlie: User, client_of: Browser) -> None:
    outsider = client_of(charlie)
    assert outsider.get(reverse(name, args=[versions[0].prompt_id])).status_code == 404
    assert "Sorter" not in text_of(outsider.get(reverse("prompts")))


def test_the_list_is_sorted_and_filtered_by_person(team: Team, alice: User, bob: User, client_of: Browser) -> None:
    for name, by in (("Beta", alice), ("Alpha", bob), ("Gamma", alice)):
        library.keep(team, by, name, "", Contents(text=f"{name}: {{{{text}}}}"))
    site = client_of(alice)

    def names(**asked: str) -> list[str]:
        return [prompt.name for prompt in site.get("/prompts/", asked).context["listing"].records]

    assert names() == ["Alpha", "Beta", "Gamma"]
    assert names(sort="-name") == ["Gamma", "Beta", "Alpha"]
    assert names(sort="-created") == ["Gamma", "Alpha", "Beta"]
    assert names(person=str(bob.pk)) == ["Alpha"]
    html = site.get("/prompts/", {"person": str(bob.pk), "sort": "-created"}).content.decode()
    assert 'aria-sort="descending"' in html
    assert "by Bob" in html
