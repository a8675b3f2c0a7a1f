"""Small records beside batches: tags, spend by day, the course of a run, models and limits of the provider."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from batchsite.datasets.models import Dataset
from batchsite.processes.models import Work
from batchsite.teams.accounts import AccountKind
from batchsite.teams.models import Team, User

LONGEST_TAG = 40
"""Characters of a tag."""


class Tagging(models.Model):
    """A tag of a batch, as the list is searched by it; the batch itself holds its tags in their order."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+", db_index=False)
    batch = models.ForeignKey("batches.Batch", on_delete=models.CASCADE, related_name="taggings")
    tag = models.CharField(max_length=LONGEST_TAG)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "tag", "batch"], name="one_tagging_per_tag")]

    def __str__(self) -> str:
        return self.tag


class SavedView(models.Model):
    """A filter and an order of a list that a team saved under a name."""

    class Place(models.TextChoices):
        RESULTS = "results", "Rows of a batch"
        BATCHES = "batches", "Batches"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="saved_views", db_index=False)
    place = models.CharField(max_length=10, choices=Place.choices)
    name = models.CharField(max_length=60)
    query = models.TextField()
    """As it stands in the address of the list, in one canonical form."""
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "place", "name"], name="one_view_per_name")]

    def __str__(self) -> str:
        return self.name


class DailySpend(models.Model):
    """What was billed on one day (UTC, when it came), one record for each batch, key, model and person.

    Two processes may both create the first record of a day. Readers sum, so two are as good as one.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="daily_spend", db_index=False)
    day = models.DateField()
    account = models.CharField(max_length=12, choices=AccountKind.choices)
    """Who paid; the sandbox's money is simulated, and never summed up with real money."""
    model = models.CharField(max_length=100)
    """The model that was asked for."""
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    """Who submitted the batch, or pressed Try."""
    key = models.CharField(max_length=80, blank=True)
    """The key as people know it: its name and hint. Blank in what was recorded before."""
    batch = models.ForeignKey("batches.Batch", on_delete=models.SET_NULL, null=True, related_name="+")
    """Null for an ask, for a batch that is gone, and in what was recorded before."""
    about = models.CharField(max_length=200, blank=True)
    """The name that the batch had when it was first billed, or what else it was for: it outlives the batch."""
    ticks = models.PositiveBigIntegerField(default=0)
    """The total, tries included."""
    tried_ticks = models.PositiveBigIntegerField(default=0)
    """The part of `ticks` that trying cost, at list price."""
    rows = models.PositiveBigIntegerField(default=0)
    """Rows of batches that the provider said something about: answered, failed or cancelled."""
    failed = models.PositiveBigIntegerField(default=0)
    """Those of `rows` that have no answer; a retry that mends one is a row of its own day."""
    tries = models.PositiveBigIntegerField(default=0)
    """Answers of tries."""
    prompt_tokens = models.PositiveBigIntegerField(default=0)
    completion_tokens = models.PositiveBigIntegerField(default=0)
    reasoning_tokens = models.PositiveBigIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["team", "day"], name="spend_by_day")]

    def __str__(self) -> str:
        return f"{self.ticks} ticks on {self.day}"


class Pace(models.Model):
    """The course of a batch. Approximate: the exact counts are in the batch itself."""

    batch = models.OneToOneField("batches.Batch", on_delete=models.CASCADE, primary_key=True, related_name="pace")
    began_at = models.DateTimeField(default=timezone.now)
    every = models.PositiveIntegerField(default=2)
    """Seconds that lie at least between two points."""
    points: models.JSONField[list[list[int]]] = models.JSONField(default=list)
    """[[seconds since `began_at`, rows done], …], ascending."""

    def __str__(self) -> str:
        return f"course of batch {self.batch_id}"


ROWS_AT_ONCE = 1_000_000
"""Rows of the older dataset whose fingerprints are held in memory at once, 8 bytes each; more take several passes."""


class Renewal(Work):
    """A search for the rows of `dataset` that are not in the dataset of `batch`."""

    batch = models.ForeignKey("batches.Batch", on_delete=models.CASCADE, related_name="renewals")
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="+")
    asked_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    mark = models.CharField(max_length=60, blank=True)
    """What was read: see `mark_of`. A dataset that was read again since has other rows."""
    rows_done = models.PositiveBigIntegerField(default=0)
    """Rows of both datasets that were looked at."""
    ranges: models.JSONField[list[list[int]]] = models.JSONField(default=list)
    count = models.PositiveBigIntegerField(default=0)
    ready_at = models.DateTimeField(null=True, blank=True)
    problem = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "dataset"], name="one_renewal_per_dataset")]

    def __str__(self) -> str:
        return f"new rows of {self.dataset}"

    @property
    def is_looking(self) -> bool:
        return not self.ready_at and not self.problem

    @property
    def total(self) -> int:
        """Rows to look at."""
        parts = max(1, -(-self.batch.dataset.row_count // ROWS_AT_ONCE))
        return parts * (self.batch.dataset.row_count + self.dataset.row_count)


class FlawCount(Work):
    """A batch whose answers came before flawed ones were counted. Removed once they are (submission/flaw_count.py)."""

    batch = models.OneToOneField("batches.Batch", on_delete=models.CASCADE, related_name="flaw_count")
    page_through = models.BigIntegerField(default=0)
    """Raw pages are looked through up to this primary key."""

    def __str__(self) -> str:
        return f"flawed answers of batch {self.batch_id}"


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


class ModelAnswer(models.Model):
    """What the provider at `base_url` said when a request of a model was added to a batch: it outranks our table."""

    base_url = models.CharField(max_length=300)
    model = models.CharField(max_length=100)
    takes_batches = models.BooleanField()
    words = models.TextField(blank=True)
    """The provider's own, where it refused."""
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["base_url", "model"], name="one_answer_per_model")]

    def __str__(self) -> str:
        return f"{self.model}: {self.takes_batches}"


class CallBudget(models.Model):
    """How much of a provider's limit is used, per key and kind of call, for all processes together."""

    name = models.CharField(max_length=60, primary_key=True)
    free_at = models.DateTimeField()
    """When a call with no burst left could be made; may lie ahead by as much as the burst allows."""

    def __str__(self) -> str:
        return self.name


class Generation(models.Model):
    """A number that grows before every call that may cost something. The data folder holds it, too.

    A database whose number is lower than the folder's was restored to an earlier moment: see batches/generation.py.
    """

    number = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"generation {self.number}"
