"""Actions on the batches that are ticked in the list. Only what cannot be undone asks first."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from batchsite.batches.models import Batch
from batchsite.batches.queries import batches_of
from batchsite.batches.tags import tags_in
from batchsite.http import next_url, offer_undo, whole_numbers
from batchsite.pricing.retry_cost import cost_of
from batchsite.submission import actions, list_actions, tasks
from batchsite.submission.list_actions import ListOutcome
from batchsite.teams.requests import TeamRequest

WORDS = {
    "archive": ("archived", "unarchive"),
    "unarchive": ("moved back to the list", "archive"),
    "delete": ("deleted", "restore"),
    "restore": ("restored", "delete"),
    "tag": ("tagged", "untag"),
    "untag": ("no longer tagged", "tag"),
}
"""{action: (what became of the batches, the action that takes it back)}."""


@require_POST
def batches_selected(request: TeamRequest) -> HttpResponse:
    """Archives, deletes or tags the batches; retries their rows after asking, as that costs money."""
    back = next_url(request) if request.POST.get("next") else reverse("batches")
    pks = whole_numbers(request.POST.getlist("pk"))
    action, word = request.POST.get("action", ""), next(iter(tags_in(request.POST.get("tag", ""))), "")
    if not pks:
        messages.error(request, "Select batches first.")
    elif action in {"retry", "retry-now"}:
        return _retry(request, pks, back, is_asked=action == "retry")
    elif action in {"tag", "untag"} and not word:
        messages.error(request, "Type a tag for the selected batches.")
    elif action in WORDS:
        _report(request, action, _outcome(request, action, pks, word), word, back)
    return redirect(back)


def _outcome(request: TeamRequest, action: str, pks: Sequence[int], word: str) -> ListOutcome:
    team, user = request.team, request.user
    if action == "tag":
        return list_actions.tag(team, pks, word, user)
    if action == "untag":
        return list_actions.untag(team, pks, word, user)
    do = {
        "archive": list_actions.archive,
        "unarchive": list_actions.unarchive,
        "delete": list_actions.delete,
        "restore": list_actions.restore,
    }[action]
    return do(team, pks, user)


def _report(request: TeamRequest, action: str, outcome: ListOutcome, word: str, back: str) -> None:
    """Says what was done and what was not, and offers Undo."""
    done, opposite = WORDS[action]
    for name, reason in outcome.refused:
        messages.warning(request, f"“{name}”: {reason}")
    if outcome.done:
        words = f"{_batches(len(outcome.done))} {done}{f' “{word}”' if word else ''}."
        fields = [("action", opposite), ("tag", word), ("next", back), *(("pk", str(pk)) for pk in outcome.done)]
        offer_undo(request, words, reverse("batches-selected"), fields)


def _retry(request: TeamRequest, pks: Sequence[int], back: str, *, is_asked: bool) -> HttpResponse:
    """Asks what it costs, then retries the rows without an answer of every batch."""
    chosen = [batch for batch in batches_of(request.team).filter(pk__in=pks).order_by("-pk") if _can_retry(batch)]
    if not chosen:
        messages.error(request, "There is nothing to retry: no row of these batches failed.")
        return redirect(back)
    if is_asked:
        costs = [cost_of(batch, batch.unanswered) for batch in chosen]
        context = {
            "batches": chosen,
            "rows": sum(batch.unanswered for batch in chosen),
            "cost": sum(cost or 0 for cost in costs) if None not in costs else None,
            "back": back,
            "verb": "Retry",
            "calm": True,
        }
        return render(request, "home/retry_selected.html", context)
    for batch in chosen:
        try:
            actions.retry(batch, request.user)
        except actions.NotNow as error:
            messages.warning(request, f"“{batch}”: {error}")
        else:
            tasks.nudge(batch)
    return redirect(back)


def _can_retry(batch: Batch) -> bool:
    return batch.is_terminal and batch.unanswered > 0


def _batches(count: int) -> str:
    return "1 batch" if count == 1 else f"{count:,} batches"
