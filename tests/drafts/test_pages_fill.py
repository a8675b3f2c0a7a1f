"""What fills a draft: kept prompts, starting prompts, values of a column; and the review before it is sent."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from batchsite.batches.draft_fingerprint import draft_fingerprint
from batchsite.batches.models import Batch
from batchsite.drafts import draft_store, undo
from batchsite.prompts.library import Contents
from batchsite.prompts.models import Prompt, PromptVersion
from batchsite.submission import actions
from batchsite.teams.models import Team, User
from tests.factories import make_dataset
from tests.submission.stories import a_draft

Browser = Callable[[User], Client]
HTMX = {"HX-Request": "true"}
TYPED = {"name": "Sorting", "prompt": "Sort {{text}}", "system_prompt": "", "model": "grok-4.3", "row": "1"}


@pytest.fixture
def draft(team: Team, alice: User) -> Batch:
    cache.clear()
    rows = [[str(number), "" if number == 2 else f"Text {number}", "ab"[number % 2]] for number in range(1, 21)]
    return a_draft(team, alice, make_dataset(team, ["id", "text", "kind"], rows), prompt="Sort {{text}}")


@pytest.fixture
def site(alice: User, client_of: Browser) -> Client:
    return client_of(alice)


@pytest.fixture
def version(team: Team) -> PromptVersion:
    kept = Prompt.objects.create(team=team, name="Filer")
    return kept.versions.create(
        number=3,
        text="File {{text}}",
        system_prompt="Be brief",
        examples=[{"user": "Hi", "assistant": "greeting"}],
        shape={"fields": [{"name": "file", "type": "text", "values": [], "description": "", "required": True}]},
        model="grok-4.20-0309-reasoning",
        params={"seed": 3},
    )


def post(site: Client, view: str, draft: Batch, *, htmx: bool = False, **typed: Any) -> Any:
    answer = site.post(reverse(view, args=[draft.pk]), TYPED | typed, headers=HTMX if htmx else {})
    draft.refresh_from_db()
    return answer


def _named(name: str, comment: str) -> dict[str, Any]:
    return {"keep-name": name, "keep-comment": comment}


def page(site: Client, view: str, draft: Batch) -> str:
    return str(site.get(reverse(view, args=[draft.pk])).content.decode())


# ---- kept prompts ------------------------------------------------------------------------------------------


def test_a_kept_prompt_fills_all_that_it_says(draft: Batch, site: Client, version: PromptVersion) -> None:
    post(site, "batch-fill", draft, version=version.pk)
    assert (draft.prompt, draft.system_prompt, draft.examples) == ("File {{text}}", "Be brief", version.examples)
    assert (draft.shape, draft.model, draft.params) == (version.shape, version.model, {"seed": 3})
    assert draft.prompt_version == version
    assert "Filer, version 3" in page(site, "batch-edit", draft)


def test_a_model_that_runs_in_no_batch_is_not_taken_over(draft: Batch, site: Client, version: PromptVersion) -> None:
    PromptVersion.objects.update(model="grok-4.7")
    post(site, "batch-fill", draft, version=version.pk)
    assert (draft.prompt, draft.model) == ("File {{text}}", "grok-4.3")


def test_what_stood_there_is_taken_back_with_what_was_typed_last(
    draft: Batch, site: Client, version: PromptVersion
) -> None:
    post(site, "batch-fill", draft, version=version.pk, prompt="Just typed {{text}}")
    assert draft.prompt == "File {{text}}"
    post(site, "batch-fill", draft, undo=1, prompt="File {{text}}")
    assert (draft.prompt, draft.examples, draft.prompt_version) == ("Just typed {{text}}", [], None)
    assert site.post(reverse("batch-fill", args=[draft.pk]), TYPED | {"undo": 1}).status_code == 404


def test_undo_belongs_to_the_draft_and_no_session_carries_it(
    draft: Batch, site: Client, version: PromptVersion, bob: User, client_of: Browser
) -> None:
    post(site, "batch-fill", draft, version=version.pk, prompt="x" * 1_000_000)
    assert len(Session.objects.get(pk=site.session.session_key).session_data) < 1_000
    colleague = client_of(bob)
    assert 'name="undo"' in page(colleague, "batch-edit", draft)
    post(colleague, "batch-fill", draft, undo=1, prompt="File {{text}}")
    assert draft.prompt == "x" * 1_000_000


def test_undo_is_kept_for_so_many_drafts_of_a_team_and_until_a_draft_is_submitted(
    team: Team, alice: User, draft: Batch
) -> None:
    dataset = draft.dataset
    drafts = [a_draft(team, alice, dataset, prompt=f"Sort {{{{text}}}} {number}") for number in range(52)]
    for each in drafts:
        undo.remember(each, Contents("Before"))
    assert [undo.before(each) is not None for each in drafts] == [False] * 2 + [True] * 50
    actions.start(drafts[-1], alice, None)
    assert not undo.is_possible(drafts[-1])


def test_the_version_is_named_for_as_long_as_it_says_the_same(
    draft: Batch, site: Client, version: PromptVersion
) -> None:
    post(site, "batch-fill", draft, version=version.pk)
    same: dict[str, Any] = {"prompt": "File {{text}}", "system_prompt": "Be brief", "model": "grok-4.3"}
    post(site, "batch-preview", draft, htmx=True, **same)
    assert "Filer, version 3" in page(site, "batch-edit", draft)
    answer = post(site, "batch-preview", draft, htmx=True, **same | {"prompt": "File {{text}}!"})
    assert draft.prompt_version is None
    assert "Filer" not in answer.content.decode()


def test_a_prompt_is_kept_as_it_was_typed_last(draft: Batch, site: Client, alice: User) -> None:
    named = _named(" Sorter ", "first")
    post(site, "batch-keep", draft, prompt="Newest {{text}}", **named)
    kept = PromptVersion.objects.get()
    assert (kept.prompt.name, kept.number, kept.text, kept.comment) == ("Sorter", 1, "Newest {{text}}", "first")
    assert (kept.created_by, draft.prompt_version) == (alice, kept)
    twice = post(site, "batch-keep", draft, prompt="Newest {{text}}", **named)  # a browser sends it once more
    assert "Saved as “Sorter, version 1”." in site.get(twice["Location"]).content.decode()
    PromptVersion.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    answer = post(site, "batch-keep", draft, prompt="Newest {{text}}", **named)
    assert PromptVersion.objects.count() == 1
    assert "“Sorter, version 1” already says exactly that." in site.get(answer["Location"]).content.decode()


@pytest.mark.parametrize(
    ("named", "prompt", "words"),
    [("", "Sort {{text}}", "Give the prompt a name."), ("Sorter", " ", "Write a prompt before you save it.")],
)
def test_what_cannot_be_kept_says_why_and_keeps_what_was_typed(
    named: str, prompt: str, words: str, draft: Batch, site: Client
) -> None:
    answer = post(site, "batch-keep", draft, prompt=prompt, **_named(named, "<why>"))
    text = answer.content.decode()
    assert answer.status_code == 422
    assert words in text
    assert 'value="&lt;why&gt;"' in text
    assert not PromptVersion.objects.exists()
    assert draft.prompt == prompt


def test_a_new_batch_begins_with_a_kept_prompt(draft: Batch, site: Client, version: PromptVersion) -> None:
    answer = site.get(reverse("batch-new"), {"prompt": version.pk})
    assert "The prompt is “Filer, version 3”." in answer.content.decode()
    site.post(reverse("batch-new"), {"dataset": draft.dataset_id, "prompt": version.pk})
    assert Batch.objects.order_by("-pk")[0].prompt_version == version


def test_prompts_of_other_teams_are_not_found(draft: Batch, charlie: User, client_of: Browser) -> None:
    theirs = Prompt.objects.create(team=charlie.teams.get(), name="Theirs").versions.create(number=1, text="x")
    site = client_of(User.objects.get(email="alice@example.org"))
    assert site.post(reverse("batch-fill", args=[draft.pk]), TYPED | {"version": theirs.pk}).status_code == 404
    assert site.get(reverse("batch-new"), {"prompt": theirs.pk}).status_code == 404


def test_the_gallery_shows_on_an_empty_draft_only(draft: Batch, site: Client) -> None:
    assert "Or start from one of these" not in page(site, "batch-edit", draft)
    draft_store.save(draft, {"prompt": ""})
    assert "Or start from one of these" in page(site, "batch-edit", draft)


# ---- shape, examples, gaps ---------------------------------------------------------------------------------


def test_values_of_a_column_come_into_the_part_of_the_page(draft: Batch, site: Client) -> None:
    answer = post(site, "batch-preview", draft, htmx=True, do="values-2", shape_kind="text")
    assert draft.shape is not None
    assert draft.shape["fields"][0]["values"] == ["a", "b"]
    text = answer.content.decode()
    assert '<hx-partial hx-target="#shape"' in text
    assert "2 values of “kind” are now the allowed values." in text
    assert "&quot;enum&quot;" in text


def test_values_that_are_too_many_say_so(team: Team, alice: User, site: Client) -> None:
    rows = [[str(number)] for number in range(600)]
    draft = a_draft(team, alice, make_dataset(team, ["id"], rows), prompt="{{id}}")
    answer = post(site, "batch-preview", draft, htmx=True, prompt="{{id}}", do="values-0")
    assert "“id” has more than 500 unique values" in answer.content.decode()
    assert draft.shape is None


def test_a_schema_is_kept_as_it_was_typed(draft: Batch, site: Client) -> None:
    answer = post(site, "batch-preview", draft, htmx=True, shape_kind="schema", schema='{"a":\r\n')
    assert draft.shape == {"schema": '{"a":\n'}
    assert "This is not JSON" in answer.content.decode()
    assert '{&quot;a&quot;:' in page(site, "batch-edit", draft)  # fmt: skip


def test_examples_that_lack_a_half_are_kept_and_named(draft: Batch, site: Client) -> None:
    half: dict[str, Any] = {
        "examples-shown": "1",
        "examples-user": ["Hi", "{{txet}}"],
        "examples-assistant": ["greeting", ""],
    }
    answer = post(site, "batch-check", draft, **half)
    assert answer.status_code == 422
    assert draft.examples == [{"user": "Hi", "assistant": "greeting"}, {"user": "{{txet}}", "assistant": ""}]
    text = answer.content.decode()
    assert "Example 2 is missing the answer." in text
    assert "Example 2: There is no column “txet”. Did you mean {{text}}?" in text


def test_rows_with_a_gap_are_shown_and_left_out_by_choice(draft: Batch, site: Client) -> None:
    text = post(site, "batch-preview", draft, htmx=True, skip_empty="yes").content.decode()
    assert draft.skip_empty
    assert '<b class="num">1</b> row lacks a value the prompt uses' in re.sub(r"\s+", " ", text)
    assert 'data-row="2"' in text
    post(site, "batch-preview", draft, htmx=True)
    assert draft.skip_empty, "a page that does not say leaves it"
    post(site, "batch-preview", draft, htmx=True, skip_empty="no")
    assert not draft.skip_empty


def test_only_some_rows_are_chosen_in_words(draft: Batch, site: Client) -> None:
    post(site, "batch-preview", draft, htmx=True, ranges="1-3, 7")
    assert draft.ranges == [[1, 3], [7, 7]]
    assert 'value="1-3, 7"' in page(site, "batch-edit", draft)
    answer = post(site, "batch-preview", draft, htmx=True, ranges="7-30")
    assert "the dataset has rows 1 to 20" in answer.content.decode()
    assert draft.ranges == [[1, 3], [7, 7]]


# ---- the review --------------------------------------------------------------------------------------------


def test_the_review_shows_a_request_and_no_key(draft: Batch, site: Client) -> None:
    text = page(site, "batch-review", draft)
    assert "Sort Text 1" in text
    assert text.index(">Sort Text 1</pre>") < text.index("As JSON"), "people read the text before the JSON"
    assert "$XAI_API_KEY" in text
    assert "/v1/chat/completions" in text
    assert "1 <span" in text  # the row with a gap
    assert "Submit 20 rows" in text


def test_a_draft_with_problems_is_not_reviewed(draft: Batch, site: Client) -> None:
    draft_store.save(draft, {"prompt": "{{nope}}"})
    answer = site.get(reverse("batch-review", args=[draft.pk]))
    assert (answer.status_code, answer["Location"]) == (302, reverse("batch-edit", args=[draft.pk]) + "?checked=1")
    assert "There is no column “nope”." in site.get(answer["Location"]).content.decode()


def test_what_changed_since_the_review_is_reviewed_again(draft: Batch, site: Client) -> None:
    reviewed = draft_fingerprint(draft)
    draft_store.save(draft, {"prompt": "Something else {{text}}"})
    answer = site.post(reverse("batch-submit", args=[draft.pk]), {"reviewed": reviewed})
    assert answer["Location"] == reverse("batch-review", args=[draft.pk])
    draft.refresh_from_db()
    assert draft.state == "draft"
    assert "The draft has changed since you opened it." in site.get(answer["Location"]).content.decode()


def test_nothing_is_submitted_without_a_review(draft: Batch, site: Client) -> None:
    site.post(reverse("batch-submit", args=[draft.pk]))
    draft.refresh_from_db()
    assert draft.state == "draft"
