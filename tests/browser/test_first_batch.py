"""From an empty draft to a submitted batch in a real browser: gallery, kept prompts, review."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from batchsite.batches.models import Batch
from batchsite.prompts.models import Prompt
from batchsite.teams.models import Team, User
from tests import customer_questions
from tests.browser.drafting import prompt_of, saved, submit
from tests.browser.look import STICKS_OUT, accessibility, faults_everywhere
from tests.factories import make_dataset
from tests.submission.stories import a_dataset, a_draft

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Open = Callable[[User, str], Page]


@pytest.fixture
def questions(team: Team, alice: User) -> Any:
    """Of a bank's customers, with 77 intents."""
    rows = customer_questions.questions()
    return make_dataset(team, customer_questions.COLUMNS, rows, name="questions", created_by=alice)


def test_the_gallery_makes_a_first_batch_with_all_77_intents(questions: Any, alice: User, open_as: Open) -> None:
    page = open_as(alice, "/batches/new")
    page.get_by_role("button", name="Use questions").click()
    page.get_by_role("link", name=re.compile("^Classify")).click()
    expect(page.get_by_label("Classify which column?")).to_have_value("text")
    expect(page.get_by_label("The 77 values of the column “category”")).to_be_checked()
    expect(page.get_by_label("Labels, one per line")).to_be_hidden()
    assert accessibility(page) == []
    page.get_by_role("button", name="Write the prompt").click()
    expect(prompt_of(page)).to_have_value(re.compile(r"\{\{text\}\}"))
    expect(page.locator("#preview")).to_contain_text(customer_questions.questions()[0][0])
    expect(page.get_by_role("textbox", name="Allowed values")).to_have_value(re.compile("^Refund_missing\n"))
    submit(page)
    page.wait_for_url(re.compile(r"/batches/\d+$"))
    batch = Batch.objects.get()
    assert batch.state == "queued"
    assert batch.shape is not None
    [field] = batch.shape["fields"]
    assert (field["name"], field["type"], len(field["values"])) == ("label", "choice", 77)


def test_the_77_intents_are_one_click_away(questions: Any, team: Team, alice: User, open_as: Open) -> None:
    draft = a_draft(team, alice, questions, prompt="Which intent? {{text}}")
    page = open_as(alice, f"/batches/{draft.pk}/edit")
    page.get_by_role("button", name="category, 77 values").click()
    expect(page.get_by_role("textbox", name="Name", exact=True)).to_have_value("category")
    saved(page)
    draft.refresh_from_db()
    assert draft.shape is not None
    assert len(set(draft.shape["fields"][0]["values"])) == 77
    page.get_by_text("The JSON Schema that is sent").click()
    expect(page.locator("#made")).to_contain_text("wrong_rate_cash_withdrawal")


def test_a_starting_prompt_that_replaces_what_stood_there_can_be_taken_back(
    team: Team, alice: User, open_as: Open
) -> None:
    kept = Prompt.objects.create(team=team, name="Sorter")
    kept.versions.create(number=1, text="Kept {{text}} and {{colour}}")
    draft = a_draft(team, alice, prompt="My own words {{text}}")
    page = open_as(alice, f"/batches/{draft.pk}/edit")
    prompt_of(page).fill("My own newer words {{text}}")
    page.get_by_text("Saved prompts").click()
    page.get_by_role("button", name="Sorter").click()
    expect(prompt_of(page)).to_have_value("Kept {{text}} and {{colour}}")
    expect(page.locator("#id_prompt_error")).to_contain_text("There is no column “colour”.")
    page.get_by_role("button", name="Undo").click()
    expect(prompt_of(page)).to_have_value("My own newer words {{text}}")
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)


def test_a_prompt_is_kept_changed_compared_and_used_again(team: Team, alice: User, open_as: Open) -> None:
    draft = a_draft(team, alice, prompt="Sort {{text}}")
    page = open_as(alice, f"/batches/{draft.pk}/edit")
    page.get_by_text("Save prompt").click()
    page.get_by_role("textbox", name="Name", exact=True).fill("Intent classifier")
    page.get_by_role("button", name="Save version").click()
    expect(page.get_by_text("Saved as “Intent classifier, version 1”.")).to_be_visible()
    expect(page.locator("#version")).to_contain_text("Intent classifier, version 1")
    prompt_of(page).fill("Sort {{text}} by intent")
    expect(page.locator("#version")).not_to_contain_text("Intent classifier")
    page.get_by_text("Save prompt").click()
    page.get_by_role("textbox", name="Name", exact=True).fill("Intent classifier")
    page.get_by_label("What changed").fill("says by what")
    page.get_by_role("button", name="Save version").click()
    expect(page.locator("#version")).to_contain_text("Intent classifier, version 2")
    submit(page)
    page.wait_for_url(re.compile(r"/batches/\d+$"))

    page.get_by_role("link", name="Prompts", exact=True).click()
    page.get_by_role("link", name="Intent classifier").first.click()
    expect(page.get_by_role("link", name="Sorting")).to_be_visible()
    page.get_by_role("link", name="What changed in version 2").click()
    expect(page.locator("pre ins")).to_have_text(" by intent")
    assert accessibility(page) == []
    page.get_by_role("link", name="Intent classifier").click()
    page.get_by_role("link", name="New batch", exact=True).click()
    page.get_by_role("button", name=re.compile("^Use ")).first.click()
    expect(prompt_of(page)).to_have_value("Sort {{text}} by intent")
    expect(page.locator("#version")).to_contain_text("Intent classifier, version 2")


def test_the_review_shows_what_is_sent_and_starts_it(team: Team, alice: User, open_as: Open) -> None:
    draft = a_draft(team, alice, a_dataset(team, 40), prompt="Sort {{text}}", row_limit=30)
    page = open_as(alice, f"/batches/{draft.pk}/edit")
    page.get_by_role("button", name="Review and submit").click()
    expect(page.get_by_role("heading", name="Review “Sorting”")).to_be_visible()
    expect(page.get_by_text("the first 30 of 40")).to_be_visible()
    expect(page.get_by_label("The messages of row 1")).to_contain_text("Sort Question 1")
    page.get_by_text("As a curl command").click()
    expect(page.locator("#curl")).to_contain_text("Bearer $XAI_API_KEY")
    assert accessibility(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate(STICKS_OUT) <= 0
    page.get_by_role("link", name="Back to the draft").click()
    prompt_of(page).fill("File {{text}}")
    page.get_by_role("button", name="Review and submit").click()
    expect(page.get_by_label("The messages of row 1")).to_contain_text("File Question 1")
    page.get_by_role("button", name="Submit 30 rows").click()
    page.wait_for_url(f"**/batches/{draft.pk}")
    draft.refresh_from_db()
    assert (draft.state, draft.total) == ("queued", 30)


def test_the_pages_of_prompts_are_accessible_and_fit(team: Team, alice: User, open_as: Open) -> None:
    kept = Prompt.objects.create(team=team, name="A" * 120, created_by=alice)
    for number in (1, 2):
        kept.versions.create(number=number, text=f"Sort {{{{text}}}} {'x' * 200 * number}", comment="shorter")
    page = open_as(alice, "/prompts/")
    base = page.url.removesuffix("/prompts/")
    for path in ("/prompts/", f"/prompts/{kept.pk}", f"/prompts/{kept.pk}/compare", f"/prompts/{kept.pk}/rename"):
        page.goto(base + path)
        assert faults_everywhere(page) == []
