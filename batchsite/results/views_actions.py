"""Actions on a batch. Each shows first what will happen (GET), and is then done (POST)."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from batchsite.batches import queries
from batchsite.batches.models import Batch
from batchsite.batches.states import UNREACHABLE, State
from batchsite.http import UNPROCESSABLE, offer_undo
from batchsite.pricing.retry_cost import cost_of
from batchsite.results.confirmation import ask, ask_and_do, ask_while_it_runs, do, question_context, refuse, typed
from batchsite.results.forms import KeyMoveForm, RenameForm
from batchsite.submission import actions
from batchsite.submission.key_moves import move_to_key, other_accounts
from batchsite.submission.unseen_end import rows_at_provider
from batchsite.teams.key_checks import check_key
from batchsite.teams.requests import TeamRequest
from batchsite.wording import dollars, many, number


@ask_while_it_runs
def batch_cancel(request: TeamRequest, batch: Batch) -> HttpResponse:
    if request.method == "POST":
        return do(request, batch, lambda: actions.cancel(batch, request.user))
    what = (
        f"Finished rows are kept and billed: {many(batch.done, 'row')} so far. Of the {number(batch.pending)} others, "
        "those not answered yet will not run and cost nothing; answers that are ready by then are kept "
        "and billed. Cancelled rows can be retried later."
    )
    return ask(request, batch, f"Cancel “{batch}”?", what, "Cancel the batch", is_calm=False, stay="Keep running")


@ask_while_it_runs
def batch_finish(request: TeamRequest, batch: Batch) -> HttpResponse:
    if request.method == "POST":
        return do(request, batch, lambda: actions.finish_early(batch, request.user))
    what = (
        "The batch is cancelled at xAI, every answer that is ready is read, and the rest of the "
        f"{number(batch.pending)} pending rows is declared missing. Missing rows cost nothing and can be retried "
        "into this batch."
    )
    return ask(
        request,
        batch,
        f"Finish “{batch}” with the answers it has?",
        what,
        "Finish now",
        is_calm=False,
        stay="Keep running",
    )


@ask_while_it_runs
def batch_end_here(request: TeamRequest, batch: Batch) -> HttpResponse:
    """Ends a batch about which xAI cannot be asked: its key is gone, or nothing reaches xAI."""
    if request.method == "POST":
        return do(request, batch, lambda: actions.end_here(batch, request.user))
    if batch.held_for not in UNREACHABLE:
        return refuse(request, batch, actions.REACHABLE)
    sent = rows_at_provider(batch)
    cost = cost_of(batch, sent)
    for_about = f", for about {dollars(cost)}" if cost else ""
    what = (
        f"xAI can’t be asked about it now, so nothing is cancelled there. The {many(batch.pending, 'row')} without an "
        f"answer {'is' if batch.pending == 1 else 'are'} marked missing. Of these, {number(sent)} may have been sent: "
        f"xAI may answer and bill them{for_about}. Rows that were never sent cost nothing. Retrying rows that were "
        "sent may pay for them twice. If the key may come back, wait instead: then nothing is lost or paid twice."
    )
    return ask(request, batch, f"End “{batch}” here?", what, "End it here", is_calm=False, stay="Keep waiting")


@ask_while_it_runs
def batch_go_on(request: TeamRequest, batch: Batch) -> HttpResponse:
    if request.method == "POST":
        return do(request, batch, lambda: actions.go_on(batch, request.user), "Resumed.")
    if not batch.held_reason:
        return refuse(request, batch, "This batch isn’t held: nothing stands in its way.")
    what = "It retries right away instead of waiting for the next attempt. If the cause remains, it is held again."
    return ask(request, batch, f"Resume “{batch}” now?", what, "Resume")


@ask_while_it_runs
def batch_key(request: TeamRequest, batch: Batch) -> HttpResponse:
    """Moves the batch to another of the team's keys, after asking xAI whether that is of the same xAI team."""
    accounts = {account.mark: account for account in other_accounts(batch)}
    form = KeyMoveForm(accounts, typed(request))
    if not accounts:
        words = "There is no other xAI key that this batch could use. Admins and owners can add one on the Team page."
        return refuse(request, batch, words)
    if request.method == "POST" and form.is_valid():
        account = accounts[form.cleaned_data["to"]]
        check = check_key(account.api_key, account.base_url)
        if not check.usable:
            return refuse(request, batch, f"The other key doesn’t work either. {check.words_and_detail}")
        team = check.provider_team_id
        return do(request, batch, lambda: move_to_key(batch, request.user, account, team), "Retrying now.")
    where = next(iter(accounts.values())).words if len(accounts) == 1 else "another key"
    what = (
        f"It goes on with {where}, and only if that is of the xAI team that made the batch: xAI is asked "
        "before anything changes. No row is sent or paid twice."
    )
    context = question_context(batch, f"Move “{batch}” to {where}?", what, "Move the batch") | {"form": form}
    return render(request, "results/key_move.html", context, status=UNPROCESSABLE if form.errors else 200)


@ask_and_do
def batch_delete(request: TeamRequest, batch_id: int) -> HttpResponse:
    batch = queries.batch_of(request.team, batch_id)
    if request.method == "POST":
        try:
            actions.delete(batch, request.user)
        except actions.NotNow as error:
            return refuse(request, batch, str(error))
        restore = [("action", "restore"), ("pk", str(batch.pk))]
        offer_undo(request, f"“{batch}” is deleted.", reverse("batches-selected"), restore)
        return redirect("batches")
    if batch.is_running:
        return refuse(request, batch, actions.STILL_RUNS)
    if batch.state == State.DRAFT:
        what = "Nothing was sent. The dataset stays."
    else:
        what = (
            f"Its {many(batch.total, 'row')} with their answers are removed here, for everyone in {request.team}. "
            "After ten minutes they can’t be restored. The dataset stays. At xAI the prompts and answers stay until "
            "the batch expires there, 30 days after it was made: xAI offers no way to delete them earlier."
        )
    return ask(request, batch, f"Delete “{batch}”?", what, "Delete", is_calm=False)


@ask_and_do
def batch_rename(request: TeamRequest, batch_id: int) -> HttpResponse:
    batch = queries.batch_of(request.team, batch_id)
    form = RenameForm(typed(request), initial={"name": batch.name})
    if request.method == "POST" and form.is_valid():
        actions.rename(batch, form.cleaned_data["name"], request.user)
        return redirect("batch", batch.pk)
    context = question_context(batch, f"Rename “{batch}”", "", "Rename") | {"form": form}
    return render(request, "results/rename.html", context, status=UNPROCESSABLE if form.errors else 200)
