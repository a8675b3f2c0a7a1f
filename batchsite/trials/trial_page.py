"""What the pages show of a try: the answers side by side, what they cost, and what all rows would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from batchsite.batches.batch_recipe import recipe_of
from batchsite.batches.batchable import why_no_batch
from batchsite.batches.models import Batch
from batchsite.batches.states import State
from batchsite.pricing.budgets import budget_of
from batchsite.pricing.estimate import Estimate, estimate
from batchsite.pricing.model_prices import offers
from batchsite.recipes.prompt_template import PromptError
from batchsite.teams.accounts import AccountKind, account_kind
from batchsite.trials.models import OPEN, AnswerState, Trial, TrialAnswer
from batchsite.trials.trial_cost import Bill
from batchsite.trials.trial_rows import HOWS, MOST_ROWS, Choice, choose, in_words
from batchsite.trials.trial_start import MOST_FURTHER, NAMES, Refused, as_batch, plan, variants_of

CELLS_SHOWN = 4
EARLIER_SHOWN = 8


@dataclass(frozen=True)
class Column:
    """A variant of a trial, over all of its rows."""

    number: int
    name: str
    prompt: str
    system_prompt: str
    model: str
    answered: int
    cost_ticks: int
    """Billed for this trial; what was shown again cost nothing anew."""
    tokens: float
    """Of output, on average."""
    seconds: float | None
    """On average."""
    projected: Estimate | None
    """What all rows of the batch would cost with it."""
    closed: str
    """Why no batch can run with its model; empty where one can."""
    is_own: bool
    """It is what the draft says now."""


@dataclass(frozen=True)
class Line:
    """A row: its words, and an answer for each variant."""

    row: int
    cells: Sequence[tuple[str, str]]
    answers: Sequence[TrialAnswer]
    differs: bool


@dataclass(frozen=True)
class Shown:
    """A trial as it stands."""

    trial: Trial
    columns: Sequence[Column]
    lines: Sequence[Line]
    open: int
    total: int
    cost_ticks: int
    agree: int | None
    """Rows on which all variants say the same; None where there is nothing to compare, or not yet."""
    every: int
    """Seconds until the page asks again; 0 when there is nothing to wait for."""

    @property
    def done(self) -> int:
        return self.total - self.open


def shown(batch: Batch, trial: Trial) -> Shown:
    answers = list(trial.answers.select_related("source").order_by("row", "variant"))
    still_open = sum(answer.state in OPEN for answer in answers)
    lines = _lines(batch, trial, answers)
    compared = len(trial.variants) > 1 and not still_open
    return Shown(
        trial=trial,
        columns=[_column(batch, trial, number, answers) for number in range(len(trial.variants))],
        lines=lines,
        open=still_open,
        total=len(answers),
        cost_ticks=sum(answer.cost_ticks for answer in answers),
        agree=sum(not line.differs for line in lines) if compared else None,
        every=(2 if trial.held_reason else 1) if trial.is_running else 0,
    )


def _column(batch: Batch, trial: Trial, number: int, answers: Sequence[TrialAnswer]) -> Column:
    variant = trial.variants[number]
    mine = [answer for answer in answers if answer.variant == number and answer.state == AnswerState.ANSWERED]
    times = [answer.seconds for answer in mine if answer.seconds is not None]
    return Column(
        number=number,
        name=NAMES[number],
        prompt=variant["prompt"],
        system_prompt=variant["system_prompt"],
        model=variant["model"],
        answered=len(mine),
        cost_ticks=sum(answer.cost_ticks for answer in mine),
        tokens=sum(answer.output_tokens for answer in mine) / len(mine) if mine else 0,
        seconds=sum(times) / len(times) if times else None,
        projected=_projected(as_batch(batch, variant)) if mine else None,
        closed=why_no_batch(variant["model"]),
        is_own=variant == variants_of(batch)[0],
    )


def _projected(batch: Batch) -> Estimate | None:
    try:
        return estimate(batch, recipe_of(batch))
    except (PromptError, ValueError):
        return None


def _lines(batch: Batch, trial: Trial, answers: Sequence[TrialAnswer]) -> list[Line]:
    names = batch.dataset.columns
    rows, used = batch.dataset.pick(trial.rows), _used(batch, trial)
    found = []
    for row in trial.rows:
        mine = [answer for answer in answers if answer.row == row]
        cells = [(names[column], rows[row][column]) for column in used] if row in rows else []
        found.append(Line(row, cells, mine, len({_said(answer) for answer in mine}) > 1))
    return found


def _used(batch: Batch, trial: Trial) -> list[int]:
    """The columns that say what a row is about: those that its prompts use."""
    used: dict[int, None] = {}
    for variant in trial.variants:
        try:
            used |= dict.fromkeys(recipe_of(as_batch(batch, variant)).columns)
        except (PromptError, ValueError):
            continue
    return (list(used) or list(range(len(batch.dataset.columns))))[:CELLS_SHOWN]


def _said(answer: TrialAnswer) -> str:
    """What answers are compared by: the fields of the shape, else the words, whatever the spaces around them."""
    if answer.state != AnswerState.ANSWERED:
        return f"{answer.state} {answer.pk}"
    return repr(sorted(answer.fields.items())) if answer.fields else answer.answer.strip()


# ---- the panel --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Typed:
    """A further variant as it stands in the form."""

    number: int
    name: str
    prompt: str
    system_prompt: str
    model: str


def panel_context(batch: Batch, choice: Choice, trial: Trial | None, *, refused: str = "") -> dict[str, Any]:
    """Everything that the panel shows. `trial`: the one to show, else the latest."""
    latest = trial or batch.trials.order_by("-pk").first()
    own, *further = variants_of(batch)
    return {
        "batch": batch,
        "is_draft": batch.state == State.DRAFT,
        "own": own,
        "further": [Typed(number, NAMES[number], **one) for number, one in enumerate(further, 1)],
        "may_add": len(further) < MOST_FURTHER,
        "choice": choice,
        "hows": HOWS.items(),
        "most_rows": MOST_ROWS,
        "models": _models(batch, further),
        "cost": cost_of(batch, choice),
        "shown": shown(batch, latest) if latest else None,
        "earlier": batch.trials.exclude(pk=latest.pk).order_by("-pk")[:EARLIER_SHOWN] if latest else [],
        "refused": refused,
        "simulated": account_kind(batch.team) == AccountKind.SANDBOX,
        "budget": budget_of(batch.team),
    }


def _models(batch: Batch, further: Sequence[dict[str, str]]) -> list[tuple[str, str]]:
    """(model, label) that a variant may have, also those that run in no batch. One that nobody lists stays chosen."""
    labels = {
        offer.model: offer.model if offer.batchable else f"{offer.model}: not for batches, can only be tried"
        for offer in offers(batch.team)
    }
    chosen = {one["model"]: one["model"] for one in further if one["model"]}
    return list((labels | {model: model for model in chosen if model not in labels}).items())


def cost_of(batch: Batch, choice: Choice) -> Bill | str:
    """What pressing Try would come to, or why it cannot be pressed."""
    try:
        return plan(batch, choose(choice, batch.rows, batch.dataset.row_count)).bill
    except (Refused, ValueError) as error:
        return str(error)


def same_rows(trial: Trial | None) -> Choice:
    """The next try is about the same rows, so that answers can be compared; at first about the first few."""
    if trial is None:
        return Choice()
    return Choice("picked", len(trial.rows), in_words(trial.rows))
