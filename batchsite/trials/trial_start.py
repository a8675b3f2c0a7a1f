"""Starting a trial: everything is checked and stored before anything is sent."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone

from batchsite.batches.batch_recipe import recipe_of, with_file_ids
from batchsite.batches.models import Batch
from batchsite.batches.states import State
from batchsite.datasets.models import DatasetState
from batchsite.drafts.draft_store import has_prompt, problems_of
from batchsite.media.shelf import FileGone
from batchsite.pricing.budgets import MOST_RUNNING, alone_with_budgets, limiting_budget
from batchsite.pricing.lessons import prompt_fingerprint
from batchsite.pricing.single_prompts import promised
from batchsite.recipes.attachments import PAGES
from batchsite.recipes.prompt_template import PromptError
from batchsite.recipes.recipe import Recipe, check_row
from batchsite.teams.accounts import AccountKind, AccountMissing, payer_of
from batchsite.teams.models import ProviderKey, Team, User
from batchsite.trials.completion import body_of, for_trying, packed
from batchsite.trials.models import OPEN, AnswerState, Trial, TrialAnswer
from batchsite.trials.trial_cost import Bill, PricedVariant, bill, priced
from batchsite.trials.trial_lessons import teach

MOST_FURTHER = 2
"""Most variants beside the draft's own prompt."""
NAMES = ("A", "B", "C")
PARTS = ("prompt", "system_prompt", "model")
_OF_A_BATCH = frozenset(
    {"", "name", "prompt", "system_prompt", "model", "row_limit", "ranges", "rows", "id_column", "skip_empty"}
    | {"auto_retries", "deadline_hours", "expected_column", "notes", "tags"}
)
"""Fields whose problems do not prevent a trial, or are checked for each variant by itself."""
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
    "tool_use",
    "kept",
)


class TrialRefused(ValueError):
    """The draft cannot be tried; the message says why and what to do."""


def variants_of(batch: Batch) -> list[dict[str, str]]:
    """Returns the draft's own prompt and the further variants. An empty model means the draft's."""
    own = {name: str(getattr(batch, name)) for name in PARTS}
    further = [{name: str(stored.get(name) or "") for name in PARTS} for stored in batch.variants[:MOST_FURTHER]]
    return [own, *(variant | {"model": variant["model"] or batch.model} for variant in further)]


def as_batch(batch: Batch, variant: Mapping[str, str]) -> Batch:
    """Returns a copy of the draft with that variant's prompt; never saved."""
    changed = copy.copy(batch)
    for name in PARTS:
        setattr(changed, name, variant[name])
    return changed


@dataclass(frozen=True)
class ReadyVariant:
    """A variant that can be asked, with the fingerprint of its prompt."""

    name: str
    mark: str
    priced: PricedVariant

    @property
    def recipe(self) -> Recipe:
        return self.priced.recipe


@dataclass(frozen=True)
class Plan:
    """What a trial will ask, and its cost."""

    rows: Sequence[int]
    answers: Sequence[TrialAnswer]
    """Not saved yet; those asked before hold their answer already."""
    bill: Bill


def plan(batch: Batch, rows: Sequence[int]) -> Plan:
    """Returns what a trial of these rows will ask and cost. Raises TrialRefused."""
    asked = ready(batch)
    answers = list(_answers(batch, asked, rows))
    known = _known(batch, answers)
    for answer in answers:
        _repeat(answer, known.get((answer.row, answer.sha256)))
    open_answers = [answer for answer in answers if answer.source is None]
    return Plan(rows, answers, bill([variant.priced for variant in asked], len(rows), open_answers))


def press(batch: Batch, user: User | None, rows: Sequence[int], key: ProviderKey | None = None) -> Trial:
    """Stores a trial of these rows, to be asked by a worker. Raises TrialRefused.

    `key`: one of the team's, else what pays by default.
    """
    if batch.state != State.DRAFT:
        raise TrialRefused("This batch was already submitted; only a draft can be tried.")
    planned = plan(batch, rows)
    answers, (account, paying) = planned.answers, _payer(batch.team, key)
    with alone_with_budgets(batch.team):
        budget = limiting_budget(batch.team, user)
        if budget and (words := budget.refusal(planned.bill.ticks or 0, "This try", "try fewer rows or variants")):
            raise TrialRefused(words)
        batch = Batch.objects.select_for_update(no_key=True).get(pk=batch.pk)
        if batch.trials.filter(ended_at=None).exists():
            raise TrialRefused("The last try is still running. Wait for its answers, or stop it.")
        trial = Trial.objects.create(
            batch=batch,
            by=user,
            account=account,
            key=paying,
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


def _payer(team: Team, key: ProviderKey | None) -> tuple[AccountKind, ProviderKey | None]:
    """Raises TrialRefused."""
    try:
        return payer_of(team, key)
    except AccountMissing as error:
        raise TrialRefused(f"{error} Nothing was sent.") from error


def promised_by_trials(team: Team, person: User | None) -> int:
    """Returns about what running tries will still cost, in ticks of real money."""
    running = TrialAnswer.objects.filter(batch__team=team, trial__ended_at=None, state__in=OPEN, source=None)
    running = running.exclude(trial__account=AccountKind.SANDBOX)
    running = running.filter(trial__by=person) if person else running
    return promised(team, running.values_list("model", "characters")[:MOST_RUNNING])


def stop(trial: Trial) -> None:
    """Asks nothing more. Calls in flight are still answered and billed."""
    open_answers = TrialAnswer.objects.filter(trial=trial, state=AnswerState.PLANNED)
    open_answers.update(state=AnswerState.FAILED, error="Not requested: the try was stopped first.")
    Trial.objects.filter(pk=trial.pk, ended_at=None).update(next_look_at=timezone.now(), tries=0)


def wake_held(team: Team) -> None:
    """Makes every held trial of the team due, because a key was set."""
    held = Trial.objects.filter(batch__team=team, ended_at=None).exclude(held_reason="")
    held.update(next_look_at=timezone.now(), faults=0, tries=0)


def ready(batch: Batch) -> list[ReadyVariant]:
    """Returns the variants, ready to be asked. Raises TrialRefused."""
    if batch.dataset.state != DatasetState.READY:
        raise TrialRefused("The dataset is not ready yet.")
    for name, words in problems_of(batch).items():
        if name not in _OF_A_BATCH and words:
            raise TrialRefused(" ".join(words))
    variants = []
    for name, variant in zip(NAMES, variants_of(batch), strict=False):
        changed = as_batch(batch, variant)
        where = f"Variant {name}: " if len(batch.variants) else ""
        if not has_prompt(changed):
            raise TrialRefused(f"{where}write a prompt first." if where else "Write a prompt first.")
        if not changed.model:
            raise TrialRefused(f"{where}choose a model.")
        if changed.makes_media:
            raise TrialRefused(
                f"{where}{changed.model} makes {changed.media_noun}s, and only a batch can: submit a few rows first."
            )
        if changed.document_form == PAGES:
            raise TrialRefused(f"{where}pictures of pages are made while a batch is sent: submit a few rows first.")
        try:
            recipe = recipe_of(changed)
        except PromptError as error:
            raise TrialRefused(f"{where}{error}") from error
        variants.append(ReadyVariant(name, prompt_fingerprint(changed), priced(changed, for_trying(recipe))))
    return variants


def _answers(batch: Batch, asked: Sequence[ReadyVariant], rows: Sequence[int]) -> Iterable[TrialAnswer]:
    cells = batch.dataset.pick(rows)
    for row in rows:
        for number, variant in enumerate(asked):
            if row not in cells:
                raise TrialRefused(f"The dataset has no row {row:,}.")
            problem = check_row(variant.recipe, row, cells[row], settings.OPTIONS.request_bytes)
            if problem:
                further = _once_uploaded(variant, row, cells[row])
                raise TrialRefused(f"Row {row:,} cannot be tried: {problem.message}{further}")
            try:
                yield _answer(batch, variant, number, row, cells[row])
            except FileGone as error:
                raise TrialRefused(f"Row {row:,} cannot be tried: {error}") from error


def _once_uploaded(variant: ReadyVariant, row: int, cells: Sequence[str]) -> str:
    """Returns what to do with a row that is too large for a try alone, as a sentence. Empty if there is nothing."""
    if check_row(with_file_ids(variant.recipe, {}), row, cells, settings.OPTIONS.request_bytes):
        return ""
    return " A try carries its documents inside the request; a submitted row names them once they are uploaded."


def _answer(batch: Batch, variant: ReadyVariant, number: int, row: int, cells: Sequence[str]) -> TrialAnswer:
    request, sha256 = packed(body_of(variant.recipe, cells))
    return TrialAnswer(
        batch=batch,
        row=row,
        variant=number,
        model=variant.priced.model,
        mark=variant.mark,
        request=request,
        sha256=sha256,
        characters=variant.recipe.length(cells),
    )


# ---- answers to requests that were asked before -------------------------------------------------------------


def _known(batch: Batch, answers: Iterable[TrialAnswer]) -> dict[tuple[int, str], TrialAnswer]:
    """Returns the latest kept answer to each of these requests."""
    rows = {answer.row for answer in answers}
    kept = TrialAnswer.objects.filter(batch=batch, row__in=rows, state=AnswerState.ANSWERED, kept=True, source=None)
    return {(answer.row, answer.sha256): answer for answer in kept.order_by("pk")}


def _repeat(answer: TrialAnswer, known: TrialAnswer | None) -> None:
    if known is None:
        return
    for name in _COPIED:
        setattr(answer, name, getattr(known, name))
    answer.source = known


# ---- afterwards --------------------------------------------------------------------------------


def keep(batch: Batch, answer_id: int, *, kept: bool) -> None:
    """Sets whether an answer is kept at submission, and so for all equal requests of its row."""
    answer = TrialAnswer.objects.filter(batch=batch, pk=answer_id).first()
    if answer is None or batch.state != State.DRAFT:
        return
    TrialAnswer.objects.filter(batch=batch, row=answer.row, sha256=answer.sha256).update(kept=kept)
    teach(batch.pk)


def use(trial: Trial, number: int) -> None:
    """Makes a tried variant the draft's own prompt. The former prompt becomes a variant. Raises TrialRefused."""
    batch = Batch.objects.get(pk=trial.batch_id)
    if not 0 <= number < len(trial.variants):
        raise TrialRefused("That variant doesn’t exist.")
    own, *further = variants_of(batch)
    chosen = trial.variants[number]
    if own == chosen:
        return
    further = [variant for variant in further if variant != chosen]
    if own not in further:
        further.insert(max(0, number - 1), own)
    del further[MOST_FURTHER:]
    drafts = Batch.objects.filter(pk=batch.pk, state=State.DRAFT)
    if not drafts.update(**chosen, variants=further, prompt_version=None):
        raise TrialRefused("This batch was already submitted.")
