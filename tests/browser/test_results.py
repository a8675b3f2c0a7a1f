"""Following a batch and taking its answers home, with real clicks. What workers do is done by the tests."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from batchsite.batches.models import Batch, DailySpend, Renewal
from batchsite.batches.transitions import hold
from batchsite.datasets.models import Dataset
from batchsite.drafts.new_rows import renew_step
from batchsite.exports import export_build
from batchsite.exports.models import Export
from batchsite.teams.models import Membership, Team, User
from tests.browser.drafting import prompt_of, saved, submit
from tests.browser.look import STICKS_OUT, accessibility
from tests.factories import make_dataset
from tests.results.test_summary import work
from tests.submission.stories import a_draft, a_running_batch, an_ended_batch, end, failure, receive, success

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Open = Callable[[User, str], Page]
INTENTS = ["card", "fees", "other"]
SHAPE = {"fields": [{"name": "intent", "type": "choice", "values": INTENTS}]}
ROWS = 60


def path(batch: Batch) -> str:
    return f"/batches/{batch.pk}"


@pytest.fixture
def dataset(team: Team) -> Dataset:
    rows = [[f"00{number}", f"Question {number}", INTENTS[number % 3]] for number in range(1, ROWS + 1)]
    return make_dataset(team, ["id", "text", "category"], rows, name="questions", filename="questions.csv")


@pytest.fixture
def batch(team: Team, alice: User, dataset: Dataset) -> Batch:
    """Ended. `card` is taken for `fees` in rows 3 and 6; row 10 does not fit, row 11 was cut off, row 60 failed."""
    made = a_running_batch(team, alice, dataset=dataset, name="Intents", shape=SHAPE)
    answers: dict[int, Any] = {row: f'{{"intent": "{INTENTS[row % 3]}"}}' for row in range(1, ROWS + 1)}
    wrong = dict.fromkeys((3, 6), '{"intent": "fees"}')
    misfits = {10: '{"intent": "cards"}', 11: success('{"intent": "ca', finish_reason="length")}
    receive(made, answers | wrong | misfits | {ROWS: failure("overloaded")})
    return end(made)


def shown_rows(page: Page) -> list[str]:
    return [text.strip() for text in page.locator("#results tbody td.row").all_inner_texts()]


def taken(page: Page, press: Callable[[], None]) -> tuple[str, bytes]:
    """The name of the file that a press brings, and what is in it."""
    with page.expect_download() as coming:
        press()
    return coming.value.suggested_filename, Path(coming.value.path()).read_bytes()


def table(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline="")))


# ---- the dashboard -------------------------------------------------------------------------------------------


def test_the_dashboard_shows_what_runs_what_needs_a_hand_and_what_is_news(
    team: Team, alice: User, open_as: Open, page: Page
) -> None:
    running, held, well, failed = (
        a_running_batch(team, alice, name="Runs"),
        a_running_batch(team, alice, name="Waits for money"),
        an_ended_batch(team, alice, name="All well"),
        an_ended_batch(team, alice, name="Two lost", failed=2),
    )
    hold(held.pk, "no credits left")
    long_ago = timezone.now() - timedelta(hours=3)
    Membership.objects.filter(user=alice).update(seen_at=long_ago)
    DailySpend.objects.all().delete()
    for days, ticks in ((0, 30_000_000_000), (2, 15_000_000_000)):
        day = timezone.now().date() - timedelta(days=days)
        DailySpend.objects.create(
            team=team, day=day, model="grok-4.3", user=alice, account="sandbox", ticks=ticks, rows=40, failed=3
        )
    open_as(alice, "/")
    hand = page.get_by_role("region", name="Needs attention")
    expect(hand.get_by_role("link", name="Waits for money")).to_be_visible()
    expect(hand).to_contain_text("No credits left")
    expect(hand.get_by_role("link", name="Two lost")).to_be_visible()
    expect(page.get_by_role("region", name="Running now").get_by_role("link", name="Runs")).to_be_visible()
    news = page.get_by_role("region", name="Finished since you last looked")
    expect(news.get_by_role("link", name="All well")).to_be_visible()
    spent = page.get_by_role("region", name="The last 30 days")
    expect(spent).to_contain_text("$4.5000 simulated")
    for chart in spent.locator("figure").all():
        chart.get_by_text("Show as table").click()
        expect(chart.get_by_role("table")).to_be_visible()
    expect(spent.get_by_role("table").first).to_contain_text("$3.0000")
    assert accessibility(page) == []
    receive(running, dict.fromkeys(range(1, 21), "yes"))
    end(running)
    page.evaluate("htmx.trigger(document.body, 'back')")
    expect(news.get_by_role("link", name="Runs")).to_be_visible()
    expect(spent.get_by_role("table").first).to_be_visible()
    hand.get_by_role("link", name="Two lost").click()
    expect(page.get_by_role("heading", name="Two lost")).to_be_visible()
    assert page.url.endswith(path(failed))
    assert well.pk


# ---- notes and tags ------------------------------------------------------------------------------------------


def test_notes_and_tags_are_written_in_place_and_lead_to_their_batches(
    batch: Batch, alice: User, open_as: Open
) -> None:
    page = open_as(alice, f"{path(batch)}/activity")
    page.get_by_role("link", name="Add notes or tags").click()
    page.get_by_role("textbox", name="Notes").fill("Ask <Bob>\nbefore Friday.")
    page.get_by_role("textbox", name="Tags").fill("Q4, for the board")
    assert accessibility(page) == []
    page.get_by_role("button", name="Save").click()
    card = page.get_by_role("region", name="Notes")
    expect(card).to_contain_text("Ask <Bob>")
    assert page.url.endswith(f"{path(batch)}/activity"), "nothing else of the page moved"
    card.get_by_role("link", name="for the board").click()
    expect(page.get_by_label("Tag", exact=True)).to_have_value("for the board")
    expect(page.get_by_role("link", name="Intents")).to_be_visible()
    page.get_by_label("Tag", exact=True).select_option("q4")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("link", name="Intents")).to_be_visible()
    assert accessibility(page) == []


# ---- downloads -----------------------------------------------------------------------------------------------


def test_the_rows_of_a_filter_are_taken_home_with_chosen_columns(
    batch: Batch, alice: User, open_as: Open, page: Page
) -> None:
    open_as(alice, path(batch))
    page.get_by_label("Search in rows and answers").fill("question 1")
    page.get_by_text("Filter", exact=True).click()
    page.get_by_label("intent", exact=True).first.select_option("fees")
    page.locator("#results").get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_text("intent is fees")).to_be_visible()
    rows = shown_rows(page)
    assert rows == ["1", "13", "16", "19"]
    page.get_by_text("Download 4 rows").click()
    page.get_by_role("link", name="Choose columns, or get a link…").click()
    expect(page.get_by_label("The 4 rows of this filter: “question 1”, intent is fees")).to_be_checked()
    assert accessibility(page) == []
    page.get_by_text("Choose from").click()
    for name in ("category", "batch_request_id", "state", "answer", "error", "warning", "finish_reason", "answered_by"):
        page.get_by_role("checkbox", name=name, exact=True).uncheck()
    press = page.get_by_role("button", name="Download")
    name, body = taken(page, press.click)
    assert name == f"intents-{batch.pk}-filtered-some.csv"
    found = table(body)
    assert [row["text"] for row in found] == [f"Question {row}" for row in rows]
    assert [*found[0]][:3] == ["id", "text", "intent"]
    page.get_by_label("JSON Lines").check()
    page.get_by_label("All rows, in the order of the dataset").check()
    _, body = taken(page, press.click)
    assert len(body.splitlines()) == ROWS


def test_excel_and_parquet_open_as_what_they_are(batch: Batch, alice: User, open_as: Open) -> None:
    import openpyxl
    from pyarrow import parquet

    page = open_as(alice, path(batch))
    menu = page.get_by_text("Download", exact=True).first
    menu.click()
    name, body = taken(page, page.get_by_role("link", name="Excel workbook").click)
    assert name == f"intents-{batch.pk}.xlsx"
    sheet = openpyxl.load_workbook(io.BytesIO(body)).active
    head, first, *_ = sheet.iter_rows(values_only=True)
    assert dict(zip(head, first, strict=True))["id"] == "001", "text stays text"
    assert dict(zip(head, first, strict=True))["intent"] == "fees"
    assert sheet.max_row == ROWS + 1
    open_as(alice, path(batch))
    menu.click()
    _, body = taken(page, page.get_by_role("link", name="Parquet").click)
    read = parquet.read_table(io.BytesIO(body))
    assert (read.num_rows, read["id"][0].as_py(), str(read.schema.field("prompt_tokens").type)) == (
        ROWS,
        "001",
        "int64",
    )


def test_a_big_file_is_built_while_one_watches_and_a_link_fetches_it_for_scripts(
    batch: Batch, alice: User, open_as: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_build, "AT_ONCE", 0)
    page = open_as(alice, f"{path(batch)}/download?state=failed")
    page.get_by_label("Parquet").check()
    page.get_by_role("button", name="Download").click()
    expect(page.get_by_role("heading", name="Building the file")).to_be_visible()
    assert accessibility(page) == []
    name, body = taken(page, lambda: export_build.build_step(Export.objects.get().pk))
    expect(page.get_by_role("heading", name="Ready")).to_be_visible()
    assert accessibility(page) == []
    assert taken(page, page.get_by_role("link", name="Download again").click) == (name, body)
    assert (name, body[:4]) == (f"intents-{batch.pk}-filtered.parquet", b"PAR1")
    open_as(alice, f"{path(batch)}/download?state=failed")
    page.get_by_role("button", name="Share by link…").click()
    page.get_by_role("button", name="Create the link").click()
    link = page.get_by_label("Link to the file").input_value()
    assert accessibility(page) == []
    page.context.clear_cookies()
    answer = page.request.get(link)
    assert answer.status == 200
    assert [row["text"] for row in table(answer.body())] == [f"Question {ROWS}"]
    again = page.request.get(link, headers={"If-None-Match": answer.headers["etag"]})
    assert again.status == 304
    open_as(alice, f"{path(batch)}/links").get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("No shared links to this batch.")).to_be_visible()
    assert page.request.get(link).status == 410


def test_without_javascript_the_rows_of_a_filter_are_taken_home(
    batch: Batch, alice: User, client_of: Any, live_server: Any, browser: Browser, settings: Any
) -> None:
    context = browser.new_context(java_script_enabled=False)
    cookie = client_of(alice).cookies[settings.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
    page = context.new_page()
    page.goto(f"{live_server.url}{path(batch)}?fit=misfit")
    page.get_by_text("Download 2 rows").click()
    _, body = taken(page, page.locator("#take-rows").get_by_role("link", name="CSV, exact").click)
    assert [row["text"] for row in table(body)] == ["Question 10", "Question 11"]
    context.close()


def test_rows_of_a_filter_are_taken_home_with_one_click_in_the_order_of_the_table(
    batch: Batch, alice: User, open_as: Open
) -> None:
    page = open_as(alice, f"{path(batch)}?f.intent=fees&search=question+1")
    page.get_by_role("link", name="Row", exact=True).click()
    expect(page.get_by_role("columnheader", name="Row")).to_have_attribute("aria-sort", "descending")
    rows = shown_rows(page)
    assert rows == ["19", "16", "13", "1"]
    expect(page.locator("#hits")).to_contain_text("4 of 60 rows")
    page.get_by_text("Download 4 rows").click()
    assert accessibility(page) == []
    _, body = taken(page, page.locator("#take-rows").get_by_role("link", name="CSV for Excel").click)
    assert [row["text"] for row in table(body)] == [f"Question {row}" for row in rows]


# ---- what does not fit, and what was confused ----------------------------------------------------------------


def test_answers_that_do_not_fit_are_asked_for_once_more(batch: Batch, alice: User, open_as: Open) -> None:
    page = open_as(alice, path(batch))
    card = page.get_by_role("region", name="Answers in the wrong format")
    card.get_by_text("Reasons").click()
    expect(card).to_contain_text('intent: "cards" is not one of the allowed values')
    card.get_by_role("link", name="Show all 2").click()
    assert shown_rows(page) == ["10", "11"]
    card.get_by_role("link", name="Retry the 2 rows…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("All 2 together: about $0.0004")
    expect(dialog).to_contain_text("1 of them was cut off at the token limit.")
    assert accessibility(page) == []
    dialog.get_by_role("button", name="Retry").click()
    expect(page.locator("#progress")).to_contain_text("Retrying")
    assert batch.submissions.count() == 2


def test_a_cell_of_the_confusion_table_opens_its_rows(batch: Batch, alice: User, open_as: Open) -> None:
    Batch.objects.update(expected_column="category")
    work()
    page = open_as(alice, f"{path(batch)}/insights")
    page.get_by_text("Show the confusion table").click()
    assert accessibility(page) == []
    row = page.locator(".confusion").get_by_role("row", name=re.compile("^card"))
    row.get_by_role("link", name="2", exact=True).click()
    expect(page.get_by_text("answered fees")).to_be_visible()
    assert shown_rows(page) == ["3", "6"]


# ---- again ---------------------------------------------------------------------------------------------------


def test_a_batch_runs_again_with_another_prompt_and_model(batch: Batch, alice: User, open_as: Open) -> None:
    page = open_as(alice, path(batch))
    page.get_by_role("link", name="Duplicate…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("The same 60 rows")).to_be_checked()
    assert accessibility(page) == []
    dialog.get_by_role("button", name="Create draft").click()
    expect(page.get_by_text("A draft with everything copied.")).to_be_visible()
    prompt_of(page).fill("Read it twice, then sort it: {{text}}")
    page.get_by_label("Model", exact=True).select_option("grok-4.20-0309-reasoning")
    saved(page)
    submit(page)
    expect(page.get_by_role("heading", name="Intents, again")).to_be_visible()
    made = Batch.objects.latest("pk")
    assert (made.prompt, made.model, (made.shape or {})["fields"][0]["values"], made.total) == (
        "Read it twice, then sort it: {{text}}", "grok-4.20-0309-reasoning", INTENTS, ROWS,
    )  # fmt: skip
    batch.refresh_from_db()
    assert (batch.prompt, batch.model, batch.succeeded) == ("Sort this: {{text}}", "grok-4.3", ROWS - 1)


def test_the_rest_is_run_after_the_first_rows(team: Team, alice: User, dataset: Dataset, open_as: Open) -> None:
    draft = a_draft(team, alice, dataset, name="First ten", row_limit=10)
    Batch.objects.filter(pk=draft.pk).update(state="completed", total=10, ended_at=timezone.now())
    page = open_as(alice, path(draft))
    page.get_by_role("link", name="Duplicate…").click()
    page.get_by_role("dialog").get_by_label("The rest of questions: 50 rows").check()
    page.get_by_role("dialog").get_by_role("button", name="Create draft").click()
    expect(page.get_by_text("50 rows, about")).to_be_visible()
    assert [*Batch.objects.latest("pk").rows] == [*range(11, 61)]


def test_only_what_is_new_in_a_newer_version_is_run(
    batch: Batch, team: Team, alice: User, dataset: Dataset, open_as: Open
) -> None:
    rows = [[*cells] for _, cells in dataset.rows()]
    newer = make_dataset(
        team, dataset.columns, [["061", "Newer", "card"], *rows, ["062", "Newest", "fees"]],
        name="questions", filename="questions June.csv", replaces=dataset,
    )  # fmt: skip
    page = open_as(alice, path(batch))
    page.get_by_role("link", name="Duplicate…").click()
    page.get_by_role("dialog").get_by_label("Only new rows of questions").check()
    page.get_by_role("dialog").get_by_role("button", name="Create draft").click()
    expect(page.get_by_role("heading", name="Looking")).to_be_visible()
    assert accessibility(page) == []
    renew_step(Renewal.objects.get().pk)
    expect(page.get_by_role("heading", name="2 of 62 rows are new")).to_be_visible()
    page.get_by_role("button", name="Create draft").click()
    expect(page.get_by_text("2 rows, about")).to_be_visible()
    made = Batch.objects.latest("pk")
    assert (made.dataset, [*made.rows], made.prompt) == (newer, [1, 62], batch.prompt)


# ---- everywhere ----------------------------------------------------------------------------------------------


def test_on_a_telephone_nothing_sticks_out(batch: Batch, alice: User, open_as: Open, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    for address in ("/", f"{path(batch)}?fit=misfit", f"{path(batch)}/download?fit=misfit", f"{path(batch)}/again"):
        open_as(alice, address)
        assert page.evaluate(STICKS_OUT) <= 0, address
        assert accessibility(page) == []
