"""Which models run in batches: what the setting XAI_BATCH_MODELS says, else what xAI said, else what is known of them.

xAI is asked, not believed: whenever a request of a model is added, its answer is remembered with the date (facts 7.3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from django.conf import settings
from django.utils import timezone

from batchsite.batches.models import ModelAnswer
from batchsite.teams.accounts import AccountMissing, account_now
from batchsite.teams.models import Team
from batchsite.xai.catalogue import batch_reason, is_batchable, makes_videos

NO_VIDEOS = "{model} makes videos, and this installation does not offer them (XAI_VIDEOS)."
Answers = Mapping[str, ModelAnswer]
"""What a provider said about each model."""
NEVER_ASKED: Answers = MappingProxyType({})
CLOSED_HERE = "This installation keeps {model} out of batches (XAI_BATCH_MODELS)."


def takes_batches(model: str, answers: Answers = NEVER_ASKED) -> bool:
    """Whether the model may be chosen. An unknown model may be tried."""
    return _answer(model, answers) is not False


def is_known(model: str, answers: Answers = NEVER_ASKED) -> bool:
    """Whether it is known that the model runs in batches."""
    return _answer(model, answers) is True


def why_no_batch(model: str, answers: Answers = NEVER_ASKED) -> str:
    """Returns why a model cannot be chosen for a batch, in words; "" if it can."""
    return "" if takes_batches(model, answers) else reason(model, answers)


def reason(model: str, answers: Answers = NEVER_ASKED) -> str:
    """Returns what is known of the model, and since when, as a sentence."""
    if is_closed_to_videos(model):
        return NO_VIDEOS.format(model=model)
    chosen, said = _chosen(model), answers.get(model)
    if chosen is False:
        return CLOSED_HERE.format(model=model)
    if said is None or chosen is not None:
        return batch_reason(model)
    day = f"{said.at:%-d %B %Y}"
    if said.takes_batches:
        return f"xAI took a request of {model} into a batch on {day}."
    return f"xAI refused {model} for batches on {day}."


def is_closed_to_videos(model: str) -> bool:
    """Whether the model makes videos, and the setting XAI_VIDEOS does not name it with a price."""
    return makes_videos(model) and model not in settings.OPTIONS.video_prices


def can_be_asked(model: str, answers: Answers = NEVER_ASKED) -> bool:
    """Whether a person may ask xAI: it has not said yes yet, and this installation does not exclude the model."""
    return _chosen(model) is None and not is_known(model, answers)


def answers_at(base_url: str) -> Answers:
    """Returns what the provider at this address said."""
    return {answer.model: answer for answer in ModelAnswer.objects.filter(base_url=base_url)}


def answers_for(team: Team) -> Answers:
    """Returns what the team's provider said. Nothing while the team has no usable key."""
    try:
        return answers_at(account_now(team).base_url)
    except AccountMissing:
        return NEVER_ASKED


def remember(base_url: str, model: str, *, takes_batches: bool, words: str = "") -> None:
    """Stores what the provider just said."""
    said = {"takes_batches": takes_batches, "words": words, "at": timezone.now()}
    ModelAnswer.objects.update_or_create(base_url=base_url, model=model[:100], defaults=said)


def _answer(model: str, answers: Answers) -> bool | None:
    """Whether xAI runs the model in batches; None if unknown."""
    chosen = _chosen(model)
    if chosen is not None:
        return chosen
    return answers[model].takes_batches if model in answers else is_batchable(model)


def _chosen(model: str) -> bool | None:
    """Returns what the setting says about the model. None if it says nothing.

    `+model` and `-model` change what is known; names without a sign are a list that takes its place.
    """
    if is_closed_to_videos(model):
        return False
    names: Sequence[str] = settings.OPTIONS.xai_batch_models
    if f"-{model}" in names:
        return False
    if model in names or f"+{model}" in names:
        return True
    return False if any(name[0] not in "+-" for name in names) else None
