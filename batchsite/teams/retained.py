"""The retention fields of things that a team owns. The room `retention` writes them; pages and lists show them."""

from __future__ import annotations

from django.db import models


class Retained(models.Model):
    """Something that the team's retention may remove."""

    remove_at = models.DateTimeField(null=True, blank=True)
    """When a worker removes it, announced a week ahead. Null: not within the next week."""
    stays = models.BooleanField(default=False)
    """A person wants it kept, whatever the team's retention says."""

    class Meta:
        abstract = True
