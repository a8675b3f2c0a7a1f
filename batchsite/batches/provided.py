"""What is known of a provider: its models, and how much of its limits is used."""

from __future__ import annotations

from django.db import models


class ModelOffer(models.Model):
    """A model that the provider at `base_url` lists, with list prices in ticks per token."""

    base_url = models.CharField(max_length=300)
    model = models.CharField(max_length=100)
    aliases: models.JSONField[list[str]] = models.JSONField(default=list)
    input_price = models.PositiveIntegerField()
    cached_price = models.PositiveIntegerField()
    output_price = models.PositiveIntegerField()
    context_length = models.PositiveIntegerField(null=True, blank=True)
    refreshed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["base_url", "model"], name="one_offer_per_model")]

    def __str__(self) -> str:
        return self.model


class CallBudget(models.Model):
    """How much of a provider's limit is used, per key and kind of call, for all processes together."""

    name = models.CharField(max_length=60, primary_key=True)
    free_at = models.DateTimeField()
    """When a call with no burst left could be made; may lie ahead by as much as the burst allows."""

    def __str__(self) -> str:
        return self.name
