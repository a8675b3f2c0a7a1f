"""How long a team keeps what it has."""

from __future__ import annotations

from django.db import models

from batchsite.processes.models import Work
from batchsite.teams.models import Team, User


class Retention(Work):
    """Days after which things of a team are removed; null: never. A worker checks every hour, and after a change."""

    team = models.OneToOneField(Team, on_delete=models.CASCADE, related_name="retention")
    batches = models.PositiveIntegerField(null=True, blank=True)
    """Days after a batch ended."""
    datasets = models.PositiveIntegerField(null=True, blank=True)
    """Days after an upload."""
    prompts = models.PositiveIntegerField(null=True, blank=True)
    """Days after a prompt was last changed."""
    asks = models.PositiveIntegerField(null=True, blank=True)
    """Days after a single prompt was answered."""
    set_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")

    def __str__(self) -> str:
        return f"retention of {self.team}"

    @property
    def days(self) -> dict[str, int | None]:
        """Days by what is removed, in the order of removal: as long as a batch is there, its dataset stays."""
        return {"batches": self.batches, "datasets": self.datasets, "prompts": self.prompts, "asks": self.asks}
