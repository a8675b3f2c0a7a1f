"""What is sent, and what is not: examples, some rows only, rows with nothing in them, rows that were tried before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from batchsite.batches.batch_recipe import recipe_of
from batchsite.batches.models import Batch, Result
from batchsite.batches.signals import batch_starting
from batchsite.drafts import draft_store
from batchsite.exports.result_files import FORMS, content
from batchsite.results.row_detail import row_detail
from batchsite.submission import actions
from batchsite.submission.tried_rows import Tried, keep_tried
from batchsite.teams.models import Team
from tests.factories import make_dataset
from tests.pipeline import check_books, drive, half_done, story
from tests.results.row_pages import row_numbers
from tests.sandboxes import Sandbox
from tests.submission.stories import arrive

pytestmark = pytest.mark.django_db
ROWS = [[f"c{number}", f"Question {number}", "" if number % 4 == 0 else f"City {number}"] for number in range(1, 21)]
WITHOUT_CITY = [4, 8, 12, 16, 20]


@pytest.fixture(autouse=True)
def _small_chunks(settings: Any) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, chunk_rows=3, page_rows=4)


def a_draft(team: Team, rows: list[list[str]] = ROWS, **fields: Any) -> Batch:
    batch = draft_store.new_draft(team, None, make_dataset(team, ["id", "text", "city"], rows))
    for name, value in {"prompt": "{{text}} in {{city}}", "model": "grok-4.3", **fields}.items():
        setattr(batch, name, value)
    batch.save()
    return batch


def run(batch: Batch, sandbox: Sandbox) -> Batch:
    actions.start(batch, None, None)
    drive(batch)
    if batch.is_terminal:
        check_books(batch, sandbox)
    return batch


def sent(sandbox: Sandbox) -> int:
    return sum(one["requests"] for one in sandbox.batches())


def states(batch: Batch) -> dict[int, str]:
    return dict(Result.objects.filter(batch=batch).values_list("row", "state"))


# ---- examples --------------------------------------------------------------------------------------------


def test_examples_stand_between_system_prompt_and_prompt(team: Team, sandbox: Sandbox) -> None:
    turns = [{"user": "Where is {{id}}?", "assistant": "In {{city}}"}, {"user": "And now?", "assistant": "Here"}]
    batch = a_draft(team, system_prompt="Be kind to {{id}}", examples=turns)

    assert [(turn.role, turn.content) for turn in recipe_of(batch).messages(ROWS[0])] == [
        ("system", "Be kind to c1"),
        ("user", "Where is c1?"),
        ("assistant", "In City 1"),
        ("user", "And now?"),
        ("assistant", "Here"),
        ("user", "Question 1 in City 1"),
    ]
    assert run(batch, sandbox).succeeded == 20


def test_an_example_that_comes_out_empty_is_named_by_row(team: Team, sandbox: Sandbox) -> None:
    batch = run(a_draft(team, examples=[{"user": "{{id}}", "assistant": " {{city}}"}]), sandbox)

    assert batch.state == "draft"
    assert [problem["row"] for problem in batch.problems] == WITHOUT_CITY
    assert batch.problems[0]["message"].startswith("Part of an example is empty")
    assert sandbox.batches() == []


# ---- some rows only -----------------------------------------------------------------------------------------


def test_only_the_chosen_rows_are_sent_under_their_own_numbers(team: Team, sandbox: Sandbox) -> None:
    batch = run(a_draft(team, ranges=[[3, 5], [9, 9], [18, 20]]), sandbox)

    assert (batch.state, batch.total, batch.succeeded, sent(sandbox)) == ("completed", 7, 7, 7)
    assert sorted(states(batch)) == [3, 4, 5, 9, 18, 19, 20]
    assert "Question 9 in" in Result.objects.get(batch=batch, row=9).answer
    assert row_numbers(batch) == [3, 4, 5, 9, 18, 19, 20]
    assert row_detail(batch, 6) is None
    detail = row_detail(batch, 9)
    assert detail
    assert (detail.previous, detail.next, detail.request_id) == (5, 18, "tickets-row-9")
    body = b"".join(content(batch, FORMS["csv"])).decode()
    assert [line.split(",")[0] for line in body.splitlines()[1:]] == [f'"c{row}"' for row in (3, 4, 5, 9, 18, 19, 20)]


def test_chosen_rows_are_split_over_several_batches_at_xai(team: Team, sandbox: Sandbox, settings: Any) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, requests_per_submission=3)
    batch = run(a_draft(team, ranges=[[3, 5], [9, 9], [18, 20]]), sandbox)

    assert batch.succeeded == 7
    assert [one["requests"] for one in sandbox.batches()] == [3, 3, 1]


def test_pending_ones_of_the_chosen_rows_are_found(team: Team, sandbox: Sandbox) -> None:
    batch = a_draft(team, ranges=[[3, 5], [9, 20]])
    actions.start(batch, None, None)
    batch.refresh_from_db()
    half_done(batch, sandbox)

    pending = row_numbers(batch, state="pending")
    assert pending == [row for row in batch.rows if row not in states(batch)]
    assert 0 < len(pending) < 15


def test_a_retry_stays_within_the_chosen_rows(team: Team, sandbox: Sandbox) -> None:
    sandbox.fault("fail_rows", ids=["tickets-row-9", "tickets-row-20"], batches=1)
    batch = run(a_draft(team, ranges=[[9, 9], [18, 20]]), sandbox)
    assert batch.failed == 2
    actions.retry(batch, None)
    drive(batch)

    check_books(batch, sandbox)
    assert (batch.succeeded, sent(sandbox)) == (4, 6)


def test_nothing_is_sent_while_rows_of_another_part_cannot_be(team: Team, sandbox: Sandbox, settings: Any) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, requests_per_submission=10)
    batch = run(a_draft(team, [*ROWS[:19], ["c20", "", ""]], prompt="{{text}}"), sandbox)

    assert (batch.state, batch.problem_count) == ("draft", 1)
    assert sandbox.batches() == []


# ---- rows with nothing in them ------------------------------------------------------------------------------


def test_rows_with_an_empty_column_are_skipped_by_choice(team: Team, sandbox: Sandbox) -> None:
    batch = run(a_draft(team, skip_empty=True), sandbox)

    assert (batch.state, batch.succeeded, batch.skipped, sent(sandbox)) == ("completed", 15, 5, 15)
    assert [row for row, state in states(batch).items() if state == "skipped"] == WITHOUT_CITY
    assert Result.objects.get(batch=batch, row=4).error == "The column “city” is empty in this row."
    assert row_numbers(batch, state="skipped") == WITHOUT_CITY
    assert batch.tone == "good", "what was chosen is no failure"
    assert "15 succeeded, 5 skipped" in story(batch)[-1]
    assert b'"tickets-row-4","skipped",""' in b"".join(content(batch, FORMS["csv"]))


def test_columns_of_system_prompt_and_examples_count_too(team: Team, sandbox: Sandbox) -> None:
    batch = run(a_draft(team, prompt="{{text}}", system_prompt="You live in {{city}}", skip_empty=True), sandbox)
    assert batch.skipped == 5
    other = a_draft(team, prompt="{{text}}", examples=[{"user": "{{city}}", "assistant": "x"}], skip_empty=True)
    actions.start(other, None, None)
    assert drive(other).skipped == 5


def test_without_that_choice_they_are_sent_as_they_are(team: Team, sandbox: Sandbox) -> None:
    assert run(a_draft(team), sandbox).succeeded == 20


def test_a_batch_of_nothing_but_empty_rows_sends_nothing(team: Team, sandbox: Sandbox) -> None:
    batch = run(a_draft(team, ranges=[[row, row] for row in WITHOUT_CITY], skip_empty=True), sandbox)

    assert (batch.state, batch.skipped, batch.total) == ("completed", 5, 5)
    assert sandbox.batches() == []


def test_skipped_rows_are_sent_only_when_they_are_named(team: Team, sandbox: Sandbox) -> None:
    batch = run(a_draft(team, skip_empty=True), sandbox)
    with pytest.raises(actions.NotNow):
        actions.retry(batch, None)
    actions.retry(batch, None, rows=[8])
    drive(batch)

    check_books(batch, sandbox)
    assert (batch.succeeded, batch.skipped, sent(sandbox)) == (16, 4, 16)


def test_a_skipped_row_that_cannot_be_sent_stays_skipped(team: Team, sandbox: Sandbox) -> None:
    batch = run(a_draft(team, prompt="{{city}}", skip_empty=True), sandbox)
    actions.retry(batch, None, states=("skipped",))
    drive(batch)

    check_books(batch, sandbox)
    assert (batch.state, batch.succeeded, batch.skipped) == ("completed", 15, 5)
    assert Result.objects.get(batch=batch, row=8).error.startswith("Skipped. The prompt is empty")


def test_skipped_rows_with_ids_of_a_column_can_be_sent_later(team: Team, sandbox: Sandbox) -> None:
    batch = run(a_draft(team, id_column="id", skip_empty=True), sandbox)
    actions.retry(batch, None, states=("skipped",))
    drive(batch)

    check_books(batch, sandbox)
    assert (batch.succeeded, batch.skipped) == (20, 0)


def test_a_batch_that_goes_back_to_its_draft_has_skipped_nothing(team: Team, sandbox: Sandbox) -> None:
    rows = [["no id", "Question", "City"], ["c2", "Question", ""]]
    batch = run(a_draft(team, rows, id_column="id", skip_empty=True), sandbox)

    assert (batch.state, batch.skipped, states(batch)) == ("draft", 0, {})
    batch.id_column = ""
    batch.save()
    assert (run(batch, sandbox).succeeded, batch.skipped) == (1, 1)


# ---- rows that were answered when they were tried ---------------------------------------------------------------


def completion(answer: str) -> dict[str, Any]:
    return {
        "model": "grok-4.3",
        "choices": [{"message": {"role": "assistant", "content": answer}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 200, "completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 7}},
    }


@pytest.fixture
def kept() -> Any:
    """Answers to rows 2, 3 and 19, kept whenever a batch starts; row 99 is none of it."""

    def keep(batch: Batch, **_: Any) -> None:
        keep_tried(batch, [Tried(row, completion(f"Kept {row}"), 1000 + row) for row in (2, 3, 19, 99)])

    batch_starting.connect(keep)
    yield
    batch_starting.disconnect(keep)


@pytest.mark.usefixtures("kept")
def test_tried_rows_are_not_sent_or_paid_again(team: Team, sandbox: Sandbox) -> None:
    batch = run(a_draft(team), sandbox)

    assert (batch.state, batch.succeeded, sent(sandbox)) == ("completed", 20, 17)
    assert Result.objects.get(batch=batch, row=19).answer == "Kept 19"
    assert batch.cost_ticks == sandbox.billed() + 3024
    assert batch.reasoning_tokens >= 21
    detail = row_detail(batch, 19)
    assert detail
    assert detail.was_tried
    assert '"Kept 19"' in detail.raw


@pytest.mark.usefixtures("kept")
def test_tried_rows_outside_of_the_chosen_ones_are_left_out(team: Team, sandbox: Sandbox) -> None:
    batch = run(a_draft(team, ranges=[[1, 2], [20, 20]]), sandbox)
    assert (batch.succeeded, sent(sandbox)) == (3, 2)


@pytest.mark.usefixtures("kept")
def test_a_batch_that_was_tried_as_a_whole_sends_nothing(team: Team, sandbox: Sandbox) -> None:
    batch = run(a_draft(team, ranges=[[2, 3], [19, 19]]), sandbox)

    assert (batch.state, batch.succeeded) == ("completed", 3)
    assert sandbox.batches() == []


@pytest.mark.usefixtures("kept")
def test_a_draft_that_came_back_keeps_its_tried_rows_anew(team: Team, sandbox: Sandbox) -> None:
    batch = run(a_draft(team, [*ROWS[:19], ["c20", "", ""]], prompt="{{text}}"), sandbox)
    assert (batch.state, batch.succeeded, batch.cost_ticks, states(batch)) == ("draft", 0, 0, {})

    batch.prompt = "Answer: {{text}}"
    batch.save()
    run(batch, sandbox)
    assert (batch.succeeded, sent(sandbox)) == (20, 17)


@pytest.mark.usefixtures("kept")
def test_what_the_provider_says_of_a_row_that_it_was_not_sent_is_kept_apart(team: Team, sandbox: Sandbox) -> None:
    batch = run(a_draft(team), sandbox)
    submission = batch.submissions.get()
    raw = {"batch_request_id": "tickets-row-2", "batch_result": {"response": {"chat_get_completion": completion("x")}}}
    arrive(submission, [raw])

    assert submission.stray_ids == ["tickets-row-2"]
    assert Result.objects.get(batch=batch, row=2).answer == "Kept 2"


def test_answers_cannot_be_kept_once_rows_are_on_their_way(team: Team, sandbox: Sandbox) -> None:
    batch = a_draft(team)
    actions.start(batch, None, None)
    batch.refresh_from_db()
    with pytest.raises(RuntimeError):
        keep_tried(batch, [Tried(2, completion("Late"), 1)])
