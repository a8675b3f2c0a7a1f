"""The reconciliation: every row of every batch, and every tick, against the provider's ledger.

Lost is a row without a Result, and an answer that the provider gave and billed and we do not have, although it can be
read. Paid twice is a row that was answered in two remote batches, unless the first answer did not count as one here
(it could not be read, for instance) and a person, or their standing choice, asked for a retry.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from batchsite.batches.models import Batch, RequestId, Result, Submission
from batchsite.batches.states import RowState
from batchsite.trials.models import OPEN, AnswerState, TrialAnswer
from tests.chaos.ledger import Ledger, Remote
from tests.chaos.tables import belongs, key_of

SAID_OF_A_BATCH = 8
"""Violations of a batch that are printed; one cause often shows in many rows."""
FINAL = {str(state) for state in RowState if state != RowState.PENDING}


@dataclass
class Verdict:
    """What the books say. Every list holds sentences."""

    batches: int = 0
    rows: int = 0
    states: Counter[str] = field(default_factory=Counter)
    ours: int = 0
    """Ticks that we know of."""
    unreadable: int = 0
    """Ticks in remote batches that cannot be read any more, and that we therefore cannot know of."""
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    hangs: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """Sums that do not add up, answers of other rows, batches that nobody knows."""
    guilty: set[int] = field(default_factory=set)
    """Batches whose story is worth reading."""

    @property
    def clean(self) -> bool:
        return not (self.lost or self.twice or self.hangs or self.wrong)


def reconcile(ledger: Ledger) -> Verdict:
    """Nothing may run any more that writes."""
    verdict = Verdict()
    remotes = ledger.by_token()
    for batch in Batch.objects.exclude(state="draft").order_by("pk"):
        Audit(batch, remotes, verdict).make()
    known = set(Submission.objects.values_list("token", flat=True))
    strangers = [remote.name for token, found in remotes.items() if token not in known for remote in found]
    verdict.wrong += [f"nobody knows the remote batch {name}, which holds rows" for name in strangers]
    verdict.twice += _repeats(ledger)
    verdict.wrong += _tries(ledger)
    difference = ledger.total - verdict.ours
    if not 0 <= difference <= verdict.unreadable:
        verdict.wrong.append(f"we count {verdict.ours} ticks, the provider billed {ledger.total}")
    return verdict


def _repeats(ledger: Ledger) -> Iterator[str]:
    """What was added again although the provider had it."""
    for remote in ledger.remotes:
        if remote.repeated:
            yield f"{remote.name}: {len(remote.repeated)} rows ran more than once, such as {remote.repeated[0]}"


def _tries(ledger: Ledger) -> Iterator[str]:
    """Rows that were tried in real time: asked once each, and what is answered here was billed there."""
    asked = TrialAnswer.objects.filter(source=None)
    answered = list(asked.filter(state=AnswerState.ANSWERED).values_list("cost_ticks", flat=True))
    unknown = asked.filter(state=AnswerState.UNKNOWN).count()
    calls, ticks = ledger.tried
    if not len(answered) <= calls <= len(answered) + unknown:
        yield f"{len(answered)} tried rows are answered and {unknown} unknown, but {calls} were billed"
    if sum(answered) > ticks or (not unknown and sum(answered) != ticks):
        yield f"tries cost {sum(answered)} ticks here, and {ticks} at the provider"
    if left := asked.filter(state__in=OPEN).count():
        yield f"{left} tried rows are still waiting for their answer"


class Audit:
    """One batch."""

    def __init__(self, batch: Batch, remotes: dict[str, list[Remote]], verdict: Verdict) -> None:
        self.batch, self.verdict = batch, verdict
        self.submissions = {one.pk: one for one in batch.submissions.order_by("number")}
        self.remotes = {pk: remotes.get(one.token, []) for pk, one in self.submissions.items()}
        self.results = {result.row: result for result in Result.objects.filter(batch=batch)}
        self.ids = dict(RequestId.objects.filter(batch=batch).values_list("row", "request_id"))

    def make(self) -> None:
        verdict, batch = self.verdict, self.batch
        verdict.batches += 1
        verdict.rows += batch.total
        if batch.is_running:
            self.verdict.unreadable += sum(remote.ticks for found in self.remotes.values() for remote in found)
            self._say(verdict.hangs, [f"{batch.state} for ever: {batch.done} of {batch.total} rows"])
            return
        self._say(verdict.wrong, self._sums())
        self._say(verdict.twice, self._remotes())
        if batch.total != len(batch.rows):
            self._say(verdict.wrong, [f"it is about {len(batch.rows)} rows, and says {batch.total}"])
        for row in batch.rows:
            self._row(row)
        self._flush()

    def _say(self, where: list[str], sentences: Iterator[str] | list[str]) -> None:
        found = list(sentences)
        if found:
            self.verdict.guilty.add(self.batch.pk)
        where += [f"batch {self.batch.pk} ({self.batch.name}): {sentence}" for sentence in found]

    # ---- sums -----------------------------------------------------------------------------------------

    def _sums(self) -> Iterator[str]:
        batch, results = self.batch, self.results.values()
        counted = Counter(result.state for result in results)
        self.verdict.states += counted
        for state in FINAL:
            if getattr(batch, state) != counted[state]:
                yield f"its counter says {getattr(batch, state)} {state}, its rows say {counted[state]}"
        if batch.done != batch.total:
            yield f"{batch.done} rows are done, {batch.total} there are"
        ticks = sum(result.cost_ticks for result in results)
        kept = sum(result.cost_ticks for result in results if result.submission_id is None)
        by_submission = sum(one.cost_ticks for one in self.submissions.values())
        if not batch.cost_ticks == ticks == by_submission + kept:
            yield f"cost: batch {batch.cost_ticks}, rows {ticks}, submissions {by_submission}, kept {kept}"
        misfits = sum(bool(result.misfit) for result in results)
        if batch.misfits != misfits:
            yield f"its counter says {batch.misfits} misfits, its rows say {misfits}"
        self.verdict.ours += ticks - kept

    def _remotes(self) -> Iterator[str]:
        for pk, found in self.remotes.items():
            if len(found) > 1:
                yield f"submission {self.submissions[pk].number} has {len(found)} remote batches with rows"

    # ---- rows -----------------------------------------------------------------------------------------

    def _row(self, row: int) -> None:
        result = self.results.get(row)
        if result is None or result.state not in FINAL:
            self._note("lost", f"row {row} has no result")
            return
        entries = self._entries(row)
        if entries and (result.submission_id is None or result.state == RowState.SKIPPED):
            self._note("twice", f"row {row} was to be left out, and was sent")
        for submission, state in [*_earlier(result), (result.submission_id or 0, result.state)]:
            for remote_state, _, readable in entries.get(submission, []):
                if remote_state == "succeeded" and readable and state != RowState.SUCCEEDED:
                    self._note("lost", f"row {row}: {state} ({result.cause}), but the provider answered it")
                if remote_state != "succeeded" and state == RowState.SUCCEEDED:
                    self._note("wrong", f"row {row} succeeded here, and is {remote_state} at the provider")
        self._judge_money(row, result, entries)
        self._judge_answer(row, result)

    def _entries(self, row: int) -> dict[int, list[tuple[str, int, bool]]]:
        """By submission: (state, ticks, readable) of this row at the provider."""
        request_id = self.ids.get(row) or f"{self.batch.id_prefix}-row-{row}"
        found: dict[int, list[tuple[str, int, bool]]] = defaultdict(list)
        for pk, remotes in self.remotes.items():
            for remote in remotes:
                if request_id in remote.rows:
                    found[pk].append((*remote.rows[request_id], remote.readable))
        return found

    def _judge_money(self, row: int, result: Result, entries: dict[int, list[tuple[str, int, bool]]]) -> None:
        every = [entry for found in entries.values() for entry in found]
        kept = result.cost_ticks if result.submission_id is None else 0
        sure = kept + sum(ticks for _, ticks, readable in every if readable)
        unsure = sum(ticks for _, ticks, readable in every if not readable)
        self.verdict.unreadable += unsure
        if not sure <= result.cost_ticks <= sure + unsure:
            self._note("wrong", f"row {row} cost {result.cost_ticks} ticks here, {sure} to {sure + unsure} there")
        answered = [pk for pk, found in entries.items() for state, _, _ in found if state == "succeeded"]
        states = dict(_earlier(result))
        unasked = [pk for pk in answered if pk != result.submission_id and states.get(pk) in {None, "succeeded"}]
        if len(answered) > len(set(answered)) or (len(answered) > 1 and unasked):
            self._note("twice", f"row {row} was answered in submissions {answered}; here: {states}")

    def _judge_answer(self, row: int, result: Result) -> None:
        key = key_of(self.batch.name, row)
        if result.state == RowState.SUCCEEDED and not belongs(result.answer, key):
            self._note("wrong", f"row {row} has the answer of another: {result.answer[:80]}")
        if result.state != RowState.SUCCEEDED and not (result.error and (result.cause or result.state == "skipped")):
            self._note("wrong", f"row {row} is {result.state} without a reason")

    # ---- a sentence for many rows ---------------------------------------------------------------------

    _noted: dict[str, list[str]]

    def _note(self, kind: str, sentence: str) -> None:
        self.__dict__.setdefault("_noted", defaultdict(list))[kind].append(sentence)

    def _flush(self) -> None:
        for kind, sentences in self.__dict__.get("_noted", {}).items():
            more = len(sentences) - SAID_OF_A_BATCH
            said = sentences[:SAID_OF_A_BATCH] + ([f"and {more} more rows like these"] if more > 0 else [])
            self._say(getattr(self.verdict, kind), said)


def _earlier(result: Result) -> list[tuple[int, str]]:
    """(submission, state) of the attempts before the last."""
    attempts: list[dict[str, Any]] = result.earlier or []
    return [(int(attempt["submission"] or 0), str(attempt["state"])) for attempt in attempts]


def story(batch_id: int) -> list[str]:
    """The timeline of a batch, with what is known of its submissions."""
    batch = Batch.objects.get(pk=batch_id)
    lines = [f"batch {batch.pk} “{batch.name}”: {batch.state}, {batch.done} of {batch.total} rows, {batch.held_reason}"]
    for one in batch.submissions.order_by("number"):
        lines.append(
            f"  submission {one.number} ({one.pk}, {one.token}): {one.state}, remote {one.remote_id}, sent {one.sent}"
            f" of {one.total}; counters {one.num_requests}/{one.num_pending}/{one.num_success}/{one.num_error}"
            f"/{one.num_cancelled}; walks {one.walks}, readds {one.readds}, ending {one.ending} ({one.ending_reason})"
        )
    for event in batch.events.order_by("pk"):
        detail = f" ({event.detail[:200]})" if event.detail else ""
        times = f" ×{event.times}" if event.times > 1 else ""
        lines.append(f"  {event.at:%H:%M:%S}–{event.last_at:%H:%M:%S} {event.kind}: {event.text}{times}{detail}")
    return lines
