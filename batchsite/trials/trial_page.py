"""What pages show of a trial: answers side by side, what they cost, and what all rows would cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from batchsite.batches.batch_recipe import recipe_of
from batchsite.batches.batchable import answers_for, why_no_batch
from batchsite.batches.models import Batch
from batchsite.batches.states import State
from batchsite.pricing.budgets import limiting_budget
from batchsite.pricing.estimate import Estimate, estimate
from batchsite.pricing.model_prices import prices_for
from batchsite.recipes.prompt_template import PromptError
from batchsite.teams.accounts import AccountKind, account_kind
from batchsite.teams.key_choice import PayingKeyForm
from batchsite.teams.models import User
from batchsite.trials.models import OPEN, AnswerState, Trial, TrialAnswer
from batchsite.trials.trial_cost import Bill
from batchsite.trials.trial_rows import HOWS, MOST_ROWS, RowChoice, choose, in_words
from batchsite.trials.trial_start import MOST_FURTHER, NAMES, TrialRefused, as_batch, plan, variants_of

CELLS_SHOWN = 4
EARLIER_SHOWN = 8


@dataclass(frozen=True)
class TrialColumn:
    """A variant of a trial, summed over its rows."""

    number: int
    name: str
    prompt: str
    system_prompt: str
    model: str
    answered: int
    cost_ticks: int
    """Billed for this trial; repeated answers cost nothing."""
    tokens: float
    """Average output tokens per answer."""
    seconds: float | None
    """Average time of an answer."""
    projected: Estimate | None
    """What all rows of the batch would cost with it."""
    closed: str
    """Why its model cannot run in batches. Empty if it can."""
    is_own: bool
    """Whether it equals the draft's own prompt."""


@dataclass(frozen=True)
class TrialRow:
    """A row: its cells, and an answer for each variant."""

    row: int
    cells: Sequence[tuple[str, str]]
    answers: Sequence[TrialAnswer]
    differs: bool


@dataclass(frozen=True)
class TrialView:
    """A trial as it stands now."""

    trial: Trial
    columns: Sequence[TrialColumn]
    lines: Sequence[TrialRow]
    open: int
    total: int
    cost_ticks: int
    agree: int | None
    """Rows on which all variants agree. None if there is nothing to compare yet."""
    every: int
    """Seconds until the page asks again; 0 if there is nothing to wait for."""

    @property
    def done(self) -> int:
        return self.total - self.open


def shown(batch: Batch, trial: Trial) -> TrialView:
    answers = list(trial.answers.select_related("source").order_by("row", "variant"))
    still_open = sum(answer.state in OPEN for answer in answers)
    lines = _lines(batch, trial, answers)
    compared = len(trial.variants) > 1 and not still_open
    return TrialView(
        trial=trial,
        columns=[_column(batch, trial, number, answers) for number in range(len(trial.variants))],
        lines=lines,
        open=still_open,
        total=len(answers),
        cost_ticks=sum(answer.cost_ticks for answer in answers),
        agree=sum(not line.differs for line in lines) if compared else None,
        every=(2 if trial.held_reason else 1) if trial.is_running else 0,
    )


def _column(batch: Batch, trial: Trial, number: int, answers: Sequence[TrialAnswer]) -> TrialColumn:
    variant = trial.variants[number]
    answered = [answer for answer in answers if answer.variant == number and answer.state == AnswerState.ANSWERED]
    times = [answer.seconds for answer in answered if answer.seconds is not None]
    return TrialColumn(
        number=number,
        name=NAMES[number],
        prompt=variant["prompt"],
        system_prompt=variant["system_prompt"],
        model=variant["model"],
        answered=len(answered),
        cost_ticks=sum(answer.cost_ticks for answer in answered),
        tokens=sum(answer.output_tokens for answer in answered) / len(answered) if answered else 0,
        seconds=sum(times) / len(times) if times else None,
        projected=_projected(as_batch(batch, variant)) if answered else None,
        closed=why_no_batch(variant["model"], answers_for(batch.team)),
        is_own=variant == variants_of(batch)[0],
    )


def _projected(batch: Batch) -> Estimate | None:
    try:
        return estimate(batch, recipe_of(batch))
    except (PromptError, ValueError):
        return None


def _lines(batch: Batch, trial: Trial, answers: Sequence[TrialAnswer]) -> list[TrialRow]:
    names = batch.dataset.columns
    rows, used = batch.dataset.pick(trial.rows), _used(batch, trial)
    by_row: dict[int, list[TrialAnswer]] = {row: [] for row in trial.rows}
    for answer in answers:
        by_row[answer.row].append(answer)
    lines = []
    for row, row_answers in by_row.items():
        cells = [(names[column], rows[row][column]) for column in used] if row in rows else []
        lines.append(TrialRow(row, cells, row_answers, len({_compared(answer) for answer in row_answers}) > 1))
    return lines


def _used(batch: Batch, trial: Trial) -> list[int]:
    """Returns the columns that the prompts use, else all; at most CELLS_SHOWN."""
    used: dict[int, None] = {}
    for variant in trial.variants:
        try:
            used |= dict.fromkeys(recipe_of(as_batch(batch, variant)).columns)
        except (PromptError, ValueError):
            continue
    return (list(used) or list(range(len(batch.dataset.columns))))[:CELLS_SHOWN]


def _compared(answer: TrialAnswer) -> str:
    """Returns what answers are compared by: the fields of the shape, else the stripped text."""
    if answer.state != AnswerState.ANSWERED:
        return f"{answer.state} {answer.pk}"
    return repr(sorted(answer.fields.items())) if answer.fields else answer.answer.strip()


# ---- the panel --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TypedVariant:
    """A further variant as it appears in the form."""

    number: int
    name: str
    prompt: str
    system_prompt: str
    model: str


def panel_context(
    batch: Batch, choice: RowChoice, trial: Trial | None, person: User, key_form: PayingKeyForm, *, refused: str = ""
) -> dict[str, Any]:
    """Returns everything that the panel shows, for `trial` or else the latest one."""
    latest = trial or batch.trials.order_by("-pk").first()
    own, *further = variants_of(batch)
    return {
        "batch": batch,
        "is_draft": batch.state == State.DRAFT,
        "own": own,
        "further": [TypedVariant(number, NAMES[number], **one) for number, one in enumerate(further, 1)],
        "may_add": len(further) < MOST_FURTHER,
        "choice": choice,
        "key_form": key_form,
        "hows": HOWS.items(),
        "most_rows": MOST_ROWS,
        "models": _models(batch, further),
        "cost": cost_of(batch, choice),
        "shown": shown(batch, latest) if latest else None,
        "earlier": batch.trials.exclude(pk=latest.pk).order_by("-pk")[:EARLIER_SHOWN] if latest else [],
        "refused": refused,
        "simulated": account_kind(batch.team) == AccountKind.SANDBOX,
        "budget": limiting_budget(batch.team, person),
    }


def _models(batch: Batch, further: Sequence[dict[str, str]]) -> list[tuple[str, str]]:
    """Returns (model, label) of the models that can be tried, and of chosen ones that are not listed any more."""
    labels = {
        price.model: price.model if price.batchable else f"{price.model}: not for batches, can only be tried"
        for price in prices_for(batch.team)
    }
    unlisted = [variant["model"] for variant in further if variant["model"] and variant["model"] not in labels]
    return list((labels | {model: model for model in unlisted}).items())


def cost_of(batch: Batch, choice: RowChoice) -> Bill | str:
    """Returns what a trial would cost, or a sentence why it cannot be started."""
    try:
        return plan(batch, choose(choice, batch.rows, batch.dataset.row_count)).bill
    except (TrialRefused, ValueError) as error:
        return str(error)


def same_rows(trial: Trial | None) -> RowChoice:
    """Returns the same rows as the last trial, so that answers can be compared; the first few without one."""
    if trial is None:
        return RowChoice()
    return RowChoice("picked", len(trial.rows), in_words(trial.rows))
