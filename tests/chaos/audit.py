"""One batch of ours, row by row, against what the provider has of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from batchsite.batches.causes import LOST_ANSWER, LOST_REQUEST
from batchsite.batches.models import Batch, RequestId, Result
from batchsite.batches.states import RowState
from tests.chaos.ledger import Remote
from tests.chaos.money import passed_cap
from tests.chaos.tables import belongs, key_of

SAID_OF_A_BATCH = 8
"""Violations of a batch that are printed; one cause often shows in many rows."""
LOST = {LOST_REQUEST, LOST_ANSWER}
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
    """Ticks of answers that cannot be read any more, and that we therefore cannot know of."""
    copies: int = 0
    live: int = 0
    """Calls that asked rows live and were billed."""
    asked_again: int = 0
    """Calls that asked a row live once more, as a person said so after a restore: nobody could know of the first."""
    declared: int = 0
    """Rows, at any attempt, that ran live and say that what became of them was lost."""
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


class Audit:
    """One batch."""

    def __init__(
        self,
        batch: Batch,
        remotes: dict[str, list[Remote]],
        live: dict[str, dict[str, list[tuple[int, bool]]]],
        verdict: Verdict,
    ) -> None:
        self.batch, self.verdict = batch, verdict
        self.submissions = {one.pk: one for one in batch.submissions.order_by("number")}
        self.remotes = {pk: remotes.get(one.token, []) for pk, one in self.submissions.items()}
        self.calls = {pk: live.get(one.token, {}) for pk, one in self.submissions.items()}
        self.results = {result.row: result for result in Result.objects.filter(batch=batch)}
        self.was_restored = batch.events.filter(kind="restored").exists()
        """Whether it ran when its database was put back."""
        self.ids = dict(RequestId.objects.filter(batch=batch).values_list("row", "request_id"))

    def make(self) -> None:
        verdict, batch = self.verdict, self.batch
        verdict.batches += 1
        verdict.rows += batch.total
        if batch.is_running:
            self.verdict.unreadable += sum(remote.ticks for found in self.remotes.values() for remote in found)
            calls = chain.from_iterable(chain.from_iterable(rows.values() for rows in self.calls.values()))
            self.verdict.unreadable += sum(ticks for ticks, _ in calls)
            self._say(verdict.hangs, [f"{batch.state} for ever: {batch.done} of {batch.total} rows"])
            return
        self._say(verdict.wrong, self._sums())
        self._say(verdict.wrong, list(filter(None, [passed_cap(batch)])))
        self._say(verdict.twice, self._remotes())
        self._say(verdict.twice, self._sent_again())
        self._say(verdict.wrong, self._nobodys_calls())
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
        copies = sum(result.copy_of is not None for result in results)
        self.verdict.copies += copies
        if batch.copies != copies:
            yield f"its counter says {batch.copies} copies, its rows say {copies}"
        self.verdict.ours += ticks - kept

    def _remotes(self) -> Iterator[str]:
        for pk, found in self.remotes.items():
            if len(found) > 1:
                yield f"submission {self.submissions[pk].number} has {len(found)} remote batches with rows"

    def _sent_again(self) -> Iterator[str]:
        """Requests that were sent more than once at first, although identical ones were to be sent once."""
        first = min(self.submissions, key=lambda pk: self.submissions[pk].number, default=0)
        if self.batch.sent_once and first:
            sent = Counter(key_of(self.batch.name, row) for row in self.batch.rows if first in self._entries(row))
            yield from (f"the request of {key} was sent {times} times" for key, times in sent.items() if times > 1)

    def _nobodys_calls(self) -> Iterator[str]:
        ours = {self._request_id(row) for row in self.batch.rows}
        for pk, calls in self.calls.items():
            self.verdict.live += sum(map(len, calls.values()))
            self.verdict.asked_again += sum(len(each) - 1 for each in calls.values()) if self.was_restored else 0
            if strangers := calls.keys() - ours:
                yield f"submission {self.submissions[pk].number} asked live for {sorted(strangers)[:3]}"
            if calls and self.remotes[pk]:
                yield f"submission {self.submissions[pk].number} ran live, and as a batch"

    # ---- rows -----------------------------------------------------------------------------------------

    def _row(self, row: int) -> None:
        result = self.results.get(row)
        if result is None or result.state not in FINAL:
            self._note("lost", f"row {row} has no result")
            return
        entries = self._entries(row)
        if entries and (result.submission_id is None or result.state == RowState.SKIPPED):
            self._note("twice", f"row {row} was to be left out, and was sent")
        for submission, state, _ in _attempts(result):
            for remote_state, _, readable in entries.get(submission, []):
                if remote_state == "succeeded" and readable and state != RowState.SUCCEEDED:
                    self._note("lost", f"row {row}: {state} ({result.cause}), but the provider answered it")
                if remote_state != "succeeded" and state == RowState.SUCCEEDED:
                    self._note("wrong", f"row {row} succeeded here, and is {remote_state} at the provider")
        self._judge_money(row, result, entries)
        self._judge_answer(row, result)
        self._judge_live(row, result)
        self._judge_copy(row, result, sent=bool(entries))

    def _entries(self, row: int) -> dict[int, list[tuple[str, int, bool]]]:
        """By submission: (state, ticks, readable) of this row at the provider."""
        request_id = self._request_id(row)
        found: dict[int, list[tuple[str, int, bool]]] = defaultdict(list)
        attempts = _attempts(self.results.get(row))
        states, causes = ({one[0]: one[at] for one in attempts} for at in (1, 2))
        for pk, calls in self.calls.items():
            known = causes.get(pk) not in LOST and (not self.was_restored or states.get(pk) == RowState.SUCCEEDED)
            for ticks, _ in calls.get(request_id, [])[-1:] if self.was_restored else calls.get(request_id, []):
                found[pk].append(("succeeded", ticks, known))
        for pk, remotes in self.remotes.items():
            for remote in remotes:
                if request_id in remote.rows:
                    found[pk].append((*remote.rows[request_id], remote.readable))
        return found

    def _forgotten(self, row: int) -> int:
        """Returns the ticks of calls that asked a row live before a restore, which nobody here can know of."""
        calls = (each.get(self._request_id(row), []) for each in self.calls.values())
        return sum(ticks for each in calls for ticks, _ in each[:-1]) if self.was_restored else 0

    def _request_id(self, row: int) -> str:
        return self.ids.get(row) or f"{self.batch.id_prefix}-row-{row}"

    def _judge_live(self, row: int, result: Result) -> None:
        """Each attempt that ran live was asked once, its answer read, or declared as lost for a reason that can be."""
        for pk, state, cause in _attempts(result):
            if result.copy_of is not None or pk not in self.submissions or not self.submissions[pk].is_live:
                continue
            calls = self.calls[pk].get(self._request_id(row), [])
            was_read = any(read for _, read in calls)
            self.verdict.declared += cause in LOST
            if len(calls) > 1 and not self.was_restored:
                self._note("twice", f"row {row} was asked {len(calls)} times in one submission")
            if state == RowState.SUCCEEDED and not was_read:
                self._note("wrong", f"row {row} has an answer that nobody read at the provider")
            if cause == LOST_REQUEST and was_read and not self.was_restored:
                self._note("wrong", f"row {row} says that its asking was lost, and its answer was read")
            if cause == LOST_ANSWER and not calls:
                self._note("wrong", f"row {row} says that its answer was lost, and there was none")

    def _judge_copy(self, row: int, result: Result, *, sent: bool) -> None:
        original = self.results.get(result.copy_of or 0)
        if result.copy_of is None:
            return
        if sent or not self.batch.sent_once:
            self._note("twice", f"row {row} repeats row {result.copy_of}, and was sent")
        if original is None or key_of(self.batch.name, row) != key_of(self.batch.name, original.row):
            self._note("wrong", f"row {row} is said to repeat row {result.copy_of}, and does not")
        elif (result.state, result.answer, result.attempt) != (original.state, original.answer, original.attempt):
            here, there = (f"{one.state} at attempt {one.attempt}" for one in (result, original))
            self._note("wrong", f"row {row} is {here}, and row {original.row}, which it repeats, {there}")

    def _judge_money(self, row: int, result: Result, entries: dict[int, list[tuple[str, int, bool]]]) -> None:
        every = [entry for found in entries.values() for entry in found]
        kept = result.cost_ticks if result.submission_id is None else 0
        sure = kept + sum(ticks for _, ticks, readable in every if readable)
        unsure = sum(ticks for _, ticks, readable in every if not readable) + self._forgotten(row)
        self.verdict.unreadable += unsure
        if not sure <= result.cost_ticks <= sure + unsure:
            self._note("wrong", f"row {row} cost {result.cost_ticks} ticks here, {sure} to {sure + unsure} there")
        answered = [pk for pk, found in entries.items() for state, _, _ in found if state == "succeeded"]
        states = {pk: state for pk, state, _ in _attempts(result)[:-1]}
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


def _attempts(result: Result | None) -> list[tuple[int, str, str]]:
    """(submission, state, cause) of all attempts, the latest last."""
    if result is None:
        return []
    earlier: list[dict[str, Any]] = result.earlier or []
    known = [(int(one["submission"] or 0), str(one["state"]), str(one["cause"])) for one in earlier]
    return [*known, (result.submission_id or 0, str(result.state), result.cause)]
