"""Writing a batch in a real browser: columns at the caret, gaps, shape, parameters; nothing is lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from batchsite.batches.models import Batch
from batchsite.drafts import draft_store, views_models
from batchsite.drafts.draft_edits import Basis
from batchsite.drafts.models import ValueSearch
from batchsite.drafts.tasks import find_rows
from batchsite.pricing.model_prices import refresh
from batchsite.teams.accounts import AccountKind
from batchsite.teams.models import Team, User
from tests.browser.drafting import prompt_of, saved
from tests.browser.look import accessibility, faults_everywhere
from tests.factories import PASSWORD, make_dataset
from tests.pipeline import use
from tests.sandboxes import running_sandbox
from tests.submission.stories import a_draft

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Open = Callable[[User, str], Page]
PageOf = Callable[[Batch], Page]
CITIES = ["Bern", "", "Rome", "Oslo", ""]
ROWS = [[str(number), CITIES[number % 5], "word " * number, "ab"[number % 2]] for number in range(1, 101)]


@pytest.fixture
def draft(team: Team, alice: User) -> Batch:
    dataset = make_dataset(team, ["id", "city", "text", "kind"], ROWS, name="people", created_by=alice)
    return a_draft(team, alice, dataset, name="People", prompt="", system_prompt="")


@pytest.fixture
def page_of(open_as: Open, alice: User) -> PageOf:
    def opened(batch: Batch) -> Page:
        return open_as(alice, f"/batches/{batch.pk}/edit")

    return opened


def offered(page: Page) -> Any:
    return page.get_by_role("listbox", name="Columns")


# ---- the first look ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(1360, 900), (390, 844)], ids=["wide", "narrow"])
def test_the_prompt_is_in_the_first_look(size: tuple[int, int], draft: Batch, page_of: PageOf) -> None:
    page = page_of(draft)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    box, bar = prompt_of(page).bounding_box(), page.locator(".bottom").bounding_box()
    assert box
    assert bar
    assert box["y"] + box["height"] / 2 < bar["y"]
    order = ["#stages", "#data-step", "#id_prompt", "#id_system_prompt", "#examples", "#shape", "#try-place", "#check"]
    places = page.evaluate("names => names.map(name => document.querySelector(name))" + _POSITIONS, order)
    assert places == sorted(places)


_POSITIONS = ".map(part => [...document.querySelectorAll('*')].indexOf(part))"


def test_what_is_missing_stands_beside_the_button_and_is_led_to(draft: Batch, page_of: PageOf) -> None:
    page = page_of(draft)
    button = page.get_by_role("button", name="Review and submit")
    expect(button).to_be_disabled()
    expect(button).to_have_accessible_description("Write a prompt.")
    for part in ("#sum", "#check", "#try-cost"):
        expect(page.locator(part)).not_to_contain_text("$")
    button.click(force=True)
    expect(prompt_of(page)).to_be_focused()
    page.keyboard.type("{{text}}")
    expect(button).to_be_enabled()
    expect(page.locator("#sum")).to_contain_text("about $")
    page.locator("summary", has_text="All 100 rows").click()
    page.get_by_label("Row numbers").fill("7-300")
    saved_in_part(page)
    page.locator("summary", has_text="All 100 rows").click()
    button.click(force=True)
    expect(page.get_by_label("Row numbers")).to_be_focused()
    expect(button).to_have_accessible_description("“7-300”: the dataset has rows 1 to 100.")
    page.get_by_label("Row numbers").fill("7-30")
    expect(page.locator("#rows-words")).to_contain_text("24 chosen rows of 100")
    page.get_by_role("button", name="Review and submit").click()
    expect(page.get_by_role("heading", name="Example: the request for row 7")).to_be_visible()
    as_text, as_json = page.get_by_text("word " * 7).first.bounding_box(), page.get_by_text("As JSON").bounding_box()
    assert as_text
    assert as_json
    assert as_text["y"] < as_json["y"], "people read the text first"


def saved_in_part(page: Page) -> None:
    """Wait until what was typed is with the server, except what is wrong."""
    expect(page.locator("#saved")).to_have_text("Saved, except what is marked")


def test_rows_are_chosen_by_a_value(draft: Batch, page_of: PageOf) -> None:
    page = page_of(draft)
    prompt_of(page).fill("{{text}}")
    page.locator("#rows-choice summary").click()
    page.get_by_label("Or rows where").select_option("city")
    page.get_by_label("is exactly").fill("Rome")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Looking for rows where “city” is “Rome”")).to_be_visible()
    expect(page.get_by_role("button", name="Review and submit")).to_be_disabled()
    assert accessibility(page) == []
    find_rows(ValueSearch.objects.get().pk)  # as a worker does
    expect(page.get_by_text("20 rows where “city” is “Rome”.")).to_be_visible()
    expect(page.locator("#rows-words")).to_contain_text("20 chosen rows of 100")
    expect(page.locator("#check")).to_contain_text("20 rows × 1 prompt")
    prompt_of(page).fill("{{text}}!")
    saved(page)
    draft.refresh_from_db()
    assert (draft.prompt, len(draft.rows), draft.rows.first) == ("{{text}}!", 20, 2)
    page.get_by_role("button", name="Choose other rows").click()
    expect(page.get_by_label("Row numbers")).to_be_visible()
    expect(page.locator("#check")).to_contain_text("100 rows × 1 prompt")


# ---- columns at the caret ----------------------------------------------------------------------------------


def test_columns_are_offered_at_two_braces_and_taken_by_keyboard(draft: Batch, page_of: PageOf) -> None:
    page = page_of(draft)
    prompt_of(page).click()
    page.keyboard.type("Where is {{")
    expect(offered(page).get_by_role("option")).to_have_count(4)
    expect(offered(page).get_by_role("option", name="city")).to_contain_text("60 of 100")
    expect(prompt_of(page)).to_have_attribute("aria-activedescendant", "column-offered-0")
    assert accessibility(page) == []
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(prompt_of(page)).to_have_value("Where is {{city}}")
    expect(offered(page)).to_have_count(0)
    page.keyboard.type("? {{te")
    expect(offered(page).get_by_role("option")).to_have_count(1)
    page.keyboard.press("Tab")
    expect(prompt_of(page)).to_have_value("Where is {{city}}? {{text}}")
    page.keyboard.type(" {{")
    page.keyboard.press("Escape")
    expect(offered(page)).to_have_count(0)
    expect(prompt_of(page)).to_be_focused()
    expect(page.locator("#preview")).to_contain_text("Where is ")


def test_columns_are_taken_by_mouse_also_in_system_prompt_and_examples(draft: Batch, page_of: PageOf) -> None:
    page = page_of(draft)
    page.locator("summary", has_text="System prompt").click()
    system = page.get_by_role("textbox", name="System prompt")
    system.click()
    page.keyboard.type("You know {{")
    offered(page).get_by_role("option", name="city").click()
    expect(system).to_have_value("You know {{city}}")
    page.get_by_text("Examples", exact=True).click()
    page.get_by_role("button", name="Add an example").click()
    page.keyboard.type("{{")
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="User")).to_have_value("{{id}}")
    saved(page)
    draft.refresh_from_db()
    assert draft.examples == [{"user": "{{id}}", "assistant": ""}]


def test_a_placeholder_that_is_begun_again_is_closed_once(draft: Batch, page_of: PageOf) -> None:
    page = page_of(draft)
    prompt_of(page).fill("Say {{ci}} twice, \\{{city}}")
    prompt_of(page).press("Home")
    for _ in "Say {{ci":
        page.keyboard.press("ArrowRight")
    page.keyboard.type("t")
    page.keyboard.press("Enter")
    expect(prompt_of(page)).to_have_value("Say {{city}} twice, \\{{city}}")


# ---- gaps, and rows worth a look ---------------------------------------------------------------------------


def test_rows_with_a_gap_are_counted_shown_and_left_out_by_choice(draft: Batch, page_of: PageOf) -> None:
    page = page_of(draft)
    expect(page.get_by_role("button", name="{{city}}")).to_contain_text("60 of 100")
    prompt_of(page).fill("{{city}}: {{text}}")
    expect(page.locator("#gaps")).to_contain_text("40 rows lack a value the prompt uses")
    page.locator("#gaps").get_by_role("link", name="row 4").click()
    expect(page.locator("#row")).to_have_value("4")
    expect(page.locator("#preview")).to_contain_text(": word word word word")
    page.get_by_label("Skip them").check()
    expect(page.locator("#check")).to_contain_text("minus 40 with empty values")
    saved(page)
    draft.refresh_from_db()
    assert draft.skip_empty
    prompt_of(page).fill("{{text}}")
    expect(page.locator("#gaps")).to_have_text("")
    expect(page.get_by_label("Skip them")).to_be_hidden()


def test_rows_are_stepped_and_jumped_to(draft: Batch, page_of: PageOf) -> None:
    page = page_of(draft)
    prompt_of(page).fill("{{city}} {{text}}")
    page.get_by_role("button", name="Longest").click()
    expect(page.locator("#row")).to_have_value("100")
    page.get_by_role("button", name="Shortest").click()
    expect(page.locator("#row")).to_have_value("2")
    page.get_by_role("button", name="Empty values").click()
    expect(page.locator("#row")).to_have_value("1")
    page.get_by_role("button", name="Next row").click()
    expect(page.locator("#preview")).to_contain_text("Rome word word")
    page.locator("#row").fill("98")
    expect(page.locator("#preview")).to_contain_text("Oslo")


# ---- the shape of the answer -------------------------------------------------------------------------------


def test_allowed_values_are_taken_from_a_column_by_one_click(draft: Batch, page_of: PageOf) -> None:
    page = page_of(draft)
    prompt_of(page).fill("{{text}}")
    page.get_by_role("button", name="kind, 2 values").click()
    expect(page.get_by_role("radio", name="Columns", exact=True)).to_be_checked()
    expect(page.get_by_role("textbox", name="Allowed values")).to_have_value("a\nb\n")
    page.get_by_text("The JSON Schema that is sent").click()
    expect(page.get_by_label("The JSON Schema that is sent")).to_contain_text('"enum"')
    words = "in downloads the answer’s “kind” is called “kind_2”"
    expect(page.get_by_role("main")).to_contain_text(words)
    assert accessibility(page) == []
    page.get_by_role("button", name="Review and submit").click()
    expect(page.get_by_role("heading", name="Review")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text(words)


def test_fields_are_added_moved_and_removed_by_keyboard(draft: Batch, page_of: PageOf) -> None:
    page = page_of(draft)
    page.get_by_role("radio", name="Columns", exact=True).check()
    for name in ("one", "two", "three"):
        page.get_by_role("button", name="Add a column").press("Enter")
        page.keyboard.type(name)
    expect(page.get_by_role("textbox", name="Name", exact=True)).to_have_count(3)
    page.get_by_role("button", name="Move up").nth(2).press("Enter")
    expect(page.get_by_role("button", name="Move up").nth(1)).to_be_focused()
    page.get_by_role("button", name="Remove").nth(0).press("Enter")
    saved(page)
    draft.refresh_from_db()
    assert draft.shape is not None
    assert [field["name"] for field in draft.shape["fields"]] == ["three", "two"]


def test_fields_outlast_a_change_of_mind(draft: Batch, page_of: PageOf) -> None:
    page = page_of(draft)
    page.get_by_role("radio", name="Columns", exact=True).check()
    page.get_by_role("button", name="Add a column").click()
    page.keyboard.type("mood")
    page.get_by_role("radio", name="JSON Schema", exact=True).check()
    page.get_by_role("textbox", name="JSON Schema").fill('{"type": "object"}')
    page.get_by_label("Text", exact=True).check()
    saved(page)
    draft.refresh_from_db()
    assert draft.shape is None
    page.reload()
    expect(page.get_by_label("Text", exact=True)).to_be_checked()
    expect(page.get_by_role("button", name="Add a column")).to_be_hidden()
    page.get_by_role("radio", name="JSON Schema", exact=True).check()
    expect(page.get_by_role("textbox", name="JSON Schema")).to_have_value('{"type": "object"}')
    page.get_by_role("radio", name="Columns", exact=True).check()
    expect(page.get_by_role("textbox", name="Name", exact=True)).to_have_value("mood")
    page.get_by_role("button", name="kind, 2 values").click()
    expect(page.get_by_role("textbox", name="Name", exact=True)).to_have_count(2)
    saved(page)
    shape = Batch.objects.get(pk=draft.pk).shape
    assert shape is not None
    assert [field["name"] for field in shape["fields"]] == ["mood", "kind"]


def test_what_is_wrong_with_a_shape_stands_with_it(draft: Batch, page_of: PageOf) -> None:
    page = page_of(draft)
    page.get_by_role("radio", name="JSON Schema", exact=True).check()
    page.get_by_role("textbox", name="JSON Schema").fill('{"type": "object"')
    expect(page.locator("#id_shape_error")).to_contain_text("This is not JSON")
    page.get_by_role("textbox", name="JSON Schema").fill(
        '{"type": "object", "properties": {"sure": {"type": "number"}}}'
    )
    expect(page.locator("#id_shape_error")).to_have_text("")
    expect(page.locator("#made")).to_contain_text('"sure"')


# ---- messages and parameters -------------------------------------------------------------------------------


def test_examples_are_sent_before_the_prompt(draft: Batch, page_of: PageOf) -> None:
    page = page_of(draft)
    prompt_of(page).fill("{{city}}")
    page.get_by_text("Examples", exact=True).click()
    for user, assistant in (("Paris", "France"), ("Kyoto", "Japan")):
        page.get_by_role("button", name="Add an example").click()
        page.get_by_role("textbox", name="User").last.fill(user)
        page.get_by_role("textbox", name="Assistant").last.fill(assistant)
    page.get_by_role("button", name="Move down").first.click()
    expect(page.locator("#check")).to_contain_text("5 messages")
    expect(page.locator("#preview")).to_contain_text(re.compile("Kyoto.*Japan.*Paris.*France", re.S))
    page.get_by_role("button", name="Remove").first.click()
    expect(page.locator("#check")).to_contain_text("3 messages")


def test_parameters_follow_the_model_and_refused_values_say_why(draft: Batch, page_of: PageOf) -> None:
    page = page_of(draft)
    page.get_by_text("Parameters", exact=True).click()
    page.get_by_label("Reasoning effort").select_option("high")
    expect(page.get_by_label("Stop sequences")).to_have_count(0)
    saved(page)
    page.get_by_label("Model", exact=True).select_option("grok-4.20-0309-non-reasoning")
    expect(page.get_by_label("Stop sequences")).to_be_visible()
    expect(page.locator("#id_reasoning_effort_error")).to_contain_text("refuses a reasoning effort")
    page.get_by_label("Reasoning effort").select_option("")
    expect(page.locator("#id_reasoning_effort_error")).to_have_text("")
    page.get_by_label("Temperature", exact=True).fill("7")
    expect(page.locator("#id_temperature_error")).to_contain_text("A number from 0 to 2")


def test_models_are_listed_with_what_they_cost(draft: Batch, page_of: PageOf) -> None:
    page = page_of(draft)
    page.get_by_text("Models and prices").click()
    expect(page.get_by_role("table")).to_contain_text("grok-4.3")
    expect(page.get_by_role("table")).to_contain_text("$1.00")


def test_the_list_of_models_is_asked_for_anew_and_changes_where_it_stands(
    draft: Batch, page_of: PageOf, tmp_path: Path
) -> None:
    page = page_of(draft)
    prompt_of(page).fill("Half a sen")
    saved(page)
    page.get_by_label("Model", exact=True).select_option("grok-4.20-0309-non-reasoning")
    page.get_by_text("Models and prices").click()
    expect(page.get_by_role("table")).not_to_contain_text("grok-3-mini")
    page.get_by_role("button", name="Refresh list").press("Enter")
    expect(page.get_by_role("button", name="Refreshing…")).to_be_focused()
    with running_sandbox(tmp_path) as sandbox:
        use(sandbox)
        refresh(AccountKind.SANDBOX, draft.team_id)  # as a worker does, whom the button called
        expect(page.get_by_role("table")).to_contain_text("grok-3-mini")
    expect(page.get_by_role("table")).to_contain_text("As listed by the provider")
    expect(page.get_by_role("button", name="Refresh list")).to_be_focused()
    expect(page.get_by_label("Model", exact=True)).to_have_value("grok-4.20-0309-non-reasoning")
    expect(page.locator("#id_model option", has_text="grok-3-mini")).to_contain_text("runs live only")
    expect(prompt_of(page)).to_have_value("Half a sen")
    saved(page)
    draft.refresh_from_db()
    assert draft.model == "grok-4.20-0309-non-reasoning"
    assert accessibility(page) == []


def test_a_provider_that_says_nothing_is_not_waited_for_for_ever(
    draft: Batch, page_of: PageOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views_models, "LOOKS", 2)
    page = page_of(draft)
    page.get_by_text("Models and prices").click()
    page.get_by_role("button", name="Refresh list").click()
    expect(page.get_by_text("No answer yet; the list is unchanged.")).to_be_visible()
    expect(page.get_by_role("button", name="Refresh list")).to_be_visible()


# ---- nothing is lost ---------------------------------------------------------------------------------------


def type_held(page: Page) -> None:
    """Type, and nothing of it reaches the server: its request hangs until the page is left. Later ones go through."""
    held: list[Route] = []
    page.route("**/preview", lambda route: held.append(route))
    type_all(page)
    while not held:
        page.wait_for_timeout(50)
    page.route("**/preview", lambda route: route.continue_())  # not `unroute`, which sends what hangs


def type_all(page: Page) -> None:
    prompt_of(page).fill("Held {{text}}")
    page.get_by_text("Examples", exact=True).click()
    page.get_by_role("button", name="Add an example").click()
    page.get_by_role("textbox", name="Assistant").fill("Half an example")
    page.get_by_role("radio", name="Columns", exact=True).check()
    page.get_by_role("button", name="Add a column").click()
    page.keyboard.type("mood")
    page.get_by_text("Parameters", exact=True).click()
    page.get_by_label("Seed").fill("7")


def is_all_there(page: Page) -> None:
    expect(prompt_of(page)).to_have_value("Held {{text}}")
    expect(page.get_by_role("textbox", name="Assistant")).to_have_value("Half an example")
    expect(page.get_by_role("radio", name="Columns", exact=True)).to_be_checked()
    expect(page.get_by_role("textbox", name="Name", exact=True)).to_have_value("mood")
    expect(page.get_by_label("Seed")).to_have_value("7")


def is_stored(draft: Batch) -> None:
    draft.refresh_from_db()
    assert draft.prompt == "Held {{text}}"
    assert draft.examples == [{"user": "", "assistant": "Half an example"}]
    assert draft.shape is not None
    assert draft.shape["fields"][0]["name"] == "mood"
    assert draft.params == {"seed": 7}


@pytest.mark.parametrize("how", ["reload", "back"])
def test_what_is_typed_survives(how: str, draft: Batch, page_of: PageOf) -> None:
    page = page_of(draft)
    type_held(page)
    if how == "reload":
        page.reload()
    else:
        page.get_by_role("link", name="Datasets").click()
        page.wait_for_url("**/datasets/")
        page.go_back()
    is_all_there(page)
    saved(page)
    is_stored(draft)


def test_what_is_typed_before_the_scripts_are_there_is_saved(draft: Batch, page_of: PageOf) -> None:
    page = page_of(draft)
    held: list[Route] = []
    page.route("**/*.js", lambda route: held.append(route))
    page.goto(page.url, wait_until="commit")
    prompt_of(page).fill("Held {{text}}")
    page.route("**/*.js", lambda route: route.continue_())  # those that are still to be asked for
    for script in held:
        script.continue_()
    saved(page)
    draft.refresh_from_db()
    assert draft.prompt == "Held {{text}}"


def test_going_back_shows_what_was_saved_last(draft: Batch, page_of: PageOf) -> None:
    page = page_of(draft)
    prompt_of(page).fill("Mine {{text}}")
    saved(page)
    page.get_by_role("link", name="Datasets").click()
    page.wait_for_url("**/datasets/")
    draft_store.save(draft, {"prompt": "Theirs {{text}}"})
    page.go_back()
    expect(prompt_of(page)).to_have_value("Theirs {{text}}")
    expect(page.locator("#saved")).not_to_have_text("Saving…")


def test_a_save_that_was_still_on_its_way_is_no_conflict(draft: Batch, alice: User, page_of: PageOf) -> None:
    page = page_of(draft)
    type_held(page)
    tab, known = (page.locator(f"#draft [name={name}]").input_value() for name in ("tab", "edit"))
    page.get_by_role("link", name="Datasets").click()
    page.wait_for_url("**/datasets/")
    draft_store.save(draft, {"prompt": "Hel"}, Basis(int(known), tab, alice))  # it arrives
    page.go_back()
    is_all_there(page)
    saved(page)
    is_stored(draft)


def test_what_is_typed_survives_a_sign_in_that_expired(draft: Batch, page_of: PageOf) -> None:
    page = page_of(draft)
    type_held(page)
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Review and submit").click(force=True)  # what was typed last is not judged yet
    page.get_by_label("E-mail").fill("alice@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**/batches/{draft.pk}/edit")
    is_all_there(page)
    saved(page)
    is_stored(draft)


def test_what_is_typed_survives_a_refusal(draft: Batch, page_of: PageOf, complaints: list[str]) -> None:
    page = page_of(draft)
    type_all(page)
    page.get_by_role("button", name="Review and submit").click(force=True)  # at once: before it is disabled
    expect(page.get_by_text("Not submitted yet")).to_be_visible()
    expect(page.locator("#id_examples_error")).to_contain_text("Example 1 is missing what the user says.")
    is_all_there(page)
    page.reload()
    is_all_there(page)
    is_stored(draft)
    complaints[:] = [line for line in complaints if "422" not in line]


# ---- two tabs ------------------------------------------------------------------------------------------------


def test_two_tabs_on_one_draft_show_both_versions_and_one_is_chosen(draft: Batch, page_of: PageOf) -> None:
    page = page_of(draft)
    other = page.context.new_page()
    other.goto(page.url)
    prompt_of(other).fill("Theirs {{text}}")
    saved(other)
    prompt_of(page).fill("Mine {{text}}")
    expect(page.get_by_text("This draft was changed in another tab")).to_be_visible()
    expect(page.get_by_label("Saved: Prompt")).to_have_text("Theirs {{text}}")
    expect(page.get_by_label("Yours: Prompt")).to_have_text("Mine {{text}}")
    expect(page.locator("#saved")).to_have_text("Not saved")
    assert accessibility(page) == []
    page.reload()
    expect(prompt_of(page)).to_have_value("Mine {{text}}")
    expect(page.get_by_label("Yours: Prompt")).to_be_visible()
    draft.refresh_from_db()
    assert draft.prompt == "Theirs {{text}}"
    page.get_by_role("button", name="Save your version").click()
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    expect(prompt_of(page)).to_have_value("Mine {{text}}")
    prompt_of(page).fill("Mine {{text}}!")
    saved(page)
    draft.refresh_from_db()
    assert draft.prompt == "Mine {{text}}!"
    prompt_of(other).fill("Once more {{text}}")
    other.get_by_role("button", name="Use the saved version").click()
    expect(prompt_of(other)).to_have_value("Mine {{text}}!")


# ---- everywhere --------------------------------------------------------------------------------------------


def test_the_page_is_accessible_and_fits(draft: Batch, page_of: PageOf) -> None:
    page = page_of(draft)
    type_all(page)
    for menu in page.locator("details").all():
        menu.evaluate("one => { one.open = true }")
    assert faults_everywhere(page) == []


def test_the_three_steps_work_without_scripts(draft: Batch, page_of: PageOf, browser: Any) -> None:
    signed_in = page_of(draft)
    context = browser.new_context(java_script_enabled=False, storage_state=signed_in.context.storage_state())
    page = context.new_page()
    page.goto(signed_in.url)
    prompt_of(page).fill("Sort {{text}}")
    page.get_by_text("Examples", exact=True).click()
    page.get_by_role("button", name="Add an example").click()
    page.get_by_role("textbox", name="User").fill("Hi")
    page.get_by_role("textbox", name="Assistant").fill("greeting")
    page.get_by_role("button", name="kind, 2 values").click()
    page.get_by_role("button", name="Add a column").click()
    page.get_by_role("textbox", name="Name", exact=True).last.fill("why")
    page.get_by_role("button", name="Move up").last.click()
    page.get_by_role("button", name="Longest").click()
    assert page.locator("#row").input_value() == "100"
    page.get_by_role("button", name="Review and submit").click()
    page.get_by_role("button", name="Submit 100 rows").click()
    page.wait_for_url(f"**/batches/{draft.pk}")
    draft.refresh_from_db()
    assert draft.state == "queued"
    assert draft.examples == [{"user": "Hi", "assistant": "greeting"}]
    assert [field["name"] for field in (draft.shape or {})["fields"]] == ["why", "kind"]
    context.close()
