"""After a restore: planned requests may have been sent, and billed, before.

xAI has no list of such calls, so they cannot be looked up: a person decides whether to send them, and is told what
that may cost. Answers that xAI is known to work on are still read.
"""

from __future__ import annotations

from django.db.models import Avg
from django.utils import timezone

from batchsite.trials.models import AnswerState, Trial, TrialAnswer
from batchsite.wording import dollars

HELD_BACK = (
    "Not asked: the database was restored or the machine restarted, so it can’t be known whether this was already "
    "asked and billed. Press Try to ask it."
)


def hold_back() -> None:
    """Withdraws every planned try, in the transaction that examines a restored database."""
    for trial in Trial.objects.filter(ended_at=None):
        answers = TrialAnswer.objects.filter(trial=trial, state__in=[AnswerState.PLANNED, AnswerState.SENDING])
        usual = TrialAnswer.objects.filter(batch_id=trial.batch_id, state=AnswerState.ANSWERED, model__gt="")
        ticks = usual.aggregate(mean=Avg("cost_ticks"))["mean"]
        cost = f" A row of this batch cost about {dollars(round(ticks))} when it was tried." if ticks else ""
        answers.update(state=AnswerState.UNKNOWN, error=HELD_BACK + cost)
        runs = TrialAnswer.objects.filter(trial=trial, state=AnswerState.RUNNING).exists()
        ended_at, next_look_at = (None, timezone.now()) if runs else (timezone.now(), None)
        ended = {"ended_at": ended_at, "next_look_at": next_look_at, "lease_token": "", "lease_until": None}
        Trial.objects.filter(pk=trial.pk).update(**ended)
