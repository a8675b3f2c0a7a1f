"""Pressing Try: everything is checked and written down before anything is sent."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from batchsite.batches.batch_recipe import recipe_of
from batchsite.batches.models import Batch
from batchsite.batches.states import State
from batchsite.datasets.models import DatasetState
from batchsite.drafts.draft_store import problems_of
from batchsite.pricing.budgets import budget_of
from batchsite.pricing.lessons import mark_of
from batchsite.recipes.prompt_template import PromptError
from batchsite.recipes.recipe import Recipe, check_row
from batchsite.teams.accounts import account_kind
from batchsite.teams.models import Team, User
from batchsite.trials.completion import body_of, for_trying, packed
from batchsite.trials.models import AnswerState, Trial, TrialAnswer
from batchsite.trials.trial_cost import Bill, Priced, bill, priced
from batchsite.trials.trial_lessons import teach

MOST_FURTHER = 2
"""Variants beside the draft's own prompt."""
NAMES = ("A", "B", "C")
PARTS = ("prompt", "system_prompt", "model")
_OF_A_BATCH = frozenset(
    {"", "name", "prompt", "system_prompt", "model", "row_limit", "ranges", "rows", "id_column", "skip_empty"}
    | {"auto_retries", "deadline_hours", "expected_column", "notes", "tags"}
)
"""Where a draft may have problems that do not keep it from being tried, or that each variant has by itself."""
_COPIED = (
    "state",
    "sent_at",
    "answered_at",
    "seconds",
    "answer",
    "reasoning",
    "misfit",
    "fields",
    "finish_reason",
    "answered_by",
    "prompt_tokens",
    "cached_tokens",
    "completion_tokens",
    "reasoning_tokens",
    "kept",
)


class Refused(ValueError):
    """It cannot be tried like this; the text says why and what to do."""


def variants_of(batch: Batch) -> list[dict[str, str]]:
    """The draft's own prompt, then what it is tried against. An empty model means the draft's."""
    own = {name: str(getattr(batch, name)) for name in PARTS}
    further = [{name: str(one.get(name) or "") for name in PARTS} for one in batch.variants[:MOST_FURTHER]]
    return [own, *(one | {"model": one["model"] or batch.model} for one in further)]


def as_batch(batch: Batch, variant: Mapping[str, str]) -> Batch:
    """The draft as it would be with that variant's words; never saved."""
    other = copy.copy(batch)
    for name in PARTS:
        setattr(other, name, variant[name])
    return other


@dataclass(frozen=True)
class Asked:
    """A variant that is ready to be asked."""

    name: str
    mark: str
    priced: Priced

    @property
    def recipe(self) -> Recipe:
        return self.priced.recipe


@dataclass(frozen=True)
class Plan:
    """All that a press of Try would do."""

    rows: Sequence[int]
    answers: Sequence[TrialAnswer]
    """Not saved; those that are known already hold their answer."""
    bill: Bill


def plan(batch: Batch, rows: Sequence[int]) -> Plan:
    """What a try of these rows would ask, and cost. Raises Refused."""
    asked = ready(batch)
    answers = list(_answers(batch, asked, rows))
    known = _known(batch, answers)
    for answer in answers:
        _repeat(answer, known.get((answer.row, answer.sha256)))
    open_answers = [answer for answer in answers if answer.source is None]
    return Plan(rows, answers, bill([one.priced for one in asked], len(rows), open_answers))


def press(batch: Batch, user: User | None, rows: Sequence[int]) -> Trial:
    """Write a trial of these rows down, to be asked by a worker. Raises Refused."""
    if batch.state != State.DRAFT:
        raise Refused("This batch was submitted already; only a draft can be tried.")
    found = plan(batch, rows)
    budget = budget_of(batch.team)
    if budget and (words := budget.refusal(found.bill.ticks or 0, "This try", "try fewer rows or variants")):
        raise Refused(words)
    answers = found.answers
    with transaction.atomic():
        batch = Batch.objects.select_for_update(no_key=True).get(pk=batch.pk)
        if batch.trials.filter(ended_at=None).exists():
            raise Refused("The last try is still running. Wait for its answers, or stop it.")
        trial = Trial.objects.create(
            batch=batch,
            by=user,
            account=account_kind(batch.team),
            rows=list(rows),
            variants=variants_of(batch),
            shape=batch.shape,
            next_look_at=timezone.now(),
        )
        for answer in answers:
            answer.trial = trial
        TrialAnswer.objects.bulk_create(answers)
        if all(answer.state == AnswerState.ANSWERED for answer in answers):
            trial.ended_at, trial.next_look_at = timezone.now(), None
            trial.save(update_fields=["ended_at", "next_look_at"])
    return trial


def stop(trial: Trial) -> None:
    """Ask nothing more. What is on its way still arrives, and is billed."""
    open_answers = TrialAnswer.objects.filter(trial=trial, state=AnswerState.PLANNED)
    open_answers.update(state=AnswerState.FAILED, error="Not asked: the try was stopped before.")
    Trial.objects.filter(pk=trial.pk, ended_at=None).update(next_look_at=timezone.now(), tries=0)


def wake_held(team: Team) -> None:
    """A key was set: every held try of the team is looked at now."""
    held = Trial.objects.filter(batch__team=team, ended_at=None).exclude(held_reason="")
    held.update(next_look_at=timezone.now(), faults=0, tries=0)


def ready(batch: Batch) -> list[Asked]:
    """The variants as they can be asked. Raises Refused."""
    if batch.dataset.state != DatasetState.READY:
        raise Refused("The dataset is not ready yet.")
    for name, words in problems_of(batch).items():
        if name not in _OF_A_BATCH and words:
            raise Refused(" ".join(words))
    found = []
    for name, variant in zip(NAMES, variants_of(batch), strict=False):
        one = as_batch(batch, variant)
        where = f"Variant {name}: " if len(batch.variants) else ""
        if not one.prompt.strip():
            raise Refused(f"{where}write a prompt first." if where else "Write a prompt first.")
        if not one.model:
            raise Refused(f"{where}choose a model.")
        try:
            recipe = recipe_of(one)
        except PromptError as error:
            raise Refused(f"{where}{error}") from error
        found.append(Asked(name, mark_of(one), priced(one, for_trying(recipe))))
    return found


def _answers(batch: Batch, asked: Sequence[Asked], rows: Sequence[int]) -> Iterable[TrialAnswer]:
    cells = batch.dataset.pick(rows)
    for row in rows:
        for number, one in enumerate(asked):
            if row not in cells:
                raise Refused(f"The dataset has no row {row:,}.")
            problem = check_row(one.recipe, row, cells[row], settings.OPTIONS.request_bytes)
            if problem:
                raise Refused(f"Row {row:,} cannot be tried: {problem.message}")
            yield _answer(batch, one, number, row, body_of(one.recipe, cells[row]))


def _answer(batch: Batch, one: Asked, number: int, row: int, body: dict[str, Any]) -> TrialAnswer:
    request, sha256 = packed(body)
    characters = sum(len(message["content"]) for message in body["messages"])
    return TrialAnswer(
        batch=batch,
        row=row,
        variant=number,
        model=one.priced.model,
        mark=one.mark,
        request=request,
        sha256=sha256,
        characters=characters,
    )


# ---- what was asked before is shown again -------------------------------------------------------------


def _known(batch: Batch, answers: Iterable[TrialAnswer]) -> dict[tuple[int, str], TrialAnswer]:
    """Kept answers to the very same requests, the latest of each."""
    rows = {answer.row for answer in answers}
    kept = TrialAnswer.objects.filter(batch=batch, row__in=rows, state=AnswerState.ANSWERED, kept=True, source=None)
    return {(answer.row, answer.sha256): answer for answer in kept.order_by("pk")}


def _repeat(answer: TrialAnswer, known: TrialAnswer | None) -> None:
    if known is None:
        return
    for name in _COPIED:
        setattr(answer, name, getattr(known, name))
    answer.source = known


# ---- what becomes of them --------------------------------------------------------------------------------


def keep(batch: Batch, answer_id: int, *, kept: bool) -> None:
    """Whether an answer counts when the batch is submitted; everywhere where the same stands."""
    found = TrialAnswer.objects.filter(batch=batch, pk=answer_id).first()
    if found is None or batch.state != State.DRAFT:
        return
    TrialAnswer.objects.filter(batch=batch, row=found.row, sha256=found.sha256).update(kept=kept)
    teach(batch.pk)


def use(trial: Trial, number: int) -> None:
    """Make a variant, as it was tried, the draft's own prompt. The one that was takes its place among the variants."""
    batch = Batch.objects.get(pk=trial.batch_id)
    if not 0 <= number < len(trial.variants):
        raise Refused("There is no such variant.")
    own, *further = variants_of(batch)
    chosen = trial.variants[number]
    if own == chosen:
        return
    further = [one for one in further if one != chosen]
    if own not in further:
        further.insert(max(0, number - 1), own)
    del further[MOST_FURTHER:]
    drafts = Batch.objects.filter(pk=batch.pk, state=State.DRAFT)
    if not drafts.update(**chosen, variants=further, prompt_version=None):
        raise Refused("This batch was submitted already.")
