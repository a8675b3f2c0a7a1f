"""Answers that came back with nothing in them, cut off, refused or several at once: counted, named and retried."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from batchsite.batches.answer_flaws import CUT_BEFORE_ANSWER, DECLINED, NO_ANSWER, TRUNCATED, flaw_of
from batchsite.batches.models import Batch, Result
from batchsite.exports.result_files import FORMS, content
from batchsite.results.cause_counts import causes
from batchsite.submission import actions
from batchsite.teams.models import Team, User
from batchsite.xai.results import read_completion
from tests.factories import make_dataset
from tests.pipeline import drive
from tests.results.row_pages import row_numbers
from tests.sandboxes import Sandbox
from tests.submission.stories import a_running_batch, end, receive

Browser = Callable[[User], Client]
CASE = Path(__file__).parents[1] / "cases" / "02" / "input.csv"


def reply(*messages: dict[str, Any], finish: str = "stop") -> dict[str, Any]:
    choices = [
        {"index": place, "message": {"role": "assistant", **message}, "finish_reason": finish}
        for place, message in enumerate(messages)
    ]
    return {"response": {"chat_get_completion": {"model": "grok-4.3", "choices": choices}}}


TOOL_CALL = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
REPLIES = {
    1: reply({"content": None}),
    2: reply({"content": " \n"}),
    3: reply({"content": None, "tool_calls": [TOOL_CALL]}, finish="tool_calls"),
    4: reply(),
    5: reply({"content": ""}, finish="length"),
    6: reply({"content": "The answer is"}, finish="max_tokens"),
    7: reply({"content": None, "refusal": "I cannot help with that."}),
    8: reply({"content": ""}, finish="content_filter"),
    9: reply({"content": "one"}, {"content": "two"}, {"content": "three"}),
    10: reply({"content": "fine"}),
}
FLAWS = {
    1: NO_ANSWER, 2: NO_ANSWER, 3: NO_ANSWER, 4: NO_ANSWER, 5: CUT_BEFORE_ANSWER, 6: TRUNCATED, 7: DECLINED,
    8: DECLINED,
}  # fmt: skip


@pytest.fixture
def batch(team: Team, alice: User) -> Batch:
    batch = a_running_batch(team, alice, rows=10)
    receive(batch, REPLIES)
    return end(batch)


def rows_of_csv(batch: Batch) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(content(batch, FORMS["csv"])).decode(), newline="")))


FINISHES = ["length", "max_tokens", "MAX_OUTPUT_TOKENS", "REASON_MAX_LEN", "REASON_MAX_CONTEXT", "REASON_TIME_LIMIT"]
FINISHES += ["FINISH_REASON_LENGTH", "context_length_exceeded", "incomplete"]


@pytest.mark.parametrize("finish", FINISHES)
def test_every_word_for_a_cut_off_answer_is_known(finish: str) -> None:
    assert flaw_of("The answer", "", finish) == TRUNCATED
    assert flaw_of("", "", finish) == CUT_BEFORE_ANSWER


@pytest.mark.parametrize("finish", ["content_filter", "PROHIBITED_CONTENT", "FINISH_REASON_SAFETY", "recitation"])
def test_every_word_for_a_refusal_is_known(finish: str) -> None:
    assert flaw_of("", "", finish) == flaw_of("The answer", "", finish) == DECLINED


@pytest.mark.parametrize("content", ["", " \n", "\u00a0", "\u200b", "\ufeff \u2060"])
def test_what_cannot_be_seen_is_no_answer(content: str) -> None:
    assert flaw_of(content, "", "stop") == NO_ANSWER


def test_a_whole_answer_has_no_flaw() -> None:
    assert flaw_of("yes", "", "REASON_STOP") == flaw_of("yes", "", "failed") == ""
    assert flaw_of("yes", "", "stop") == ""


def test_each_kind_is_counted_and_its_cause_stored(batch: Batch) -> None:
    assert (batch.succeeded, batch.failed) == (10, 0)
    assert (batch.no_answer, batch.truncated, batch.declined, batch.several) == (5, 1, 2, 1)
    assert dict(Result.objects.exclude(cause="").values_list("row", "cause")) == FLAWS
    assert batch.tone == "warn"
    assert dict(causes(batch)) == {NO_ANSWER: 4, CUT_BEFORE_ANSWER: 1, TRUNCATED: 1, DECLINED: 2}


def test_reading_the_results_twice_counts_them_once(team: Team, alice: User) -> None:
    batch = a_running_batch(team, alice, rows=10)
    for _ in range(2):
        receive(batch, REPLIES)
    assert (batch.no_answer, batch.truncated, batch.declined, batch.several) == (5, 1, 2, 1)


def test_the_page_says_so_and_filters_by_it(batch: Batch, alice: User, client_of: Browser) -> None:
    page = client_of(alice).get(reverse("batch", args=[batch.pk])).content.decode()
    assert "7 without an answer" in " ".join(page.split())
    assert "1 cut off" in " ".join(page.split())
    assert row_numbers(batch, cause=NO_ANSWER) == [1, 2, 3, 4]
    assert row_numbers(batch, cause=TRUNCATED) == [6]


def test_downloads_warn_with_and_without_a_schema(batch: Batch, team: Team, alice: User) -> None:
    warnings = {place: row["warning"] for place, row in enumerate(rows_of_csv(batch), 1)}
    assert {place for place, warning in warnings.items() if warning} == {*FLAWS, 9}
    assert warnings[6] == "The answer was cut off at the token limit."
    shaped = a_running_batch(team, alice, rows=2, shape={"fields": [{"name": "a", "type": "text", "required": True}]})
    receive(shaped, {1: reply({"content": None}), 2: reply({"content": '{"a": "x"}'})})
    assert [bool(row["warning"]) for row in rows_of_csv(shaped)] == [True, False]


def test_no_choice_of_several_is_lost(batch: Batch) -> None:
    row = rows_of_csv(batch)[8]
    assert {row["answer"], *json.loads(row["other_answers"])} == {"one", "two", "three"}
    [record] = [json.loads(line) for line in b"".join(content(batch, FORMS["jsonl"])).splitlines()][8:9]
    assert "other_answers" in record


def test_the_steps_of_a_run_with_tools_are_no_further_answers() -> None:
    search = {"role": "assistant", "content": "Let me look.", "tool_calls": [TOOL_CALL]}
    messages = [search, {"role": "tool", "content": "found"}, {"role": "assistant", "content": "Here it is."}]
    result = read_completion({"choices": [{"message": message} for message in messages]})
    assert (result.content, result.others) == ("Here it is.", ())


@pytest.mark.parametrize(("cause", "rows"), [(NO_ANSWER, 4), (TRUNCATED, 1), (DECLINED, 2)])
def test_a_kind_can_be_retried(cause: str, rows: int, batch: Batch, alice: User, sandbox: Sandbox) -> None:
    actions.retry(batch, alice, causes=[cause])
    drive(batch, until="submitting")
    assert (batch.pending, batch.succeeded) == (rows, 10 - rows)
    assert batch.no_answer + batch.truncated + batch.declined == len(FLAWS) - rows


def test_the_retry_page_offers_the_kinds(batch: Batch, alice: User, client_of: Browser) -> None:
    site, address = client_of(alice), reverse("batch-retry", args=[batch.pk])
    assert TRUNCATED in site.get(address).content.decode()
    site.post(address, {"causes": [NO_ANSWER, CUT_BEFORE_ANSWER, TRUNCATED, DECLINED]})
    assert batch.submissions.count() == 2
    assert set(batch.submissions.latest("number").retry_of["causes"]) == set(FLAWS.values())


def test_the_command_says_so_and_ends_with_3(batch: Batch, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command("runbatch", resume=batch.pk)
    said = capsys.readouterr().out
    assert ended.value.code == 3
    assert "5 without an answer" in said
    assert "1 cut off" in said
    assert "2 refused by the model" in said


def test_the_case_of_two_rows_without_any_answer(team: Team, alice: User) -> None:
    rows = [line.split(",") for line in CASE.read_text().splitlines()]
    batch = a_running_batch(team, alice, dataset=make_dataset(team, rows[0], rows[1:]), prompt="{{text}}")
    receive(batch, {1: reply({"content": None}), 2: reply({"content": "x"}, finish="length")})
    end(batch)
    assert (batch.no_answer, batch.truncated) == (1, 1)
    assert batch.events.get(kind="ended").outcome == "incomplete"
