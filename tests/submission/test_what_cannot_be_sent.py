"""Local checks, and what the provider refuses at the door: rows are named, the others go on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from batchsite.batches.models import Batch, Result
from batchsite.drafts import draft_store
from batchsite.submission import actions
from batchsite.teams.models import Team
from tests.factories import make_dataset
from tests.pipeline import check_books, drive, make_batch, story
from tests.sandboxes import Sandbox

pytestmark = pytest.mark.django_db


def _draft(team: Team, rows: list[list[str]], **fields: Any) -> Batch:
    batch = draft_store.new_draft(team, None, make_dataset(team, ["id", "text"], rows))
    for name, value in {"prompt": "{{text}}", "model": "grok-4.3", **fields}.items():
        setattr(batch, name, value)
    batch.save()
    return batch


def test_empty_prompts_send_the_batch_back_with_the_rows_named(team: Team, sandbox: Sandbox) -> None:
    batch = _draft(team, [["1", "a"], ["2", " "], ["3", ""]])
    actions.start(batch, None, None)
    drive(batch)
    assert batch.state == "draft"
    assert [problem["row"] for problem in batch.problems] == [2, 3]
    assert sandbox.batches() == []


def test_a_batch_that_came_back_can_be_mended_and_sent(team: Team, sandbox: Sandbox) -> None:
    batch = _draft(team, [["1", "a"], ["2", ""]])
    actions.start(batch, None, None)
    drive(batch)
    batch.prompt = "Say: {{text}}"
    batch.save()
    actions.start(batch, None, None)
    drive(batch)
    assert (batch.state, batch.succeeded, batch.problem_count) == ("completed", 2, 0)
    check_books(batch, sandbox)


def test_ids_from_a_column_are_used_and_join_their_rows(team: Team, sandbox: Sandbox) -> None:
    batch = _draft(team, [["T-9", "a"], ["T-1", "b"]], id_column="id")
    actions.start(batch, None, None)
    drive(batch)
    assert batch.succeeded == 2
    assert "b" in Result.objects.get(batch=batch, row=2).answer
    check_books(batch, sandbox)


def test_ids_that_cannot_be_ids_are_named(team: Team, sandbox: Sandbox) -> None:
    batch = _draft(team, [["ok", "a"], ["not ok", "b"], ["ok", "c"], ["", "d"]], id_column="id")
    actions.start(batch, None, None)
    drive(batch)
    assert batch.state == "draft"
    assert {problem["row"] for problem in batch.problems} == {2, 4}


def test_an_id_that_comes_twice_is_named(team: Team, sandbox: Sandbox) -> None:
    batch = _draft(team, [["x", "a"], ["y", "b"], ["x", "c"]], id_column="id")
    actions.start(batch, None, None)
    drive(batch)
    assert batch.state == "draft"
    (problem,) = batch.problems
    assert problem["row"] == 3
    assert "row 1" in problem["message"]


def test_a_request_that_is_too_big_is_named(team: Team, sandbox: Sandbox, settings: Any) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, request_bytes=1000)
    batch = _draft(team, [["1", "a"], ["2", "b" * 2000]])
    actions.start(batch, None, None)
    drive(batch)
    assert [problem["row"] for problem in batch.problems] == [2]


def test_a_chunk_that_is_too_big_is_cut(team: Team, sandbox: Sandbox, settings: Any) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, chunk_bytes=5000)
    batch = _draft(team, [[str(number), "b" * 700] for number in range(40)])
    actions.start(batch, None, None)
    drive(batch)
    assert batch.succeeded == 40
    assert batch.submissions.get().chunks.count() > 5
    check_books(batch, sandbox)


def test_a_table_above_the_providers_size_becomes_several_batches(team: Team, sandbox: Sandbox, settings: Any) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, requests_per_submission=10, chunk_rows=4)
    batch = drive(make_batch(team, 25))
    assert (batch.state, batch.succeeded) == ("completed", 25), story(batch)
    assert [entry["requests"] for entry in sandbox.batches()] == [10, 10, 5]
    check_books(batch, sandbox)


def test_only_the_first_rows_where_asked(team: Team, sandbox: Sandbox) -> None:
    batch = drive(make_batch(team, 25, row_limit=7))
    assert (batch.total, batch.succeeded) == (7, 7)
    check_books(batch, sandbox)


@pytest.mark.parametrize("param", [{"temperature": 3}, {"max_completion_tokens": 0}, {"top_p": -1}, {"seed": 1.5}])
def test_values_out_of_range_are_refused_where_they_stand(param: dict[str, Any], team: Team) -> None:
    batch = _draft(team, [["1", "a"]], params=param)
    assert set(draft_store.problems_of(batch)) == set(param)


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"prompt": ""}, "prompt"),
        ({"prompt": "{{txt}}"}, "prompt"),
        ({"system_prompt": "{{nothing}}"}, "system_prompt"),
        ({"model": "grok-4.5"}, "model"),
        ({"model": ""}, "model"),
        ({"name": " "}, "name"),
        ({"id_column": "key"}, "id_column"),
    ],
)
def test_what_is_missing_is_told_where_it_stands(fields: dict[str, Any], where: str, team: Team) -> None:
    assert where in draft_store.problems_of(_draft(team, [["1", "a"]], **fields))


def test_a_row_that_the_provider_refuses_fails_alone(team: Team, sandbox: Sandbox) -> None:
    """An empty system message passes our checks of the prompt, and is refused at xAI's door."""
    rule = sandbox.fault("status", call="add", status=400, text="Bad data in a request", times=3)
    batch = drive(make_batch(team, 4))
    assert sandbox.hits() == 3, rule
    assert (batch.state, batch.failed + batch.succeeded) == ("completed", 4), story(batch)
    check_books(batch, sandbox)


def test_when_every_row_is_refused_the_batch_fails_with_the_reason(team: Team, sandbox: Sandbox) -> None:
    sandbox.fault("status", call="add", status=400, text="Bad data in a request")
    batch = drive(make_batch(team, 40))
    assert (batch.state, batch.failed) == ("failed", 40)
    assert "Bad data" in batch.failure
    assert sandbox.hits() < 40
    check_books(batch, sandbox)
