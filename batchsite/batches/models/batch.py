"""A batch, its submissions to xAI, and what came back. What must survive a crash is a column here."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.functional import cached_property

from batchsite.batches.states import RULES, RUNNING, TERMINAL, HeldFor, RowState, State
from batchsite.datasets.models import Dataset
from batchsite.recipes.row_set import RowSet
from batchsite.recipes.tools import in_words
from batchsite.teams.accounts import AccountKind
from batchsite.teams.models import ProviderKey, Team, User
from batchsite.teams.retained import Retained
from batchsite.xai.catalogue import makes_media, makes_videos


class Repeats(models.TextChoices):
    """What is done with rows whose requests are the same but for the id."""

    ONCE = "once", "Send identical requests once"
    EACH = "each", "Send each of them"


class Batch(Retained):
    """What a person names and watches: a dataset, a prompt, a model, parameters; and the sums of its results.

    Always: total = pending + succeeded + failed + cancelled + missing + skipped. From `queued` on, what is sent
    (prompt, model, parameters, rows, ids) does not change any more: a chunk is rebuilt from it byte for byte.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="batches")
    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="batches")
    name = models.CharField(max_length=200)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True, blank=True)
    """Hidden from then on; a worker removes the results in small steps."""
    archived_at = models.DateTimeField(null=True, blank=True)
    """Left out of lists from then on, unless they are asked for archived batches."""

    system_prompt = models.TextField(blank=True)
    prompt = models.TextField(blank=True)
    model = models.CharField(max_length=100, blank=True)
    params: models.JSONField[dict[str, Any]] = models.JSONField(default=dict, blank=True)
    """Parameters in the words of chat completions; absent ones are not sent (facts 6.1)."""
    examples: models.JSONField[list[dict[str, str]]] = models.JSONField(default=list, blank=True)
    """Turns between system prompt and prompt: [{"user", "assistant"}], each a template like the prompt itself."""
    shape: models.JSONField[dict[str, Any] | None] = models.JSONField(null=True, blank=True)
    """The shape of an answer; null: text. {"fields": [{"name", "type", "values", "description", "required"}]}
    as a person made them, or {"schema": {…}} as it was pasted. `shapes.py` knows what follows from it."""
    shape_aside: models.JSONField[dict[str, Any] | None] = models.JSONField(null=True, blank=True)
    """What was typed for the kinds of shape that are not chosen: {"fields", "schema"}; a draft loses nothing."""
    row_limit = models.PositiveIntegerField(null=True, blank=True)
    """Only the first n rows; all where null."""
    ranges: models.JSONField[list[list[int]] | None] = models.JSONField(null=True, blank=True)
    """Only these rows: [[first, last], …], both included, ascending. Outranks `row_limit`."""
    skip_empty = models.BooleanField(default=False)
    """Rows in which a column that the prompt uses is empty are not sent, but declared skipped."""
    repeats = models.CharField(max_length=4, choices=Repeats.choices, blank=True)
    """What a person wants done with rows that repeat the request of another one; decided by the rows where blank."""
    sent_once = models.BooleanField(default=False)
    """Whether identical requests are sent once: decided when the batch is submitted."""
    copies = models.PositiveBigIntegerField(default=0)
    """Rows that are not sent, and get the answer of the row that they repeat."""
    variants: models.JSONField[list[dict[str, Any]]] = models.JSONField(default=list, blank=True)
    """What a draft is tried against, up to two: [{"prompt", "system_prompt", "model"}]."""
    tried: models.JSONField[dict[str, dict[str, int]] | None] = models.JSONField(null=True, blank=True)
    """What trying taught, by the mark of what was tried: sums over its answers, see learning.Lesson."""
    prompt_version = models.ForeignKey(
        "prompts.PromptVersion", on_delete=models.SET_NULL, null=True, blank=True, related_name="batches"
    )
    """The kept prompt that this one was taken from, as long as it says the same."""
    expected_column = models.CharField(max_length=300, blank=True)
    """The dataset's column that holds the right answers, where a person named one."""
    notes = models.TextField(blank=True)
    tags: models.JSONField[list[str]] = models.JSONField(default=list, blank=True)
    picture_column = models.CharField(max_length=300, blank=True)
    """The column whose cells name pictures or documents that go along with the prompt."""
    picture_detail = models.CharField(max_length=8, blank=True)
    """How closely the model looks at pictures: low or high; its own choice where blank."""
    document_form = models.CharField(max_length=8, blank=True)
    """How PDFs that came with the table are sent: see recipes.attachments.DOCUMENTS."""
    history_column = models.CharField(max_length=300, blank=True)
    """The column whose cells hold earlier turns of a conversation: a JSON list of messages."""
    id_column = models.CharField(max_length=300, blank=True)
    """The column whose values are the ids of the requests; `<id_prefix>-row-<n>` where blank."""
    id_prefix = models.CharField(max_length=48, blank=True)
    account = models.CharField(max_length=12, choices=AccountKind.choices, blank=True)
    key = models.ForeignKey(ProviderKey, on_delete=models.SET_NULL, null=True, blank=True, related_name="batches")
    """Which of the team's keys pays, if one of them does. It stays until a person moves the batch."""
    cache_key = models.CharField(max_length=40, blank=True)
    """Sent with requests that take one, so that xAI may find what they share in its cache (facts 7.3)."""
    request_kind = models.CharField(max_length=24, default="chat_get_completion")
    runs_live = models.BooleanField(default=False)
    """Its rows are asked one by one as deferred completions, at list price, and not in a batch (facts 5)."""
    auto_retries = models.PositiveSmallIntegerField(default=0)
    """How often transient failures are retried by themselves; 0 unless a person chose otherwise."""
    deadline_hours = models.PositiveSmallIntegerField(null=True, blank=True)
    """Finish with what is there after so many hours, where a person set it."""
    spend_cap_ticks = models.PositiveBigIntegerField(null=True, blank=True)
    """What it may cost, where a person set it: see pricing.spend_caps."""
    is_near_cap = models.BooleanField(default=False)
    """Whether the cap's soft line was passed, and that was said. It begins anew with every other cap."""

    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    held_reason = models.TextField(blank=True)
    """In words, while the batch waits for credits, a key or a person; it goes on from its state."""
    held_for = models.CharField(max_length=10, choices=HeldFor.choices, blank=True)
    held_since = models.DateTimeField(null=True, blank=True)
    failure = models.TextField(blank=True)
    """Why the batch as a whole failed, in the provider's words."""
    restored_at = models.DateTimeField(null=True, blank=True)
    """When the database that holds it was found to be restored: xAI may know more of it than we do."""
    must_confirm = models.BooleanField(default=False)
    """After a restore: what xAI does not have is sent only when a person lets the batch go on."""
    started_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    started_at = models.DateTimeField(null=True, blank=True)
    first_result_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    estimate: models.JSONField[dict[str, Any] | None] = models.JSONField(null=True, blank=True)
    """What was shown before submitting: see estimating.Estimate."""

    problems: models.JSONField[list[dict[str, Any]]] = models.JSONField(default=list, blank=True)
    """The first rows that cannot be sent: [{"row", "message"}]; with any, the batch goes back to its draft."""
    problem_count = models.PositiveBigIntegerField(default=0)

    total = models.PositiveBigIntegerField(default=0)
    succeeded = models.PositiveBigIntegerField(default=0)
    failed = models.PositiveBigIntegerField(default=0)
    cancelled = models.PositiveBigIntegerField(default=0)
    missing = models.PositiveBigIntegerField(default=0)
    skipped = models.PositiveBigIntegerField(default=0)
    misfits = models.PositiveBigIntegerField(default=0)
    """Answers that do not fit the shape; they are among the succeeded."""
    no_answer = models.PositiveBigIntegerField(default=0)
    """Rows that succeeded at xAI without any answer; see `answer_flaws`. These and the next ones are among the
    succeeded, too."""
    truncated = models.PositiveBigIntegerField(default=0)
    """Answers that were cut off at the token limit."""
    declined = models.PositiveBigIntegerField(default=0)
    """Rows that the model refused to answer."""
    several = models.PositiveBigIntegerField(default=0)
    """Rows with more than one answer."""
    prompt_tokens = models.PositiveBigIntegerField(default=0)
    completion_tokens = models.PositiveBigIntegerField(default=0)
    reasoning_tokens = models.PositiveBigIntegerField(default=0)
    cached_tokens = models.PositiveBigIntegerField(default=0)
    """The part of the prompt tokens that was billed at the cached price."""
    cost_ticks = models.PositiveBigIntegerField(default=0)
    """All that was billed for this batch, earlier attempts of a row included. 1 tick = 1e-10 USD."""
    dearest_ticks = models.PositiveBigIntegerField(default=0)
    """The greatest cost of a row so far."""

    tools: models.JSONField[dict[str, Any]] = models.JSONField(default=dict, blank=True)
    """Tools that the model may use, with their filters: see recipes.tools."""
    tool_calls = models.PositiveBigIntegerField(default=0)
    """Calls of xAI's own tools, earlier attempts included, as the next two."""
    tool_ticks = models.PositiveBigIntegerField(default=0)
    """The fees of these calls, part of the cost."""
    cited = models.PositiveBigIntegerField(default=0)
    """Answers with sources."""

    class Meta:
        indexes = [
            models.Index(fields=["team", "-id"], name="batches_of_a_team"),
            models.Index(F("team"), Lower("name"), F("id"), name="batches_by_name"),
            models.Index(fields=["team", "total", "id"], name="batches_by_rows"),
            models.Index(fields=["team", "cost_ticks", "id"], name="batches_by_cost"),
            models.Index(fields=["team", "-ended_at"], condition=Q(deleted_at=None), name="ended_batches"),
            models.Index(
                fields=["team"], condition=Q(state=State.DRAFT, problem_count__gt=0), name="sent_back_batches"
            ),
            models.Index(fields=["team"], condition=Q(state__in=sorted(RUNNING)), name="running_batches"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(total__gte=F("succeeded") + F("failed") + F("cancelled") + F("missing") + F("skipped")),
                name="no_more_results_than_rows",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def account_mark(self) -> str:
        """Names the account in an address, as `Account.mark` does."""
        return f"{self.account}-{self.key_id}" if self.key_id else self.account

    @property
    def has_sources(self) -> bool:
        """Whether tools and sources have columns of their own: tools were chosen, or answers came with them."""
        return bool(self.tools or self.cited or self.tool_calls)

    @property
    def tools_in_words(self) -> str:
        return in_words(self.tools)

    @property
    def rows(self) -> RowSet:
        """The rows of the dataset that it is about; of a draft, those that it would be about."""
        if self.state != State.DRAFT:
            return RowSet(self.ranges or ([[1, self.total]] if self.total else []))
        count = self.dataset.row_count
        return RowSet(self.ranges or [[1, self.row_limit or count]]).within(1, count)

    @property
    def makes_media(self) -> bool:
        """Whether its answers are files that are fetched: pictures, or videos."""
        return makes_media(self.model) and not self.dataset.holds_requests

    @property
    def makes_videos(self) -> bool:
        return makes_videos(self.model) and not self.dataset.holds_requests

    @property
    def media_noun(self) -> str:
        """What such a file is called."""
        return "video" if self.makes_videos else "picture"

    @property
    def done(self) -> int:
        """Rows whose fate is known."""
        return self.succeeded + self.failed + self.cancelled + self.missing + self.skipped

    @property
    def unanswered(self) -> int:
        """Rows that were sent, or were to be, and ended without an answer: those that a retry is about."""
        return self.failed + self.cancelled + self.missing

    @property
    def without_answer(self) -> int:
        """Rows that succeeded at xAI without an answer to use."""
        return self.no_answer + self.declined

    @property
    def flawed(self) -> int:
        """Rows that succeeded without an answer, or with one that was cut off."""
        return self.without_answer + self.truncated

    @property
    def pending(self) -> int:
        return self.total - self.done

    @property
    def is_terminal(self) -> bool:
        return self.state in TERMINAL

    @property
    def is_running(self) -> bool:
        return self.state in RUNNING

    @property
    def is_lost(self) -> bool:
        """Whether it completed without a single answer, because every row that was sent failed."""
        return self.state == State.COMPLETED and 0 < self.failed == self.total - self.skipped

    @property
    def label(self) -> str:
        """The state for people: a batch in which every row failed is failed."""
        return str(State.FAILED.label if self.is_lost else State(self.state).label)

    def row_label(self, state: str) -> str:
        """Returns the state of a row for people: rows that xAI cancelled because the batch expired are expired."""
        is_expired = state == RowState.CANCELLED and (self.state == State.EXPIRED or self._retries_expired)
        return str(State.EXPIRED.label if is_expired else RowState(state).label)

    @cached_property
    def _retries_expired(self) -> bool:
        """Whether it is a batch that expired and is being retried: until then its rows stay what they were."""
        return self.is_running and self.cancelled > 0 and self.submissions.filter(state=State.EXPIRED).exists()

    def cause_label(self, cause: str) -> str:
        """Returns the cause of a row for people; one that is called like a state is named like that state."""
        return self.row_label(cause).lower() if cause in RowState else cause

    @property
    def is_clean(self) -> bool:
        """Whether every row that was sent has a whole answer that fits its shape."""
        return self.succeeded + self.skipped >= self.total and not (self.misfits or self.flawed)

    @property
    def why_held(self) -> str:
        """Why it is held, as a sentence begins; xAI and the name of a host are written small anywhere."""
        reason = self.held_reason
        is_name = reason.startswith("xAI") or "." in reason.partition(" ")[0]
        return reason if is_name else reason[:1].upper() + reason[1:]

    @property
    def tone(self) -> str:
        """Class of the stylesheet. Completed is amber, never green, if rows failed or their answers are flawed."""
        if self.held_reason and self.is_running:
            return "warn"
        if self.is_lost:
            return RULES[State.FAILED].tone
        if self.state == State.COMPLETED and not self.is_clean:
            return "warn"
        return RULES[State(self.state)].tone
