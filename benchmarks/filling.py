"""Fills the database of BATCHSITE_DATA for `benchmarks.pages`: thousands of batches, one with a million results.

    python -m benchmarks.filling --batches 10000 --rows 1000000

Prints one JSON object: a session's cookie and the ids of what was made. The tables are written past the pipeline,
and say what it would have said.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import zlib
from datetime import timedelta
from typing import Any

import django
import orjson

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "batchsite.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.db import transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from batchsite.asks.models import Ask  # noqa: E402
from batchsite.audit.models import AuditEvent  # noqa: E402
from batchsite.batches.models import Batch, DailySpend, Event, Pace, Submission, Tagging  # noqa: E402
from batchsite.batches.models.submissions import submission_token  # noqa: E402
from batchsite.datasets.models import BLOCK_ROWS, Block, Dataset  # noqa: E402
from batchsite.submission import result_records  # noqa: E402
from batchsite.teams.models import Role, Team, User  # noqa: E402
from tests.factories import make_member, make_team, make_user  # noqa: E402

INTENTS = [f"intent_{number:02d}" for number in range(77)]
MODELS = ("grok-4.3", "grok-4.3-mini", "grok-code")
TAGS = ("weekly", "board", "q4", "trial")
CHANCE = random.Random(7)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=10_000)
    parser.add_argument("--rows", type=int, default=1_000_000)
    asked = parser.parse_args()
    team = make_team("Support research")
    people = [
        make_member(team, make_user(name, f"{name.lower()}@example.org"), Role.OWNER) for name in ("Alice", "Bob")
    ]
    datasets = [_dataset(team, people[0], 1_000, f"tickets {number}") for number in range(200)]
    big_dataset = _dataset(team, people[0], asked.rows, "a million tickets")
    _batches(team, people, datasets, asked.batches)
    big = _big_batch(team, people[0], big_dataset, asked.rows)
    again = _big_batch(team, people[1], big_dataset, min(asked.rows, 100_000), name="a hundred thousand")
    _spend(team, people)
    _house(team, people)
    found = {
        "cookie": _cookie(people[0]),
        "big": big.pk,
        "second": again.pk,
        "dataset": big_dataset.pk,
        "rows": asked.rows,
        "ask": Ask.objects.latest("pk").pk,
        "draft": Batch.objects.filter(state="draft").latest("pk").pk,
    }
    print(json.dumps(found | {"cookie_name": settings.SESSION_COOKIE_NAME}))


def _cookie(user: User) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def _dataset(team: Team, user: User, rows: int, name: str) -> Dataset:
    """`rows` short questions with their intents; all blocks hold the same cells."""
    cells = [
        [str(number), f"Question {number}: where is my card?", INTENTS[number % 77]] for number in range(BLOCK_ROWS)
    ]
    data = zlib.compress(orjson.dumps(cells), 1)
    values: dict[str, Any] = {"columns": ["id", "text", "intent"], "state": "ready", "encoding": "utf-8"}
    dataset = Dataset.objects.create(
        team=team, name=name, created_by=user, row_count=rows, filename=f"{name}.csv", delimiter=",", **values
    )
    firsts = range(1, rows + 1, BLOCK_ROWS)
    blocks = [
        Block(dataset=dataset, first=first, count=min(BLOCK_ROWS, rows - first + 1), data=data) for first in firsts
    ]
    Block.objects.bulk_create(blocks, batch_size=500)
    return dataset


def _batches(team: Team, people: list[User], datasets: list[Dataset], count: int) -> None:
    """Mostly completed ones; some that run, are held, failed, or are drafts."""
    now, made = timezone.now(), []
    for number in range(count):
        state = CHANCE.choices(["completed", "processing", "failed", "draft", "cancelled"], [92, 1, 2, 4, 1])[0]
        at = now - timedelta(minutes=13 * (count - number))
        ended = at + timedelta(minutes=9) if state in ("completed", "failed", "cancelled") else None
        done = 1_000 if state == "completed" else 400
        lost = CHANCE.choice([0, 0, 0, 7]) if state == "completed" else 0
        made.append(
            Batch(
                team=team,
                dataset=CHANCE.choice(datasets),
                name=f"batch {number}",
                state=state,
                prompt="Which intent? {{text}}",
                model=CHANCE.choice(MODELS),
                total=0 if state == "draft" else 1_000,
                succeeded=0 if state == "draft" else done - lost,
                failed=lost,
                created_by=CHANCE.choice(people),
                started_by=people[0],
                created_at=at,
                started_at=None if state == "draft" else at,
                ended_at=ended,
                account="" if state == "draft" else "sandbox",
                cost_ticks=12_345_678,
                held_reason="no credits left at xAI." if state == "processing" and number % 5 == 0 else "",
                tags=[CHANCE.choice(TAGS)] if number % 4 == 0 else [],
            )
        )
    with transaction.atomic():
        made = Batch.objects.bulk_create(made, batch_size=500)
        sent = [batch for batch in made if batch.state != "draft"]
        Submission.objects.bulk_create([_submission(batch) for batch in sent], batch_size=500)
        Tagging.objects.bulk_create(
            [Tagging(team=team, batch=batch, tag=tag) for batch in made for tag in batch.tags], batch_size=500
        )
        words = ("Submitted with 1,000 rows", "1,000 rows sent in 1 chunk", "First result")
        Event.objects.bulk_create([Event(batch=batch, kind="sent", text=text) for batch in sent for text in words], 500)


def _submission(batch: Batch) -> Submission:
    """Never due: nothing of it is asked of anybody while pages are measured."""
    return Submission(
        batch=batch,
        number=1,
        token=submission_token(batch, 1),
        state=batch.state,
        first_row=1,
        last_row=batch.total,
        total=batch.total,
        planned=True,
        sent=batch.total,
        succeeded=batch.succeeded,
        remote_id=f"batch_{batch.pk}",
        changed_at=timezone.now(),
        sent_at=batch.started_at,
        ended_at=batch.ended_at,
    )


def _big_batch(team: Team, user: User, dataset: Dataset, rows: int, name: str = "a million rows") -> Batch:
    """A completed batch with a result for every row, one in a hundred failed."""
    values = [{"name": "intent", "type": "choice", "values": INTENTS}]
    failed = len(range(100, rows + 1, 100))
    now = timezone.now()
    batch = Batch.objects.create(
        team=team,
        dataset=dataset,
        name=name,
        state="completed",
        prompt="Which intent? {{text}}",
        model="grok-4.3",
        shape={"fields": values},
        expected_column="intent",
        total=rows,
        ranges=[[1, rows]],
        succeeded=rows - failed,
        failed=failed,
        created_by=user,
        started_by=user,
        started_at=now - timedelta(hours=2),
        ended_at=now - timedelta(minutes=4),
        account="sandbox",
        id_prefix="tickets",
        cost_ticks=rows * 20_000,
    )
    submission = _submission(batch)
    submission.save()
    with transaction.atomic():
        for first in range(1, rows + 1, 5_000):
            result_records.write(
                [_record(batch, submission, row) for row in range(first, min(first + 5_000, rows + 1))]
            )
    Pace.objects.create(batch=batch, points=[[36 * place, rows * place // 199] for place in range(200)], every=32)
    return batch


def _record(batch: Batch, submission: Submission, row: int) -> result_records.Record:
    failed = row % 100 == 0
    values: dict[str, Any] = dict.fromkeys(result_records.COLUMNS, "") | result_records.Record._field_defaults
    values |= {
        "batch_id": batch.pk,
        "row": row,
        "submission_id": submission.pk,
        "attempt": 1,
        "earlier": None,
        "others": None,
    }
    values |= {"state": "failed" if failed else "succeeded", "raw_page_id": None, "finish_reason": "stop"}
    values |= {"answer": "" if failed else f'{{"intent": "{INTENTS[(row * row) % 77]}"}}', "answered_by": batch.model}
    values |= {"error": "Content violates usage guidelines." if failed else "", "cause": "content" if failed else ""}
    values |= {"prompt_tokens": 200 + row % 50, "completion_tokens": 4 + row % 9, "reasoning_tokens": row % 120}
    return result_records.Record(**{**values, "cost_ticks": 15_000 + row % 10_000})


def _spend(team: Team, people: list[User]) -> None:
    today = timezone.now().date()
    DailySpend.objects.bulk_create(
        DailySpend(
            team=team,
            day=today - timedelta(days=day),
            account="sandbox",
            model=model,
            user=user,
            ticks=CHANCE.randrange(10**10),
            rows=10_000,
            failed=CHANCE.randrange(300),
        )
        for day in range(60)
        for model in MODELS
        for user in people
    )


def _house(team: Team, people: list[User]) -> None:
    """What a team that is years old has beside its batches: a long trail, a long ledger, many single prompts."""
    now = timezone.now()
    AuditEvent.objects.bulk_create(
        AuditEvent(
            at=now - timedelta(minutes=5 * number),
            team_id=team.pk,
            user_id=people[number % 2].pk,
            who=people[number % 2].email,
            action=CHANCE.choice(["batch-submit", "batch-rename", "results_downloaded"]),
            words="Submitted a batch",
            about=f"batch {number} “tickets {number}”",
            address="203.0.113.7",
        )
        for number in range(100_000, 0, -1)
    )
    batches = Batch.objects.filter(team=team, total__gt=0).order_by("pk")
    DailySpend.objects.bulk_create(
        DailySpend(
            team=team,
            day=batch.created_at.date(),
            account="team",
            model=batch.model,
            user=people[0],
            key="Research (…4f2a)",
            batch=batch,
            about=batch.name,
            ticks=batch.cost_ticks,
            rows=batch.total,
        )
        for batch in batches
    )
    Ask.objects.bulk_create(
        Ask(
            team=team,
            by=people[number % 2],
            account="sandbox",
            model=MODELS[0],
            prompt=f"Question {number}: what is an intent?",
            state="answered",
            answer="What somebody wants. " * 40,
            cost_ticks=20_000,
            ended_at=now,
        )
        for number in range(5_000)
    )


if __name__ == "__main__":
    main()
