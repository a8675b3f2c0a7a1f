"""From answers to results one can use, in a real browser: searching, judging, agreement and comparing."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from batchsite.batches.models import Batch
from batchsite.datasets.models import Dataset
from batchsite.results import row_search, row_table
from batchsite.results.models import Judgement
from batchsite.teams.models import Team, User
from tests.browser.look import accessibility
from tests.factories import make_dataset
from tests.results.test_comparing import compare
from tests.results.test_summary import work
from tests.submission.stories import a_running_batch, end, failure, receive

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
INTENTS = [f"intent_{number}" for number in range(1, 31)]
SHAPE = {"fields": [{"name": "intent", "type": "choice", "values": INTENTS}, {"name": "reply", "type": "text"}]}
ROWS = 180
Open = Callable[[User, str], Page]


@pytest.fixture
def dataset(team: Team) -> Dataset:
    """Six questions of each of thirty intents, which stand in the column `category`."""
    rows = [[f"Question {number} about my card", INTENTS[number % 30]] for number in range(1, ROWS + 1)]
    return make_dataset(team, ["text", "category"], rows, name="questions.csv")


def answered(team: Team, alice: User, dataset: Dataset, name: str, wrong: dict[int, str]) -> Batch:
    """A batch whose answers are as expected but for some; the last row failed."""
    batch = a_running_batch(team, alice, dataset=dataset, name=name, shape=SHAPE)
    answers: dict[int, Any] = {
        row: f'{{"intent": "{wrong.get(row, INTENTS[row % 30])}", "reply": "Thank you for question {row}."}}'
        for row in range(1, ROWS)
    }
    receive(batch, {**answers, ROWS: failure("overloaded")})
    return end(batch)


@pytest.fixture
def first(team: Team, alice: User, dataset: Dataset) -> Batch:
    """Rows of intent_5 are taken for intent_9 in four of six cases, one of intent_2 for intent_3."""
    return answered(team, alice, dataset, "Plain", {**dict.fromkeys((4, 34, 64, 94), "intent_9"), 1: "intent_3"})


@pytest.fixture
def second(team: Team, alice: User, dataset: Dataset) -> Batch:
    """Three of those are right now, and another row is wrong."""
    return answered(team, alice, dataset, "With rules", {94: "intent_9", 1: "intent_3", 7: "intent_1"})


def path(batch: Batch) -> str:
    return f"/batches/{batch.pk}"


def shown_rows(page: Page) -> list[str]:
    return [text.strip() for text in page.locator("#results tbody td.row, #pairs tbody td.row").all_inner_texts()]


def test_the_accuracy_is_read_off_and_the_most_confused_pair_opened_and_corrected(
    first: Batch, alice: User, open_as: Open
) -> None:
    page = open_as(alice, f"{path(first)}/insights")
    page.get_by_label("Does your file contain the correct answers?").select_option("category")
    page.get_by_role("button", name="Compare", exact=True).click()
    work()
    expect(page.get_by_text("agree with category")).to_contain_text("97.2 %")
    assert accessibility(page) == []
    pair = page.get_by_role("table", name="Most confused pairs").get_by_role("row").nth(1)
    expect(pair).to_contain_text("intent_5")
    expect(pair).to_contain_text("intent_9")
    pair.get_by_role("link", name="4").click()
    expect(page.get_by_text("expected intent_5")).to_be_visible()
    assert shown_rows(page) == ["4", "34", "64", "94"]
    page.locator("#results").get_by_role("link", name="34").click()
    expect(page.get_by_role("heading", name="Row 34")).to_be_visible()
    expect(page.get_by_text("not as expected", exact=True)).to_be_visible()
    page.keyboard.press("b")
    expect(page.get_by_label("bad", exact=True)).to_be_checked()
    page.keyboard.press("e")
    expect(page.get_by_label("Correct intent")).to_be_focused()
    page.get_by_label("Correct intent").select_option("intent_5")
    page.get_by_label("Comment").fill("It is about the pin.")
    assert accessibility(page) == []
    page.get_by_role("button", name="Save and next row").click()
    expect(page.get_by_role("heading", name="Row 64")).to_be_visible()
    said = Judgement.objects.get()
    assert (said.row, said.verdict, said.corrected, said.comment) == (
        34,
        "bad",
        {"intent": "intent_5"},
        "It is about the pin.",
    )
    work()
    page.goto(f"{page.url.split('?')[0]}/insights")
    expect(page.get_by_text("with 1 corrected by hand")).to_contain_text("97.8 %")


def test_rows_are_searched_filtered_and_judged_by_keyboard(first: Batch, alice: User, open_as: Open) -> None:
    page = open_as(alice, path(first))
    page.keyboard.press("/")
    expect(page.get_by_label("Search in rows and answers")).to_be_focused()
    page.keyboard.type("question 17")
    page.keyboard.press("Enter")
    expect(page.get_by_text("“question 17”")).to_be_visible()
    assert shown_rows(page) == ["17", *map(str, range(170, 180))]
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("g")
    expect(page.get_by_role("button", name="Row 170 is good")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("b")
    expect(page.get_by_role("button", name="Row 170 is bad")).to_have_attribute("aria-pressed", "true")
    page.get_by_text("Filter", exact=True).click()
    page.locator("#filter-menu").get_by_label("Judgement").select_option("bad")
    page.locator("#results").get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("#results tbody tr")).to_have_count(1)
    assert shown_rows(page) == ["170"]
    assert accessibility(page) == []
    page.get_by_role("link", name="“question 17”").click()
    assert shown_rows(page) == ["170"]
    assert "judged=bad" in page.url
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Mark the row as good")


def test_columns_are_remembered_and_the_order_stands_in_the_address(first: Batch, alice: User, open_as: Open) -> None:
    page = open_as(alice, path(first))
    page.get_by_text("Columns", exact=True).click()
    page.get_by_role("checkbox", name="reply").uncheck()
    page.get_by_role("checkbox", name="category").check()
    page.get_by_label("Width of Prompt").select_option("Very wide")
    assert accessibility(page) == []
    page.get_by_role("button", name="Show these").click()
    expect(page.get_by_role("columnheader", name="Prompt")).to_have_class(re.compile("is-widest"))
    page.get_by_text("Filter", exact=True).click()
    page.locator("#filter-menu").get_by_label("Order").select_option("-row")
    page.locator("#results").get_by_role("button", name="Show", exact=True).click()
    page.wait_for_url(re.compile("sort=-row"))
    heads = page.locator("#results thead th").all_inner_texts()
    assert "category" in heads
    assert "reply" not in heads
    assert shown_rows(page)[:2] == ["180", "179"]
    assert accessibility(page) == []


def test_a_bar_filters_and_the_chart_has_a_table(first: Batch, alice: User, open_as: Open) -> None:
    page = open_as(alice, f"{path(first)}/insights")
    work()
    bar = page.locator("#summary").get_by_role("link", name=re.compile(r"^intent_9 10"))
    expect(bar).to_be_visible()
    bar.click()
    expect(page.get_by_text("intent is intent_9")).to_be_visible()
    assert shown_rows(page)[:3] == ["4", "8", "34"]
    page.get_by_role("link", name="Insights").click()
    page.locator("#chart-tokens").get_by_text("Show as table").click()
    expect(page.locator("#chart-tokens").get_by_role("table")).to_be_visible()


def test_two_batches_are_compared_row_by_row(first: Batch, second: Batch, alice: User, open_as: Open) -> None:
    Batch.objects.update(expected_column="category")
    page = open_as(alice, path(first) + "/insights")
    page.get_by_role("link", name="Compare with another batch…").click()
    expect(page.get_by_role("heading", name="Compare with…")).to_be_visible()
    assert accessibility(page) == []
    page.get_by_role("link", name="With rules").click()
    compare()
    expect(page.get_by_text("of 179 answers changed")).to_contain_text("4")
    assert accessibility(page) == []
    page.get_by_role("navigation", name="Which rows").get_by_role("link", name="Was wrong, now right").click()
    expect(page.locator("#pairs tbody tr")).to_have_count(3)
    assert shown_rows(page) == ["4", "34", "64"]
    page.get_by_role("navigation", name="Which rows").get_by_role("link", name="Was right, now wrong").click()
    expect(page.locator("#pairs tbody tr")).to_have_count(1)
    assert shown_rows(page) == ["7"]
    page.get_by_role("link", name="Swap").click()
    expect(page.get_by_role("heading", name="With rules and Plain")).to_be_visible()


def test_a_long_search_goes_on_by_itself(
    first: Batch, alice: User, open_as: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("batchsite.results.scan.FIRST_WINDOW", 20)
    monkeypatch.setattr(row_table, "Search", lambda one, asked, sums: row_search.Search(one, asked, sums, 0))
    page = open_as(alice, f"{path(first)}?search=intent_9")
    expect(page.locator("#results tbody tr")).to_have_count(10)
    expect(page.get_by_text("Searched to row")).to_have_count(0)
    assert shown_rows(page) == ["4", "8", "34", "38", "64", "68", "94", "98", "128", "158"]


def test_without_javascript_filters_pages_and_judging_work(
    first: Batch, alice: User, client_of: Any, live_server: Any, browser: Browser, settings: Any
) -> None:
    context = browser.new_context(java_script_enabled=False)
    cookie = client_of(alice).cookies[settings.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
    page = context.new_page()
    page.goto(live_server.url + path(first))
    page.locator("#results").get_by_role("link", name="Next").click()
    assert shown_rows(page)[0] == "51"
    page.get_by_text("Filter", exact=True).click()
    page.locator("#filter-menu").get_by_label("State").select_option("failed")
    page.locator("#results").get_by_role("button", name="Show", exact=True).click()
    assert shown_rows(page) == ["180"]
    page.get_by_role("link", name="Show all rows").first.click()
    page.get_by_role("button", name="Row 3 is good").click()
    expect(page.get_by_role("button", name="Row 3 is good")).to_have_attribute("aria-pressed", "true")
    context.close()


def test_on_a_telephone_nothing_sticks_out(first: Batch, second: Batch, alice: User, open_as: Open, page: Page) -> None:
    Batch.objects.update(expected_column="category")
    page.set_viewport_size({"width": 390, "height": 844})
    open_as(alice, path(first))
    open_as(alice, f"{path(first)}/compare/{second.pk}")
    work()
    compare()
    for address in (path(first), f"{path(first)}/rows/4", f"{path(first)}/compare/{second.pk}"):
        open_as(alice, address)
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
        assert accessibility(page) == []
