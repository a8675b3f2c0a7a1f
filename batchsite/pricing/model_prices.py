"""Models and their prices as the provider lists them; refreshed by a worker, read by pages."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from batchsite.batches import batchable
from batchsite.batches.models import ModelOffer
from batchsite.processes.queue import Job
from batchsite.teams.accounts import AccountMissing, account_now, account_of, base_url_now, keys_of
from batchsite.teams.models import Team
from batchsite.teams.provider_client import client_for
from batchsite.xai.catalogue import BATCH_MODELS, PICTURE_MODELS, PictureModel, makes_videos, picture_model
from batchsite.xai.errors import XaiError

FRESH = timedelta(hours=6)


@dataclass(frozen=True)
class ModelPrice:
    """A model that can be chosen. Prices are list prices in ticks per token."""

    model: str
    input_price: int
    cached_price: int
    output_price: int
    batchable: bool
    reason: str
    """What is known of it in batches, as a sentence."""
    can_be_asked: bool = False
    was_asked: bool = False
    context_length: int | None = None
    refreshed_at: datetime | None = None
    """When the provider listed it. None if it comes from our own table."""
    picture_price: int = 0
    """Ticks for a picture or video, of a model that makes some; others have 0."""

    @property
    def makes(self) -> str:
        """What it makes of a row, where that is no text."""
        return ("video" if makes_videos(self.model) else "picture") if self.picture_price else ""

    @property
    def batch_input_price(self) -> int:
        return discounted(self.input_price)

    @property
    def batch_output_price(self) -> int:
        return discounted(self.output_price)

    @property
    def million_in(self) -> int:
        """Batch price of a million prompt tokens, in ticks."""
        return self.batch_input_price * 1_000_000

    @property
    def million_out(self) -> int:
        return self.batch_output_price * 1_000_000


def discounted(price: int) -> int:
    """Returns the batch price: the API lists none, so the discount is a setting (facts 7.2)."""
    return price * (100 - settings.OPTIONS.xai_batch_discount) // 100


def at_list_price(ticks: int) -> int:
    """Returns what a price in a batch is without the discount."""
    return ticks * 100 // max(1, 100 - settings.OPTIONS.xai_batch_discount)


def prices_for(team: Team) -> list[ModelPrice]:
    """Returns the models that the team's provider lists, batchable ones first; our own table until it has answered."""
    base_url = base_url_now(team)
    answers = batchable.answers_at(base_url)
    stored = ModelOffer.objects.filter(base_url=base_url)
    listed = [
        replace(
            _model_price(row.model, row.input_price, row.cached_price, row.output_price, answers),
            context_length=row.context_length,
            refreshed_at=row.refreshed_at,
        )
        for row in stored.order_by("model")
    ] or [
        replace(
            _model_price(
                known.id, known.price.input_ticks, known.price.cached_ticks, known.price.output_ticks, answers
            ),
            context_length=known.context,
        )
        for known in BATCH_MODELS
    ]
    names = {price.model for price in listed}
    media = {model.id: model.least for model in PICTURE_MODELS} | settings.OPTIONS.video_prices
    listed += [
        replace(_model_price(model, 0, 0, 0, answers), picture_price=price)
        for model, price in media.items()
        if model not in names
    ]
    return sorted(
        listed,
        key=lambda price: (
            not price.batchable,
            price.picture_price > 0,
            price.model != BATCH_MODELS[0].id,
            price.model,
        ),
    )


def media_model(model: str) -> PictureModel | None:
    """Returns what a file costs of a model that makes pictures, or videos that this installation has a price for."""
    price = settings.OPTIONS.video_prices.get(model)
    return picture_model(model) if price is None else PictureModel(model, price, price)


def price_of(team: Team, model: str) -> ModelPrice | None:
    return next((price for price in prices_for(team) if price.model == model), None)


def _model_price(
    model: str, input_price: int, cached_price: int, output_price: int, answers: batchable.Answers
) -> ModelPrice:
    taken, words = batchable.takes_batches(model, answers), batchable.reason(model, answers)
    can_be_asked = batchable.can_be_asked(model, answers)
    return ModelPrice(
        model, input_price, cached_price, output_price, taken, words, can_be_asked, was_asked=model in answers
    )


# ---- keeping them fresh --------------------------------------------------------------------------


CHECK_EVERY = timedelta(minutes=2)
_checked: list[datetime] = []


def due(now: datetime) -> Iterable[Job]:
    """Yields a refresh for each provider in use whose list is out of date or was never read."""
    if _checked and _checked[-1] > now - CHECK_EVERY:
        return
    _checked[:] = [now]
    seen: set[str] = set()
    for team in Team.objects.order_by("pk")[:200]:
        with contextlib.suppress(AccountMissing):
            account = account_now(team)
            fresh = ModelOffer.objects.filter(base_url=account.base_url, refreshed_at__gt=now - FRESH)
            if account.base_url not in seen and not fresh.exists():
                yield Job("batchsite.pricing.tasks.refresh_prices", (str(account.kind), team.pk), is_hint=True)
            seen.add(account.base_url)


def refresh(kind: str, team_id: int) -> None:
    """Reads the provider's list of models. The old list stays if the provider does not answer."""
    try:
        team = Team.objects.get(pk=team_id)
        account = account_of(team, kind, keys_of(team).first())
        models = client_for(account).language_models()
    except (AccountMissing, XaiError):
        return
    now = timezone.now()
    for model in models:
        if model.input_ticks is None or model.output_ticks is None:
            continue
        ModelOffer.objects.update_or_create(
            base_url=account.base_url,
            model=model.id,
            defaults={
                "aliases": list(model.aliases),
                "input_price": model.input_ticks,
                "cached_price": model.cached_ticks if model.cached_ticks is not None else model.input_ticks,
                "output_price": model.output_ticks,
                "context_length": model.context_length,
                "refreshed_at": now,
            },
        )
    ModelOffer.objects.filter(base_url=account.base_url, refreshed_at__lt=now).delete()
