"""A batch whose answers have fields: sent as a schema, checked on arrival, and columns from then on."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any

import orjson
import pytest
from django.db import connection

from batchsite.batches.batch_recipe import recipe_of
from batchsite.batches.models import Batch, Result
from batchsite.drafts import draft_store
from batchsite.exports.result_files import FORMS, content
from batchsite.recipes.answer_shape import Shape, shape_of
from batchsite.results.answer_fields import shape_fields
from batchsite.results.row_detail import row_detail
from batchsite.submission import actions
from batchsite.teams.models import Team
from tests.factories import make_dataset
from tests.pipeline import check_books, drive
from tests.results.row_pages import row_numbers, table_rows
from tests.sandboxes import Sandbox
from tests.submission.stories import a_running_batch, end, receive, success

pytestmark = pytest.mark.django_db
SHAPE = {
    "fields": [
        {"name": "topic", "type": "choice", "values": ["card", "bank transfer"]},
        {"name": "sure", "type": "yes_no"},
    ]
}
FITS = {"topic": "card", "sure": True}


@pytest.fixture(autouse=True)
def _small_pages(settings: Any) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, chunk_rows=3, page_rows=4)


def a_draft(team: Team, rows: int = 8, **fields: Any) -> Batch:
    """Every other row is about a bank transfer."""
    topics = ["my card is lost", "a bank transfer is late"]
    table = [[str(number), topics[number % 2]] for number in range(rows)]
    batch = draft_store.new_draft(team, None, make_dataset(team, ["id", "topic"], table))
    for name, value in {"prompt": "{{topic}}", "model": "grok-4.3", "shape": SHAPE, **fields}.items():
        setattr(batch, name, value)
    batch.save()
    return batch


def run(batch: Batch, sandbox: Sandbox) -> Batch:
    actions.start(batch, None, None)
    drive(batch)
    check_books(batch, sandbox)
    return batch


def answer(**changes: Any) -> str:
    return orjson.dumps(FITS | changes).decode()


def test_answers_fit_the_schema_that_was_sent(team: Team, sandbox: Sandbox) -> None:
    batch = run(a_draft(team), sandbox)

    assert (batch.state, batch.succeeded, batch.misfits, batch.tone) == ("completed", 8, 0, "good")
    assert shape_fields(batch) == ("topic", "sure")
    cells = [[cell.value for cell in line.cells if cell.column.key[:2] == "f."] for line in table_rows(batch)]
    assert [topic for topic, _ in cells[:3]] == ["card", "bank transfer", "card"]
    assert {sure for _, sure in cells} <= {"true", "false"}


def test_the_same_rows_give_the_same_bytes_again(team: Team) -> None:
    batch = a_draft(team)
    rows = list(batch.dataset.rows())
    body = recipe_of(Batch.objects.get(pk=batch.pk)).body(rows)

    assert body == recipe_of(Batch.objects.get(pk=batch.pk)).body(rows)
    request = orjson.loads(body)["batch_requests"][0]["batch_request"]["chat_get_completion"]
    assert list(request["response_format"]["json_schema"]["schema"]["properties"]) == ["topic", "sure"]


def test_a_pasted_schema_keeps_the_order_of_its_properties(team: Team) -> None:
    text = '{"type":"object","properties":{"zeta":{"type":"string"},"a":{"type":"string"}}}'
    batch = a_draft(team, shape={"schema": text})
    request = recipe_of(Batch.objects.get(pk=batch.pk)).request(1, ["1", "x"])

    schema = request["batch_request"]["chat_get_completion"]["response_format"]["json_schema"]["schema"]
    assert orjson.dumps(schema).decode() == text


@pytest.mark.databases
def test_answers_that_were_cut_off_are_warned_of_and_can_be_tried_again(team: Team, sandbox: Sandbox) -> None:
    # 7 tokens are 28 characters: enough for {"topic":"card","sure":…}, not for a bank transfer.
    batch = run(a_draft(team, params={"max_completion_tokens": 7}), sandbox)

    assert (batch.state, batch.succeeded, batch.misfits, batch.tone) == ("completed", 8, 4, "warn")
    assert row_numbers(batch, fit="misfit") == [2, 4, 6, 8]
    assert set(batch.results.exclude(misfit="").values_list("misfit", flat=True)) == {
        "The answer was cut off at the token limit"
    }

    actions.retry(batch, None, misfits=True)
    drive(batch, until="submitting")
    assert (batch.succeeded, batch.misfits, batch.pending) == (4, 0, 4)
    drive(batch)
    check_books(batch, sandbox)
    assert (batch.succeeded, batch.misfits) == (8, 4), "they are cut off again"


@pytest.mark.databases
def test_what_does_not_fit_is_counted_once_however_often_it_is_read(team: Team) -> None:
    batch = a_running_batch(team, rows=3, shape=SHAPE)
    for _ in range(2):
        receive(batch, {1: answer(), 2: answer(topic="cards"), 3: "No idea"})

    assert (batch.succeeded, batch.misfits) == (3, 2)
    assert Result.objects.get(batch=batch, row=2).misfit == 'topic: "cards" is not one of the allowed values'
    detail = row_detail(batch, 2)
    assert detail
    assert (detail.fields, detail.next) == ([("topic", "cards"), ("sure", "true")], 3)


def test_without_a_shape_no_answer_is_a_misfit(team: Team) -> None:
    batch = a_running_batch(team, rows=1)
    receive(batch, {1: "No idea"})

    assert (batch.misfits, shape_fields(batch)) == (0, ())


# ---- taken home ---------------------------------------------------------------------------------------


def taken(batch: Batch, form: str) -> bytes:
    return b"".join(content(batch, FORMS[form]))


@pytest.fixture
def batch(team: Team) -> Batch:
    table = [["1", "x"], ["2", "y"], ["3", "z"]]
    dataset = make_dataset(team, ["topic", "text"], table, name="tickets.csv")
    fields = [*SHAPE["fields"], {"name": "state", "type": "texts"}]
    batch = a_running_batch(team, dataset=dataset, shape={"fields": fields})
    receive(batch, {1: answer(state=["=1", "b"]), 2: success('{"topic":"=cmd()"', finish_reason="length")})
    return end(batch)


def test_fields_are_columns_behind_the_answer(batch: Batch) -> None:
    rows = list(csv.reader(io.StringIO(taken(batch, "csv").decode(), newline="")))

    assert rows[0][:11] == [
        *("topic", "text", "batch_request_id", "state", "answer"),
        *("topic_2", "sure", "state_2", "error", "warning", "finish_reason"),
    ]
    assert rows[1][5:10] == ["card", "true", '["=1","b"]', "", ""]
    assert rows[2][5:10] == ["", "", "", "", "The answer was cut off at the token limit"]
    assert rows[3][3:10] == ["pending", "", "", "", "", "", ""]
    assert {len(row) for row in rows} == {len(rows[0])}


@pytest.mark.databases
def test_json_has_values_with_their_types(batch: Batch) -> None:
    first, second, third = orjson.loads(taken(batch, "json"))

    assert [first[name] for name in ("topic", "topic_2", "sure", "state_2")] == ["1", "card", True, ["=1", "b"]]
    assert [second[name] for name in ("topic_2", "sure", "state", "state_2")] == [None, None, "succeeded", None]
    assert third["warning"] == ""
    assert [orjson.loads(line) for line in taken(batch, "jsonl").splitlines()] == [first, second, third]


def test_fields_cannot_run_as_formulas_in_a_spreadsheet(team: Team) -> None:
    batch = a_running_batch(team, rows=1, shape={"fields": [{"name": "=now()", "type": "text"}]})
    receive(batch, {1: '{"=now()":"=cmd()"}'})
    text = taken(batch, "excel").decode("utf-8-sig")

    assert '"\'=now()"' in text
    assert '"\'=cmd()"' in text


def test_a_batch_of_text_has_no_columns_of_fields(team: Team) -> None:
    batch = a_running_batch(team, rows=1)
    assert b'"answer","error","warning","finish_reason"' in taken(batch, "csv")


@pytest.mark.databases
@pytest.mark.django_db(transaction=True)
def test_answers_are_checked_outside_of_transactions(
    team: Team, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checking computes on what people and models wrote: nobody else waits for it."""
    in_transaction: list[bool] = []
    check = Shape.misfit

    def noted(self: Shape, *args: Any, **more: Any) -> str:
        in_transaction.append(connection.in_atomic_block)
        return check(self, *args, **more)

    monkeypatch.setattr(Shape, "misfit", noted)
    assert run(a_draft(team), sandbox).succeeded == 8
    assert in_transaction
    assert not any(in_transaction)


@pytest.mark.parametrize(
    "schema",
    [
        '{"type":"object","properties":{"city":{"type":["string","null"]}},"required":["city"]}',
        '{"name":"x","strict":true,"schema":{"type":"object","properties":{"city":{"type":"string"}}}}',
        '{"type":"array","items":{"anyOf":[{"type":"string"},{"type":"null"}]}}',
        '{"type":"string"}',
        '{"$ref":"#/$defs/a","$defs":{"a":{"properties":{"city":{"const":"Rome"}},"required":["city"]}}}',
    ],
)
def test_a_batch_runs_with_any_kind_of_schema(schema: str, team: Team, sandbox: Sandbox) -> None:
    batch = a_draft(team, shape={"schema": schema})
    assert draft_store.problems_of(batch) == {}
    assert draft_store.estimate_of(batch)
    batch = run(batch, sandbox)
    assert (batch.state, batch.succeeded, batch.misfits) == ("completed", 8, 0)


CALL = {
    "function": {"name": "note_topic", "description": "Notes what it is about."},
    "schema": '{"type":"object","properties":{"about":{"enum":["card","bank transfer"]}},"required":["about"]}',
}


@pytest.mark.databases
@pytest.mark.parametrize("way", [{}, {"tools": {"web_search": {}}}, {"runs_live": True}], ids=["chat", "tools", "live"])
def test_what_a_function_is_called_with_becomes_columns(way: dict[str, Any], team: Team, sandbox: Sandbox) -> None:
    batch = a_draft(team, shape=CALL, **way)
    actions.start(batch, None, None)
    batch = drive(batch)
    assert (batch.succeeded, batch.misfits, batch.no_answer) == (8, 0, 0)
    rows = list(csv.DictReader(io.StringIO(b"".join(content(batch, FORMS["csv"])).decode(), newline="")))
    assert {row["about"] for row in rows} == {"card", "bank transfer"}


def test_a_model_that_answers_in_words_did_not_call(team: Team) -> None:
    shape = shape_of(CALL)
    assert shape
    assert shape.misfit("It is a card.") == "The model answered in words and did not call “note_topic”"
