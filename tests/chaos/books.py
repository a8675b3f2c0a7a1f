"""The reconciliation: every row of every batch, and every tick, against the provider's ledger.

Lost is a row without a Result, and an answer that the provider gave and billed and we do not have, although it can be
read. Paid twice is a row that was answered in two remote batches, unless the first answer did not count as one here
(it could not be read, for instance) and a person, or their standing choice, asked for a retry. A row that ran live has
one answer that can be read once: where it was lost, the row has to say so. A row that repeats another's request is not
sent, and has what the other one has.
"""

from __future__ import annotations

from collections.abc import Iterator

from batchsite.batches.models import Batch, LiveRequest, LiveState, Submission
from batchsite.batches.states import RUNNING
from batchsite.trials.models import OPEN, AnswerState, TrialAnswer
from tests.chaos.audit import Audit, Verdict
from tests.chaos.ledger import Ledger


def reconcile(ledger: Ledger) -> Verdict:
    """Nothing may run any more that writes."""
    verdict = Verdict()
    remotes = ledger.by_token()
    for batch in Batch.objects.exclude(state="draft").order_by("pk"):
        Audit(batch, remotes, ledger.live, verdict).make()
    verdict.wrong += _strangers(ledger)
    verdict.twice += _repeats(ledger)
    verdict.wrong += _tries(ledger)
    verdict.twice += [f"the call {name} was made more than once" for name in ledger.tried_again]
    difference = ledger.total - verdict.ours
    if not 0 <= difference <= verdict.unreadable:
        verdict.wrong.append(f"we count {verdict.ours} ticks, the provider billed {ledger.total}")
    return verdict


def _strangers(ledger: Ledger) -> Iterator[str]:
    """What the provider ran, and nobody here knows of; and what is still on its way here."""
    known = set(Submission.objects.values_list("token", flat=True))
    for remote in ledger.remotes:
        if remote.rows and remote.token not in known:
            yield f"nobody knows the remote batch {remote.name}, which holds rows"
    for token in ledger.live.keys() - known:
        yield f"nobody knows the submission {token}, rows of which were asked live"
    if ledger.nameless:
        yield f"{ledger.nameless} rows were asked live under no name"
    ended = LiveRequest.objects.exclude(submission__state__in=RUNNING)
    if open_still := ended.filter(state__in=(LiveState.SENDING, LiveState.RUNNING)).count():
        yield f"{open_still} rows of submissions that ended are still being asked live"


def _repeats(ledger: Ledger) -> Iterator[str]:
    """What was added again although the provider had it."""
    for remote in ledger.remotes:
        if remote.repeated:
            yield f"{remote.name}: {len(remote.repeated)} rows ran more than once, such as {remote.repeated[0]}"


def _tries(ledger: Ledger) -> Iterator[str]:
    """Rows that were tried: asked once each, and what is answered here was billed there."""
    asked = TrialAnswer.objects.filter(source=None)
    answered = list(asked.filter(state=AnswerState.ANSWERED).values_list("cost_ticks", flat=True))
    unknown = asked.filter(state=AnswerState.UNKNOWN).count()
    calls, ticks = len(ledger.tried), sum(ledger.tried)
    if not len(answered) <= calls <= len(answered) + unknown:
        yield f"{len(answered)} tried rows are answered and {unknown} unknown, but {calls} were billed"
    if sum(answered) > ticks or (not unknown and sum(answered) != ticks):
        yield f"tries cost {sum(answered)} ticks here, and {ticks} at the provider"
    if left := asked.filter(state__in=OPEN).count():
        yield f"{left} tried rows are still waiting for their answer"


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
