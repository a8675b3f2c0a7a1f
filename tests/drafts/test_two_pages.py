"""Two people, or two tabs, on one draft: the later one is told and sees both versions, nothing is overwritten."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from batchsite.batches.models import Batch
from batchsite.drafts import draft_edits, draft_store
from batchsite.drafts.draft_edits import Basis, ChangedMeanwhile
from batchsite.prompts.models import Prompt
from batchsite.teams.models import Team, User
from tests.submission.stories import a_draft

HTMX = {"HX-Request": "true"}


@pytest.fixture
def draft(team: Team, alice: User) -> Batch:
    return a_draft(team, alice)


@pytest.fixture
def sites(alice: User, bob: User, client_of: Callable[[User], Client]) -> tuple[Client, Client]:
    """Alice and Bob, each with the draft's page open."""
    return client_of(alice), client_of(bob)


def opened(site: Client, draft: Batch) -> dict[str, str]:
    """What the form of a freshly opened page sends."""
    page = site.get(reverse("batch-edit", args=[draft.pk])).content.decode()
    known = re.search(r'name="edit"\s+value="(\d+)"', page)
    assert known
    return {"name": draft.name, "prompt": draft.prompt, "model": draft.model, "row": "1", "edit": known[1]}


def typed(site: Client, draft: Batch, form: dict[str, str], *, htmx: bool = True, **fields: str) -> Any:
    answer = site.post(
        reverse("batch-preview", args=[draft.pk]), form | fields, headers=HTMX if htmx else {}, follow=not htmx
    )
    draft.refresh_from_db()
    return answer


@pytest.mark.databases
def test_the_later_one_is_told_and_sees_both(draft: Batch, sites: tuple[Client, Client]) -> None:
    alice, bob = sites
    forms = opened(alice, draft), opened(bob, draft)
    typed(bob, draft, forms[1], prompt="Bob’s {{text}}")
    answer = typed(alice, draft, forms[0], prompt="Alice’s {{text}}")
    part = answer.content.decode()
    assert answer["HX-Retarget"] == "#conflict"
    assert "This draft was changed by Bob" in " ".join(part.split())
    assert "Bob’s {{text}}" in part
    assert "Alice’s {{text}}" in part
    assert draft.prompt == "Bob’s {{text}}"


@pytest.mark.parametrize("button", ["batch-preview", "batch-check", "batch-keep", "batch-fill"])
def test_without_scripts_the_page_shows_both_and_keeps_what_was_typed(
    button: str, draft: Batch, sites: tuple[Client, Client], team: Team
) -> None:
    saved = Prompt.objects.create(team=team, name="Saved").versions.create(number=1, text="Saved {{text}}")
    alice, bob = sites
    forms = opened(alice, draft), opened(bob, draft)
    typed(bob, draft, forms[1], prompt="Bob’s {{text}}")
    sent = forms[0] | {"prompt": "Alice’s {{text}}", "keep-name": "Mine", "version": str(saved.pk)}
    answer = alice.post(reverse(button, args=[draft.pk]), sent)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert re.search(r"<textarea[^>]*>\s*Alice’s {{text}}</textarea>", page)
    assert "Bob’s {{text}}" in page
    draft.refresh_from_db()
    assert draft.prompt == "Bob’s {{text}}"
    assert f'value="{forms[0]["edit"]}"' in page, "saving again tells it again"


@pytest.mark.databases
@pytest.mark.parametrize(("choice", "prompt"), [("mine", "Alice’s {{text}}"), ("theirs", "Bob’s {{text}}")])
def test_one_of_both_is_chosen(choice: str, prompt: str, draft: Batch, sites: tuple[Client, Client]) -> None:
    alice, bob = sites
    forms = opened(alice, draft), opened(bob, draft)
    typed(bob, draft, forms[1], prompt="Bob’s {{text}}")
    part = typed(alice, draft, forms[0], prompt="Alice’s {{text}}").content.decode()
    [chosen] = re.findall(rf'name="choose"\s+value="({choice}[-\d]*)"', part)
    typed(alice, draft, forms[0], htmx=False, prompt="Alice’s {{text}}", choose=chosen)
    assert draft.prompt == prompt


def test_a_third_version_is_not_overwritten_by_a_choice_between_two(draft: Batch, sites: tuple[Client, Client]) -> None:
    alice, bob = sites
    forms = opened(alice, draft), opened(bob, draft)
    typed(bob, draft, forms[1], prompt="Bob’s {{text}}")
    [chosen] = re.findall(r'value="(mine-\d+)"', typed(alice, draft, forms[0], prompt="Mine {{text}}").content.decode())
    typed(bob, draft, opened(bob, draft), prompt="Bob’s second {{text}}")
    answer = typed(alice, draft, forms[0], htmx=False, prompt="Mine {{text}}", choose=chosen)
    assert answer.status_code == 409
    assert draft.prompt == "Bob’s second {{text}}"


def test_one_page_saves_as_often_as_it_likes(draft: Batch, sites: tuple[Client, Client]) -> None:
    alice, _ = sites
    form = opened(alice, draft)
    for number in range(3):
        part = typed(alice, draft, form, prompt=f"Sort {number} {{{{text}}}}").content.decode()
        [form["edit"]] = re.findall(r'name="edit"\s+value="(\d+)"', part)
    assert (draft.prompt, form["edit"]) == ("Sort 2 {{text}}", "4")


def test_a_page_that_lost_a_reply_is_not_told_of_itself(draft: Batch, sites: tuple[Client, Client]) -> None:
    alice, _ = sites
    form = opened(alice, draft) | {"tab": "a1"}
    typed(alice, draft, form, prompt="Lost {{text}}")
    typed(alice, draft, form, prompt="Lost, then on {{text}}")
    assert draft.prompt == "Lost, then on {{text}}"


def test_another_tab_of_the_same_person_is_told(draft: Batch, sites: tuple[Client, Client]) -> None:
    alice, _ = sites
    form = opened(alice, draft)
    typed(alice, draft, form | {"tab": "a1"}, prompt="First {{text}}")
    part = typed(alice, draft, form | {"tab": "a2"}, prompt="Second {{text}}").content.decode()
    assert "changed in another tab" in " ".join(part.split())
    assert "Choose which version to keep." in part[part.index('id="sum-reason"') :], "the reason beside the button"


def test_looking_at_other_rows_and_trying_variants_are_no_edits(draft: Batch, sites: tuple[Client, Client]) -> None:
    alice, bob = sites
    form = opened(alice, draft)
    typed(bob, draft, opened(bob, draft), row="7")
    draft_store.save(draft, {"variants": [{"prompt": "x", "system_prompt": "", "model": "grok-4.3"}]})
    typed(alice, draft, form, prompt="Alice’s {{text}}")
    assert draft.prompt == "Alice’s {{text}}"


def test_who_types_the_same_is_told_nothing(draft: Batch, sites: tuple[Client, Client]) -> None:
    alice, bob = sites
    forms = opened(alice, draft), opened(bob, draft)
    for site, form in zip(sites, forms, strict=True):
        assert "HX-Retarget" not in typed(site, draft, form, prompt="Both {{text}}").headers


@pytest.mark.databases
def test_a_fill_is_an_edit_too(draft: Batch, team: Team) -> None:
    basis = Basis(draft_edits.number_of(draft))
    draft_store.save(Batch.objects.get(pk=draft.pk), {"prompt": "Filled {{text}}"})
    with pytest.raises(ChangedMeanwhile) as told:
        draft_store.save(draft, {"prompt": "Typed {{text}}", "row_limit": 3}, basis)
    found = draft_edits.differences(told.value, {"prompt": "Typed {{text}}", "row_limit": 3})
    assert [(one.label, one.stored, one.typed) for one in found] == [
        ("Prompt", "Filled {{text}}", "Typed {{text}}"),
        ("Rows", "", "3"),
    ]
