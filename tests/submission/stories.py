"""Batches in the middle of their lives, for tests of pages: what xAI answered goes in as it comes over the wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import orjson
from django.db import transaction
from django.utils import timezone

from batchsite.batches.models import Batch, Chunk, ChunkState, Submission
from batchsite.batches.states import State
from batchsite.batches.transitions import move
from batchsite.datasets.models import Dataset
from batchsite.drafts import draft_store
from batchsite.submission import actions, results_store
from batchsite.submission.checked_page import check_page
from batchsite.teams.models import Team, User
from batchsite.xai.result_page import read_page_of_results
from tests.factories import make_dataset

Row = Mapping[str, Any]


def a_dataset(team: Team, rows: int = 20, **fields: Any) -> Dataset:
    """Questions, one a row: `Question 7`."""
    table = [[f"c{number}", f"Question {number}"] for number in range(1, rows + 1)]
    return make_dataset(team, ["id", "text"], table, **{"name": "questions.csv", **fields})


def a_draft(team: Team, by: User | None = None, dataset: Dataset | None = None, **fields: Any) -> Batch:
    """A draft that could be submitted as it stands."""
    batch = draft_store.new_draft(team, by, dataset or a_dataset(team))
    values = {"name": "Sorting", "prompt": "Sort this: {{text}}", "model": "grok-4.3", **fields}
    draft_store.save(batch, values)
    return batch


def a_running_batch(team: Team, by: User | None = None, rows: int = 20, **fields: Any) -> Batch:
    """Submitted, all of it sent; xAI has it as `batch_11`."""
    batch = a_draft(team, by, fields.pop("dataset", None) or a_dataset(team, rows), **fields)
    actions.start(batch, by, draft_store.estimate_of(batch))
    batch.refresh_from_db()
    with transaction.atomic():
        _send(batch.submissions.get(), "batch_1111-2222")
    batch.refresh_from_db()
    return batch


def _send(submission: Submission, remote_id: str) -> None:
    now, total = timezone.now(), submission.batch.total
    Chunk.objects.create(
        submission=submission, first_row=1, ranges=[[1, total]], count=total, state=ChunkState.SENT, sent_at=now
    )
    move(submission, State.SUBMITTING, planned=True, total=total, remote_id=remote_id)
    move(submission, State.PROCESSING, sent=total, sent_at=now, changed_at=now)


def receive(batch: Batch, answers: Mapping[int, str | Row]) -> None:
    """xAI's results for some rows: a text is an answer, a mapping the whole raw `batch_result`."""
    submission = batch.submissions.order_by("-number")[0]
    raw = [
        {
            "batch_request_id": f"{batch.id_prefix}-row-{row}",
            "batch_result": success(one) if isinstance(one, str) else one,
        }
        for row, one in answers.items()
    ]
    arrive(submission, raw)
    batch.refresh_from_db()


def arrive(submission: Submission, raw_rows: Sequence[Row]) -> None:
    """A page of results, as it comes over the wire, is stored."""
    page = read_page_of_results(orjson.dumps({"results": raw_rows}))
    rows = check_page(submission, page.items)
    with transaction.atomic():
        results_store.store_rows(submission, rows)


def success(answer: str, **changes: Any) -> Row:
    """A row as it was recorded (facts 2.7); `changes` are reasoning, finish_reason, model."""
    return {
        "response": {
            "chat_get_completion": {
                "model": changes.get("model", "grok-4.3"),
                "choices": [
                    {
                        "message": {
                            "role": "assistant",
                            "content": answer,
                            "reasoning_content": changes.get("reasoning", ""),
                        },
                        "finish_reason": changes.get("finish_reason", "stop"),
                    }
                ],
                "usage": {
                    "prompt_tokens": 204,
                    "completion_tokens": 1,
                    "completion_tokens_details": {"reasoning_tokens": 82},
                    "cost_in_usd_ticks": 2_087_200,
                },
            }
        }
    }


def failure(words: str) -> Row:
    return {"error": words}


def end(batch: Batch) -> Batch:
    """The last submission is over; what is left without a result stays so."""
    with transaction.atomic():
        submission = batch.submissions.order_by("-number")[0]
        move(submission, State.COLLECTING)
        move(submission, State.COMPLETED)
    batch.refresh_from_db()
    return batch


def an_ended_batch(team: Team, by: User | None = None, rows: int = 20, failed: int = 0, **fields: Any) -> Batch:
    """Ended; the last `failed` rows without an answer."""
    batch = a_running_batch(team, by, rows, **fields)
    good = rows - failed
    receive(batch, {row: f"Answer {row}" for row in range(1, good + 1)})
    receive(batch, {row: failure("Content violates usage guidelines.") for row in range(good + 1, rows + 1)})
    return end(batch)


def ago(batch: Batch, **time: float) -> None:
    """Let everything about the batch have happened that long ago."""
    moment = timezone.now() - timedelta(**time)
    Batch.objects.filter(pk=batch.pk).update(created_at=moment, started_at=moment)
    batch.submissions.update(created_at=moment, sent_at=moment, changed_at=moment)
    batch.refresh_from_db()
